"""The zeros around a map: what convolutions and poolings pass as `padding`."""

from __future__ import annotations

from archdsl.backends.pytorch.nodes import Expressions, Item, whole_number
from archdsl.ir.base import Size
from archdsl.ir.formula import Expression, Operation, Tuple, constant
from archdsl.ir.operators.window import Kernel, Padding, pad_width


def is_static(kernel: Expression, stride: Expression) -> bool:
    """Whether the zeros of `same` are those of `symmetric` whatever the input: at stride 1 with an odd kernel."""
    numbers = map(whole_number, kernel.elements if isinstance(kernel, Tuple) else (kernel,))
    steps = stride.elements if isinstance(stride, Tuple) else (stride,)
    is_dense = all(step == constant(1) for step in steps)
    return is_dense and all(number is not None and number % 2 for number in numbers)


def padding_node(
    of: Expressions, padding: Padding, kernel: Kernel, dilation: Kernel = 1, gaps: Expression | None = None
) -> Expression | None:
    """The zeros a side, None for none; `same` here is the static case, which pads symmetrically. `gaps` is the
    dilation."""
    if isinstance(padding, int | Size):
        return None if of["padding"] in (constant(0), Tuple((constant(0), constant(0)))) else of["padding"]
    if padding == "valid":
        return None
    gaps = constant(1) if gaps is None else gaps
    lengths = _sides(of["kernel"]) if isinstance(kernel, Size) else (of["kernel"],)
    steps = _sides(gaps) if isinstance(dilation, Size) else (gaps,)
    count = max(len(lengths), len(steps))
    pairs = zip(*(each * count if len(each) == 1 else each for each in (lengths, steps)), strict=True)
    widths = tuple(_half(length, step) for length, step in pairs)
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
