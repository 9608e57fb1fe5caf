"""The small modules that emitted files carry along, each as source. An emitted file holds only those that it uses."""

from __future__ import annotations

from collections.abc import Mapping

from archdsl.backends.pytorch.fusing import FUSING

SOURCES: dict[str, str] = {}

SOURCES["divisible"] = '''
def divisible(value: float, divisor: int = 8, limit: float = 0.9) -> int:
    """The nearest multiple of `divisor`, never below `limit` times the value."""
    rounded = max(divisor, int(value + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < limit * value else rounded
'''

SOURCES["pipeline"] = '''
def pipeline(**layers: nn.Module | None) -> nn.Sequential:
    """Layers in sequence under their names; None stands for a layer that is left out."""
    sequence = nn.Sequential()
    for name, layer in layers.items():
        if layer is not None:
            sequence.add_module(name, layer)
    return sequence
'''

SOURCES["initialize"] = '''
def initialize(module: nn.Module) -> None:
    """Fresh weights: variance 2 / fan-out for convolutions (He et al. 2015), small for linear layers."""
    if isinstance(module, nn.Conv2d):
        fan_out = module.kernel_size[0] * module.kernel_size[1] * module.out_channels // module.groups
        nn.init.normal_(module.weight, 0.0, (2.0 / fan_out) ** 0.5)
    elif isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, 0.0, 0.01)
    if isinstance(module, nn.Conv2d | nn.Linear) and module.bias is not None:
        nn.init.zeros_(module.bias)
'''

SOURCES["given"] = '''
def given(module: nn.Module) -> nn.Module:
    """A module of the caller's, which keeps the weights that it begins with."""
    for part in module.modules():
        part.is_given = True  # type: ignore[assignment]
    return module
'''

SOURCES["initialize_own"] = '''
def initialize_own(module: nn.Module) -> None:
    """Fresh weights for all but the modules of the caller's."""
    if not getattr(module, "is_given", False):
        initialize(module)
'''

SOURCES["compile_model"] = '''
def compile_model(model: nn.Module, mode: str | None = None, dtype: torch.dtype | None = None) -> nn.Module:
    """Compiles a model in place and returns it: channels-last, and with weights of `dtype` if given (for inference)."""
    model.to(dtype=dtype, memory_format=torch.channels_last)  # type: ignore[call-overload]
    on_gpu = any(parameter.is_cuda for parameter in model.parameters())
    model.compile(mode=mode or ("max-autotune" if on_gpu and not model.training else "default"), fullgraph=True)
    return model
'''

SOURCES["Stage"] = '''
class Stage(nn.Sequential):
    """Layers in sequence; with `grad_checkpointing` the backward pass computes what is inside them a second time."""

    grad_checkpointing = False
    __constants__ = ("grad_checkpointing",)  # of TorchScript

    def forward(self, x: Tensor) -> Tensor:
        for layer in self:
            x = checkpoint(layer, x, use_reentrant=False) if self.grad_checkpointing else layer(x)
        return x
'''

SOURCES["FeatureMaps"] = '''
class FeatureMaps(nn.Module):
    """The stem and stages of a network: images to the maps that `feature_info` lists, largest first."""

    def __init__(self, stem: nn.Module, stages: nn.Sequential, feature_info: list[dict[str, int | str]]) -> None:
        super().__init__()
        self.stem, self.stages, self.feature_info = stem, stages, feature_info

    def set_grad_checkpointing(self, enable: bool = True) -> None:
        for stage in self.stages:
            if isinstance(stage, Stage):
                stage.grad_checkpointing = enable

    def forward(self, x: Tensor) -> list[Tensor]:
        x = self.stem(x)
        maps = {}
        for name, stage in self.stages.named_children():
            maps[f"stages.{name}"] = x = stage(x)
        return [maps[str(info["module"])] for info in self.feature_info]
'''

