"""What changed between two networks: stage by stage, block by block, key by key."""

from __future__ import annotations

from dataclasses import dataclass

from archdsl.diff.alignment import align
from archdsl.diff.operators import Change, KeyChange, OperatorChange, key_changes, operator_changes, pair
from archdsl.diff.parts import ComparedPart, Layer, parts
from archdsl.ir.architecture import Architecture
from archdsl.ir.cost import NOTHING, Cost


@dataclass(frozen=True)
class LayerChange:
    """A layer before and after; None where there is none. A layer that came or went has no `operators` listed."""

    before: Layer | None
    after: Layer | None
    operators: tuple[OperatorChange, ...]
    keys: tuple[KeyChange, ...]


@dataclass(frozen=True)
class PartChange:
    """The stem, a stage or the head before and after; None where there is none. Layers that are equal are left out."""

    before: ComparedPart | None
    after: ComparedPart | None
    facts: tuple[Change, ...]
    layers: tuple[LayerChange, ...]

    @property
    def costs(self) -> tuple[Cost, Cost]:
        return (self.before.cost if self.before else NOTHING, self.after.cost if self.after else NOTHING)

    @property
    def is_equal(self) -> bool:
        if self.before is None or self.after is None or self.facts or self.layers:
            return False
        return (self.before.input, self.before.output) == (self.after.input, self.after.output)


@dataclass(frozen=True)
class Difference:
    """Two networks; `facts` are those of the whole, `parts` all parts in order, the equal ones among them."""

    before: Architecture
    after: Architecture
    facts: tuple[Change, ...]
    parts: tuple[PartChange, ...]

    @property
    def costs(self) -> tuple[Cost, Cost]:
        return self.before.costs.model(), self.after.costs.model()

    @property
    def keys(self) -> tuple[KeyChange, ...]:
        return tuple(key for part in self.parts for layer in part.layers for key in layer.keys)

    @property
    def operators(self) -> tuple[OperatorChange, ...]:
        return tuple(change for part in self.parts for layer in part.layers for change in layer.operators)

    @property
    def is_equal(self) -> bool:
        """Whether both are one network: the same operators on the same shapes, wired alike, under the same keys."""
        return not self.facts and all(part.is_equal for part in self.parts)


def compare(before: Architecture, after: Architecture) -> Difference:
    """What changed from one network to another. Raises DiagnosticError when one unfolds to too many operators."""
    changes = [
        Change("input", before.input, after.input, keeps_outputs=True),
        Change("inputs", _inputs(before), _inputs(after)),
        Change("classes", before.classes, after.classes, keeps_outputs=True),
        Change("drop_path", before.drop_path, after.drop_path, keeps_outputs=True),
    ]
    facts = tuple(change for change in changes if change.before != change.after)
    was, now = parts(before), parts(after)
    stages = align([part for part in was if part.is_stage], [part for part in now if part.is_stage], _distance)
    pairs = [*_section("stem", was, now), *stages, *_section("head", was, now)]
    return Difference(before, after, facts, tuple(_part(*both) for both in pairs))


def _inputs(architecture: Architecture) -> str | None:
    """The inputs that have names, and which of them the stem and the stages read."""
    named = (f"{name} {shape}" for name, shape in architecture.inputs.items())
    return f"{', '.join(named)}; {architecture.source} first" if architecture.inputs else None


def _section(
    path: str, before: list[ComparedPart], after: list[ComparedPart]
) -> list[tuple[ComparedPart | None, ComparedPart | None]]:
    was, now = (next((part for part in found if _is(path, part)), None) for found in (before, after))
    return [(was, now)] if was or now else []


def _is(name: str, part: ComparedPart) -> bool:
    """Whether a part is the stem, or the head; the stem may be that of a model that the network has as a part."""
    return not part.is_stage and part.path.rpartition(".")[2] == name


def _distance(before: ComparedPart, after: ComparedPart) -> float:
    """Which share of two rows is different."""
    columns = {*before.facts, *after.facts}
    different = [column for column in columns if before.facts.get(column) != after.facts.get(column)]
    return len(different) / len(columns)


def _part(before: ComparedPart | None, after: ComparedPart | None) -> PartChange:
    was, now = (part.layers if part else () for part in (before, after))
    layers = [
        _layer(was[index] if index < len(was) else None, now[index] if index < len(now) else None)
        for index in range(max(len(was), len(now)))
    ]
    facts: list[Change] = []
    if before is not None and after is not None:
        columns = dict.fromkeys([*before.facts, *after.facts])
        rows = (Change(column, before.facts.get(column), after.facts.get(column)) for column in columns)
        facts = [change for change in rows if change.before != change.after]
    changed = (layer for layer in layers if layer.operators or layer.keys or not layer.before or not layer.after)
    return PartChange(before, after, tuple(facts), tuple(changed))


def _layer(before: Layer | None, after: Layer | None) -> LayerChange:
    if before is None or after is None:
        gone = [key for visit in (before.operators if before else ()) for key in key_changes(visit, None)]
        come = [key for visit in (after.operators if after else ()) for key in key_changes(None, visit)]
        return LayerChange(before, after, (), (*gone, *come))
    pairs = pair(before, after)
    keys = tuple(key for was, now in pairs for key in key_changes(was, now))
    return LayerChange(before, after, tuple(operator_changes(before, after, pairs)), keys)
