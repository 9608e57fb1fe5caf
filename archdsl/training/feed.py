"""The batches of a run: those of its epochs and of its tests, all read by the same processes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from archdsl.ir.recipe import Phase, Recipe
from archdsl.training.data.loader import Loader, Readers, Samples, evaluation_order, evaluation_samples, train_samples
from archdsl.training.data.sampling import Batches
from archdsl.training.data.source import Source
from archdsl.training.distributed import Processes
from archdsl.training.settings import Settings
from archdsl.training.timetable import Position, Timetable


@dataclass(frozen=True)
class Images:
    """What a run learns and is tested from; `channels` are those that the network takes."""

    train: Source
    test: Source | None
    channels: int


class Feed:
    """Batches for any epoch, phase and size of parts. What is in one does not depend on those that were read before it.

    Workers know every phase from the start, so that they can stay from the first epoch to the last.

    Args:
        on_skip: is called with the name of each corrupt image that is passed over, and the reason.
    """

    def __init__(
        self,
        images: Images,
        recipe: Recipe,
        timetable: Timetable,
        settings: Settings,
        processes: Processes,
        on_skip: Callable[[str, str], None],
    ):
        self.images, self.recipe, self.table, self.settings = images, recipe, timetable, settings
        self.processes, self.on_skip = processes, on_skip
        parts = [self._samples(phase) for phase in timetable.phases]
        if images.test is not None:
            self._test = len(parts)
            sizes = timetable.test_resolution, recipe.test_crop, recipe.normalization
            skips = settings.skip_corrupt
            parts.append(evaluation_samples(images.test, *sizes, channels=images.channels, skip_corrupt=skips))
        self._readers = Readers(parts, settings.workers)

    def _samples(self, phase: Phase) -> Samples:
        recipe = self.recipe
        if phase.first >= recipe.epochs:
            # In FixRes what the network sees in the test: whole images, as they are.
            recipe = recipe.model_copy(update={"crop_scale": 1.0, "jitter": 0.0})
        skips = self.settings.skip_corrupt
        return train_samples(
            self.images.train, recipe, phase, seed=self.settings.seed, channels=self.images.channels, skip_corrupt=skips
        )

    def close(self) -> None:
        """Ends the workers."""
        self._readers.close()

    def epoch(self, position: Position, accumulate: int) -> Loader:
        """The rest of an epoch from a step on, each step in so many batches."""
        order = Batches(
            len(self.images.train),
            self.table.batch // accumulate,
            self.settings.seed,
            position.epoch,
            rank=self.processes.rank,
            world=self.processes.world,
            first_batch=position.batch * accumulate,
        )
        return Loader(self._readers, position.phase.number, order, self.on_skip)

    def test(self, accumulate: int) -> Loader | None:
        """The images to test on, in batches as they are learnt from; None where there are none."""
        if self.images.test is None:
            return None
        batch = max(1, self.table.batch // accumulate)
        order = evaluation_order(len(self.images.test), batch, self.processes.rank, self.processes.world)
        return Loader(self._readers, self._test, order, self.on_skip)