SOURCES["StemFeatureMaps"] = '''
class StemFeatureMaps(FeatureMaps):
    """The same where `feature_info` lists maps of the stem, too."""

    def forward(self, x: Tensor) -> list[Tensor]:
        maps = {}
        layers = self.stem.named_children() if isinstance(self.stem, nn.Sequential) else [("", self.stem)]
        for name, layer in layers:
            maps[f"stem.{name}"] = x = layer(x)
        maps["stem"] = x
        for name, stage in self.stages.named_children():
            maps[f"stages.{name}"] = x = stage(x)
        return [maps[str(info["module"])] for info in self.feature_info]
'''

SOURCES["DropPath"] = '''
class DropPath(nn.Module):
    """Stochastic depth (Huang et al. 2016): while training, drops a residual branch whole, image by image."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        if not 0.0 <= rate < 1.0:
            raise ValueError(f"a drop path rate is at least 0 and less than 1, not {rate}")
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.rate == 0.0:  # in this order: at inference layers of all rates are alike
            return x
        kept = x.new_empty(x.shape[0], 1, 1, 1).bernoulli_(1.0 - self.rate)
        return x * kept.div_(1.0 - self.rate)
'''

SOURCES["PlainDropPath"] = '''
class PlainDropPath(nn.Module):
    """Stochastic depth that leaves kept branches as they are: while training, drops a branch whole, image by image."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        if not 0.0 <= rate < 1.0:
            raise ValueError(f"a drop path rate is at least 0 and less than 1, not {rate}")
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.rate == 0.0:  # in this order: at inference layers of all rates are alike
            return x
        return x * x.new_empty(x.shape[0], 1, 1, 1).bernoulli_(1.0 - self.rate)
'''

SOURCES["pad_same"] = '''
def pad_same(
    x: Tensor, kernel: tuple[int, ...], stride: tuple[int, ...], dilation: tuple[int, ...] = (1, 1), value: float = 0.0
) -> Tensor:
    """TensorFlow's SAME padding: enough for ceil(size / stride) outputs, the odd one at the bottom and right."""
    zeros = []
    for axis in (1, 0):
        size, extent, step = x.shape[axis + 2], dilation[axis] * (kernel[axis] - 1) + 1, stride[axis]
        # In a form that keeps the sizes of maps simple for exporters, which reason about them.
        missing = ((size + step - 1) // step - 1) * step + extent - size
        if extent < step:  # At least 0, but not by `max`, of which tracing for ONNX would keep the operand that it saw.
            missing = (missing + abs(missing)) // 2
        zeros += [missing // 2, missing - missing // 2]
    return functional.pad(x, zeros, value=value)
'''

SOURCES["padded_same"] = '''
def padded_same(
    x: Tensor, kernel: tuple[int, ...], stride: tuple[int, ...], dilation: tuple[int, ...]
) -> tuple[Tensor, tuple[int, int]]:
    """What a convolution with SAME padding reads, and the zeros that it adds itself: those of every size of map."""
    height, width = (step * (side - 1) for step, side in zip(dilation, kernel, strict=True))
    if stride == (1, 1) and height % 2 == width % 2 == 0:
        return x, (height // 2, width // 2)
    return pad_same(x, kernel, stride, dilation), (0, 0)
'''

SOURCES["Conv2dSame"] = '''
class Conv2dSame(nn.Conv2d):
    """Convolution with SAME padding, whose zeros depend on the size of the input where there is a stride."""

    def forward(self, x: Tensor) -> Tensor:
        x, zeros = padded_same(x, self.kernel_size, self.stride, self.dilation)
        return functional.conv2d(x, self.weight, self.bias, self.stride, zeros, self.dilation, self.groups)
'''

