"""What a head that reads maps by name is made of, as figures of stages show it: the tensors that it binds.

Rounds of a network that repeats itself, such as branches that exchange what they have again and again, are found here.
"""

from __future__ import annotations

from typing import NamedTuple

from archdsl.backends.diagram.parts import FigureTracer
from archdsl.ir.architecture import Architecture
from archdsl.ir.base import Shape
from archdsl.ir.body import Bound, TensorList
from archdsl.ir.cost import Cost
from archdsl.ir.operators.arrangement import Resize
from archdsl.ir.operators.linear import Flatten, Linear
from archdsl.ir.operators.pooling import GlobalPool
from archdsl.ir.parts import applied
from archdsl.ir.walk import Flow, Scope, Visit


class Made(NamedTuple):
    """A tensor that a head binds: its name, what makes it, and what it costs."""

    name: str
    visits: tuple[Visit, ...]
    cost: Cost

    @property
    def path(self) -> str:
        """That of what puts it out."""
        return self.visits[-1].path

    @property
    def output(self) -> Shape:
        return self.visits[-1].output

    @property
    def shared(self) -> list[str]:
        """The shared layers that it is a use of."""
        return list(dict.fromkeys(level.name for visit in self.visits for level in visit.levels if level.shared))

    @property
    def kind(self) -> str:
        """What figures tell it apart by: the shared layer that it is a use of, or the last block that it applies."""
        blocks = [visit.operator for visit in self.visits if visit.block is not None]
        return next(iter([f"shared {name}" for name in self.shared] or blocks[-1:]), "")

    @property
    def pools(self) -> bool:
        """Whether it makes a vector of a map."""
        return any(isinstance(visit.primitive, GlobalPool | Linear | Flatten) for visit in self.visits)

    @property
    def main(self) -> str | None:
        """The path of the tensor that it is made of in the first place: the others come in beside it."""
        own = {visit.path: visit for visit in self.visits}
        last: Visit | None = self.visits[-1]
        path = None
        while last is not None:
            path = last.inputs[0].path if last.inputs else None
            last = own.get(path) if path is not None else None
        return path

    @property
    def reads(self) -> list[str]:
        """The paths of all tensors that it is made of; not of those that only say how large it is to be."""
        own = {visit.path for visit in self.visits}
        flowing = (visit.inputs[:1] if isinstance(visit.primitive, Resize) else visit.inputs for visit in self.visits)
        return [path for path in dict.fromkeys(one.path for inputs in flowing for one in inputs) if path not in own]


class HeadTensors(NamedTuple):
    """The tensors that a head makes, in their order, and the paths of those that it puts out, by their names."""

    made: list[Made]
    outputs: dict[str, str]

    @classmethod
    def of(cls, architecture: Architecture) -> HeadTensors:
        """Those of a network whose head reads maps. Of what is before the head, paths are `input`, `stem` and
        `stages.NAME`."""
        tracer = _HeadTracer(architecture)
        found, ahead = [], {visit.path for visit in tracer.visits}
        visits = iter(tracer.visits)
        for name, path, cost in tracer.bound:
            own = []
            while path in ahead:
                own.append(visit := next(visits))
                ahead.discard(visit.path)
            if own:  # else it is one more name of a tensor
                found.append(Made(name, tuple(own), cost))
        return cls(found, tracer.named)


class _HeadTracer(FigureTracer):
    """Follows a head, and keeps what it binds: names, paths and costs."""

    def __init__(self, architecture: Architecture):
        super().__init__(architecture)
        section, self.costs = architecture.head, architecture.costs
        assert section is not None
        (self.head,) = (apply.block for apply in applied(section.steps))
        self.bound: list[tuple[str, str, Cost]] = []
        last = self.before_head()
        ends = [self.section(section, last)]
        names = [*architecture.outputs] or ["output"]
        self.named = {name: end.path for name, end in zip(names, self.outputs or ends, strict=True)}

    def block(self, identity: str, source: Flow, path: str, others: tuple[Flow, ...] = ()) -> Flow:
        follow = self.inside if identity == self.head else super().block
        return follow(identity, source, path, others)

    def bindings(self, identity: str, scope: Scope) -> None:
        super().bindings(identity, scope)
        if identity != self.head:
            return
        block, costs = self.blocks[identity], self.costs.tensors(identity)
        # As the text calls them: a name that means something else in a block has another one there.
        shown = {one.value.name: name for name, one in block.outputs.items() if isinstance(one.value, Bound)}
        shown = shown or {"out": "head"}
        for binding in block.body:
            name = shown.get(binding.name, binding.name)
            if isinstance(binding.value, TensorList):
                pairs = zip(scope.lists[binding.name], costs[binding.name], strict=True)
                self.bound += [(f"{name}[{index}]", tensor.path, cost) for index, (tensor, cost) in enumerate(pairs)]
            elif binding.value is not None:
                (cost,) = costs[binding.name]
                # The tensors of a list that a block puts out are drawn as one, its path being theirs.
                made = scope.lists.get(binding.name) or [scope.bound[binding.name]]
                self.bound.append((name, made[0].path, cost))


