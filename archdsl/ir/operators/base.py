"""What a primitive operator is."""

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from archdsl.ir.base import Frozen, Shape, ShapeError, Size
from archdsl.ir.operators.window import Kernel, Padding, pad_width

Rate = Annotated[float, Field(ge=0, lt=1)]
Eps = Annotated[float, Field(gt=0, lt=1)]

# An axis of a map, or of a series, which has a length; and all axes of its positions.
Axis = Literal["channels", "height", "width", "length"]
Axes = Literal["channels", "height", "width", "length", "positions"]

# The names of an operator's tensors with their dimensions; those of a scalar are none.
Tensors = dict[str, tuple[int, ...]]


class _Facts:
    """What holds of all operators of a class, where the class does not say otherwise.

    The types are for type checkers alone: pydantic would evaluate them anew for each class of operators, which takes a
    third of the time that it takes to define one.
    """

    if TYPE_CHECKING:
        reads: ClassVar[tuple[str, ...]]
        may_read: ClassVar[tuple[str, ...]]
        is_source: ClassVar[bool]
        is_weighted: ClassVar[bool]
        takes_vectors: ClassVar[bool]
        for_training: ClassVar[frozenset[str]]
        is_for_training: ClassVar[bool]
    # The names of the further tensors that it reads: `reads` are given before its attributes, `may_read` behind them.
    reads = ()
    may_read = ()
    # Whether it is a tensor of its own, for which the input of its block says no more than how many images there are.
    # Its `channels`, `height` and `width` are one argument, `shape`.
    is_source = False
    # What the diagrams and the activation counts treat as the work of a network.
    is_weighted = False
    # Whether it works on vectors, batch x channels, as it does on maps of 1 x 1: at the end of a head it may do so.
    takes_vectors = False
    # The attributes that only training reads: with other values the outputs of a trained network are the same.
    for_training = frozenset()
    # Whether the whole operator does something in training alone.
    is_for_training = False


class Operator(_Facts, Frozen):
    """One primitive of the language: its attributes, its shape rule and its cost rule.

    The fields of a subclass are the arguments of the primitive in the language, in their order; `kind` is its name.
    A field called `padding` takes the model's `padding` setting when the text gives none. `output`, `parameters` and
    `macs` are arithmetic (`channels * self.bias`, no branches), for the reference shows them as formulas.
    """

    kind: str

    @property
    def reads_more(self) -> bool:
        """Whether the rules of kernels and of memory speak of its further tensors: those that it must be given."""
        return bool(self.reads)

    def output(self, *shapes: Shape) -> Shape:
        """The output shape. Raises ShapeError when the inputs do not fit."""
        return shapes[0]

    def parameters(self, *shapes: Shape) -> int:
        """Learnable scalars."""
        return 0

    def macs(self, *shapes: Shape) -> int:
        """Multiply-accumulates for one image; biases and everything elementwise left out, as the field does."""
        return 0

    def state(self, *shapes: Shape) -> Tensors:
        """The tensors that its module keeps in a `state_dict`, learned or counted, with their dimensions."""
        return {}


class Windowed(Operator):
    """An operator that slides a window over its map."""

    # What the reference calls the number of positions that it takes along an axis.
    counts: ClassVar[str] = "window"
    if TYPE_CHECKING:  # fields of each subclass, which sets their order
        kernel: Kernel
        padding: Padding

    def positions(self, shape: Shape) -> tuple[int, int]:
        """How many positions the window takes, down and across. Raises ShapeError where there are none."""
        raise NotImplementedError


def check_spatial(shape: Shape, height: int, width: int, what: str) -> tuple[int, int]:
    """A new height and width of `shape`, which must not have shrunk away."""
    if height < 1 or width < 1:
        raise ShapeError(
            f"{what} leaves nothing of an input of {shape.positions}",
            "vanishing",
            "kernel",
            help="use a smaller kernel, padding, smaller strides before it, or a larger input",
        )
    return height, width


def check_centred(shape: Shape, kernel: Size, dilation: Size, padding: Padding) -> None:
    """Refuses symmetric padding of a kernel without a centre, one that extends over an even number of positions. The
    smallest, 2, gets no zeros."""
    if padding != "symmetric":
        return
    for side, gap in zip(kernel, dilation, strict=True):
        extent, zeros = gap * (side - 1) + 1, pad_width(side, padding, gap)
        if extent % 2 == 0 and zeros:
            over = f" with dilation {gap}, which extends over {extent}," if gap > 1 else ""
            message = f"symmetric padding cannot centre a kernel of {shape.said(kernel)}{over} as {extent} is even"
            raise ShapeError(message, "value", "kernel", _other_paddings(shape, kernel, zeros))


def check_overlap(shape: Shape, kernel: Size, stride: Size, padding: Padding) -> None:
    """Refuses symmetric padding of windows side by side, which its zeros would shift."""
    for side, step in zip(kernel, stride, strict=True):
        if padding == "symmetric" and step >= side and (zeros := pad_width(side, padding)):
            windows, by = shape.said(kernel), shape.said(stride)
            message = f"symmetric padding would shift windows of {windows} that do not overlap, with stride {by}"
            raise ShapeError(message, "value", "kernel", _other_paddings(shape, kernel, zeros))


def _other_paddings(shape: Shape, kernel: Size, zeros: int) -> str:
    is_one = shape.is_line or kernel.height == kernel.width
    number = f"zeros a side, `padding = {zeros}`" if is_one else "a number of zeros a side"
    return f"say how to pad: `padding = valid` (no zeros), `padding = same` (TensorFlow's) or {number}"


def check_axis(axis: str, attribute: str) -> None:
    """Refuses the axis of series for a map; series have their own in an architecture as that of a map of height 1."""
    if axis == "length":
        raise ShapeError("a map has no length", "value", attribute, "its axes are `channels`, `height` and `width`")


def check_divides(count: int, channels: str, parts: int, noun: str, attribute: str) -> None:
    """Refuses channels that do not fall into so many parts."""
    if count % parts == 0:
        return
    near = [number for number in range(1, min(count, 4096) + 1) if count % number == 0]
    below = max((number for number in near if number <= parts), default=1)
    above = min((number for number in near if number >= parts), default=count)
    help = f"{count} channels divide into {below} or {above} {noun}" if below != above else f"use {below} {noun}"
    raise ShapeError(f"{count} {channels} do not divide into {parts} {noun}", "indivisible", attribute, help)
