"""12 networks compiled by archdsl from resnet.arch. Standalone: edit and ship it as it is."""

# sha256:c64e8f91a9ea92c6 as emitted; once you edit this file, only `archdsl build --force` replaces it.
# mypy: no-warn-return-any
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

__all__ = [
    "resnet_18",
    "resnet_34",
    "resnet_50",
    "resnet_101",
    "resnet_152",
    "resnet_d_18",
    "resnet_d_34",
    "resnet_d_50",
    "resnet_d_101",
    "resnet_d_152",
    "resnext50_32x4d",
    "seresnext50_32x4d",
]


def divisible(value: float, divisor: int = 8, limit: float = 0.9) -> int:
    """The nearest multiple of `divisor`, never below `limit` times the value."""
    rounded = max(divisor, int(value + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < limit * value else rounded


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


class ConvNormAct(nn.Module):
    """Convolution, normalization and activation in the order most networks use."""

    def __init__(self, in_channels: int, channels: int, kernel: int, stride: int, groups: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            in_channels, channels, kernel, stride=stride, padding=(kernel - 1) // 2, groups=groups, bias=False
        )
        self.norm = nn.BatchNorm2d(channels)
        self.act = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.norm(self.conv(x)))


class Shortcut(nn.Module):
    """The way around a residual unit: a projection where the shape changes, nothing where it does not."""

    def __init__(self, in_channels: int, channels: int, stride: int, d: bool) -> None:
        super().__init__()
        averaged = d and stride != 1
        self.has_projected = stride != 1 or in_channels != channels
        self.projected = (
            pipeline(
                avg_pool=AvgPool2dSame(2, 2) if averaged else None,
                conv=nn.Conv2d(in_channels, channels, 1, stride=1 if averaged else stride, bias=False),
                norm=nn.BatchNorm2d(channels),
            )
            if self.has_projected
            else nn.Identity()
        )

    def forward(self, x: Tensor) -> Tensor:
        projected = self.projected(x) if self.has_projected else x
        return projected if self.has_projected else x


class BasicBlock(nn.Module):
    """Two 3 x 3 convolutions (He et al. 2016, Fig. 5, left)."""

    def __init__(self, in_channels: int, channels: int, stride: int, d: bool, drop_path: float) -> None:
        super().__init__()
        self.main = pipeline(
            conv_norm_act=ConvNormAct(in_channels, channels, kernel=3, stride=stride, groups=1),
            conv=nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            norm=nn.BatchNorm2d(channels),
        )
        self.drop_path = DropPath(drop_path) if drop_path else nn.Identity()
        self.shortcut = Shortcut(in_channels, channels, stride=stride, d=d)
        self.act = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        main = self.main(x)
        return self.act(self.drop_path(main) + self.shortcut(x))


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


class Bottleneck(nn.Module):
    """1 x 1, 3 x 3, 1 x 1 (He et al. 2016, Fig. 5, right), with the stride on the 3 x 3 convolution."""

    def __init__(
        self,
        in_channels: int,
        channels: int,
        stride: int,
        groups: int,
        group_width: int,
        se: float,
        d: bool,
        drop_path: float,
    ) -> None:
        super().__init__()
        hidden = channels // 4 * group_width // 64 * groups
        self.main = pipeline(
            conv_norm_act=ConvNormAct(in_channels, hidden, kernel=1, stride=1, groups=1),
            conv_norm_act_2=ConvNormAct(hidden, hidden, kernel=3, stride=stride, groups=groups),
            conv=nn.Conv2d(hidden, channels, 1, bias=False),
            norm=nn.BatchNorm2d(channels),
            squeeze_excite=SqueezeExcite(channels, squeezed=divisible(channels * se, limit=0)) if se else None,
        )
        self.drop_path = DropPath(drop_path) if drop_path else nn.Identity()
        self.shortcut = Shortcut(in_channels, channels, stride=stride, d=d)
        self.act = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        main = self.main(x)
        return self.act(self.drop_path(main) + self.shortcut(x))


class ResNet(nn.Module):
    """The networks resnet_18 to seresnext50_32x4d."""

    def __init__(
        self,
        stages: tuple[tuple[type[nn.Module], int, bool, int, dict[str, float], int], ...],
        has_deep: bool,
        num_classes: int = 1000,
        in_channels: int = 3,
        drop_path_rate: float = 0.0,
    ) -> None:
        super().__init__()
        self.stem = pipeline(
            deep=(
                pipeline(
                    conv_norm_act=ConvNormAct(in_channels, 32, kernel=3, stride=2, groups=1),
                    conv_norm_act_2=ConvNormAct(32, 32, kernel=3, stride=1, groups=1),
                    conv_norm_act_3=ConvNormAct(32, 64, kernel=3, stride=1, groups=1),
                )
                if has_deep
                else ConvNormAct(in_channels, 64, kernel=7, stride=2, groups=1)
            ),
            max_pool=nn.MaxPool2d(3, 2, padding=1),
        )
        width = 64
        widths = []
        depth = sum(layers for *_, layers in stages)
        rates = iter([drop_path_rate * index / depth for index in range(depth)])
        self.stages = nn.Sequential()
        for block, stride, d, channels, arguments, layers in stages:
            stage = Stage()
            for _ in range(layers):
                stage.append(block(width, channels, stride=stride, d=d, **arguments, drop_path=next(rates)))
                width, stride = channels, 1
            self.stages.append(stage)
            widths.append(width)
        self.feature_info: list[dict[str, int | str]] = [
            {"num_chs": 64, "reduction": 2, "module": "stem.deep"},
            {"num_chs": widths[0], "reduction": 4, "module": "stages.0"},
            {"num_chs": widths[1], "reduction": 8, "module": "stages.1"},
            {"num_chs": widths[2], "reduction": 16, "module": "stages.2"},
            {"num_chs": widths[3], "reduction": 32, "module": "stages.3"},
        ]
        self.pool = pipeline(
            global_avg_pool=nn.AdaptiveAvgPool2d(1),
            flatten=nn.Flatten(1),
        )
        self.num_features = width
        self.classifier = nn.Linear(self.num_features, num_classes) if num_classes else nn.Identity()
        self.apply(initialize)

    def forward_features(self, x: Tensor) -> Tensor:
        """Images, B x 3 x H x W, to the last feature map."""
        return self.stages(self.stem(x))

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


def resnet_18(
    num_classes: int = 1000, in_channels: int = 3, drop_path_rate: float = 0.0, features_only: bool = False
) -> ResNet | FeatureMaps:
    """ResNet (He et al. 2016, https://arxiv.org/abs/1512.03385, Table 1).

    Input 3 x 224 x 224: 11.69M parameters, 1.81G MACs, 3.63G FLOPs an image.
    """
    model = ResNet(
        (
            # block, stride, d, channels, arguments, layers
            (BasicBlock, 1, False, 64, {}, 2),
            (BasicBlock, 2, False, 128, {}, 2),
            (BasicBlock, 2, False, 256, {}, 2),
            (BasicBlock, 2, False, 512, {}, 2),
        ),
        has_deep=False,
        num_classes=num_classes,
        in_channels=in_channels,
        drop_path_rate=drop_path_rate,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def resnet_34(
    num_classes: int = 1000, in_channels: int = 3, drop_path_rate: float = 0.0, features_only: bool = False
) -> ResNet | FeatureMaps:
    """ResNet (He et al. 2016, https://arxiv.org/abs/1512.03385, Table 1).

    Input 3 x 224 x 224: 21.80M parameters, 3.66G MACs, 7.33G FLOPs an image.
    """
    model = ResNet(
        (
            # block, stride, d, channels, arguments, layers
            (BasicBlock, 1, False, 64, {}, 3),
            (BasicBlock, 2, False, 128, {}, 4),
            (BasicBlock, 2, False, 256, {}, 6),
            (BasicBlock, 2, False, 512, {}, 3),
        ),
        has_deep=False,
        num_classes=num_classes,
        in_channels=in_channels,
        drop_path_rate=drop_path_rate,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def resnet_50(
    num_classes: int = 1000, in_channels: int = 3, drop_path_rate: float = 0.0, features_only: bool = False
) -> ResNet | FeatureMaps:
    """ResNet (He et al. 2016, https://arxiv.org/abs/1512.03385, Table 1).

    Input 3 x 224 x 224: 25.56M parameters, 4.09G MACs, 8.18G FLOPs an image.
    """
    model = ResNet(
        (
            # block, stride, d, channels, arguments, layers
            (Bottleneck, 1, False, 256, {"groups": 1, "group_width": 64, "se": 0}, 3),
            (Bottleneck, 2, False, 512, {"groups": 1, "group_width": 64, "se": 0}, 4),
            (Bottleneck, 2, False, 1024, {"groups": 1, "group_width": 64, "se": 0}, 6),
            (Bottleneck, 2, False, 2048, {"groups": 1, "group_width": 64, "se": 0}, 3),
        ),
        has_deep=False,
        num_classes=num_classes,
        in_channels=in_channels,
        drop_path_rate=drop_path_rate,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def resnet_101(
    num_classes: int = 1000, in_channels: int = 3, drop_path_rate: float = 0.0, features_only: bool = False
) -> ResNet | FeatureMaps:
    """ResNet (He et al. 2016, https://arxiv.org/abs/1512.03385, Table 1).

    Input 3 x 224 x 224: 44.55M parameters, 7.80G MACs, 15.60G FLOPs an image.
    """
    model = ResNet(
        (
            # block, stride, d, channels, arguments, layers
            (Bottleneck, 1, False, 256, {"groups": 1, "group_width": 64, "se": 0}, 3),
            (Bottleneck, 2, False, 512, {"groups": 1, "group_width": 64, "se": 0}, 4),
            (Bottleneck, 2, False, 1024, {"groups": 1, "group_width": 64, "se": 0}, 23),
            (Bottleneck, 2, False, 2048, {"groups": 1, "group_width": 64, "se": 0}, 3),
        ),
        has_deep=False,
        num_classes=num_classes,
        in_channels=in_channels,
        drop_path_rate=drop_path_rate,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def resnet_152(
    num_classes: int = 1000, in_channels: int = 3, drop_path_rate: float = 0.0, features_only: bool = False
) -> ResNet | FeatureMaps:
    """ResNet (He et al. 2016, https://arxiv.org/abs/1512.03385, Table 1).

    Input 3 x 224 x 224: 60.19M parameters, 11.51G MACs, 23.03G FLOPs an image.
    """
    model = ResNet(
        (
            # block, stride, d, channels, arguments, layers
            (Bottleneck, 1, False, 256, {"groups": 1, "group_width": 64, "se": 0}, 3),
            (Bottleneck, 2, False, 512, {"groups": 1, "group_width": 64, "se": 0}, 8),
            (Bottleneck, 2, False, 1024, {"groups": 1, "group_width": 64, "se": 0}, 36),
            (Bottleneck, 2, False, 2048, {"groups": 1, "group_width": 64, "se": 0}, 3),
        ),
        has_deep=False,
        num_classes=num_classes,
        in_channels=in_channels,
        drop_path_rate=drop_path_rate,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def resnet_d_18(
    num_classes: int = 1000, in_channels: int = 3, drop_path_rate: float = 0.0, features_only: bool = False
) -> ResNet | FeatureMaps:
    """ResNet-D (He et al. 2019, https://arxiv.org/abs/1812.01187).

    Input 3 x 224 x 224: 11.71M parameters, 2.05G MACs, 4.11G FLOPs an image.
    """
    model = ResNet(
        (
            # block, stride, d, channels, arguments, layers
            (BasicBlock, 1, True, 64, {}, 2),
            (BasicBlock, 2, True, 128, {}, 2),
            (BasicBlock, 2, True, 256, {}, 2),
            (BasicBlock, 2, True, 512, {}, 2),
        ),
        has_deep=True,
        num_classes=num_classes,
        in_channels=in_channels,
        drop_path_rate=drop_path_rate,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def resnet_d_34(
    num_classes: int = 1000, in_channels: int = 3, drop_path_rate: float = 0.0, features_only: bool = False
) -> ResNet | FeatureMaps:
    """ResNet-D (He et al. 2019, https://arxiv.org/abs/1812.01187).

    Input 3 x 224 x 224: 21.82M parameters, 3.90G MACs, 7.81G FLOPs an image.
    """
    model = ResNet(
        (
            # block, stride, d, channels, arguments, layers
            (BasicBlock, 1, True, 64, {}, 3),
            (BasicBlock, 2, True, 128, {}, 4),
            (BasicBlock, 2, True, 256, {}, 6),
            (BasicBlock, 2, True, 512, {}, 3),
        ),
        has_deep=True,
        num_classes=num_classes,
        in_channels=in_channels,
        drop_path_rate=drop_path_rate,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def resnet_d_50(
    num_classes: int = 1000, in_channels: int = 3, drop_path_rate: float = 0.0, features_only: bool = False
) -> ResNet | FeatureMaps:
    """ResNet-D (He et al. 2019, https://arxiv.org/abs/1812.01187).

    Input 3 x 224 x 224: 25.58M parameters, 4.33G MACs, 8.66G FLOPs an image.
    """
    model = ResNet(
        (
            # block, stride, d, channels, arguments, layers
            (Bottleneck, 1, True, 256, {"groups": 1, "group_width": 64, "se": 0}, 3),
            (Bottleneck, 2, True, 512, {"groups": 1, "group_width": 64, "se": 0}, 4),
            (Bottleneck, 2, True, 1024, {"groups": 1, "group_width": 64, "se": 0}, 6),
            (Bottleneck, 2, True, 2048, {"groups": 1, "group_width": 64, "se": 0}, 3),
        ),
        has_deep=True,
        num_classes=num_classes,
        in_channels=in_channels,
        drop_path_rate=drop_path_rate,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def resnet_d_101(
    num_classes: int = 1000, in_channels: int = 3, drop_path_rate: float = 0.0, features_only: bool = False
) -> ResNet | FeatureMaps:
    """ResNet-D (He et al. 2019, https://arxiv.org/abs/1812.01187).

    Input 3 x 224 x 224: 44.57M parameters, 8.04G MACs, 16.08G FLOPs an image.
    """
    model = ResNet(
        (
            # block, stride, d, channels, arguments, layers
            (Bottleneck, 1, True, 256, {"groups": 1, "group_width": 64, "se": 0}, 3),
            (Bottleneck, 2, True, 512, {"groups": 1, "group_width": 64, "se": 0}, 4),
            (Bottleneck, 2, True, 1024, {"groups": 1, "group_width": 64, "se": 0}, 23),
            (Bottleneck, 2, True, 2048, {"groups": 1, "group_width": 64, "se": 0}, 3),
        ),
        has_deep=True,
        num_classes=num_classes,
        in_channels=in_channels,
        drop_path_rate=drop_path_rate,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def resnet_d_152(
    num_classes: int = 1000, in_channels: int = 3, drop_path_rate: float = 0.0, features_only: bool = False
) -> ResNet | FeatureMaps:
    """ResNet-D (He et al. 2019, https://arxiv.org/abs/1812.01187).

    Input 3 x 224 x 224: 60.21M parameters, 11.75G MACs, 23.51G FLOPs an image.
    """
    model = ResNet(
        (
            # block, stride, d, channels, arguments, layers
            (Bottleneck, 1, True, 256, {"groups": 1, "group_width": 64, "se": 0}, 3),
            (Bottleneck, 2, True, 512, {"groups": 1, "group_width": 64, "se": 0}, 8),
            (Bottleneck, 2, True, 1024, {"groups": 1, "group_width": 64, "se": 0}, 36),
            (Bottleneck, 2, True, 2048, {"groups": 1, "group_width": 64, "se": 0}, 3),
        ),
        has_deep=True,
        num_classes=num_classes,
        in_channels=in_channels,
        drop_path_rate=drop_path_rate,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def resnext50_32x4d(
    num_classes: int = 1000, in_channels: int = 3, drop_path_rate: float = 0.0, features_only: bool = False
) -> ResNet | FeatureMaps:
    """ResNeXt (Xie et al. 2017, https://arxiv.org/abs/1611.05431): 32 groups of 4 channels.

    Input 3 x 224 x 224: 25.03M parameters, 4.23G MACs, 8.46G FLOPs an image.
    """
    model = ResNet(
        (
            # block, stride, d, channels, arguments, layers
            (Bottleneck, 1, False, 256, {"groups": 32, "group_width": 4, "se": 0}, 3),
            (Bottleneck, 2, False, 512, {"groups": 32, "group_width": 4, "se": 0}, 4),
            (Bottleneck, 2, False, 1024, {"groups": 32, "group_width": 4, "se": 0}, 6),
            (Bottleneck, 2, False, 2048, {"groups": 32, "group_width": 4, "se": 0}, 3),
        ),
        has_deep=False,
        num_classes=num_classes,
        in_channels=in_channels,
        drop_path_rate=drop_path_rate,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def seresnext50_32x4d(
    num_classes: int = 1000, in_channels: int = 3, drop_path_rate: float = 0.0, features_only: bool = False
) -> ResNet | FeatureMaps:
    """SE-ResNeXt (Hu et al. 2018, https://arxiv.org/abs/1709.01507).

    Input 3 x 224 x 224: 27.56M parameters, 4.23G MACs, 8.47G FLOPs an image.
    """
    model = ResNet(
        (
            # block, stride, d, channels, arguments, layers
            (Bottleneck, 1, False, 256, {"groups": 32, "group_width": 4, "se": 0.0625}, 3),
            (Bottleneck, 2, False, 512, {"groups": 32, "group_width": 4, "se": 0.0625}, 4),
            (Bottleneck, 2, False, 1024, {"groups": 32, "group_width": 4, "se": 0.0625}, 6),
            (Bottleneck, 2, False, 2048, {"groups": 32, "group_width": 4, "se": 0.0625}, 3),
        ),
        has_deep=False,
        num_classes=num_classes,
        in_channels=in_channels,
        drop_path_rate=drop_path_rate,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model
