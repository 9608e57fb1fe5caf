"""What steps and tensor expressions are made of: the layers inside them, and the sub-modules that they become."""

from __future__ import annotations

from collections.abc import Iterator

from archdsl.ir.body import (
    Alternative,
    Apply,
    Chain,
    Combine,
    Guard,
    Repeat,
    Select,
    Sequence,
    Step,
    TensorBinding,
    TensorExpression,
)
from archdsl.ir.formula import module_name


def applied(step: Step) -> Iterator[Apply]:
    """The layers that a step applies, those inside it included; not those inside blocks."""
    match step:
        case Apply():
            yield step
        case Sequence(steps=steps) | Repeat(copies=steps):
            for inner in steps:
                yield from applied(inner)
        case Guard(value=value) | Alternative(value=value) if value is not None:
            yield from applied(value)


def reads_others(step: Step) -> bool:
    """Whether a layer in a step reads a further tensor, which a sequential module cannot hand to it."""
    return any(apply.others for apply in applied(step))


def is_own_module(binding: TensorBinding) -> bool:
    """Whether a binding is a pipeline that becomes a sub-module of its name; other layers are their block's own."""
    value = binding.value
    return binding.name != "out" and isinstance(value, Chain) and not any(map(reads_others, value.steps))


def modules_of(binding: TensorBinding) -> Iterator[str]:
    """The names of the sub-modules that a binding adds to its block."""
    if is_own_module(binding):
        assert isinstance(binding.value, Chain)
        yield module_name(binding.name)
        yield from _in_tensor(binding.value.source)
    else:
        yield from _in_tensor(binding.value)


def _in_tensor(expression: TensorExpression) -> Iterator[str]:
    match expression:
        case Chain(source=source, steps=steps):
            yield from _in_tensor(source)
            for step in steps:
                yield from _in_step(step)
        case Combine(operands=operands):
            for operand in operands:
                yield from _in_tensor(operand)
        case Select(value=value):
            yield from _in_tensor(value)


def _in_step(step: Step) -> Iterator[str]:
    match step:
        case Apply(name=name, others=others):
            yield name
            for other in others:
                yield from _in_tensor(other)
        case Repeat(name=name):
            yield name
        case Sequence(name=str(name)):
            yield name
        case Sequence(steps=steps):
            for inner in steps:
                yield from _in_step(inner)
        case Guard(value=value) | Alternative(value=value) if value is not None:
            yield from _in_step(value)
