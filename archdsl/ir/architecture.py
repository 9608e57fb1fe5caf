"""`Architecture`: one network, concrete and typed, read and written as JSON."""

import re
from functools import cached_property
from typing import TYPE_CHECKING

from archdsl.ir.description import Description

if TYPE_CHECKING:
    import networkx

    from archdsl.ir.cost import Costs


class Architecture(Description):
    """One network: a model of a file, or one of its variants. Every number in it is decided.

    `input` is the shape of an image; `blocks` holds each distinct block instance once, by its id, those used by others
    before their users. `settings` are the model's `norm`, `act`, `padding` as text.
    """

    @cached_property
    def costs(self) -> "Costs":
        """What the network and each of its parts costs, counted once."""
        from archdsl.ir.cost import Costs

        return Costs(self)

    def to_json(self) -> str:
        """The architecture as JSON text; `Architecture.from_json` gives it back, equal."""
        text = self.model_dump_json(indent=2, exclude=None if self.inputs else {"inputs", "source"})
        # JSON may hold bidirectional controls as they are; a terminal that shows it would obey them.
        return text if text.isascii() and "\x7f" not in text else re.sub(_UNSEEN, _escaped, text)

    @classmethod
    def from_json(cls, text: str) -> "Architecture":
        """Raises pydantic.ValidationError when the text is not an architecture of this schema version."""
        return cls.model_validate_json(text)

    def graph(self) -> "networkx.DiGraph":
        """The operators as a graph from the node `input` to the node `output`; docs/graph.md has its attributes.

        Returns:
            A directed acyclic graph: nodes are the operators' paths in the built module, edges the tensors.

        Raises:
            DiagnosticError: where blocks within blocks unfold to more steps than `limits.steps`.
        """
        from archdsl.ir.graph import operator_graph

        return operator_graph(self)


# Candidates for what cannot be seen: all but ASCII, and DEL. In JSON they stand in strings only.
_UNSEEN = "[^\n\x20-\x7e]"


def _escaped(match: re.Match[str]) -> str:
    """A character, as an escape of JSON where it would not show."""
    import json  # late: it takes longer to import than this module

    return match[0] if match[0].isprintable() else json.dumps(match[0])[1:-1] if ord(match[0]) > 127 else "\\u007f"
