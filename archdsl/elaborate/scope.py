"""The names in reach of an expression, and where each value came from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import Struct, field
from msgspec.structs import replace

from archdsl.elaborate.naming import Names, name_expression
from archdsl.elaborate.program import SETTINGS, Environment
from archdsl.elaborate.values import Tensor, Value
from archdsl.ir.body import Bound, Input, TensorBinding
from archdsl.language import tree

if TYPE_CHECKING:
    from archdsl.elaborate.apply import Applier


class Origin(NamedTuple):
    """Where a value was written: an expression, with the names that it was written in reach of."""

    node: tree.Expression
    scope: Scope


# What is taken at each choice, by the id of its node: the number of an option.
Decisions = Mapping[int, int]
UNDECIDED: Decisions = {}


class Scope(Struct, eq=False):
    """The names in reach of an expression, and where layers are applied."""

    environment: Environment
    names: dict[str, Value]
    settings: Mapping[str, Value]
    applier: Applier
    steps: Names
    # Where the values of `names` were written: diagnostics follow a number back to the cell that it came from.
    origins: dict[str, Origin] = field(default_factory=dict)
    # Looks a name up that is bound but not evaluated yet (a model's bindings refer to each other in any order).
    pending: Callable[[str], Value] | None = None
    waiting: frozenset[str] = frozenset()
    decisions: Decisions = field(default_factory=lambda: UNDECIDED)
    # What the block at hand binds, in order; None where there is no block.
    body: list[TensorBinding] | None = None

    def value(self, name: str) -> Value | None:
        """What a name of the block or model is bound to, None if it is not."""
        if name not in self.names and self.pending is not None and name in self.waiting:
            return self.pending(name)
        return self.names.get(name)

    def naming(self, node: tree.Expression) -> Scope:
        """The scope for what is inside a layer: one that is written where nothing has names yet stands alone."""
        return self if self.steps.know(node) else replace(self, steps=name_expression(node))

    def bound(self, name: str, tensor: Tensor) -> Tensor:
        """A tensor under a name of the block, so that it is computed once however often it is read."""
        if self.body is None or isinstance(tensor.expression, Input | Bound):
            return tensor
        self.body.append(TensorBinding.made(name=name, value=tensor.expression, output=tensor.shape, condition=None))
        expression = Bound.made(node="bound", name=name)
        return Tensor(tensor.shape, expression, tensor.facts, tensor.channels_from)

    def among(
        self, environment: Environment, names: dict[str, Value] | None = None, origins: dict[str, Origin] | None = None
    ) -> Scope:
        """The same scope for text of another file, with further names in front of its own."""
        return Scope(
            environment,
            {**self.names, **names} if names else self.names,
            self.settings,
            self.applier,
            self.steps,
            {**self.origins, **origins} if origins else self.origins,
            self.pending,
            self.waiting,
            self.decisions,
            self.body,
        )


NO_NAMES = Names()
_NO_APPLIER: Any = None


def bare(
    environment: Environment,
    names: dict[str, Value],
    origins: dict[str, Origin],
    pending: Callable[[str], Value] | None = None,
    waiting: frozenset[str] = frozenset(),
    decisions: Decisions = UNDECIDED,
) -> Scope:
    """A scope outside any network, for the values of parameters: no tensor can be met in it, so nothing is applied."""
    settings = {**dict.fromkeys(SETTINGS), "padding": "symmetric"}
    return Scope(environment, names, settings, _NO_APPLIER, NO_NAMES, origins, pending, waiting, decisions)
