"""What the networks of a space cost, part by part: each stage is elaborated once for each way in which it can be.

A stage depends on what has been chosen in its row, on what has been chosen for the whole model, and on the tensor that
goes into it; so does what it costs and how long it takes on a device. Networks that have a stage in common have it from
here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, NamedTuple

from archdsl.diagnostics import DiagnosticError, Problems
from archdsl.elaborate.evaluate.values import Tensor
from archdsl.elaborate.instantiate.models import ModelElaborator, Trunk
from archdsl.elaborate.instantiate.work import Work
from archdsl.elaborate.problems import ElaborationError
from archdsl.ir.base import Shape
from archdsl.ir.cost import NOTHING, Cost, PartCosts
from archdsl.ir.cost import total as total_cost
from archdsl.search_space.open_models import OpenModel, decided

if TYPE_CHECKING:  # Counting needs no devices.
    from archdsl.backends.latency import Time
    from archdsl.ir.description import Section
    from archdsl.search_space.clock import Clock

Layout = Literal["plain", "blocked"]

# Frames are kept for so many ways to decide what the whole model shares.
MAX_FRAMES = 256
# Stages of a frame; a row can have more combinations than there is memory.
MAX_STAGES = 200_000


class Flow(NamedTuple):
    """What a stage gives to the next: all that its networks depend on from there.

    The layout in memory is of account where a clock is at hand, and always `plain` otherwise. `maps` are the tensors
    that the head reads by name, of those made so far.
    """

    shape: Shape
    facts: tuple[tuple[str, float], ...]
    layout: Layout = "plain"
    maps: tuple[Map, ...] = ()


class Map(NamedTuple):
    """What the stem or a stage puts out, for the head to read by name."""

    name: str
    shape: Shape
    facts: tuple[tuple[str, float], ...]


class Passed(NamedTuple):
    """What a part of a network costs, what comes out of it and, where a clock is at hand, how long it takes."""

    cost: Cost
    out: Flow
    time: Time | None = None


class Frames:
    """The frames of a space: the networks that differ in their stages only. With a clock, they are timed as well."""

    def __init__(self, model: OpenModel, clock: Clock | None = None):
        self.model, self.clock = model, clock
        self._known: dict[int, Frame] = {}

    def at(self, index: int) -> Frame:
        """The frame with this combination of what is shared. Raises DiagnosticError when there is a mistake in it."""
        frame = self._known.get(index)
        if frame is None:
            if len(self._known) >= MAX_FRAMES:
                del self._known[next(iter(self._known))]
            frame = self._known[index] = Frame(self.model, index, self.clock)
        return frame

    def cost(self, numbers: tuple[int, ...]) -> Cost:
        """The cost of a network, given as one number for each part of the choices. Raises DiagnosticError."""
        frame = self.at(numbers[0])
        params, macs, activations = frame.stem.cost
        flow = frame.stem.out
        for row, number in enumerate(numbers[1:]):
            passed = frame.stage(row, number, flow)
            cost, flow = passed.cost, passed.out
            params, macs, activations = params + cost.params, macs + cost.macs, activations + cost.activations
        return Cost(params, macs, activations).plus(frame.head(flow).cost)

    def ends(self, numbers: tuple[int, ...]) -> tuple[Frame, Flow, Flow]:
        """The frame of a network, what goes into its head and what comes out. Raises DiagnosticError."""
        frame = self.at(numbers[0])
        flow = frame.stem.out
        for row, number in enumerate(numbers[1:]):
            flow = frame.stage(row, number, flow).out
        return frame, flow, frame.head(flow).out

    def time(self, numbers: tuple[int, ...]) -> Time:
        """How long a network takes, with a clock. Raises DiagnosticError."""
        from archdsl.backends.latency.roofline import total

        frame = self.at(numbers[0])
        passed = [frame.stem]
        for row, number in enumerate(numbers[1:]):
            passed.append(frame.stage(row, number, passed[-1].out))
        passed.append(frame.head(passed[-1].out))
        times = [part.time for part in passed if part.time is not None]
        assert frame.latencies is not None
        if frame.latencies.training:
            times.append(frame.latencies.update(sum(part.cost.params for part in passed)))
        return total(times)


class Frame:
    """Networks of a space that share everything but what is chosen in the rows of the table."""

    def __init__(self, model: OpenModel, index: int, clock: Clock | None = None):
        self.model = model
        self.shared = model.choices.shared.decisions(index)
        self._stages: dict[tuple[int, int, Flow], Passed] = {}
        self._heads: dict[Flow, Passed] = {}
        # What networks put out that has names, by what goes into their heads.
        self.outputs: dict[Flow, dict[str, Shape]] = {}
        self.problems = Problems()
        self.elaborator = ModelElaborator(
            model.variant, self.problems, Work(), model.resolution, model.overrides, self.shared
        )
        try:
            self.elaborator.bind()
            self.elaborator.check()
            self._raise(self.shared)
            # A part has no choices, so it is the same in all networks of the frame.
            part = self.elaborator.part
            self._trunk: Trunk | None = None
            if part is not None:
                self._trunk, _ = self.elaborator.trunk_of_part(part)
                self._raise(self.shared)
                assert self._trunk is not None
                self.elaborator.claim(part, self._trunk)
                stem, tensor = self._trunk.stem, self._trunk.tensor
            else:
                stem, tensor = self.elaborator.stem()
        except ElaborationError as problem:
            self.problems.add(problem.diagnostic)
            self._raise(self.shared)
            raise
        blocks = self.elaborator.applier.instances.blocks
        self.costs = PartCosts(blocks)
        self.latencies = clock.latencies(model.name, blocks) if clock is not None else None
        self._input, self._read_rows = tensor, self.elaborator.read_rows
        self.stem = self._section(stem, tensor, "plain")
        if self._trunk is not None:
            self.stem = self._whole(self._trunk)
            return
        first = self.elaborator.first_maps(tensor)
        if first:
            maps = tuple(Map(name, tensor.shape, tensor.facts) for name, tensor in first.items())
            self.stem = self.stem._replace(out=self.stem.out._replace(maps=maps))

    def _whole(self, trunk: Trunk) -> Passed:
        """The stem and the stages of a part."""
        cost = self.stem.cost.plus(total_cost(map(self.costs.stage, trunk.stages)))
        out = Flow(trunk.last.shape, trunk.last.facts, self.stem.out.layout)
        if self.latencies is None:
            return Passed(cost, out)
        from archdsl.backends.latency.roofline import total

        times = [self.stem.time] if self.stem.time is not None else []
        for stage in trunk.stages:
            fragments = self.latencies.stage(stage, out.layout)
            times += [part.time for part in fragments]
            out = out._replace(layout=fragments[-1].layout if fragments else out.layout)
        return Passed(cost, out, total(times))

    @property
    def has_stages(self) -> bool:
        """Whether its networks have stages."""
        stages = self._trunk.stages if self._trunk is not None else self.model.choices.rows
        return bool(stages)

    def stage(self, row: int, number: int, flow: Flow) -> Passed:
        """The stage of a row, with combination `number` of its choices, on `flow`. Raises DiagnosticError."""
        known = self._stages.get((row, number, flow))
        if known is None:
            if len(self._stages) >= MAX_STAGES:
                self._stages.clear()
            known = self._stages[row, number, flow] = self._stage(row, number, flow)
        return known

    def _stage(self, row: int, number: int, flow: Flow) -> Passed:
        decisions = {**self.shared, **self.model.choices.rows[row].decisions(number)}
        self.elaborator.effort.spent = 0
        made = self.elaborator.stage_builder(decisions).one(self.elaborator.applier, row, self._tensor(flow))
        self._raise(decisions)
        assert made is not None
        stage, tensor = made
        cost = self.costs.stage(stage)
        if self.latencies is None:
            return Passed(cost, Flow(tensor.shape, tensor.facts, maps=self._maps(row, flow, tensor)))
        from archdsl.backends.latency.roofline import total

        fragments = self.latencies.stage(stage, flow.layout)
        layout = fragments[-1].layout if fragments else flow.layout
        out = Flow(tensor.shape, tensor.facts, layout, self._maps(row, flow, tensor))
        return Passed(cost, out, total(part.time for part in fragments))

    def _maps(self, row: int, flow: Flow, tensor: Tensor) -> tuple[Map, ...]:
        """What the head reads by name of all that has been made after a row."""
        made = (Map(name, tensor.shape, tensor.facts) for name, number in self._read_rows.items() if number == row)
        return (*flow.maps, *made)

    def head(self, flow: Flow) -> Passed:
        """The head on what comes out of the last stage. Raises DiagnosticError."""
        known = self._heads.get(flow)
        if known is None:
            try:
                self.elaborator.effort.spent = 0
                last, maps = self._read(flow)
                head, shape, self.outputs[flow] = self.elaborator.head(last, maps)
                tensor = Tensor(shape, None, last.facts)
            except ElaborationError as problem:
                self.problems.add(problem.diagnostic)
                self._raise(self.shared)
                raise
            known = self._heads[flow] = self._section(head, tensor, flow.layout)
        return known

    def _read(self, flow: Flow) -> tuple[Tensor, dict[str, Tensor]]:
        """What comes out of the last stage, and what the head reads by name."""
        if self._trunk is not None:
            return self._trunk.last, self.elaborator.maps(self._trunk.tensor, self._trunk.made)
        last, end = self._tensor(flow), self._read_rows.get
        row = len(self.model.choices.rows) - 1  # of the last stage, or -1 where the stem is all
        maps = {one.name: last if end(one.name, -1) == row else self._tensor(one) for one in flow.maps}
        if row < 0:
            images = self.elaborator.images
            maps |= {name: image for name, image in images.items() if name in maps}
            if "stem" not in self.elaborator.names:
                last = images[self.elaborator.source or "input"]
        return last, maps

    def _section(self, section: Section | None, tensor: Tensor, layout: Layout) -> Passed:
        """The stem or the head, if there is one, with the tensor that comes out."""
        out = Flow(tensor.shape, tensor.facts, layout)
        if section is None:
            return Passed(NOTHING, out)
        cost = self.costs.section(section)
        if self.latencies is None:
            return Passed(cost, out)
        fragment = self.latencies.section(section, layout)
        return Passed(cost, out._replace(layout=fragment.layout), fragment.time)

    def flows(self) -> Iterator[tuple[int, dict[Flow, int]]]:
        """Every tensor that can go into each row, and at last into the head, with the number of ways to it.

        Each way of each row is elaborated; raises DiagnosticError for the first that holds a mistake.
        """
        ways = {self.stem.out: 1}
        for row, choices in enumerate(self.model.choices.rows):
            yield row, ways
            after: dict[Flow, int] = {}
            for flow, count in ways.items():
                for number in range(choices.size):
                    out = self.stage(row, number, flow).out
                    after[out] = after.get(out, 0) + count
            ways = after
        yield len(self.model.choices.rows), ways
        for flow in ways:
            self.head(flow)

    def _tensor(self, flow: Flow | Map) -> Tensor:
        return Tensor(flow.shape, self._input.expression, flow.facts)

    def _raise(self, decisions: dict[int, int]) -> None:
        """Raises DiagnosticError for the mistakes that have been met, with what was chosen there."""
        if found := self.problems.sorted():
            self.problems.found.clear()
            raise DiagnosticError([decided(problem, self.model.choices, decisions) for problem in found])
