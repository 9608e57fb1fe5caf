"""What a row builds in the library that it is written for, in numbers alone, and how ours expresses the same."""

from __future__ import annotations

from dataclasses import dataclass

from archdsl.importing.errors import (
    BadExpansion,
    BadShare,
    EvenKernel,
    FractionalExpansion,
    NoHiddenChannels,
    NoSqueezedChannels,
    NothingLeft,
    WithoutSqueeze,
)
from archdsl.importing.mistakes import Mistakes
from archdsl.importing.rows import BlockRow, Number
from archdsl.importing.rules import Form, Rule
from archdsl.ir.functions import divisible, nearest


@dataclass(frozen=True)
class Layer:
    """A block as it is built. `hidden` and `squeezed` are 0 where there are no such layers, `padding` is None where it
    is the model's; `adds` says whether it adds its input."""

    form: Form
    kernel: int
    stride: int
    inputs: int
    channels: int
    hidden: int
    squeezed: int
    adds: bool
    padding: int | None


def check_shares(rule: Rule, expansion: Number | None, se: Number | None) -> None:
    """Raises DiagnosticError for an expansion and a squeeze-and-excitation that nothing can be built with, wherever
    the row stands."""
    mistakes = Mistakes()
    with mistakes.apart():
        if expansion and expansion.value <= 0:
            raise BadExpansion().error(expansion.span)
        if expansion and rule.hidden == "product" and expansion.value != expansion.whole:
            raise FractionalExpansion().error(expansion.span)
    with mistakes.apart():
        if se and se.value > 1:
            raise BadShare().error(se.span)
        if se and se.value and not rule.se:
            raise WithoutSqueeze().error(se.span)
    mistakes.raise_found()


def built(row: BlockRow, inputs: int) -> list[Layer]:
    """The first block of a row and, where there are more, the second; all others are like it. Raises DiagnosticError
    where the library has no such block."""
    channels = row.rule.rounded(row.channels.whole)
    layers = [_layer(row, inputs, channels, row.stride.whole)]
    return layers if row.layers.whole == 1 else [*layers, _layer(row, channels, channels, 1)]


def _layer(row: BlockRow, inputs: int, channels: int, stride: int) -> Layer:
    rule, kernel = row.rule, row.kernel.whole
    hidden = _hidden(row, inputs)
    adds = rule.skip and row.skip and stride == 1 and inputs == channels
    if adds and kernel % 2 == 0 and rule.padding == "symmetric":
        raise EvenKernel(kernel).error(row.kernel.span)
    by_stride = rule.halves == "with_stride" and kernel % 2 == 0 and stride % 2 == 0
    # An even kernel has no centre: its zeros are said where there are any.
    is_said = rule.padding == "symmetric" and kernel % 2 == 0 and kernel > 2
    rounded_down = (kernel - 1) // 2 if is_said else None
    return Layer(
        form=rule.form,
        kernel=kernel,
        stride=stride,
        inputs=inputs,
        channels=channels,
        hidden=hidden,
        squeezed=_squeezed(row, inputs, hidden or inputs),
        adds=adds,
        padding=(stride - 1 + kernel - 1) // 2 if by_stride else rounded_down,
    )


def _hidden(row: BlockRow, inputs: int) -> int:
    rule, expansion = row.rule, row.expansion.value
    if rule.expands == "never" or (rule.expands == "unless_one" and expansion == 1):
        return 0
    base = rule.rounded(row.expanded.whole) if row.expanded else inputs
    match rule.hidden:
        case "divisible":
            hidden = divisible(base * expansion)
        case "product":
            hidden = base * int(expansion)
        case "nearest":
            hidden = round(base * expansion)
    if not hidden:
        raise NoHiddenChannels(row.expansion.text, base).error(row.expansion.span)
    return 0 if rule.expands == "unless_equal" and hidden == inputs else hidden


def _squeezed(row: BlockRow, inputs: int, hidden: int) -> int:
    if row.se is None or not row.se.value:
        return 0
    if row.rule.squeezed == "down":
        return max(1, int(inputs * row.se.value))
    expansion = 1.0 if row.rule.expands == "never" else row.expansion.value
    squeezed = round(hidden * (row.se.value / expansion))
    if not squeezed:
        raise NoSqueezedChannels(row.se.text, inputs).error(row.se.span)
    return squeezed


def after(size: int, layer: Layer, times: int, row: BlockRow) -> int:
    """The height or width of a map behind so many layers. Raises DiagnosticError where none is left."""
    if row.rule.padding == "same":
        return -(-size // layer.stride)
    padding = (layer.kernel - 1) // 2 if layer.padding is None else layer.padding
    smaller = size
    if layer.stride == 1:
        smaller -= (layer.kernel - 1 - 2 * padding) * times
    else:
        smaller = (size + 2 * padding - layer.kernel) // layer.stride + 1
    if smaller < 1:
        raise NothingLeft(layer.kernel, size).error(row.kernel.span)
    return smaller


# How the library's blocks say it -------------------------------------------------------------------------------------

Cells = dict[str, str]


def said_by_library(row: BlockRow, layer: Layer) -> Cells | None:
    """The cells with which the library's block is this layer; None where it cannot be."""
    if layer.padding is not None:
        return None
    match layer.form:
        case "channelwise":
            is_same = layer.adds == (row.skip and _may_add(layer))
        case "fused":  # without `skip`, and with squeeze-and-excitation behind its only convolution
            is_same = layer.adds == _may_add(layer) and not (layer.squeezed and not layer.hidden)
        case _:
            is_same = not (layer.adds or layer.hidden or layer.squeezed)
    if not is_same:
        return None
    cells = {"op": row.rule.block}
    if layer.form in ("channelwise", "fused"):
        expansion = row.expansion if layer.hidden else None
        expected = divisible(layer.inputs * expansion.value) if expansion else 0
        if layer.hidden != expected or (expansion and expansion.value == 1):
            return None
        cells["expansion"] = expansion.text if expansion else "1"
        share = row.se if layer.squeezed else None
        if share:
            if nearest(layer.inputs * share.value) != layer.squeezed:
                return None
            cells["se"] = share.text
    if layer.form == "channelwise" and not row.skip:
        cells["skip"] = "false"
    return cells


def said_outright(row: BlockRow, layer: Layer, name: str) -> Cells:
    """The cells of a block that is given every number."""
    cells = {"op": name}
    if layer.hidden:
        cells["hidden"] = str(layer.hidden)
    if layer.squeezed:
        cells["squeezed"] = str(layer.squeezed)
    if layer.padding is not None:
        cells["padding"] = str(layer.padding)
    can_add = layer.form in ("channelwise", "fused")
    if can_add and not layer.adds and (_may_add(layer) or not row.skip):
        cells["skip"] = "false"
    return cells


def _may_add(layer: Layer) -> bool:
    return layer.stride == 1 and layer.inputs == layer.channels