SOURCES["CondConv2d"] = '''
class CondConv2d(nn.Conv2d):
    """Convolution with filters of its own for each image, a weighted sum of those of experts (Yang et al. 2019)."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] = 1,
        padding: int | tuple[int, int] = 0,
        dilation: int | tuple[int, int] = 1,
        groups: int = 1,
        bias: bool = True,
        *,
        experts: int,
    ) -> None:
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias)
        bound = self.weight[0].numel() ** -0.5
        self.weight = nn.Parameter(torch.empty(experts, *self.weight.shape).uniform_(-bound, bound))
        if self.bias is not None:
            self.bias = nn.Parameter(torch.zeros(experts, out_channels))

    def forward(self, x: Tensor, routing: Tensor) -> Tensor:  # type: ignore[override]
        # The images of a batch are groups of one: each has filters of its own.
        count = x.shape[0]  # `len` would fix it where torch exports
        weight = (routing.flatten(1) @ self.weight.flatten(1)).view(-1, *self.weight.shape[2:])
        bias = (routing.flatten(1)[:, :, None] * self.bias).sum(1).flatten() if self.bias is not None else None
        x = functional.conv2d(
            x.reshape(1, -1, *x.shape[2:]), weight, bias, self.stride, self.padding, self.dilation, self.groups * count
        )
        return x.view(count, -1, *x.shape[2:])
'''

SOURCES["CondConv2dSame"] = '''
class CondConv2dSame(CondConv2d):
    """The same with SAME padding."""

    def forward(self, x: Tensor, routing: Tensor) -> Tensor:  # type: ignore[override]
        return super().forward(pad_same(x, self.kernel_size, self.stride, self.dilation), routing)
'''

SOURCES["ConvTranspose2dSame"] = '''
class ConvTranspose2dSame(nn.ConvTranspose2d):
    """Transposed convolution with SAME padding: a map that is larger by the stride."""

    def forward(self, x: Tensor) -> Tensor:  # type: ignore[override]
        height, width = x.shape[2] * self.stride[0], x.shape[3] * self.stride[1]
        extents = [step * (side - 1) + 1 for step, side in zip(self.dilation, self.kernel_size, strict=True)]
        missing = [max(stride - extent, 0) for stride, extent in zip(self.stride, extents, strict=True)]
        top, left = (max(extent - stride, 0) // 2 for stride, extent in zip(self.stride, extents, strict=True))
        x = functional.conv_transpose2d(x, self.weight, self.bias, self.stride, 0, missing, self.groups, self.dilation)
        return x[:, :, top : top + height, left : left + width]
'''

SOURCES["Blur"] = '''
class Blur(nn.Module):
    """Depthwise convolution with a fixed binomial kernel, mirrored at the edges (Zhang 2019)."""

    kernel: Tensor

    def __init__(self, channels: int, kernel_size: int = 3, stride: int = 1) -> None:
        super().__init__()
        row = torch.ones(1)
        for _ in range(kernel_size - 1):
            row = functional.pad(row, (0, 1)) + functional.pad(row, (1, 0))
        row = row / row.sum()
        self.register_buffer("kernel", (row[:, None] * row).repeat(channels, 1, 1, 1), persistent=False)
        self.channels, self.stride, self.padding = channels, stride, (stride + kernel_size - 2) // 2

    def forward(self, x: Tensor) -> Tensor:
        x = functional.pad(x, (self.padding, self.padding, self.padding, self.padding), mode="reflect")
        return functional.conv2d(x, self.kernel, stride=self.stride, groups=self.channels)
'''

