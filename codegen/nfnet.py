"""8 networks compiled by archdsl from nfnet.arch. Standalone: edit and ship it as it is."""

# sha256:cc6f348b5c845b4a as emitted; once you edit this file, only `archdsl build --force` replaces it.
# mypy: no-warn-return-any
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

__all__ = ["nfnet_f0", "nfnet_f1", "nfnet_f2", "nfnet_f3", "nfnet_f4", "nfnet_f5", "nfnet_f6", "nfnet_f7"]


def pipeline(**layers: nn.Module | None) -> nn.Sequential:
    """Layers in sequence under their names; None stands for a layer that is left out."""
    sequence = nn.Sequential()
    for name, layer in layers.items():
        if layer is not None:
            sequence.add_module(name, layer)
    return sequence


def initialize(module: nn.Module) -> None:
    """Fresh weights: variance 2 / fan-out for convolutions (He et al. 2015), small for linear layers."""
    if isinstance(module, nn.Conv2d):
        fan_out = module.kernel_size[0] * module.kernel_size[1] * module.out_channels // module.groups
        nn.init.normal_(module.weight, 0.0, (2.0 / fan_out) ** 0.5)
    elif isinstance(module, nn.Linear):
        nn.init.normal_(module.weight, 0.0, 0.01)
    if isinstance(module, nn.Conv2d | nn.Linear) and module.bias is not None:
        nn.init.zeros_(module.bias)


def compile_model(model: nn.Module, mode: str | None = None, dtype: torch.dtype | None = None) -> nn.Module:
    """Compiles a model in place and returns it: channels-last, and with weights of `dtype` if given (for inference)."""
    model.to(dtype=dtype, memory_format=torch.channels_last)  # type: ignore[call-overload]
    on_gpu = any(parameter.is_cuda for parameter in model.parameters())
    model.compile(mode=mode or ("max-autotune" if on_gpu and not model.training else "default"), fullgraph=True)
    return model


class Stage(nn.Sequential):
    """Layers in sequence; with `grad_checkpointing` the backward pass computes what is inside them a second time."""

    grad_checkpointing = False
    __constants__ = ("grad_checkpointing",)  # of TorchScript

    def forward(self, x: Tensor) -> Tensor:
        for layer in self:
            x = checkpoint(layer, x, use_reentrant=False) if self.grad_checkpointing else layer(x)
        return x


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


