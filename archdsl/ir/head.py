"""How a head is divided: what still makes maps, what makes a vector of them, and the classifier.

This is decided here alone. Emitted networks have the parts as `head`, `pool` and an attribute of the classifier's name,
and whatever looks for an operator in one (weights, counts, times) asks for its part.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from archdsl.ir.body import (
    Alternative,
    Apply,
    BlockInstance,
    Bound,
    Chain,
    Combine,
    Element,
    Guard,
    Number,
    Repeat,
    Select,
    Shared,
    Step,
    TensorExpression,
    TensorList,
)
from archdsl.ir.body import Sequence as Steps
from archdsl.ir.description import Description
from archdsl.ir.operators.linear import Flatten, Linear
from archdsl.ir.operators.pooling import GlobalPool
from archdsl.ir.operators.regularization import Dropout
from archdsl.ir.parts import applied, inside, used


class Head(NamedTuple):
    """Where a head is divided, as positions of steps."""

    maps: int  # the first step that reduces its input to 1 x 1: maps end here
    vectors: int  # the first step that works on vectors; what it reads is flattened before
    end: int  # the number of steps without the classifier
    is_flattened: bool  # whether nothing flattens before `vectors`, so that a backend must
    single: frozenset[str]  # the parts, of `head` and `pool`, that are one layer, and their module that layer's


def divided(architecture: Description) -> Head:
    """How the head of a network is divided."""
    steps = architecture.head.steps.steps if architecture.head is not None else ()
    maps, vectors = _first_without_map(steps), _first_on_vectors(steps)
    end = len(steps) - has_classifier(architecture)
    is_flattened = vectors < len(steps) and not _is_flatten(steps[vectors])
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


def has_classifier(architecture: Description) -> bool:
    """Whether a head ends in a linear layer that puts out the classes."""
    last = architecture.head.steps.steps[-1:] if architecture.head is not None else ()
    return any(
        isinstance(step, Apply) and isinstance(step.operator, Linear) and step.operator.features == architecture.classes
        for step in last
    )


def gives_scores(architecture: Description) -> bool:
    """Whether a network puts out one number for each class and nothing else, by a name or without: classes x 1 x 1."""
    is_one = len(architecture.outputs) <= 1
    return is_one and architecture.classes is not None and architecture.output == (architecture.classes, 1, 1)


def is_vector(value: TensorExpression, head: BlockInstance) -> bool:
    """Whether a tensor of a head that reads maps by name is a vector: what a linear layer or flattening puts out, and
    what is made of such vectors alone. A backend then gives B x C, as where the head is layers."""
    bindings = {binding.name: binding.value for binding in head.body}
    ahead: list[TensorExpression] = [value]
    while ahead:
        match ahead.pop():
            case Bound(name=name) if (bound := bindings.get(name)) is not None:
                ahead.append(bound)
            case Element(name=name, index=index) if isinstance(made := bindings.get(name), TensorList):
                ahead.append(made.values[index])
            case Select(value=inner):
                ahead.append(inner)
            case Combine(operands=operands):
                ahead += [operand for operand in operands if not isinstance(operand, Number)]
            case TensorList(values=values):
                ahead += values
            case Chain(source=source, steps=steps):
                makes = _makes_vector(steps)
                if makes is False:
                    return False
                if makes is None:
                    ahead.append(source)
            case _:
                return False
    return True


def _makes_vector(steps: Sequence[Step]) -> bool | None:
    """Whether steps end in a layer that makes a vector; None where they change no shape, so that the input decides."""
    for step in reversed(steps):
        match step:
            case Apply(operator=Linear() | Flatten()):
                return True
            case Apply(operator=operator):
                if operator is None or operator.is_weighted or step.input != step.output:
                    return False
                continue
            case Steps(steps=inner) | Repeat(copies=inner):
                made = _makes_vector(inner)
            case Guard(value=value) | Alternative(value=value) | Shared(value=value):
                made = _makes_vector([value] if value is not None else [])
        if made is not None:
            return made
    return None


def _is_flatten(step: Step) -> bool:
    return isinstance(step, Apply) and isinstance(step.operator, Flatten)


def _first_without_map(steps: Sequence[Step]) -> int:
    """The position of the first step that reduces its input to 1 x 1; the number of steps when there is none."""
    for position, step in enumerate(steps):
        if _has(step, GlobalPool, Linear, Flatten):
            return position
    return len(steps)


def _first_on_vectors(steps: Sequence[Step]) -> int:
    """The position from which on a head works on vectors: a linear layer or flattening, and after it only such steps
    as take vectors. The number of steps when there is none."""
    found = len(steps)
    for position in reversed(range(len(steps))):
        operators = [apply.operator for apply in applied(steps[position])]
        if not all(operator is not None and operator.takes_vectors for operator in operators):
            break
        if _has(steps[position], Linear, Flatten):
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


def _has(step: Step, *operators: type) -> bool:
    return any(isinstance(apply.operator, operators) for apply in applied(step))