SOURCES["StandardizedConv2d"] = '''
class StandardizedConv2d(nn.Conv2d):
    """Convolution with scaled weight standardization and a learnable gain per filter (Brock et al. 2021)."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] = 1,
        padding: int | tuple[int, int] = 0,
        dilation: int | tuple[int, int] = 1,
        groups: int = 1,
        bias: bool = True,
        eps: float = 1e-4,
        variance_eps: float = 0.0,
    ) -> None:
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, dilation, groups, bias)
        self.gain = nn.Parameter(torch.ones(out_channels, 1, 1, 1))
        self.eps = eps
        self.variance_eps = variance_eps

    def standardized(self) -> Tensor:
        fan_in = self.weight[0].numel()
        centred = self.weight - self.weight.mean(dim=(1, 2, 3), keepdim=True)
        # A norm takes a fraction of the time of a variance, and this is `fan_in` times that.
        squares = torch.linalg.vector_norm(centred, dim=(1, 2, 3), keepdim=True).square()
        scale = (squares + self.variance_eps * fan_in).clamp(min=self.eps).rsqrt()
        return centred * (scale * self.gain)

    def forward(self, x: Tensor) -> Tensor:
        weight = self.standardized()
        return functional.conv2d(x, weight, self.bias, self.stride, self.padding, self.dilation, self.groups)
'''

SOURCES["StandardizedConv2dSame"] = '''
class StandardizedConv2dSame(StandardizedConv2d):
    """The same with SAME padding."""

    def forward(self, x: Tensor) -> Tensor:
        x, zeros = padded_same(x, self.kernel_size, self.stride, self.dilation)
        return functional.conv2d(x, self.standardized(), self.bias, self.stride, zeros, self.dilation, self.groups)
'''

SOURCES["MaxPool2dSame"] = '''
class MaxPool2dSame(nn.Module):
    """Max pooling with SAME padding."""

    def __init__(self, kernel: int | tuple[int, int], stride: int | tuple[int, int]) -> None:
        super().__init__()
        self.kernel = (kernel, kernel) if isinstance(kernel, int) else kernel
        self.stride = (stride, stride) if isinstance(stride, int) else stride

    def forward(self, x: Tensor) -> Tensor:
        x = pad_same(x, self.kernel, self.stride, value=float("-inf"))
        return functional.max_pool2d(x, self.kernel, self.stride)
'''

SOURCES["AvgPool2dSame"] = '''
class AvgPool2dSame(nn.Module):
    """Average pooling with SAME padding, which is not counted."""

    def __init__(self, kernel: int | tuple[int, int], stride: int | tuple[int, int]) -> None:
        super().__init__()
        self.kernel = (kernel, kernel) if isinstance(kernel, int) else kernel
        self.stride = (stride, stride) if isinstance(stride, int) else stride

    def forward(self, x: Tensor) -> Tensor:
        total = functional.avg_pool2d(pad_same(x, self.kernel, self.stride), self.kernel, self.stride)
        counted = pad_same(torch.ones_like(x[:1, :1]), self.kernel, self.stride)
        return total / functional.avg_pool2d(counted, self.kernel, self.stride)
'''

SOURCES["LayerNorm2d"] = '''
class LayerNorm2d(nn.Module):
    """Layer normalization over the channels at each position."""

    def __init__(self, channels: int, eps: float = 1e-6, affine: bool = True) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels)) if affine else None
        self.bias = nn.Parameter(torch.zeros(channels)) if affine else None
        self.channels, self.eps = channels, eps

    def forward(self, x: Tensor) -> Tensor:
        x = functional.layer_norm(x.permute(0, 2, 3, 1), (self.channels,), self.weight, self.bias, self.eps)
        return x.permute(0, 3, 1, 2)
'''

SOURCES["L2Norm"] = '''
class L2Norm(nn.Module):
    """The channels at each position divided by their L2 norm."""

    def __init__(self, eps: float = 1e-12) -> None:
        super().__init__()
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        return functional.normalize(x, dim=1, eps=self.eps)
'''

SOURCES["MapLinear"] = '''
class MapLinear(nn.Linear):
    """A linear layer that reads a whole map and puts out one of 1 x 1."""

    def forward(self, x: Tensor) -> Tensor:
        return functional.linear(x.flatten(1), self.weight, self.bias)[:, :, None, None]
'''

SOURCES["MapFlatten"] = '''
class MapFlatten(nn.Module):
    """A map with all its values as channels of 1 x 1."""

    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(1)[:, :, None, None]
'''

