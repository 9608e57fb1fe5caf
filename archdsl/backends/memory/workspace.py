"""What a convolution needs for itself while it runs on a CPU.

PyTorch gives convolutions to oneDNN, which wants maps and filters in blocks of channels: it copies the input and the
weights into that layout, computes an output in it, and copies that back. Each copy lives only within the call, but at
inference the copies of the largest layer are as large as anything else. On a GPU nothing is counted here: what cuDNN
takes depends on the algorithm that it picks.
"""

from __future__ import annotations

from typing import NamedTuple

from archdsl.backends.memory.kernels import Gradient, Parameters, Steps
from archdsl.ir.base import Shape

# Channels in a block: a register of 512 bits in single precision. Processors without AVX-512 have blocks of 8, which
# matters where channels are no multiple of 16.
_BLOCK = 16
# The bytes of a number in single precision.
_SINGLE = 4
# Up to here oneDNN reads the channels of an image as they are.
_PLAIN = 3
# The largest filters for which it has a depthwise kernel that knows channels last.
_LARGEST_DEPTHWISE = 9


class Workspace(NamedTuple):
    """Before the output is there, after it, and on the way back."""

    forward: tuple[int, ...] = ()
    after: tuple[int, ...] = ()
    backward: Steps = ()


def convolution(
    source: Shape,
    output: Shape,
    groups: int,
    kernel: int,
    batch: int,
    width: int,
    *,
    is_strided: bool,
    weight: Gradient | Parameters,
) -> Workspace:
    """The copies of one convolution; `kernel` is the area of a filter, `weight` where the weights' gradient goes."""
    is_plain = source.channels <= _PLAIN
    read, written = _padded(source.channels, groups), _padded(output.channels, groups)
    x = 0 if is_plain else batch * read * source.height * source.width * width
    y = batch * written * output.height * output.width * width
    filters = (source.channels if is_plain else read) // groups
    w = max(written * filters, groups) * kernel * width
    data: Steps = (y, w, x, -w, -y, Gradient(0), -x)
    if is_strided and source.channels // groups >= _BLOCK:
        # The images' gradient comes with channels last, and is turned around in one copy more.
        plain = batch * source.elements * width
        data = (y, w, plain, -w, -y, Gradient(0), plain, -2 * plain)
    # In half precision the weights' gradient is summed up in single.
    summed = 2 * w if width < _SINGLE else 0
    weights: Steps = (y, x, w, summed, -summed, -x, -y, weight, -w)
    return Workspace((x, w, y, -w, -x), (-y,), (*(() if is_plain else data), *weights))


def channels_last_convolution(
    source: Shape, output: Shape, groups: int, kernel: int, width: int, *, weight: Gradient | Parameters
) -> Workspace:
    """The same where channels are last in the input: oneDNN takes maps as they are, and copies the filters alone."""
    w = output.channels * (source.channels // groups) * kernel * width
    # The filters' gradient of a large depthwise convolution is that of a full one over each block of channels.
    is_large = groups == source.channels > 1 and kernel > _LARGEST_DEPTHWISE
    whole = source.channels * _BLOCK * _BLOCK * kernel * width if is_large else 0
    return Workspace((), (w, -w), (w, Gradient(0), -w, w + whole, w, -w - whole, weight, -w))


def _padded(channels: int, groups: int) -> int:
    """Whole blocks; the channels of groups stay as they are unless each is a filter of its own."""
    return channels if 1 < groups < channels else -(-channels // _BLOCK) * _BLOCK
