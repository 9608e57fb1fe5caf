"""Pooling over windows and over whole maps."""

from typing import TYPE_CHECKING, Literal

from archdsl.ir.base import Shape, ShapeError, Size
from archdsl.ir.operators.base import Operator, Windowed, check_centred, check_overlap, check_spatial
from archdsl.ir.operators.window import Kernel, Padding, along, sides, window


class _Pool(Windowed):
    if TYPE_CHECKING:  # fields of each subclass, which sets their order
        stride: Kernel | None
        ceil: bool

    def output(self, *shapes: Shape) -> Shape:
        (shape,) = shapes
        return Shape(shape.channels, *self.positions(shape))

    def positions(self, shape: Shape) -> tuple[int, int]:
        kernel, step = sides(self.kernel), sides(self.stride or self.kernel)
        padding = along(self.padding)
        for zeros, side in zip(padding, (min(kernel),) * 2 if isinstance(self.padding, int) else kernel, strict=True):
            if isinstance(zeros, int) and zeros > side // 2:
                message = f"a pooling pads at most half of its kernel, and {zeros} is more than half of {side}"
                raise ShapeError(message, "value", "padding")
        if self.ceil and self.padding == "same":
            raise ShapeError("`same` rounds up as it is, so `ceil` says nothing more", "value", "ceil")
        check_centred(shape, kernel, Size(1, 1), self.padding)
        check_overlap(shape, kernel, step, self.padding)
        axes = zip(shape[1:], kernel, step, padding, strict=True)
        height, width = (window(*axis, ceil=self.ceil) for axis in axes)
        what = f"a {shape.said(kernel)} pooling with stride {shape.said(self.stride or self.kernel)}"
        return check_spatial(shape, height, width, what)


class MaxPool(_Pool):
    """The largest value of each window; padding never wins. `stride` is the kernel's size unless given. Symmetric
    padding is for windows that overlap and have a centre: `max_pool(4)` and `max_pool(3)` must say another.

    `ceil` adds a window where the last ones leave a rest at the bottom or right (Caffe's rule).
    """

    kind: Literal["max_pool"] = "max_pool"
    kernel: Kernel
    stride: Kernel | None = None
    padding: Padding = "symmetric"
    ceil: bool = False


class AvgPool(_Pool):
    """The mean of each window. `count_padding` counts the zeros of symmetric padding too, as PyTorch does.

    `stride`, `padding` and `ceil` are those of `max_pool`.
    """

    kind: Literal["avg_pool"] = "avg_pool"
    kernel: Kernel
    stride: Kernel | None = None
    count_padding: bool = True
    padding: Padding = "symmetric"
    ceil: bool = False


class AdaptiveAvgPool(Operator):
    """A map of a given `size`, a number or height x width: the mean of as many windows, which are as large as needed.

    Window i of n along an axis of m reads from `i * m // n` up to `(i + 1) * m / n`, rounded up.
    """

    kind: Literal["adaptive_avg_pool"] = "adaptive_avg_pool"
    size: Kernel

    def output(self, *shapes: Shape) -> Shape:
        size = sides(self.size)
        return Shape(shapes[0].channels, size.height, size.width)


class GlobalPool(Operator):
    """Each channel to its mean or its largest value: channels x 1 x 1."""

    kind: Literal["global_avg_pool", "global_max_pool"]

    def output(self, *shapes: Shape) -> Shape:
        return Shape(shapes[0].channels, 1, 1)