SOURCES["Gained"] = '''
class Gained(nn.Module):
    """An activation times a constant that keeps the variance at one."""

    def __init__(self, activation: nn.Module, gain: float) -> None:
        super().__init__()
        self.activation, self.gain = activation, gain

    def forward(self, x: Tensor) -> Tensor:
        x = self.activation(x)
        return x * self.gain
'''

SOURCES["Gain"] = '''
class Gain(nn.Module):
    """One learnable factor for the whole tensor."""

    def __init__(self, initial: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(float(initial)))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weight
'''

SOURCES["ChannelGain"] = '''
class ChannelGain(nn.Module):
    """A learnable factor per channel (LayerScale, Touvron et al. 2021)."""

    def __init__(self, channels: int, initial: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((channels, 1, 1), float(initial)))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weight
'''

SOURCES["ChannelBias"] = '''
class ChannelBias(nn.Module):
    """A learnable number per channel that is added."""

    def __init__(self, channels: int, initial: float = 0.0) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.full((channels, 1, 1), float(initial)))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.bias
'''

_FUNCTIONS = {"Sqrt": "The square root", "Exp": "The exponential", "Abs": "The absolute value"}
SOURCES |= {
    name: f'''
class {name}(nn.Module):
    """{what} of each element."""

    def forward(self, x: Tensor) -> Tensor:
        return x.{name.lower()}()
'''
    for name, what in _FUNCTIONS.items()
}

SOURCES["SpatialSoftmax"] = '''
class SpatialSoftmax(nn.Module):
    """Softmax over all positions of a map, channel by channel."""

    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(2).softmax(dim=2).view_as(x)
'''

# The modules of reductions by the names of primitives: what each says that it computes, and how.
_REDUCED = {
    "mean": ("Mean", "The mean", "x.mean(self.dim, keepdim=True)"),
    "sum": ("Sum", "The sum", "x.sum(self.dim, keepdim=True)"),
    "max": ("Max", "The largest element", "x.amax(self.dim, keepdim=True)"),
    "min": ("Min", "The smallest element", "x.amin(self.dim, keepdim=True)"),
    "norm": ("Norm", "The L2 norm", "torch.linalg.vector_norm(x, dim=self.dim, keepdim=True)"),
    "var": ("Var", "The variance", "x.var(self.dim, correction=0, keepdim=True)"),
}
REDUCTIONS = {f"reduce_{kind}": f"Reduce{name}" for kind, (name, _, _) in _REDUCED.items()}
SOURCES |= {
    f"Reduce{name}": f'''
class Reduce{name}(nn.Module):
    """{what} over some dimensions, of each of which 1 stays."""

    def __init__(self, *dim: int) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, x: Tensor) -> Tensor:
        return {value}
'''
    for name, what, value in _REDUCED.values()
}

SOURCES["Transpose"] = '''
class Transpose(nn.Module):
    """Two dimensions exchanged."""

    def __init__(self, first: int, second: int) -> None:
        super().__init__()
        self.first, self.second = first, second

    def forward(self, x: Tensor) -> Tensor:
        return x.transpose(self.first, self.second)
'''

SOURCES["Crop"] = '''
class Crop(nn.Module):
    """A map without its edges."""

    def __init__(self, top: int, bottom: int, left: int, right: int) -> None:
        super().__init__()
        self.top, self.bottom, self.left, self.right = top, bottom, left, right

    def forward(self, x: Tensor) -> Tensor:
        return x[:, :, self.top : x.shape[2] - self.bottom, self.left : x.shape[3] - self.right]
'''

SOURCES["Slice"] = '''
class Slice(nn.Module):
    """Some of the channels, from one of them on."""

    def __init__(self, start: int, channels: int) -> None:
        super().__init__()
        self.start, self.channels = start, channels

    def forward(self, x: Tensor) -> Tensor:
        return x[:, self.start : self.start + self.channels]
'''

