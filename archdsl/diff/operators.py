"""The operators of a layer before and after: which is which, and what changed about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from archdsl.backends.pytorch.state import tensors
from archdsl.diff.parts import Layer
from archdsl.ir.operators.base import Operator
from archdsl.ir.operators.convolution import CondConv, Conv, Depthwise, WeightStandardizedConv
from archdsl.ir.operators.extern import Extern
from archdsl.ir.operators.lines import as_given
from archdsl.ir.operators.window import along, pad_width, sides
from archdsl.ir.walk import Visit

# Combinations whose operands may stand in any order.
_COMMUTATIVE = ("add", "multiply")


class Change(NamedTuple):
    """What something was and is. `keeps_outputs` says that a trained network puts out what it did."""

    what: str
    before: Any
    after: Any
    keeps_outputs: bool = False


@dataclass(frozen=True)
class OperatorChange:
    """An operator that came (no `before`), went (no `after`), or is another than it was."""

    before: Visit | None
    after: Visit | None
    changes: tuple[Change, ...] = ()

    @property
    def keeps_outputs(self) -> bool:
        """Whether a trained network puts out what it did."""
        if self.before is None or self.after is None:
            visit = self.before or self.after
            return visit is not None and _is_for_training(visit)
        return all(change.keeps_outputs for change in self.changes)


@dataclass(frozen=True)
class KeyChange:
    """A tensor of the `state_dict` that came, went, or has another key or other dimensions than it had."""

    before: str | None
    after: str | None
    size_before: tuple[int, ...] | None
    size_after: tuple[int, ...] | None

    @property
    def is_renamed(self) -> bool:
        return self.before is not None and self.after is not None and self.before != self.after

    @property
    def is_reshaped(self) -> bool:
        return self.before is not None and self.after is not None and self.size_before != self.size_after


OperatorPair = tuple[Visit | None, Visit | None]


def pair(before: Layer, after: Layer) -> list[OperatorPair]:
    """The operators of both, each with the one that it has become: by its path, else one of its kind and tensors."""
    named = {_key(after, visit): visit for visit in after.operators}
    found: dict[Visit, Visit] = {}
    for visit in before.operators:
        if (same := named.pop(_key(before, visit), None)) is not None:
            found[visit] = same
    waiting: dict[object, list[Visit]] = {}
    for visit in named.values():
        waiting.setdefault(_form(visit), []).append(visit)
    for visit in before.operators:
        if visit not in found and (alike := waiting.get(_form(visit))):
            found[visit] = alike.pop(0)
    kept = set(found.values())
    pairs: list[OperatorPair] = [(visit, found.get(visit)) for visit in before.operators]
    return [*pairs, *((None, visit) for visit in after.operators if visit not in kept)]


def operator_changes(before: Layer, after: Layer, pairs: list[OperatorPair]) -> list[OperatorChange]:
    """The operators that came, went or changed."""
    renamed = {b.path: a.path for b, a in pairs if b is not None and a is not None}
    known = set(renamed.values())
    sources_before, sources_after = _Sources(before), _Sources(after)
    found = []
    for b, a in pairs:
        if b is None or a is None:
            found.append(OperatorChange(b, a))
            continue
        changes = [*_renaming(before.inner(b.path), after.inner(a.path)), *_attributes(b, a)]
        reads_before, reads_after = sources_before.of(b), sources_after.of(a)
        # What reads a tensor that is new, or read one that is gone, is a consequence of what is listed anyway.
        is_listed = any(path in sources_before.own and path not in renamed for path in reads_before)
        is_listed |= any(path in sources_after.own and path not in known for path in reads_after)
        was = [after.inner(renamed[path]) if path in renamed else "in" for path in reads_before]
        now = [after.inner(path) if path in known else "in" for path in reads_after]
        if a.operator in _COMMUTATIVE:
            was, now = sorted(was), sorted(now)
        if was != now and not is_listed:
            changes.append(Change("reads", ", ".join(was), ", ".join(now)))
        if changes:
            found.append(OperatorChange(b, a, tuple(changes)))
    return found


def key_changes(before: Visit | None, after: Visit | None) -> list[KeyChange]:
    """What changed about the tensors of an operator."""
    was, now = (_named(visit) for visit in (before, after))
    found = []
    for name in dict.fromkeys([*was, *now]):
        key, size = was.get(name, (None, None))
        key_now, size_now = now.get(name, (None, None))
        if (key, size) != (key_now, size_now):
            found.append(KeyChange(key, key_now, size, size_now))
    return found


def _named(visit: Visit | None) -> dict[str, tuple[str, tuple[int, ...]]]:
    if visit is None:
        return {}
    return {key.rpartition(".")[2]: (key, size) for key, size in tensors(visit).items()}


def _key(layer: Layer, visit: Visit) -> tuple[str, bool]:
    return layer.inner(visit.path), visit.primitive is None


def _form(visit: Visit) -> object:
    sizes = visit.primitive.state(*visit.shapes) if visit.primitive is not None else {}
    return visit.operator, tuple(sizes.items())


def _renaming(before: str, after: str) -> list[Change]:
    return [Change("path", before, after, keeps_outputs=True)] if before != after else []


def _attributes(before: Visit, after: Visit) -> list[Change]:
    """Its kind, or the attributes of an operator of the same kind."""
    if before.label != after.label:
        return [Change("operator", before.label, after.label)]
    if before.primitive is None or after.primitive is None:
        factors, leads = (before.factors, after.factors), (before.leads, after.leads)
        found = [Change("factors", *factors)] if factors[0] != factors[1] else []
        if leads[0] != leads[1] and before.operator in ("subtract", "divide"):
            first = ("a tensor", "a number")
            found.append(Change("first operand", first[leads[0]], first[leads[1]]))
        return found
    if isinstance(before.primitive, Extern) and isinstance(after.primitive, Extern):
        return _declared(before.primitive, after.primitive)
    kind = type(before.primitive)
    is_padded_alike = _zeros(before.primitive) == _zeros(after.primitive)
    one, other = as_given(before.primitive, before.output), as_given(after.primitive, after.output)
    values = ((name, getattr(one, name), getattr(other, name)) for name in kind.model_fields)
    return [
        Change(name, was, now, kind.is_for_training or name in kind.for_training)
        for name, was, now in values
        if was != now and not (name == "padding" and is_padded_alike)
    ]


def _declared(before: Extern, after: Extern) -> list[Change]:
    """What changed about a module that the caller brings: what it is constructed with, and what is said to learn."""
    was, now = ({**dict(each.arguments), "params": each.params} for each in (before, after))
    names = dict.fromkeys([*was, *now])
    return [Change(name, was.get(name), now.get(name)) for name in names if was.get(name) != now.get(name)]


def _zeros(operator: Operator) -> object:
    """The padding of an operator as zeros a side, where that is what it means: not for `same` with a stride."""
    match operator:
        case Conv() | CondConv() | Depthwise() | WeightStandardizedConv():
            kernel, padding = sides(operator.kernel), operator.padding
            if padding == "same" and sides(operator.stride) == (1, 1) and kernel.height % 2 and kernel.width % 2:
                padding = "symmetric"
            if padding != "same":
                return [pad_width(*axis) for axis in zip(kernel, along(padding), sides(operator.dilation), strict=True)]
    return getattr(operator, "padding", None)


def _is_for_training(visit: Visit) -> bool:
    return visit.primitive is not None and visit.primitive.is_for_training


class _Sources:
    """Which operators the operators of a layer read, through those that do nothing once a network is trained."""

    def __init__(self, layer: Layer):
        self.own = {visit.path for visit in layer.operators}
        self.through = {
            visit.path: visit.inputs[0].path for visit in layer.operators if visit.inputs and _is_for_training(visit)
        }

    def of(self, visit: Visit) -> list[str]:
        return [self._source(tensor.path) for tensor in visit.inputs]

    def _source(self, path: str) -> str:
        while path in self.through:
            path = self.through[path]
        return path
