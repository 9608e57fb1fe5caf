"""The modules of `helpers.py` that are different on series, batch x channels x length, each as source.

Most are the modules of maps with what the second dimension needs left out, which `_narrowed` does.
"""

from __future__ import annotations

from archdsl.backends.pytorch.helpers import SOURCES

LINE_SOURCES: dict[str, str] = {}


def _narrowed(name: str, new: str, *changes: tuple[str, str]) -> None:
    """A helper of maps as one of series: other words for some of its source, each of which must be there."""
    source = SOURCES[name]
    for before, after in ((f"class {name}(", f"class {new}("), *changes):
        if before not in source:
            raise ValueError(f"`{name}` does not say {before!r}")
        source = source.replace(before, after)
    LINE_SOURCES[new] = source


_INITIALIZE = SOURCES["initialize"]
_FAN_OUT = "module.kernel_size[0] * module.kernel_size[1]"
# `initialize` of a file with series alone, and of one with both.
INITIALIZE = _INITIALIZE.replace("nn.Conv2d", "nn.Conv1d").replace(_FAN_OUT, "module.kernel_size[0]")
INITIALIZE_BOTH = _INITIALIZE.replace("nn.Conv2d", "nn.Conv1d | nn.Conv2d").replace(
    _FAN_OUT, "torch.Size(module.kernel_size).numel()"
)
# `compile_model` of a file with series alone, whose layers have no layout to choose.
COMPILE = (
    SOURCES["compile_model"]
    .replace("in place and returns it: channels-last, and with weights", "in place and returns it: with weights")
    .replace(", memory_format=torch.channels_last)  # type: ignore[call-overload]", ")")
)

_ONE_EACH = "x.new_empty(x.shape[0], 1, 1, 1)", "x.new_empty(x.shape[0], 1, 1)"
_narrowed("DropPath", "DropPath1d", _ONE_EACH)
_narrowed("PlainDropPath", "PlainDropPath1d", _ONE_EACH)

LINE_SOURCES["pad_same_1d"] = '''
def pad_same_1d(
    x: Tensor, kernel: tuple[int, ...], stride: tuple[int, ...], dilation: tuple[int, ...] = (1,), value: float = 0.0
) -> Tensor:
    """TensorFlow's SAME padding: enough for ceil(length / stride) outputs, the odd one at the end."""
    length, extent, step = x.shape[2], dilation[0] * (kernel[0] - 1) + 1, stride[0]
    # In a form that keeps the lengths of series simple for exporters, which reason about them.
    missing = ((length + step - 1) // step - 1) * step + extent - length
    if extent < step:  # At least 0, but not by `max`, of which tracing for ONNX would keep the operand that it saw.
        missing = (missing + abs(missing)) // 2
    return functional.pad(x, (missing // 2, missing - missing // 2), value=value)
'''

LINE_SOURCES["padded_same_1d"] = '''
def padded_same_1d(
    x: Tensor, kernel: tuple[int, ...], stride: tuple[int, ...], dilation: tuple[int, ...]
) -> tuple[Tensor, tuple[int]]:
    """What a convolution with SAME padding reads, and the zeros that it adds itself: those of every length."""
    extent = dilation[0] * (kernel[0] - 1)
    if stride == (1,) and extent % 2 == 0:
        return x, (extent // 2,)
    return pad_same_1d(x, kernel, stride, dilation), (0,)
'''

_CONV = ("nn.Conv2d", "nn.Conv1d"), ("functional.conv2d", "functional.conv1d")
_PADDED = ("padded_same(", "padded_same_1d(")
_SIZES = ("tuple[int, int]", "tuple[int]")

_narrowed("Conv2dSame", "Conv1dSame", *_CONV, _PADDED)
_narrowed("CondConv2d", "CondConv1d", *_CONV, _SIZES)
_narrowed("CondConv2dSame", "CondConv1dSame", ("(CondConv2d)", "(CondConv1d)"), ("pad_same(", "pad_same_1d("))

