"""A search space as a user meets it: its networks, but for those that its `require` lines prune, and draws of them."""

from __future__ import annotations

from archdsl.diagnostics import DiagnosticError, Source
from archdsl.search_space.errors import BadSampleCount
from archdsl.search_space.networks import Networks, Sample
from archdsl.search_space.open_models import OpenModel
from archdsl.search_space.pruning import Left, Pruning


class Space(Networks):
    """All networks that a model with open choices stands for and that meet its `require` lines."""

    def __init__(self, source: Source, model: OpenModel):
        super().__init__(source, model)
        self.pruning = Pruning(self)

    def at(self, index: int) -> Sample:
        """The network with this number. Raises DiagnosticError when there is none, and when a `require` line
        prunes it.
        """
        sample = self.numbered(index)
        self.pruning.require(sample)
        return sample

    def sample(self, count: int, seed: int = 0) -> list[Sample]:
        """`count` networks, each drawn uniformly and on its own of those that meet the `require` lines; the same ones
        again for the same seed.

        The same network may come more than once. There are fewer where hardly any meets them. Raises DiagnosticError
        for a count below 0, and where none meets them.
        """
        if count < 0:
            raise DiagnosticError([BadSampleCount(count).at(None)])
        return self.pruning.draw(count, seed, None, "its `require` lines")

    @property
    def left(self) -> Left:
        """How many networks meet the `require` lines, as far as that is known."""
        return self.pruning.left
