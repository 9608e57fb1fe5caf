"""Which of oneDNN's kernels computes a convolution on a CPU, and what it copies to do so.

oneDNN tries its kernels in a fixed order and takes the first that can do the convolution. What a kernel reads and
writes it wants in a layout of its own, most often with the channels in blocks of a vector register, the last one filled
up with zeros; only the fallback, a matrix product over columns of the image, takes tensors as they are. The rules are
those of its dispatch in version 3.12, which ships with PyTorch 2.13, for single precision.
"""

from __future__ import annotations

from math import prod
from typing import Literal, NamedTuple

from archdsl.ir.base import Shape, Size

# Instruction sets that differ in their kernels.
Isa = Literal["avx512", "avx2"]
_BLOCK: dict[Isa, int] = {"avx512": 16, "avx2": 8}

# The bytes of a number in single precision.
_SINGLE = 4
# A page, in which the newer kernels measure their tables.
_PAGE = 4096
# Columns of an image are made in parts that fit into the cache of a core.
_CACHE = 416 * 1024


class Convolution(NamedTuple):
    """One convolution, and where it runs. `padding` is what the layer adds on each side."""

    source: Shape
    output: Shape
    groups: int
    kernel: Size
    stride: Size
    dilation: Size
    padding: Size
    batch: int
    width: int  # bytes of a number
    isa: Isa
    threads: int

    @property
    def block(self) -> int:
        return _BLOCK[self.isa]

    @property
    def read(self) -> int:
        """The channels that a filter reads."""
        return self.source.channels // self.groups

    @property
    def written(self) -> int:
        """The channels that a group puts out."""
        return self.output.channels // self.groups

    @property
    def is_depthwise(self) -> bool:
        return self.groups > 1 and self.read == self.written == 1

    @property
    def is_pointwise(self) -> bool:
        """Whether it is a matrix product at each position; one with a stride skips whole positions."""
        axes = zip(self.output[1:], self.stride, self.source[1:], strict=True)
        fits = all(output * step == source for output, step, source in axes)
        return self.groups == 1 and self.kernel == (1, 1) and self.padding == (0, 0) and fits

    @property
    def area(self) -> int:
        return prod(self.kernel)

    @property
    def reach(self) -> Size:
        """How far a filter reaches, with the gaps of its dilation."""
        return Size(*(gap * (side - 1) + 1 for side, gap in zip(self.kernel, self.dilation, strict=True)))

    @property
    def is_strided(self) -> bool:
        return self.stride != (1, 1)

    @property
    def is_dilated(self) -> bool:
        return self.dilation != (1, 1)

    @property
    def ends(self) -> tuple[int, int]:
        """The zeros that filters read below and to the right; less than none where they end within the map."""
        tall, wide = self.reach
        down = (self.output.height - 1) * self.stride.height + tall - self.source.height - self.padding.height
        across = (self.output.width - 1) * self.stride.width + wide - self.source.width - self.padding.width
        return down, across

    @property
    def sees_only_zeros(self) -> bool:
        """Whether some position of a filter can lie wholly outside the map, which few kernels allow."""
        sides = zip(self.reach, self.padding, self.ends, strict=True)
        return any(reach <= start or reach <= end for reach, start, end in sides)

    def x(self, channels: int) -> int:
        """The bytes of the input with that many channels."""
        return self.batch * channels * self.source.height * self.source.width * self.width

    def y(self, channels: int) -> int:
        return self.batch * channels * self.output.height * self.output.width * self.width

    def filters(self, written: int, read: int) -> int:
        return written * read * self.area * self.width

    def padded(self, channels: int) -> int:
        """Channels in whole blocks."""
        return -(-channels // self.block) * self.block


class Copies(NamedTuple):
    """The bytes of what a kernel reads and writes besides the tensors that are there: the input (or its gradient), the
    filters and the output in its own layout, and room for itself. Where it takes a tensor as it is there is no copy."""

    x: int
    filters: int
    y: int
    scratch: int = 0
    is_channels_last: bool = False


def forward(it: Convolution) -> Copies:
    """What the output is computed with."""
    if it.is_depthwise and _fits_depthwise(it):
        return _depthwise(it)
    if it.is_pointwise:
        return _pointwise(it)
    if not it.sees_only_zeros and (it.isa == "avx512" or _fits_avx2(it)):
        # An image of few channels is read as it is.
        is_flat = it.source.channels < it.block
        if it.groups == 1:
            return _full(it)._replace(x=0, filters=_filters(it, it.read)) if is_flat else _full(it)
        if is_flat and it.isa == "avx2" and it.written % it.block == 0:
            return _grouped(it)._replace(x=0)
        if _has_blocks(it, _vectors(it)):
            return _grouped(it)
    return _columns(it, min(_column_bytes(it), _CACHE) * it.threads)


def backward_data(it: Convolution) -> Copies:
    """What the gradient of the input is computed with."""
    if it.is_strided and not it.is_dilated and (it.groups == 1 or it.written > it.block):
        # This one has channels last: nothing is filled up but the filters.
        filters = it.groups * it.filters(it.written, it.padded(it.read))
        scratch = _strided_tables(it) * it.threads
        return Copies(it.x(it.source.channels), filters, it.y(it.output.channels), scratch, is_channels_last=True)
    is_one_alone = not (it.is_strided and it.is_dilated)
    if it.is_depthwise and not it.is_dilated and _is_exact(it):
        return _depthwise(it)
    if it.is_pointwise:
        return _pointwise(it)
    if not it.sees_only_zeros and is_one_alone and (it.isa == "avx512" or _fits_avx2_data(it)):
        if it.groups == 1:
            return _full(it)
        if _has_blocks(it, _vectors(it)):
            return _grouped(it)
    return _columns(it, _column_bytes(it) * _threads_apart(it))


def backward_weights(it: Convolution) -> Copies:
    """What the gradient of the filters is computed with."""
    if it.is_depthwise and _fits_depthwise_weights(it):
        return _depthwise(it)
    if it.is_pointwise:
        return _pointwise(it)
    if _fits_weights(it):
        if it.groups == 1:
            flat = (3,) if it.isa == "avx2" else (1, 2, 3)
            if it.read in flat:
                return _full(it)._replace(x=0, filters=_filters(it, it.read))
            if it.isa == "avx2" or it.read >= it.block:
                return _full(it)
        elif _has_blocks(it, (it.block,)):
            return _grouped(it)
    if it.isa == "avx512":  # those of narrower vectors come next
        return backward_weights(it._replace(isa="avx2"))
    return _columns(it, (_column_bytes(it) + _sums(it)) * _threads_apart(it))


def channels_last(it: Convolution) -> tuple[Copies, Copies, Copies]:
    """All three where channels are last already: maps are taken as they are, and filters alone copied, the channels of
    each group in whole blocks. The gradient of large depthwise filters is that of a full convolution of each block."""
    read, written = it.padded(it.read), it.padded(it.written)
    if it.is_depthwise:
        depthwise = Copies(0, it.filters(it.padded(it.groups), 1), 0)
        is_small = _fits_depthwise_weights(it)
        last = depthwise if is_small else Copies(0, it.groups * it.filters(read, written), 0)
        return depthwise, depthwise, last
    tables = 2 * _PAGE * it.threads
    back = _strided_tables(it) * it.threads if it.is_strided else tables
    flat = it.read if it.read in (1, 3) and it.groups == 1 else read
    last = Copies(0, it.groups * it.filters(written, flat), 0)
    if not _fits_weights(it):
        # Columns again, of an image that is turned around for them.
        columns = _column_bytes(it) + it.x(it.source.channels) // it.batch + _sums(it)
        last = Copies(0, it.filters(it.output.channels, it.read), 0, columns * _threads_apart(it))
    return (
        Copies(0, it.groups * it.filters(written, it.read), 0, tables),
        Copies(0, it.groups * it.filters(it.written, read), 0, back),
        last,
    )


# Layouts -------------------------------------------------------------------------------------------------------------


def _full(it: Convolution) -> Copies:
    """Maps and filters in whole blocks of channels."""
    read = it.padded(it.source.channels)
    return Copies(it.x(read), _filters(it, read), it.y(it.padded(it.output.channels)))


def _strided_tables(it: Convolution) -> int:
    """Where the kernel of strided gradients collects what it reads of an image and, of maps whose last step is cut off,
    what it writes."""
    over = [
        max(0, reach - 1 - start) // step + max(0, reach - 1 - end) // step
        for reach, start, end, step in zip(it.reach, it.padding, it.ends, it.stride, strict=True)
    ]
    positions = (it.output.height + over[0]) * (it.output.width + over[1])
    numbers = positions * it.groups * it.padded(it.written)
    is_cut = it.source.width % it.stride.width > 0
    return -(-numbers // _PAGE) * _PAGE * _SINGLE + (10 if is_cut else 5) * _PAGE


def _pointwise(it: Convolution) -> Copies:
    """The same; of a stride each thread first picks the positions of an image that are left."""
    picked = it.y(it.padded(it.source.channels)) // it.batch * it.threads if it.is_strided else 0
    return _full(it)._replace(scratch=picked)


def _filters(it: Convolution, read: int) -> int:
    return it.filters(it.padded(it.output.channels), read)


def _grouped(it: Convolution) -> Copies:
    """The same in groups, whose channels are whole blocks anyway."""
    return Copies(it.x(it.source.channels), it.filters(it.output.channels, it.read), it.y(it.output.channels))


def _depthwise(it: Convolution) -> Copies:
    channels = it.padded(it.source.channels)
    return Copies(it.x(channels), it.filters(channels, 1), it.y(channels))


def _columns(it: Convolution, scratch: int) -> Copies:
    """Tensors as they are: what is computed is copied all the same, what is read is not."""
    return Copies(0, 0, 0, scratch)


def _column_bytes(it: Convolution) -> int:
    """The columns of one group of one image; a pointwise convolution needs none."""
    if it.kernel == (1, 1) and not it.is_strided and it.padding == (0, 0):
        return 0
    return it.read * it.area * it.output.height * it.output.width * it.width


def _sums(it: Convolution) -> int:
    """The filters that each thread sums up for itself, whose bytes are taken as if they were numbers."""
    return _SINGLE * it.filters(it.output.channels, it.read)


def _threads_apart(it: Convolution) -> int:
    """Over how many threads small images or groups are spread, each with columns of its own."""
    are_many = it.batch > 1 or it.groups > 2
    return it.threads if are_many and it.output.height * it.output.width // it.threads < 256 else 1


# Which convolutions a kernel can do ----------------------------------------------------------------------------------


def _vectors(it: Convolution) -> tuple[int, ...]:
    """The blocks that channels of groups may come in."""
    return (16, 8, 4) if it.isa == "avx512" else (8,)


def _has_blocks(it: Convolution, blocks: tuple[int, ...]) -> bool:
    return any(it.read % block == 0 and it.written % block == 0 for block in blocks)


def _fits_depthwise(it: Convolution) -> bool:
    """Whether the zeros at the sides lie within what is computed at once."""
    at_once = min({"avx512": 6, "avx2": 4}[it.isa], it.output.width)
    rest = it.output.width % at_once
    return not it.sees_only_zeros and it.padding.width <= at_once and _end(it, rest) <= at_once


def _fits_avx2(it: Convolution) -> bool:
    most, wide = 15, it.output.width
    if it.kernel.width > 7 and it.is_strided and it.padding != (0, 0):
        return False
    at_once = min(3, wide)
    if it.padding.width > at_once:
        return False
    rest = wide % at_once
    end = max(0, _end(it, rest))
    if end > at_once * it.stride.width and wide // at_once > 1:
        at_once = min(end // it.stride.width + rest, wide, most // 2)
        return at_once >= max(it.padding.width, _end(it, wide % at_once))
    return True


def _fits_avx2_data(it: Convolution) -> bool:
    """Whether what lies over the left side is computed at once, in the registers that there are."""
    most = 7
    return it.source.width <= most or (it.reach.width - 1 - it.padding.width) // it.stride.width <= most


def _end(it: Convolution, rest: int) -> int:
    """The zeros that are read to the right where the last `rest` columns are computed apart."""
    return it.ends[1] - rest * it.stride.width


def _is_exact(it: Convolution) -> bool:
    """Whether the zeros on both sides are the same, as the layer says."""
    sizes = zip(it.source[1:], it.output[1:], it.kernel, it.padding, it.stride, strict=True)
    return all(o == (i + 2 * pad - side) // step + 1 for i, o, side, pad, step in sizes)


def _fits_depthwise_weights(it: Convolution) -> bool:
    down, across = (max(0, end) for end in it.ends)
    tall, wide = it.kernel
    top, left = it.padding
    return (
        not it.is_dilated
        and wide <= 3
        and it.stride.width <= wide
        and max(top, down) <= tall // 2
        and max(left, across) <= wide // 2
        and it.source.height >= tall + -top % it.stride.height
        and all(pad <= 1 or pad % it.stride.height == 0 for pad in (top, down))
    )


def _fits_weights(it: Convolution) -> bool:
    down, across = (max(0, end) for end in it.ends)
    tall, wide = it.reach
    top, left = it.padding
    if it.isa == "avx2":
        is_within = it.kernel.height <= it.source.height and it.kernel.width < 14
        return not it.is_dilated and is_within and max(top, down) < tall and max(left, across) < wide
    is_one_alone = not it.is_dilated or (not it.is_strided and tall <= it.source.height)
    return is_one_alone and it.kernel.width <= 14 and max(top, down) <= tall // 2 and max(left, across) < wide
