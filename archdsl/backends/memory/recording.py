"""A network as a tape of kernels, with the time until which Python holds each storage."""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple

from archdsl.backends.memory.allocator import Allocator
from archdsl.backends.memory.kernels import Tape, Value
from archdsl.backends.memory.lifetimes import Lifetimes, Span
from archdsl.backends.memory.operators import allocate
from archdsl.backends.memory.padding import padded_by_copy
from archdsl.backends.memory.setting import Checkpoint, Setting


class Segment(NamedTuple):
    """A segment of a tape: a stage or a layer as the half-open range of its kernels, and the storage that it reads."""

    path: str
    first: int
    last: int
    source: int


class Recording(NamedTuple):
    """The kernels of a pass, and after how many of them each storage is no longer held: `ends[storage]`."""

    tape: Tape
    ends: list[int]
    output: Value
    stages: list[Segment]
    layers: list[Segment]

    def checkpointed(self, parts: Checkpoint) -> dict[int, Segment]:
        """The segment that each kernel belongs to, where stages or blocks are checkpointed."""
        chosen = {"none": [], "block": self.layers, "stage": self.stages}[parts]
        return {index: part for part in chosen for index in range(part.first, part.last)}


def record(lives: Lifetimes, setting: Setting) -> Recording:
    """The tape of one forward pass."""
    width = setting.batch * setting.width
    tape = Tape(width * sum(visit.output.elements for visit in lives.visits if visit.operator == "input"))
    allocator = Allocator(tape, setting, padded_by_copy(lives.visits))
    values: dict[str, Value] = {}
    for number, visit in enumerate(lives.visits):
        tape.visit = number
        if visit.operator == "input":
            values[visit.path] = tape.part_of_images(width * visit.output.elements)
        else:
            inputs = [values[tensor.path] for tensor in visit.inputs]
            values[visit.path] = allocate(allocator, visit, inputs, lives.rates[number])
    ends = [0] * len(tape.sizes)
    for index, (visit_number, kernel) in enumerate(zip(tape.visits, tape.kernels, strict=True)):
        storage = kernel.output.storage
        ends[storage] = index + 2 if storage in tape.fleeting else bisect_right(tape.visits, visit_number)
    for path, value in values.items():
        ends[value.storage] = max(ends[value.storage], bisect_right(tape.visits, lives.until[path]))

    def part(span: Span) -> Segment:
        first, last = bisect_right(tape.visits, span.first - 1), bisect_right(tape.visits, span.last)
        return Segment(span.path, first, last, values[span.source].storage)

    output = values[lives.visits[-1].path]
    return Recording(tape, ends, output, [*map(part, lives.stages)], [*map(part, lives.layers)])
