"""The zeros around a map as Python text: what convolutions and poolings pass as `padding`."""

from __future__ import annotations

import ast

from archdsl.backends.pytorch.calls import Expressions, operand
from archdsl.ir.base import Size
from archdsl.ir.operators.window import Kernel, Padding, pad_width


def is_static(kernel: str, stride: str) -> bool:
    """Whether the zeros of `same` are those of `symmetric` whatever the input: at stride 1 with an odd kernel."""
    numbers = _whole_numbers(kernel)
    return stride == "1" and numbers is not None and all(number % 2 for number in numbers)


def padding_text(of: Expressions, dilation: str, padding: Padding, kernel: Kernel) -> str | None:
    """The zeros a side, None for none; `same` here is the static case, which pads symmetrically."""
    if isinstance(padding, int):
        return None if of["padding"] == "0" else of["padding"]
    if padding == "valid":
        return None
    widths = [_half(part, dilation) for part in (_parts(of["kernel"]) if isinstance(kernel, Size) else [of["kernel"]])]
    if all(width == "0" for width in widths):
        return None
    return widths[0] if len(widths) == 1 else f"({', '.join(widths)})"


def _whole_numbers(text: str) -> tuple[int, ...] | None:
    """The numbers of an expression that is one whole number or a tuple of them; None of any other."""
    digits = text.removeprefix("(").removesuffix(")").split(", ")
    return tuple(map(int, digits)) if all(digit.isdigit() for digit in digits) else None


def _parts(kernel: str) -> list[str]:
    """The height and width of a kernel that is a pair, each as Python text."""
    node = ast.parse(kernel, mode="eval").body
    if isinstance(node, ast.Tuple):
        return [ast.get_source_segment(kernel, side) or "" for side in node.elts]
    pair = kernel if kernel.isidentifier() else f"({kernel})"
    return [f"{pair}[0]", f"{pair}[1]"]


def _half(length: str, dilation: str) -> str:
    """The zeros a side that keep the size of a map, for a kernel of this length."""
    if length.isdigit() and dilation.isdigit():
        return str(pad_width(int(length), "symmetric", int(dilation)))
    is_item = length.endswith("]") and length[:-3].isidentifier()
    reach = f"({length if is_item else operand(length)} - 1)"
    return f"{reach} // 2" if dilation == "1" else f"{operand(dilation)} * {reach} // 2"
