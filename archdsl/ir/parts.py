"""What steps and tensor expressions are made of: the layers inside them, and the sub-modules that they become."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from archdsl.ir.base import Shape
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
from archdsl.ir.names import module_name
from archdsl.ir.operators.arrangement import Chunk, Slice


def applied(step: Step) -> Iterator[Apply]:
    """The layers that a step applies, those inside it included; not those inside blocks."""
    match step:
        case Apply():
            yield step
        case Sequence(steps=steps) | Repeat(copies=steps):
            for inner in steps:
                yield from applied(inner)
        case Guard(value=value) | Alternative(value=value) | Shared(value=value) if value is not None:
            yield from applied(value)


def inside(expression: TensorExpression) -> Iterator[TensorExpression | Apply]:
    """A tensor expression and every expression and layer in it; not what is inside blocks."""
    yield expression
    match expression:
        case Chain(source=source, steps=steps):
            yield from inside(source)
            for step in steps:
                for apply in applied(step):
                    yield apply
                    for other in apply.others:
                        yield from inside(other)
        case Combine(operands=operands):
            for operand in operands:
                yield from inside(operand)
        case Select(value=value):
            yield from inside(value)
        case TensorList(values=values):
            for value in values:
                yield from inside(value)


def used(blocks: Mapping[str, BlockInstance], layers: Iterable[Apply]) -> dict[str, BlockInstance]:
    """The block instances that some layers are made of, directly or further in, in the order of `blocks`."""
    names: set[str] = set()
    waiting = [layer.block for layer in layers if layer.block is not None]
    while waiting:
        name = waiting.pop()
        if name not in names:
            names.add(name)
            values = (binding.value for binding in blocks[name].body if binding.value is not None)
            parts = (part for value in values for part in inside(value))
            waiting += [part.block for part in parts if isinstance(part, Apply) and part.block is not None]
    return {name: block for name, block in blocks.items() if name in names}


def shapes_read(block: BlockInstance) -> tuple[Shape, ...]:
    """The shapes of all tensors that a block reads, those of its lists one after the other."""
    own = block.input_list or (block.input,)
    others = (block.tensor_lists.get(name) or (shape,) for name, shape in block.tensors.items())
    return (*own, *(shape for shapes in others for shape in shapes))


def put_out(steps: tuple[Step, ...]) -> tuple[Shape, ...] | None:
    """The shapes of the list that comes out of steps in sequence, none for a tensor; None where they apply nothing, so
    that what goes in decides."""
    for step in reversed(steps):
        match step:
            case Apply():
                return step.output_list
            case Sequence(steps=inner) | Repeat(copies=inner):
                found = put_out(inner)
            case Guard(value=value) | Alternative(value=value) | Shared(value=value):
                found = put_out((value,)) if value is not None else None
        if found is not None:
            return found
    return None


def reads_others(step: Step) -> bool:
    """Whether a layer in a step reads a further tensor, which `nn.Sequential` cannot hand to it."""
    return any(apply.others for apply in applied(step))


def is_own_module(binding: TensorBinding) -> bool:
    """Whether a binding is a pipeline that becomes a sub-module of its name; other layers are their block's own, and so
    are those beside a layer that others use as well."""
    return binding.name != "out" and binding.value is not None and is_module(binding.value)


def is_module(expression: TensorExpression) -> bool:
    """Whether a tensor is made by a pipeline that can be a module."""
    return isinstance(expression, Chain) and not any(map(_is_shared, expression.steps))


def cuts(made: TensorList) -> tuple[Apply, ...]:
    """The layers that take one tensor apart, from its first channel to its last; none where a list is another."""
    found: list[Apply] = []
    end, first = 0, None
    for number, value in enumerate(made.values):
        match value:
            case Chain(source=source, steps=(Apply(operator=Chunk(parts=parts, index=index)) as apply,)):
                is_next = (parts, index) == (len(made.values), number)
            case Chain(source=source, steps=(Apply(operator=Slice(start=start, channels=channels)) as apply,)):
                is_next = start == end
                end += channels
            case _:
                return ()
        if not is_next or (found and (source != first or type(apply.operator) is not type(found[0].operator))):
            return ()
        first = source
        found.append(apply)
    return tuple(found) if made.loop is not None and found and end in (0, found[0].input.channels) else ()


def _is_shared(step: Step) -> bool:
    return isinstance(step, Shared) or (isinstance(step, Guard) and isinstance(step.value, Shared))


def modules_of(binding: TensorBinding) -> Iterator[str]:
    """The names of the sub-modules that a binding adds to its block."""
    match binding.value:
        case Chain(source=source) if is_own_module(binding):
            yield module_name(binding.name)
            yield from _in_tensor(source)
        case None:
            return
        case value:
            yield from _in_tensor(value)


def modules_in(block: BlockInstance) -> Iterator[str]:
    """The names of the sub-modules of a block."""
    for binding in block.body:
        yield from modules_of(binding)


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
        case TensorList(values=(Chain(source=source), *_)) if cuts(expression):
            yield from _in_tensor(source)
        case TensorList(name=name, values=values, loop=loop):
            for value in values:
                if loop is not None and isinstance(value, Chain) and is_module(value):
                    yield name
                    yield from _in_tensor(value.source)
                else:
                    yield from _in_tensor(value)


def _in_step(step: Step) -> Iterator[str]:
    match step:
        case Apply(name=name):
            yield name
        case Repeat(name=name):
            yield name
        case Sequence(name=str(name)):
            yield name
        case Sequence(steps=steps):
            for inner in steps:
                yield from _in_step(inner)
        case Guard(value=value) | Alternative(value=value) | Shared(value=value) if value is not None:
            yield from _in_step(value)
