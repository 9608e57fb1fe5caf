"""Where in a training each step is: its epoch, its phase, its learning rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from archdsl.ir.recipe import Phase, Recipe


@dataclass(frozen=True)
class Position:
    """A step of the training, counted from 0, and what holds for it. `batch` counts the steps of its epoch."""

    step: int
    epoch: int
    batch: int
    phase: Phase
    lr: float
    is_fixres: bool


@dataclass(frozen=True)
class Timetable:
    """The steps of a recipe.

    Args:
        batch: images of a step, over all processes.
        images: of the training set; those that do not fill a last batch wait for the next epoch's order.
        resolution: sides in pixels, of the network's own input in training and in evaluation.
    """

    recipe: Recipe
    batch: int
    images: int
    resolution: int
    test_resolution: int

    @property
    def steps_per_epoch(self) -> int:
        return self.images // self.batch

    @property
    def epochs(self) -> int:
        """With those of FixRes."""
        return self.recipe.epochs + (self.recipe.fixres.epochs if self.recipe.fixres else 0)

    @property
    def steps(self) -> int:
        return self.epochs * self.steps_per_epoch

    @property
    def main_steps(self) -> int:
        """Without those of FixRes."""
        return self.recipe.epochs * self.steps_per_epoch

    @cached_property
    def phases(self) -> Sequence[Phase]:
        """Those of the recipe, with that of FixRes."""
        return self.recipe.all_phases(self.resolution, self.test_resolution)

    def at(self, step: int) -> Position:
        """Where a step is; the one after the last is in the last phase, too."""
        epoch, batch = divmod(step, self.steps_per_epoch)
        phase = next((phase for phase in self.phases if epoch < phase.last), self.phases[-1])
        is_fixres = epoch >= self.recipe.epochs and self.recipe.fixres is not None
        lr = self.recipe.lr(min(step / self.steps_per_epoch, self.epochs), self.batch)
        return Position(step, epoch, batch, phase, lr, is_fixres)