def padded_same(
    x: Tensor, kernel: tuple[int, ...], stride: tuple[int, ...], dilation: tuple[int, ...]
) -> tuple[Tensor, tuple[int, int]]:
    """What a convolution with SAME padding reads, and the zeros that it adds itself: those of every size of map."""
    height, width = (step * (side - 1) for step, side in zip(dilation, kernel, strict=True))
    if stride == (1, 1) and height % 2 == width % 2 == 0:
        return x, (height // 2, width // 2)
    return pad_same(x, kernel, stride, dilation), (0, 0)


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


class StandardizedConv2dSame(StandardizedConv2d):
    """The same with SAME padding."""

    def forward(self, x: Tensor) -> Tensor:
        x, zeros = padded_same(x, self.kernel_size, self.stride, self.dilation)
        return functional.conv2d(x, self.standardized(), self.bias, self.stride, zeros, self.dilation, self.groups)


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


class Gained(nn.Module):
    """An activation times a constant that keeps the variance at one."""

    def __init__(self, activation: nn.Module, gain: float) -> None:
        super().__init__()
        self.activation, self.gain = activation, gain

    def forward(self, x: Tensor) -> Tensor:
        x = self.activation(x)
        return x * self.gain


class Gain(nn.Module):
    """One learnable factor for the whole tensor."""

    def __init__(self, initial: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(float(initial)))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weight


class Block(nn.Module):
    """A block that says what it hands on to the next one."""

    out_variance: float


class SqueezeExcite(nn.Module):
    """Squeeze-and-excitation (Hu et al. 2018): channels reweighted by a two-layer bottleneck."""

    def __init__(self, in_channels: int, squeezed: int) -> None:
        super().__init__()
        self.weight = pipeline(
            global_avg_pool=nn.AdaptiveAvgPool2d(1),
            conv=nn.Conv2d(in_channels, squeezed, 1),
            inner=nn.ReLU(),
            conv_2=nn.Conv2d(squeezed, in_channels, 1),
            gate=nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        weight = self.weight(x)
        return x * weight


class NfBottleneck(Block):
    """Normalizer-free bottleneck (Brock et al. 2021, Fig. 3)."""

    def __init__(self, in_channels: int, channels: int, stride: int, in_variance: float, drop_path: float) -> None:
        super().__init__()
        transition = stride != 1 or in_channels != channels
        hidden = channels // 2
        self.out_variance = (1 if transition else in_variance) + 0.2**2
        self.x_act = Gained(nn.GELU(), 1.7015043497085571)
        self.factor = 1 / in_variance**0.5
        self.transition = transition
        self.shortcut_avg_pool = AvgPool2dSame(2, 2) if stride > 1 else nn.Identity()
        self.shortcut_ws_conv = StandardizedConv2d(in_channels, channels, 1) if transition else nn.Identity()
        self.main = pipeline(
            ws_conv=StandardizedConv2d(in_channels, hidden, 1),
            act=Gained(nn.GELU(), 1.7015043497085571),
            ws_conv_2=StandardizedConv2dSame(hidden, hidden, 3, stride=stride, groups=hidden // 128),
            act_2=Gained(nn.GELU(), 1.7015043497085571),
            ws_conv_3=StandardizedConv2d(hidden, hidden, 3, padding=1, groups=hidden // 128),
            act_3=Gained(nn.GELU(), 1.7015043497085571),
            ws_conv_4=StandardizedConv2d(hidden, channels, 1),
            squeeze_excite=SqueezeExcite(channels, squeezed=int(channels * 0.5 + 0.5)),
        )
        self.drop_path = PlainDropPath(drop_path) if drop_path else nn.Identity()
        self.gain = Gain(0.0)

    def forward(self, inputs: Tensor) -> Tensor:
        x = self.x_act(inputs) * self.factor
        shortcut = self.shortcut_ws_conv(self.shortcut_avg_pool(x)) if self.transition else inputs
        main = self.main(x)
        return self.gain(self.drop_path(2 * main)) * 0.2 + shortcut


class NFNet(nn.Module):
    """NFNet (Brock et al. 2021, https://arxiv.org/abs/2102.06171, Table 1): no batch normalization, but activations and
    weights of known variance.
    """

    def __init__(
        self,
        stages: tuple[tuple[type[Block], int, int, int], ...],
        num_classes: int = 1000,
        in_channels: int = 3,
        dropout_rate: float = 0.2,
        drop_path_rate: float = 0.25,
    ) -> None:
        super().__init__()
        self.stem = pipeline(
            ws_conv=StandardizedConv2dSame(in_channels, 16, 3, stride=2),
            act=Gained(nn.GELU(), 1.7015043497085571),
            ws_conv_2=StandardizedConv2d(16, 32, 3, padding=1),
            act_2=Gained(nn.GELU(), 1.7015043497085571),
            ws_conv_3=StandardizedConv2d(32, 64, 3, padding=1),
            act_3=Gained(nn.GELU(), 1.7015043497085571),
            ws_conv_4=StandardizedConv2dSame(64, 128, 3, stride=2),
        )
        width = 128
        variance = 1.0
        depth = sum(layers for *_, layers in stages)
        rates = iter([drop_path_rate * index / depth for index in range(depth)])
        self.stages = nn.Sequential()
        for block, stride, channels, layers in stages:
            stage = Stage()
            for _ in range(layers):
                layer = block(width, channels, in_variance=variance, stride=stride, drop_path=next(rates))
                stage.append(layer)
                width, variance, stride = channels, layer.out_variance, 1
            self.stages.append(stage)
        self.feature_info: list[dict[str, int | str]] = [
            {"num_chs": 64, "reduction": 2, "module": "stem.act_3"},
            {"num_chs": 256, "reduction": 4, "module": "stages.0"},
            {"num_chs": 512, "reduction": 8, "module": "stages.1"},
            {"num_chs": 1536, "reduction": 16, "module": "stages.2"},
            {"num_chs": 1536, "reduction": 32, "module": "stages.3"},
        ]
        self.head = pipeline(
            ws_conv=StandardizedConv2d(width, 3072, 1),
            act=Gained(nn.GELU(), 1.7015043497085571),
        )
        self.pool = pipeline(
            global_avg_pool=nn.AdaptiveAvgPool2d(1),
            dropout=nn.Dropout(dropout_rate),
            flatten=nn.Flatten(1),
        )
        self.num_features = 3072
        self.classifier = nn.Linear(self.num_features, num_classes) if num_classes else nn.Identity()
        self.apply(initialize)

    def forward_features(self, x: Tensor) -> Tensor:
        """Images, B x 3 x H x W, to the last feature map."""
        return self.head(self.stages(self.stem(x)))

    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Tensor:
        """The last feature map to logits, or to the vector that the classifier reads."""
        x = self.pool(x)
        return x if pre_logits else self.classifier(x)

    def reset_classifier(self, num_classes: int) -> None:
        """A fresh classifier for other classes; 0 leaves it out."""
        like = next(self.parameters(), torch.empty(0))
        classifier = nn.Linear(self.num_features, num_classes) if num_classes else nn.Identity()
        self.classifier = classifier.apply(initialize).to(like.device, like.dtype)

    def set_grad_checkpointing(self, enable: bool = True) -> None:
        """Saves memory in training: what is inside the layers of the stages is not kept, but computed twice."""
        for stage in self.stages:
            if isinstance(stage, Stage):
                stage.grad_checkpointing = enable

    def forward(self, x: Tensor) -> Tensor:
        return self.forward_head(self.forward_features(x))


def nfnet_f0(
    num_classes: int = 1000,
    in_channels: int = 3,
    dropout_rate: float = 0.2,
    drop_path_rate: float = 0.25,
    features_only: bool = False,
) -> NFNet | FeatureMaps:
    """Input 3 x 256 x 256: 71.49M parameters, 12.38G MACs, 24.77G FLOPs an image."""
    model = NFNet(
        (
            # block, stride, channels, layers
            (NfBottleneck, 1, 256, 1),
            (NfBottleneck, 2, 512, 2),
            (NfBottleneck, 2, 1536, 6),
            (NfBottleneck, 2, 1536, 3),
        ),
        num_classes=num_classes,
        in_channels=in_channels,
        dropout_rate=dropout_rate,
        drop_path_rate=drop_path_rate,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def nfnet_f1(
    num_classes: int = 1000,
    in_channels: int = 3,
    dropout_rate: float = 0.3,
    drop_path_rate: float = 0.25,
    features_only: bool = False,
) -> NFNet | FeatureMaps:
    """Input 3 x 320 x 320: 132.63M parameters, 35.54G MACs, 71.08G FLOPs an image."""
    model = NFNet(
        (
            # block, stride, channels, layers
            (NfBottleneck, 1, 256, 2),
            (NfBottleneck, 2, 512, 4),
            (NfBottleneck, 2, 1536, 12),
            (NfBottleneck, 2, 1536, 6),
        ),
        num_classes=num_classes,
        in_channels=in_channels,
        dropout_rate=dropout_rate,
        drop_path_rate=drop_path_rate,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def nfnet_f2(
    num_classes: int = 1000,
    in_channels: int = 3,
    dropout_rate: float = 0.4,
    drop_path_rate: float = 0.25,
    features_only: bool = False,
) -> NFNet | FeatureMaps:
    """Input 3 x 352 x 352: 193.78M parameters, 62.59G MACs, 125.19G FLOPs an image."""
    model = NFNet(
        (
            # block, stride, channels, layers
            (NfBottleneck, 1, 256, 3),
            (NfBottleneck, 2, 512, 6),
            (NfBottleneck, 2, 1536, 18),
            (NfBottleneck, 2, 1536, 9),
        ),
        num_classes=num_classes,
        in_channels=in_channels,
        dropout_rate=dropout_rate,
        drop_path_rate=drop_path_rate,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def nfnet_f3(
    num_classes: int = 1000,
    in_channels: int = 3,
    dropout_rate: float = 0.4,
    drop_path_rate: float = 0.25,
    features_only: bool = False,
) -> NFNet | FeatureMaps:
    """Input 3 x 416 x 416: 254.92M parameters, 114.76G MACs, 229.53G FLOPs an image."""
    model = NFNet(
        (
            # block, stride, channels, layers
            (NfBottleneck, 1, 256, 4),
            (NfBottleneck, 2, 512, 8),
            (NfBottleneck, 2, 1536, 24),
            (NfBottleneck, 2, 1536, 12),
        ),
        num_classes=num_classes,
        in_channels=in_channels,
        dropout_rate=dropout_rate,
        drop_path_rate=drop_path_rate,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def nfnet_f4(
    num_classes: int = 1000,
    in_channels: int = 3,
    dropout_rate: float = 0.5,
    drop_path_rate: float = 0.25,
    features_only: bool = False,
) -> NFNet | FeatureMaps:
    """Input 3 x 512 x 512: 316.07M parameters, 215.24G MACs, 430.48G FLOPs an image."""
    model = NFNet(
        (
            # block, stride, channels, layers
            (NfBottleneck, 1, 256, 5),
            (NfBottleneck, 2, 512, 10),
            (NfBottleneck, 2, 1536, 30),
            (NfBottleneck, 2, 1536, 15),
        ),
        num_classes=num_classes,
        in_channels=in_channels,
        dropout_rate=dropout_rate,
        drop_path_rate=drop_path_rate,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def nfnet_f5(
    num_classes: int = 1000,
    in_channels: int = 3,
    dropout_rate: float = 0.5,
    drop_path_rate: float = 0.25,
    features_only: bool = False,
) -> NFNet | FeatureMaps:
    """Input 3 x 544 x 544: 377.21M parameters, 289.76G MACs, 579.51G FLOPs an image."""
    model = NFNet(
        (
            # block, stride, channels, layers
            (NfBottleneck, 1, 256, 6),
            (NfBottleneck, 2, 512, 12),
            (NfBottleneck, 2, 1536, 36),
            (NfBottleneck, 2, 1536, 18),
        ),
        num_classes=num_classes,
        in_channels=in_channels,
        dropout_rate=dropout_rate,
        drop_path_rate=drop_path_rate,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def nfnet_f6(
    num_classes: int = 1000,
    in_channels: int = 3,
    dropout_rate: float = 0.5,
    drop_path_rate: float = 0.25,
    features_only: bool = False,
) -> NFNet | FeatureMaps:
    """Input 3 x 576 x 576: 438.36M parameters, 377.28G MACs, 754.56G FLOPs an image."""
    model = NFNet(
        (
            # block, stride, channels, layers
            (NfBottleneck, 1, 256, 7),
            (NfBottleneck, 2, 512, 14),
            (NfBottleneck, 2, 1536, 42),
            (NfBottleneck, 2, 1536, 21),
        ),
        num_classes=num_classes,
        in_channels=in_channels,
        dropout_rate=dropout_rate,
        drop_path_rate=drop_path_rate,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def nfnet_f7(
    num_classes: int = 1000,
    in_channels: int = 3,
    dropout_rate: float = 0.5,
    drop_path_rate: float = 0.25,
    features_only: bool = False,
) -> NFNet | FeatureMaps:
    """Input 3 x 608 x 608: 499.50M parameters, 478.78G MACs, 957.56G FLOPs an image."""
    model = NFNet(
        (
            # block, stride, channels, layers
            (NfBottleneck, 1, 256, 8),
            (NfBottleneck, 2, 512, 16),
            (NfBottleneck, 2, 1536, 48),
            (NfBottleneck, 2, 1536, 24),
        ),
        num_classes=num_classes,
        in_channels=in_channels,
        dropout_rate=dropout_rate,
        drop_path_rate=drop_path_rate,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model