# Rounds --------------------------------------------------------------------------------------------------------------


class Rounds(NamedTuple):
    """Tensors that are made again and again in the same way, each time of those before: `size` tensors from `start`
    on, so many `times`."""

    start: int
    size: int
    times: int

    @property
    def end(self) -> int:
        return self.start + self.size * self.times

    def copies(self, index: int) -> range:
        """Those that stand in the place of a tensor of the first round, with itself."""
        return range(index, self.end, self.size)


def rounds(tensors: HeadTensors) -> list[Rounds]:
    """What repeats itself, from the first tensor to the last."""
    finder = _Finder(tensors)
    found, start, end = [], 0, len(tensors.made)
    while start < end:
        sizes = range(1, (end - start) // 2 + 1)
        tried = [Rounds(start, size, finder.count(start, size)) for size in sizes if finder.may_repeat(start, size)]
        best = max((one for one in tried if one.times > 1), key=lambda one: (one.end, one.times), default=None)
        found += [best] if best is not None else []
        start = best.end if best is not None else start + 1
    return found


class _Finder:
    """Compares tensors by what makes them, and what they read by the places of those that make it."""

    def __init__(self, tensors: HeadTensors):
        self.made = tensors.made
        place = {visit.path: index for index, one in enumerate(self.made) for visit in one.visits}
        self.forms: list[int] = []
        known: dict[object, int] = {}
        self.read: list[list[int | str]] = []
        self.last_read = [-1] * len(self.made)
        self.is_put_out = [False] * len(self.made)
        for index, one in enumerate(self.made):
            inside = {visit.path: position for position, visit in enumerate(one.visits)}
            inputs = [tuple(inside.get(tensor.path) for tensor in visit.inputs) for visit in one.visits]
            form = tuple((_form(visit), read) for visit, read in zip(one.visits, inputs, strict=True))
            self.forms.append(known.setdefault(form, len(known)))
            outside = [tensor.path for visit in one.visits for tensor in visit.inputs if tensor.path not in inside]
            self.read.append([place.get(path, path) for path in outside])
            for read in self.read[-1]:
                if isinstance(read, int):
                    self.last_read[read] = index
        for path in tensors.outputs.values():
            if path in place:
                self.is_put_out[place[path]] = True

    def may_repeat(self, start: int, size: int) -> bool:
        return self.forms[start] == self.forms[start + size]

    def count(self, start: int, size: int) -> int:
        """How many rounds of this size there are from here on."""
        # What the tensors of the first round take the place of, by their positions in the round.
        before: dict[int, int | str] = {}
        count = 1
        while start + (count + 1) * size <= len(self.made):
            first = start + (count - 1) * size
            if not all(self._continues(index, size, first, before, count) for index in range(first, first + size)):
                break
            count += 1
        return count if before else 1

    def _continues(self, index: int, size: int, first: int, before: dict[int, int | str], count: int) -> bool:
        """Whether a tensor of the round that begins at `first` is made again in the next one, and read nowhere else."""
        end = first + 2 * size
        other = index + size
        if self.is_put_out[index] or self.last_read[index] >= end or self.forms[index] != self.forms[other]:
            return False
        return all(
            self._corresponds(one, another, size, first, before, count)
            for one, another in zip(self.read[index], self.read[other], strict=True)
        )

    def _corresponds(
        self, one: int | str, other: int | str, size: int, first: int, before: dict[int, int | str], count: int
    ) -> bool:
        """Whether what a tensor of a round reads is what that of the next one reads, one round before."""
        is_new = isinstance(other, int) and other >= first
        if not is_new:
            return one == other
        assert isinstance(other, int)
        if other >= first + size or count > 1:
            return isinstance(one, int) and one + size == other
        return before.setdefault(other - first, one) == one and not (isinstance(one, int) and one >= first)


def _form(visit: Visit) -> object:
    """What an operator is, wherever it stands."""
    levels = tuple((level.name, level.copies, level.shared) for level in visit.levels)
    return visit.operator, visit.primitive, visit.block, visit.shapes, visit.output, visit.factors, visit.leads, levels
