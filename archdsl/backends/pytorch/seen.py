"""The same place of every instance of a class: a step, a binding or a tensor, by the number of the instance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from archdsl.backends.pytorch.module import Unmergeable
from archdsl.ir.body import Alternative, Apply, Guard, Repeat, Shared
from archdsl.ir.body import Sequence as Steps
from archdsl.ir.operators.activation import Activation

Seen = Sequence[tuple[int, Any]]


def one_type(seen: Seen) -> type:
    kind = type(seen[0][1])
    if any(type(step) is not kind for _, step in seen):
        raise Unmergeable("kind")
    return kind


def agreed(seen: Seen, of: Callable[[Any], Any]) -> Any:
    values = {of(step) for _, step in seen}
    if len(values) != 1:
        raise Unmergeable("name")
    return values.pop()


def columns_of(seen: Seen, of: Callable[[Any], Sequence[Any]]) -> list[Seen]:
    """Position by position: the first step of every instance, the second of every instance, ..."""
    lengths = {len(of(step)) for _, step in seen}
    if len(lengths) != 1:
        raise Unmergeable("length")
    return [[(index, of(step)[position]) for index, step in seen] for position in range(lengths.pop())]


def name_of(step: Any, otherwise: str = "layers") -> str:
    """The name of a step; `otherwise` that of one without, which is no module of its own or a copy."""
    match step:
        case Apply(name=name) | Repeat(name=name):
            return name or otherwise
        case Steps(name=name, steps=steps):
            return name or (name_of(steps[0], otherwise) if steps and otherwise else otherwise)
        case Guard(value=value) | Alternative(value=value) | Shared(value=value) if value is not None:
            return name_of(value, otherwise)
        case _:
            return otherwise


def is_composite(step: Any) -> bool:
    """Whether a step is layers in brackets, without a name."""
    return isinstance(step, Steps) and not step.name


def does_nothing(step: Any) -> bool:
    """Whether a step is the module that stands for a layer that is left out."""
    match step:
        case Apply(operator=Activation(kind="identity", gain=1.0)):
            return True
    return False
