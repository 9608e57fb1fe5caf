"""The zeros around a map: what convolutions and poolings pass as `padding`."""

from __future__ import annotations

from archdsl.backends.pytorch.nodes import Expressions, Item, whole_number
from archdsl.ir.base import Size
from archdsl.ir.formula import Expression, Operation, Tuple, constant
from archdsl.ir.operators.window import Kernel, Padding, pad_width


def is_static(kernel: Expression, stride: Expression) -> bool:
    """Whether the zeros of `same` are those of `symmetric` whatever the input: at stride 1 with an odd kernel."""
    numbers = map(whole_number, kernel.elements if isinstance(kernel, Tuple) else (kernel,))
    return stride == constant(1) and all(number is not None and number % 2 for number in numbers)


def padding_node(of: Expressions, dilation: Expression, padding: Padding, kernel: Kernel) -> Expression | None:
    """The zeros a side, None for none; `same` here is the static case, which pads symmetrically."""
    if isinstance(padding, int):
        return None if of["padding"] == constant(0) else of["padding"]
    if padding == "valid":
        return None
    lengths = _sides(of["kernel"]) if isinstance(kernel, Size) else (of["kernel"],)
    widths = tuple(_half(length, dilation) for length in lengths)
    if all(width == constant(0) for width in widths):
        return None
    return widths[0] if len(widths) == 1 else Tuple(widths)


def _sides(kernel: Expression) -> tuple[Expression, ...]:
    """The height and width of a kernel that is a pair."""
    return kernel.elements if isinstance(kernel, Tuple) else (Item(kernel, constant(0)), Item(kernel, constant(1)))


def _half(length: Expression, dilation: Expression) -> Expression:
    """The zeros a side that keep the size of a map, for a kernel of this length."""
    known, step = whole_number(length), whole_number(dilation)
    if known is not None and step is not None:
        return constant(pad_width(known, "symmetric", step))
    extent = Operation("-", length, constant(1))
    return Operation("//", extent if step == 1 else Operation("*", dilation, extent), constant(2))
