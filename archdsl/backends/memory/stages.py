"""What of a network's memory belongs to each of its stages."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from archdsl.backends.memory.ledger import Ledger
from archdsl.backends.memory.lifetimes import Lifetimes
from archdsl.backends.memory.recording import Recording
from archdsl.backends.memory.setting import Setting


@dataclass(frozen=True)
class StageMemory:
    """A stage (the stem and the head among them): its weights, what it keeps for the way back, and the most that memory
    holds while one of its operators runs. All in bytes."""

    path: str
    weights: int
    kept: int
    peak: int


def by_stage(lives: Lifetimes, recording: Recording, ledger: Ledger, setting: Setting) -> list[StageMemory]:
    """The stages in order, after the timeline has run. What several keep is counted with the first of them."""
    tape, visits = recording.tape, lives.visits
    weights: dict[str, int] = defaultdict(int)
    kept: dict[str, int] = defaultdict(int)
    peaks: dict[str, int] = defaultdict(int)
    for visit in visits:
        if visit.levels:
            weights[visit.levels[0].path] += visit.params * setting.width
    seen = {tape.images.storage}
    checkpointed = recording.checkpointed(setting.checkpoint)
    for index, kernel in enumerate(tape.kernels):
        path = visits[tape.visits[index]].levels[0].path
        peaks[path] = max(peaks[path], ledger.highest.get(index, 0))
        if not setting.training or not kernel.output.needs_gradient:
            continue
        keeps, statistics = kernel.keeps, kernel.statistics
        if (part := checkpointed.get(index)) is not None:
            keeps, statistics = ((part.source,) if index == part.first else ()), 0
        new = set(keeps) - seen
        seen |= new
        kept[path] += statistics + sum(tape.sizes[storage] for storage in new)
    return [StageMemory(path, size, kept[path], peaks[path]) for path, size in weights.items()]
