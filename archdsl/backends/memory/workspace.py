"""What a convolution needs for itself while it runs on a CPU, and when.

PyTorch gives most convolutions to oneDNN: it copies what is read into the layout of the kernel, computes, and copies
the result back. Each copy lives only within the call, but at inference the copies of the largest layer are as large as
anything else. Some small or pointwise convolutions PyTorch computes itself. On a GPU nothing is counted here: what
cuDNN takes depends on the algorithm that it picks.
"""

from __future__ import annotations

from typing import NamedTuple

from archdsl.backends.memory import onednn
from archdsl.backends.memory.kernels import Gradient, Parameters, Steps
from archdsl.backends.memory.onednn import Convolution

# The bytes of a number in single precision.
_SINGLE = 4
# From this many images on, or numbers in one, PyTorch leaves a convolution to oneDNN.
_MANY_IMAGES, _LARGE_IMAGE = 16, 20_480


class Workspace(NamedTuple):
    """Before the output is there, after it, and on the way back."""

    forward: tuple[int, ...] = ()
    after: tuple[int, ...] = ()
    backward: Steps = ()


def convolution(
    it: Convolution, weight: Gradient | Parameters | None, *, channels_last: bool = False, needs_gradient: bool = True
) -> Workspace:
    """The copies of one convolution. `weight` is where the gradient of the weights goes, if they are learned; that of
    the input is not computed where nothing needs it."""
    if is_native(it):
        return _native(it, weight, turned=it.filters(it.output.channels, it.read) if channels_last else 0)
    if channels_last:
        return _channels_last(it, weight, needs_gradient=needs_gradient)
    used = onednn.forward(it)
    y = used.y or it.y(it.output.channels)
    forward = (used.x, used.filters, y, used.scratch, -used.scratch, -used.filters, -used.x)
    data = _backward_data(it) if needs_gradient else ()
    return Workspace(forward, (-y,), (*data, *_backward_weights(it, weight)))


def transposed(it: Convolution, *, needs_gradient: bool = True) -> Workspace:
    """The copies of a transposed convolution. `it` is the convolution that goes the other way, from its output to its
    input: what one computes forward is the other's gradient."""
    if _is_native(it, it.output.elements):
        return _native_transposed(it, needs_gradient=needs_gradient)
    used = onednn.backward_data(it)
    plain = it.x(it.source.channels)
    x = used.x or plain
    read = (used.y, used.filters, x, used.scratch, -used.scratch, -used.filters, -used.y)
    data: Steps = ()
    if needs_gradient:
        back = onednn.forward(it)
        y = back.y or it.y(it.output.channels)
        data = (back.x, back.filters, y, back.scratch, -back.scratch, -back.filters, -back.x, Gradient(0), -y)
    again = plain if used.is_channels_last and it.source.channels > 1 else 0
    return Workspace(read, (again, -again, -x), (*data, *_backward_weights(it, Parameters())))


def _backward_data(it: Convolution) -> Steps:
    used = onednn.backward_data(it)
    plain = it.x(it.source.channels)
    x = used.x or plain
    read = (used.y, used.filters, x, used.scratch, -used.scratch, -used.filters, -used.y, Gradient(0))
    if used.is_channels_last and it.source.channels > 1:
        # The gradient is turned around in one copy more.
        return (*read, plain, -plain, -x)
    return (*read, -x)


def _backward_weights(it: Convolution, weight: Gradient | Parameters | None) -> Steps:
    if weight is None:
        return ()
    used = onednn.backward_weights(it)
    filters = used.filters or it.filters(it.output.channels, it.read)
    # In half precision the weights' gradient is summed up in single.
    scratch = used.scratch + (2 * filters if it.width < _SINGLE else 0)
    return (used.y, used.x, filters, scratch, -scratch, -used.x, -used.y, weight, -filters)


# PyTorch's own --------------------------------------------------------------------------------------------------------


def is_native(it: Convolution) -> bool:
    """Whether PyTorch thinks its own convolution faster: a pointwise one on a single thread, or a small full one of a
    single image."""
    return _is_native(it, it.source.elements)


def _is_native(it: Convolution, elements: int) -> bool:
    """The same; `elements` are those of an image of the input, which a transposed convolution has on the other side."""
    if it.width < _SINGLE:
        return False
    is_plain = it.kernel == (1, 1) and not it.is_strided and not it.is_dilated
    if is_plain and it.batch < _MANY_IMAGES and it.threads == 1:
        return True
    is_large = min(it.kernel) > 3 or elements > _LARGE_IMAGE
    return it.groups == 1 and it.batch == 1 and not is_large


def _native(it: Convolution, weight: Gradient | Parameters | None, *, turned: int) -> Workspace:
    """A matrix product over columns of all images; groups are taken apart, and their results put together. `turned` are
    the bytes of filters that are copied to have their channels last, too."""
    is_plain = it.kernel == (1, 1) and not it.is_strided and not it.is_dilated and it.padding == (0, 0)
    columns = 0 if is_plain else it.y(it.source.channels * it.area)
    if it.groups == 1:
        own = turned + columns
        return Workspace((own,), (-own,), (Gradient(0), weight if weight is not None else 0, own, -own))
    x, y = it.x(it.source.channels), it.y(it.output.channels)
    part, result = x // it.groups, y // it.groups
    filters = it.filters(it.output.channels, it.read)
    forward = tuple(size for _ in range(it.groups) for size in (part, result, -part))
    own = filters // it.groups
    back = tuple(size for _ in range(it.groups) for size in (part, result, part, own, -part, -result))
    return Workspace(forward, (-y,), (*back, Gradient(0), weight if weight is not None else 0, -x - filters))


def _native_transposed(it: Convolution, *, needs_gradient: bool) -> Workspace:
    """A matrix product that makes the columns of an image, one after the other, and adds them up."""
    columns = it.y(it.source.channels * it.area) // it.batch
    is_plain = it.kernel == (1, 1) and not it.is_strided and it.padding == (0, 0)
    back = 0 if is_plain else columns
    data: Steps = (Gradient(0), back, -back) if needs_gradient else ()
    return Workspace((), (columns, -columns), (*data, Parameters(), back, -back))


# Channels last --------------------------------------------------------------------------------------------------------


def _channels_last(it: Convolution, weight: Gradient | Parameters | None, *, needs_gradient: bool) -> Workspace:
    """Where channels are last in the input, PyTorch turns the filters around, too, if that makes a difference."""
    plain = it.filters(it.output.channels, it.read)
    turned = plain if it.area > 1 and it.read > 1 else 0
    there, data, last = onednn.channels_last(it)
    after = (there.scratch, there.filters, -there.filters, -there.scratch, -turned)
    back: Steps = ()
    if needs_gradient:
        back = (Gradient(0), data.filters, data.scratch, -data.scratch, -data.filters)
    if weight is None:
        return Workspace((turned,), after, (turned, *back, -turned))
    summed = (last.filters, last.scratch, -last.scratch, plain, plain, -plain, -last.filters, -turned, weight, -plain)
    return Workspace((turned,), after, (turned, *back, *summed))