SOURCES["Chunk"] = '''
class Chunk(nn.Module):
    """One of several equal parts of the channels."""

    def __init__(self, parts: int, index: int) -> None:
        super().__init__()
        self.parts, self.index = parts, index

    def forward(self, x: Tensor) -> Tensor:
        size = x.shape[1] // self.parts
        return x[:, self.index * size : (self.index + 1) * size]
'''

SOURCES["ResizeLike"] = '''
class ResizeLike(nn.Module):
    """A map stretched to the height and width of another tensor."""

    def __init__(self, mode: str = "bilinear", align_corners: bool = False) -> None:
        super().__init__()
        self.mode = mode
        self.align_corners = align_corners if mode in ("bilinear", "bicubic") else None

    def forward(self, x: Tensor, like: Tensor) -> Tensor:
        return functional.interpolate(x, like.shape[2:], mode=self.mode, align_corners=self.align_corners)
'''

SOURCES["DotProductAttention"] = '''
class DotProductAttention(nn.Module):
    """Positions of maps read values of others by how queries match keys; a head of these may serve several queries."""

    def __init__(self, heads: int, scale: float | None = None) -> None:
        super().__init__()
        self.heads, self.scale = heads, scale

    def forward(self, x: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        size = x.shape[1] // self.heads
        groups = keys.shape[1] // size

        def heads(x: Tensor, groups: int) -> Tensor:
            """A map as batch x heads x positions x channels."""
            x = x.reshape(x.shape[0], groups, -1, x.shape[2] * x.shape[3]).transpose(2, 3).contiguous()
            return x[:, :, None].expand(-1, -1, self.heads // groups, -1, -1).flatten(1, 2)

        read = functional.scaled_dot_product_attention(
            heads(x, self.heads), heads(keys, groups), heads(values, groups), scale=self.scale
        )
        return read.transpose(2, 3).reshape(x.shape[0], -1, *x.shape[2:])
'''

SOURCES["Parameter"] = '''
class Parameter(nn.Module):
    """A learnable tensor, the same for all images of a batch; of these it reads how many there are."""

    def __init__(self, channels: int, height: int, width: int, *, initial: float = 0.0, std: float = 0.0) -> None:
        super().__init__()
        self.value = nn.Parameter(initial + std * torch.randn(channels, height, width))

    def forward(self, x: Tensor) -> Tensor:
        return self.value.expand(x.shape[0], -1, -1, -1)
'''

SOURCES["Reads"] = '''
class Reads(NamedTuple):
    """A layer of a sequence that reads further tensors, by their numbers among those of the sequence."""

    layer: nn.Module
    numbers: tuple[int, ...]
'''

SOURCES["SequentialWith"] = '''
class SequentialWith(nn.Sequential):
    """Layers in sequence, under their names if they have some, of which some read further tensors; None is left out."""

    def __init__(self, /, *layers: nn.Module | Reads, **named: nn.Module | Reads | None) -> None:
        super().__init__()
        self.reads: list[tuple[int, ...]] = []
        for name, layer in {**{str(number): layer for number, layer in enumerate(layers)}, **named}.items():
            if layer is not None:
                self.add_module(name, layer.layer if isinstance(layer, Reads) else layer)
                self.reads.append(layer.numbers if isinstance(layer, Reads) else ())

    def forward(self, x: Tensor, *others: Tensor) -> Tensor:
        for layer, numbers in zip(self, self.reads, strict=True):
            x = layer(x, *(others[number] for number in numbers))
        return x
'''

SOURCES |= FUSING


def block_base(attributes: Mapping[str, bool]) -> str:
    """The base of blocks that say what they hand on: their channels, and facts such as the variance.

    `attributes` hold what they hand on, and say of each whether it is a count.
    """
    lines = ["class Block(nn.Module):", '    """A block that says what it hands on to the next one."""', ""]
    lines += [f"    {attribute}: {'int' if is_count else 'float'}" for attribute, is_count in attributes.items()]
    return "\n".join(lines) + "\n"
