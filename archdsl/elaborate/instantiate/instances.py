"""Block instances that several networks of a file are made of: elaborated once, numbered in each network anew."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from typing import TypeVar

from msgspec import Struct

from archdsl.elaborate.evaluate.values import Flow
from archdsl.ir.base import Frozen
from archdsl.ir.body import (
    Alternative,
    Apply,
    BlockInstance,
    Chain,
    Combine,
    Guard,
    Repeat,
    Select,
    Sequence,
    Shared,
    Step,
    TensorBinding,
    TensorExpression,
    TensorList,
)

_Part = TypeVar("_Part", bound=Frozen)


class Made(Struct, frozen=True, eq=False):
    """An instance as one network has it, the tensor that comes out of it, and what it applies, by their ids there."""

    block: BlockInstance
    result: Flow
    parts: Mapping[str, Made]
    # Whether it has tensors that do not reach its output, so that some of its parts may be used nowhere.
    has_unread: bool


class Instances:
    """The instances of one network, those used by others before their users."""

    def __init__(self) -> None:
        self.blocks: dict[str, BlockInstance] = {}
        # Whether some of them may be used nowhere.
        self.has_unread = False
        self._ids: dict[Made, str] = {}
        self._counts: dict[str, int] = {}

    def __contains__(self, made: Made) -> bool:
        return made in self._ids

    def id_of(self, made: Made) -> str:
        return self._ids[made]

    def new_id(self, name: str) -> str:
        number = self._counts[name] = self._counts.get(name, 0) + 1
        return f"{name}:{number}"

    def add(self, block: BlockInstance, result: Flow, parts: Iterable[Made], *, tries_layers: bool = False) -> Made:
        """Adds an instance that is new to the file; `parts` are those that it applies, or tries."""
        has_unread = tries_layers or any(binding.value is None for binding in block.body)
        made = Made(block, result, {self._ids[part]: part for part in parts}, has_unread)
        self._enter(made, block)
        return made

    def take(self, made: Made) -> int:
        """Adds an instance of another network, with those inside it. Returns how many are new here."""
        taken = 0
        for one in _missing(made, self._ids):
            ids = {id: self._ids[part] for id, part in one.parts.items()}
            ids[one.block.id] = self.new_id(one.block.name)
            self._enter(one, renamed(one.block, ids))
            taken += 1
        return taken

    def _enter(self, made: Made, block: BlockInstance) -> None:
        self._ids[made] = block.id
        self.blocks[block.id] = block
        self.has_unread = self.has_unread or made.has_unread


def _missing(made: Made, known: Container[Made]) -> Iterator[Made]:
    """An instance and those inside it that are not known yet, each after those that it applies."""
    if made in known:
        return
    for part in made.parts.values():
        yield from _missing(part, known)
    yield made


# Ids -----------------------------------------------------------------------------------------------------------------


def renamed(block: BlockInstance, ids: Mapping[str, str]) -> BlockInstance:
    """The instance with its own id, and the ids of the instances that it applies, replaced by those of `ids`."""
    if all(old == new for old, new in ids.items()):
        return block
    if len(ids) == 1:
        return _with(block, id=ids[block.id])
    return _with(block, id=ids[block.id], body=tuple(_binding(binding, ids) for binding in block.body))


def _binding(binding: TensorBinding, ids: Mapping[str, str]) -> TensorBinding:
    return binding if binding.value is None else _with(binding, value=_tensor(binding.value, ids))


def _tensor(expression: TensorExpression, ids: Mapping[str, str]) -> TensorExpression:
    match expression:
        case Chain(source=source, steps=steps):
            return _with(expression, source=_tensor(source, ids), steps=tuple(_step(step, ids) for step in steps))
        case Combine(operands=operands):
            return _with(expression, operands=tuple(_tensor(operand, ids) for operand in operands))
        case Select(value=value):
            return _with(expression, value=_tensor(value, ids))
        case TensorList(values=values):
            return _with(expression, values=tuple(_tensor(value, ids) for value in values))
        case _:
            return expression


def _step(step: Step, ids: Mapping[str, str]) -> Step:
    match step:
        case Apply(block=block, others=others) if block is not None or others:
            named = ids[block] if block is not None else None
            return _with(step, block=named, others=tuple(_tensor(other, ids) for other in others))
        case Sequence(steps=steps):
            return _with(step, steps=tuple(_step(inner, ids) for inner in steps))
        case Repeat(copies=copies):
            return _with(step, copies=tuple(_step(inner, ids) for inner in copies))
        case Guard(value=value) | Alternative(value=value) | Shared(value=value) if value is not None:
            return _with(step, value=_step(value, ids))
        case _:
            return step


def _with(part: _Part, **fields: object) -> _Part:
    return part.made(**{**part.__dict__, **fields})
