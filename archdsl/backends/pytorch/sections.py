"""Where in a head maps end and vectors begin, and which of its parts are the module of a single layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from archdsl.backends.pytorch.families import has_classifier
from archdsl.backends.pytorch.operators import vector_module
from archdsl.ir.body import Alternative, Apply, Guard, Step
from archdsl.ir.body import Sequence as Steps
from archdsl.ir.description import Description
from archdsl.ir.formula import Expression, Name
from archdsl.ir.operators.linear import Flatten
from archdsl.ir.operators.regularization import Dropout
from archdsl.ir.parts import applied, inside, used

_POOLS = ("global_avg_pool", "global_max_pool")
_VECTORS = ("linear", "flatten")


class Head(NamedTuple):
    """Where a head is divided, as positions of steps."""

    maps: int  # the first step that reduces its input to 1 x 1: maps end here
    vectors: int  # the first step that works on vectors; what it reads is flattened before
    end: int  # the number of steps without the classifier
    is_flattened: bool  # whether the emitter puts a flattening before `vectors`
    single: frozenset[str]  # the parts, of `head` and `pool`, that are one layer, and their module that layer's


def divided(architecture: Description) -> Head:
    """How the head of a network is divided into `head`, `pool` and a classifier."""
    steps = architecture.head.steps.steps if architecture.head is not None else ()
    maps, vectors = _first_without_map(steps), _first_on_vectors(steps)
    end = len(steps) - has_classifier(architecture)
    is_flattened = vectors < len(steps) and not is_flatten(steps[vectors])
    pool = sum(map(_most_modules, steps[maps:end])) + is_flattened
    parts = {"head": sum(map(_most_modules, steps[: min(maps, end)])), "pool": pool}
    return Head(maps, vectors, end, is_flattened, frozenset(part for part, count in parts.items() if count == 1))


def dropout_rates(architecture: Description) -> list[float] | None:
    """The rates of dropout between the last map and the classifier; None where some are inside blocks."""
    head = divided(architecture)
    steps = architecture.head.steps.steps if architecture.head is not None else ()
    layers = [apply for step in steps[head.maps : head.end] for apply in applied(step)]
    inner = used(architecture.blocks, layers).values()
    parts = (part for block in inner for binding in block.body if binding.value for part in inside(binding.value))
    if any(isinstance(part, Apply) and isinstance(part.operator, Dropout) for part in parts):
        return None
    return [layer.operator.rate for layer in layers if isinstance(layer.operator, Dropout)]


def is_flatten(step: Step) -> bool:
    return isinstance(step, Apply) and isinstance(step.operator, Flatten)


def _first_without_map(steps: Sequence[Step]) -> int:
    """The position of the first step that reduces its input to 1 x 1; the number of steps when there is none."""
    for position, step in enumerate(steps):
        if _kinds(step) & {*_POOLS, *_VECTORS}:
            return position
    return len(steps)


def _first_on_vectors(steps: Sequence[Step]) -> int:
    """The position from which on a head works on vectors: a linear layer or flattening, and after it only such steps
    as take vectors. The number of steps when there is none."""
    found = len(steps)
    for position in reversed(range(len(steps))):
        if not all(_takes_vectors(apply) for apply in applied(steps[position])):
            break
        if _kinds(steps[position]) & set(_VECTORS):
            found = position
    return found


def _most_modules(step: Step | None) -> int:
    """How many modules a step is, where all conditions in it hold: the text decides it, so that a network's names are
    the same beside variants in which they do not."""
    match step:
        case Steps(name=None, steps=steps):
            return sum(map(_most_modules, steps))
        case Guard(value=value) | Alternative(value=value):
            return _most_modules(value)
        case _:
            return 1


def _takes_vectors(apply: Apply) -> bool:
    return apply.operator is not None and vector_module(apply.operator, _AnyText()) is not None


def _kinds(step: Step) -> set[str]:
    return {apply.operator.kind for apply in applied(step) if apply.operator is not None}


class _AnyText(dict[str, Expression]):
    def __missing__(self, key: str) -> Expression:
        return Name(key)
