"""What is computed from all elements along an axis, which stays as an axis of one."""

from typing import Literal

from archdsl.ir.base import Shape
from archdsl.ir.operators.base import Axes, Operator, check_axis


class Reduce(Operator):
    """The mean, sum, largest or smallest element, L2 norm or variance `over` an axis, of which 1 stays.

    `over` is `channels`, `height`, `width` or `positions` (height and width together); of a series `length`. The
    variance is that of a whole population, as in normalizations. What comes out broadcasts:
    `in * (in -> reduce_mean(over = channels))`.
    """

    kind: Literal["reduce_mean", "reduce_sum", "reduce_max", "reduce_min", "reduce_norm", "reduce_var"]
    over: Axes

    def output(self, *shapes: Shape) -> Shape:
        check_axis(self.over, "over")
        gone = ("height", "width") if self.over == "positions" else (self.over,)
        return shapes[0]._replace(**dict.fromkeys(gone, 1))