LINE_SOURCES["ConvTranspose1dSame"] = '''
class ConvTranspose1dSame(nn.ConvTranspose1d):
    """Transposed convolution with SAME padding: a series that is longer by the stride."""

    def forward(self, x: Tensor) -> Tensor:  # type: ignore[override]
        length, stride = x.shape[2] * self.stride[0], self.stride[0]
        extent = self.dilation[0] * (self.kernel_size[0] - 1) + 1
        missing, start = (max(stride - extent, 0),), max(extent - stride, 0) // 2
        x = functional.conv_transpose1d(x, self.weight, self.bias, self.stride, 0, missing, self.groups, self.dilation)
        return x[:, :, start : start + length]
'''

_narrowed(
    "StandardizedConv2d",
    "StandardizedConv1d",
    *_CONV,
    _SIZES,
    ("out_channels, 1, 1, 1", "out_channels, 1, 1"),
    ("dim=(1, 2, 3)", "dim=(1, 2)"),
)
_narrowed(
    "StandardizedConv2dSame",
    "StandardizedConv1dSame",
    ("(StandardizedConv2d)", "(StandardizedConv1d)"),
    _CONV[1],
    _PADDED,
)

_SIDES = (
    ("kernel: int | tuple[int, int], stride: int | tuple[int, int]", "kernel: int, stride: int"),
    ("(kernel, kernel) if isinstance(kernel, int) else kernel", "(kernel,)"),
    ("(stride, stride) if isinstance(stride, int) else stride", "(stride,)"),
    ("pad_same(", "pad_same_1d("),
)
_narrowed("MaxPool2dSame", "MaxPool1dSame", *_SIDES, ("max_pool2d", "max_pool1d"))
_narrowed("AvgPool2dSame", "AvgPool1dSame", *_SIDES, ("avg_pool2d", "avg_pool1d"))
_narrowed(
    "LayerNorm2d", "LayerNorm1d", ("permute(0, 2, 3, 1)", "transpose(1, 2)"), ("permute(0, 3, 1, 2)", "transpose(1, 2)")
)
_narrowed(
    "MapLinear", "SeriesLinear", ("whole map", "whole series"), ("of 1 x 1", "of length 1"), ("None, None]", "None]")
)
_narrowed("MapFlatten", "SeriesFlatten", ("A map", "A series"), ("of 1 x 1", "of length 1"), ("None, None]", "None]"))
_narrowed("ChannelGain", "ChannelGain1d", ("(channels, 1, 1)", "(channels, 1)"))
_narrowed("ChannelBias", "ChannelBias1d", ("(channels, 1, 1)", "(channels, 1)"))

LINE_SOURCES["Crop1d"] = '''
class Crop1d(nn.Module):
    """A series without its ends."""

    def __init__(self, left: int, right: int) -> None:
        super().__init__()
        self.left, self.right = left, right

    def forward(self, x: Tensor) -> Tensor:
        return x[:, :, self.left : x.shape[2] - self.right]
'''

_narrowed(
    "ResizeLike",
    "ResizeLike1d",
    ("A map stretched to the height and width", "A series stretched to the length"),
    ('mode: str = "bilinear"', 'mode: str = "linear"'),
    ('mode in ("bilinear", "bicubic")', 'mode == "linear"'),
)
_narrowed(
    "DotProductAttention",
    "DotProductAttention1d",
    ("Positions of maps read", "Positions of series read"),
    ("A map as", "A series as"),
    ("x.shape[2] * x.shape[3]", "x.shape[2]"),
)
_narrowed(
    "Parameter",
    "Parameter1d",
    ("channels: int, height: int, width: int", "channels: int, length: int"),
    ("torch.randn(channels, height, width)", "torch.randn(channels, length)"),
    ("x.shape[0], -1, -1, -1", "x.shape[0], -1, -1"),
)
