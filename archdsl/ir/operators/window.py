"""Windows of convolutions and poolings: their sides, their padding, and how many positions they take."""

from fractions import Fraction
from typing import Annotated, Literal, cast

from pydantic import AfterValidator, Field

from archdsl.ir.base import Count, Size


class _FromOne:
    """Says of a size that its sides are from 1 on."""

    ge = 1


def _has_sides(size: Size) -> Size:
    if min(size) < 1:
        raise ValueError(f"a size of {size} has no elements")
    return size


# A kernel, stride or dilation: one number for both axes, or one for each.
Kernel = Count | Annotated[Size, _FromOne(), AfterValidator(_has_sides)]
Zeros = Annotated[int, Field(ge=0, lt=2**15)]
# Zeros on both sides of each axis, or a rule that says how many.
Padding = Literal["symmetric", "same", "valid"] | Zeros | Size


def sides(kernel: Kernel) -> Size:
    """The height and width of a kernel; one number is both."""
    return kernel if isinstance(kernel, Size) else Size(kernel, kernel)


def along(padding: Padding) -> tuple[Padding, Padding]:
    """The padding of a height and that of a width."""
    return cast("tuple[Padding, Padding]", padding) if isinstance(padding, Size) else (padding, padding)


def window(size: int, kernel: int, stride: int, padding: Padding, dilation: int = 1, *, ceil: bool = False) -> int:
    """How many positions a window takes along an axis of `size`.

    `symmetric` pads `dilation * (kernel - 1) // 2` on both sides; `same` is TensorFlow's rule, `ceil(size / stride)`
    with the odd zero at the end; `valid` pads nothing. With `ceil` the rest at the end has a window too, if that begins
    on the map or on the zeros before it.
    """
    if padding == "same":
        return -(-size // stride)
    zeros = pad_width(kernel, padding, dilation)
    room = size + 2 * zeros - dilation * (kernel - 1) - 1
    if not ceil:
        return room // stride + 1
    count = -(-room // stride) + 1
    return count - 1 if (count - 1) * stride >= size + zeros else count


def spread(size: int, kernel: int, stride: int, padding: Padding, dilation: int = 1) -> int:
    """How long an axis of `size` is behind a transposed convolution: what `window` has taken `size` positions of.

    With a stride several lengths are; this is the shortest, and that of `same` the longest.
    """
    if padding == "same":
        return size * stride
    return (size - 1) * stride - 2 * pad_width(kernel, padding, dilation) + dilation * (kernel - 1) + 1


def same_zeros(size: int, kernel: int, stride: int, dilation: int = 1) -> int:
    """How many zeros `same` adds to an axis of `size`: half of them before it, the odd one behind it.

    TensorFlow's rule: enough for `ceil(size / stride)` positions.
    """
    positions = window(size, kernel, stride, "same")
    return max((positions - 1) * stride + dilation * (kernel - 1) + 1 - size, 0)


def pad_width(kernel: int, padding: Padding, dilation: int = 1) -> int:
    """Zeros on each side, for every padding but `same` (`same_zeros`: they depend on the input's size)."""
    if isinstance(padding, int):
        return padding
    return dilation * (kernel - 1) // 2 if padding == "symmetric" else 0


def ratio(before: int, after: int) -> Fraction:
    """How many times smaller an axis has become, as a stride that is a whole number, or the inverse of one."""
    return Fraction(round(before / after)) if before >= after else Fraction(1, round(after / before))
