"""8 networks compiled by archdsl from tf_efficientnetv2.arch. Standalone: edit and ship it as it is."""

# sha256:edcba99a70f29dcb as emitted; once you edit this file, only `archdsl build --force` replaces it.
import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = [
    "tf_efficientnetv2_b0",
    "tf_efficientnetv2_b1",
    "tf_efficientnetv2_b2",
    "tf_efficientnetv2_b3",
    "tf_efficientnetv2_l",
    "tf_efficientnetv2_m",
    "tf_efficientnetv2_s",
    "tf_efficientnetv2_xl",
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


def compile(model: nn.Module, mode: str | None = None, dtype: torch.dtype | None = None) -> nn.Module:
    """Compiles a model in place by torch.compile, with what suits convolutional networks, and returns it.

    Weights become channels-last, which tensor cores want, and `dtype` if given (torch.bfloat16 for inference; leave it
    out to train under torch.autocast). `mode` is "max-autotune" for inference on a GPU unless given.
    """
    model.to(dtype=dtype, memory_format=torch.channels_last)  # type: ignore[call-overload]
    on_gpu = any(parameter.is_cuda for parameter in model.parameters())
    model.compile(mode=mode or ("max-autotune" if on_gpu and not model.training else "default"), fullgraph=True)
    return model


class DropPath(nn.Module):
    """Stochastic depth (Huang et al. 2016): while training, drops a residual branch whole, image by image."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        if not 0.0 <= rate < 1.0:
            raise ValueError(f"a drop path rate is at least 0 and less than 1, not {rate}")
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        if self.rate == 0.0 or not self.training:
            return x
        kept = x.new_empty(x.shape[0], 1, 1, 1).bernoulli_(1.0 - self.rate)
        return x * kept.div_(1.0 - self.rate)


def pad_same(
    x: Tensor, kernel: tuple[int, ...], stride: tuple[int, ...], dilation: int = 1, value: float = 0.0
) -> Tensor:
    """TensorFlow's SAME padding: enough for ceil(size / stride) outputs, the odd one at the bottom and right."""
    down = dilation * (kernel[0] - 1) - (x.shape[2] - 1) % stride[0]
    across = dilation * (kernel[1] - 1) - (x.shape[3] - 1) % stride[1]
    # At least 0, but not by `max`, of which tracing for ONNX would keep only the operand that it saw.
    down, across = (down + abs(down)) // 2, (across + abs(across)) // 2
    return functional.pad(x, (across // 2, across - across // 2, down // 2, down - down // 2), value=value)


class Conv2dSame(nn.Conv2d):
    """Convolution with SAME padding, whose zeros depend on the size of the input."""

    def forward(self, x: Tensor) -> Tensor:
        x = pad_same(x, self.kernel_size, self.stride, self.dilation[0])
        return functional.conv2d(x, self.weight, self.bias, self.stride, 0, self.dilation, self.groups)


class ConvNormAct(nn.Module):
    """Convolution, normalization and activation in the order most networks use."""

    def __init__(self, in_channels: int, channels: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.conv = Conv2dSame(in_channels, channels, kernel, stride=stride, bias=False)
        self.norm = nn.BatchNorm2d(channels, eps=0.001, momentum=0.01)
        self.act = nn.SiLU()

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.act(self.norm(self.conv(x)))
        return out


class FusedMbconv(nn.Module):
    """Fused mobile inverted bottleneck (Gupta & Akin 2020): one full convolution expands and filters."""

    def __init__(self, in_channels: int, channels: int, stride: int, expansion: int, drop_path: float) -> None:
        super().__init__()
        hidden = divisible(in_channels * expansion)
        self.main = pipeline(
            conv_norm_act=ConvNormAct(in_channels, hidden if expansion != 1 else channels, kernel=3, stride=stride),
            conv=nn.Conv2d(hidden, channels, 1, bias=False) if expansion != 1 else None,
            norm=nn.BatchNorm2d(channels, eps=0.001, momentum=0.01) if expansion != 1 else None,
        )
        self.residual = stride == 1 and in_channels == channels
        self.drop_path = DropPath(drop_path)

    def forward(self, x: Tensor) -> Tensor:
        main: Tensor = self.main(x)
        out: Tensor = x + self.drop_path(main) if self.residual else main
        return out


class SqueezeExcite(nn.Module):
    """Squeeze-and-excitation (Hu et al. 2018): channels reweighted by a two-layer bottleneck."""

    def __init__(self, in_channels: int, squeezed: int) -> None:
        super().__init__()
        self.weight = pipeline(
            global_avg_pool=nn.AdaptiveAvgPool2d(1),
            conv=nn.Conv2d(in_channels, squeezed, 1),
            inner=nn.SiLU(),
            conv_2=nn.Conv2d(squeezed, in_channels, 1),
            gate=nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        weight: Tensor = self.weight(x)
        out: Tensor = x * weight
        return out


class Mbconv(nn.Module):
    """Mobile inverted bottleneck (Sandler et al. 2018; Tan & Le 2019)."""

    def __init__(self, in_channels: int, channels: int, stride: int, expansion: int, drop_path: float) -> None:
        super().__init__()
        hidden = divisible(in_channels * expansion)
        self.main = pipeline(
            conv_norm_act=ConvNormAct(in_channels, hidden, kernel=1, stride=1),
            depthwise=Conv2dSame(hidden, hidden, 3, stride=stride, groups=hidden, bias=False),
            norm=nn.BatchNorm2d(hidden, eps=0.001, momentum=0.01),
            act=nn.SiLU(),
            squeeze_excite=SqueezeExcite(hidden, squeezed=int(in_channels * 0.25 + 0.5)),
            conv=nn.Conv2d(hidden, channels, 1, bias=False),
            norm_2=nn.BatchNorm2d(channels, eps=0.001, momentum=0.01),
        )
        self.residual = stride == 1 and in_channels == channels
        self.drop_path = DropPath(drop_path)

    def forward(self, x: Tensor) -> Tensor:
        main: Tensor = self.main(x)
        out: Tensor = x + self.drop_path(main) if self.residual else main
        return out


class TfEfficientnetv2(nn.Module):
    """The networks tf_efficientnetv2_b0 to tf_efficientnetv2_xl."""

    def __init__(
        self,
        stages: tuple[tuple[type[nn.Module], int, int, int, int], ...],
        stem_channels: int,
        head_channels: int,
        dropout_rate: float,
        num_classes: int = 1000,
        in_channels: int = 3,
        drop_path_rate: float = 0.2,
        features_only: bool = False,
    ) -> None:
        super().__init__()
        self.stem = ConvNormAct(in_channels, stem_channels, kernel=3, stride=2)
        width = stem_channels
        reduction = 2
        depth = sum(layers for *_, layers in stages)
        rates = iter([drop_path_rate * index / depth for index in range(depth)])
        self.stages = nn.Sequential()
        self.feature_info: list[dict[str, int | str]] = []
        self.feature_stages: list[int] = []
        for block, stride, expansion, channels, layers in stages:
            stage = nn.Sequential()
            for index in range(layers):
                stage.append(
                    block(
                        width, channels, stride=stride if index == 0 else 1, expansion=expansion, drop_path=next(rates)
                    )
                )
                width = channels
            self.stages.append(stage)
            reduction *= stride
            number = len(self.stages) - 1
            if self.feature_info and self.feature_info[-1]["reduction"] == reduction:
                self.feature_info.pop()
                self.feature_stages.pop()
            self.feature_info.append({"num_chs": width, "reduction": reduction, "module": f"stages.{number}"})
            self.feature_stages.append(number)
        self.head: nn.Module = ConvNormAct(width, head_channels, kernel=1, stride=1)
        self.pool: nn.Module = pipeline(
            global_avg_pool=nn.AdaptiveAvgPool2d(1),
            dropout=nn.Dropout(dropout_rate),
            flatten=nn.Flatten(1),
        )
        self.num_features = head_channels
        self.classifier = self._linear(num_classes)
        self.features_only = features_only
        if features_only:
            self.head = self.pool = self.classifier = nn.Identity()
        self.apply(initialize)

    def forward_features(self, x: Tensor) -> Tensor:
        """Images, B x 3 x H x W, to the last feature map."""
        features: Tensor = self.head(self.stages(self.stem(x)))
        return features

    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Tensor:
        """The last feature map to logits, or to the vector that the classifier reads."""
        x = self.pool(x)
        if not pre_logits:
            x = self.classifier(x)
        return x

    def reset_classifier(self, num_classes: int) -> None:
        """A fresh classifier for other classes; 0 leaves it out."""
        if self.features_only:
            raise RuntimeError("a model of features has no classifier")
        like = next(self.parameters(), torch.empty(0))
        self.classifier = self._linear(num_classes).to(like.device, like.dtype)
        self.classifier.apply(initialize)

    def _linear(self, num_classes: int) -> nn.Module:
        return nn.Linear(self.num_features, num_classes) if num_classes else nn.Identity()

    def forward_intermediates(self, x: Tensor) -> list[Tensor]:
        """The feature maps that `feature_info` lists, one for each reduction, largest first."""
        x = self.stem(x)
        features: list[Tensor] = []
        for index, stage in enumerate(self.stages):
            x = stage(x)
            if index in self.feature_stages:
                features.append(x)
        return features

    def forward(self, x: Tensor) -> Tensor | list[Tensor]:
        if self.features_only:
            return self.forward_intermediates(x)
        return self.forward_head(self.forward_features(x))


def tf_efficientnetv2_b0(
    num_classes: int = 1000, in_channels: int = 3, drop_path_rate: float = 0.2, features_only: bool = False
) -> TfEfficientnetv2:
    """EfficientNetV2-B0 to B3 with TensorFlow's padding.

    Input 3 x 224 x 224: 7.14M parameters, 718.09M MACs, 1.44G FLOPs an image.
    """
    return TfEfficientnetv2(
        (
            # block, stride, expansion, channels, layers
            (FusedMbconv, 1, 1, 16, 1),
            (FusedMbconv, 2, 4, 32, 2),
            (FusedMbconv, 2, 4, 48, 2),
            (Mbconv, 2, 4, 96, 3),
            (Mbconv, 1, 6, 112, 5),
            (Mbconv, 2, 6, 192, 8),
        ),
        stem_channels=32,
        head_channels=1280,
        dropout_rate=0.2,
        num_classes=num_classes,
        in_channels=in_channels,
        drop_path_rate=drop_path_rate,
        features_only=features_only,
    )


def tf_efficientnetv2_b1(
    num_classes: int = 1000, in_channels: int = 3, drop_path_rate: float = 0.2, features_only: bool = False
) -> TfEfficientnetv2:
    """EfficientNetV2-B0 to B3 with TensorFlow's padding.

    Input 3 x 240 x 240: 8.14M parameters, 1.20G MACs, 2.39G FLOPs an image.
    """
    return TfEfficientnetv2(
        (
            # block, stride, expansion, channels, layers
            (FusedMbconv, 1, 1, 16, 2),
            (FusedMbconv, 2, 4, 32, 3),
            (FusedMbconv, 2, 4, 48, 3),
            (Mbconv, 2, 4, 96, 4),
            (Mbconv, 1, 6, 112, 6),
            (Mbconv, 2, 6, 192, 9),
        ),
        stem_channels=32,
        head_channels=1280,
        dropout_rate=0.2,
        num_classes=num_classes,
        in_channels=in_channels,
        drop_path_rate=drop_path_rate,
        features_only=features_only,
    )


def tf_efficientnetv2_b2(
    num_classes: int = 1000, in_channels: int = 3, drop_path_rate: float = 0.2, features_only: bool = False
) -> TfEfficientnetv2:
    """EfficientNetV2-B0 to B3 with TensorFlow's padding.

    Input 3 x 260 x 260: 10.10M parameters, 1.70G MACs, 3.40G FLOPs an image.
    """
    return TfEfficientnetv2(
        (
            # block, stride, expansion, channels, layers
            (FusedMbconv, 1, 1, 16, 2),
            (FusedMbconv, 2, 4, 32, 3),
            (FusedMbconv, 2, 4, 56, 3),
            (Mbconv, 2, 4, 104, 4),
            (Mbconv, 1, 6, 120, 6),
            (Mbconv, 2, 6, 208, 10),
        ),
        stem_channels=32,
        head_channels=1408,
        dropout_rate=0.3,
        num_classes=num_classes,
        in_channels=in_channels,
        drop_path_rate=drop_path_rate,
        features_only=features_only,
    )


def tf_efficientnetv2_b3(
    num_classes: int = 1000, in_channels: int = 3, drop_path_rate: float = 0.2, features_only: bool = False
) -> TfEfficientnetv2:
    """EfficientNetV2-B0 to B3 with TensorFlow's padding.

    Input 3 x 300 x 300: 14.36M parameters, 3.01G MACs, 6.02G FLOPs an image.
    """
    return TfEfficientnetv2(
        (
            # block, stride, expansion, channels, layers
            (FusedMbconv, 1, 1, 16, 2),
            (FusedMbconv, 2, 4, 40, 3),
            (FusedMbconv, 2, 4, 56, 3),
            (Mbconv, 2, 4, 112, 5),
            (Mbconv, 1, 6, 136, 7),
            (Mbconv, 2, 6, 232, 12),
        ),
        stem_channels=40,
        head_channels=1536,
        dropout_rate=0.3,
        num_classes=num_classes,
        in_channels=in_channels,
        drop_path_rate=drop_path_rate,
        features_only=features_only,
    )


def tf_efficientnetv2_s(
    num_classes: int = 1000, in_channels: int = 3, drop_path_rate: float = 0.2, features_only: bool = False
) -> TfEfficientnetv2:
    """EfficientNetV2-S with TensorFlow's padding.

    Input 3 x 384 x 384: 21.46M parameters, 8.37G MACs, 16.73G FLOPs an image.
    """
    return TfEfficientnetv2(
        (
            # block, stride, expansion, channels, layers
            (FusedMbconv, 1, 1, 24, 2),
            (FusedMbconv, 2, 4, 48, 4),
            (FusedMbconv, 2, 4, 64, 4),
            (Mbconv, 2, 4, 128, 6),
            (Mbconv, 1, 6, 160, 9),
            (Mbconv, 2, 6, 256, 15),
        ),
        stem_channels=24,
        head_channels=1280,
        dropout_rate=0.2,
        num_classes=num_classes,
        in_channels=in_channels,
        drop_path_rate=drop_path_rate,
        features_only=features_only,
    )


def tf_efficientnetv2_m(
    num_classes: int = 1000, in_channels: int = 3, drop_path_rate: float = 0.2, features_only: bool = False
) -> TfEfficientnetv2:
    """EfficientNetV2-M with TensorFlow's padding.

    Input 3 x 480 x 480: 54.14M parameters, 24.58G MACs, 49.16G FLOPs an image.
    """
    return TfEfficientnetv2(
        (
            # block, stride, expansion, channels, layers
            (FusedMbconv, 1, 1, 24, 3),
            (FusedMbconv, 2, 4, 48, 5),
            (FusedMbconv, 2, 4, 80, 5),
            (Mbconv, 2, 4, 160, 7),
            (Mbconv, 1, 6, 176, 14),
            (Mbconv, 2, 6, 304, 18),
            (Mbconv, 1, 6, 512, 5),
        ),
        stem_channels=24,
        head_channels=1280,
        dropout_rate=0.3,
        num_classes=num_classes,
        in_channels=in_channels,
        drop_path_rate=drop_path_rate,
        features_only=features_only,
    )


def tf_efficientnetv2_l(
    num_classes: int = 1000, in_channels: int = 3, drop_path_rate: float = 0.2, features_only: bool = False
) -> TfEfficientnetv2:
    """EfficientNetV2-L with TensorFlow's padding.

    Input 3 x 480 x 480: 118.52M parameters, 56.08G MACs, 112.16G FLOPs an image.
    """
    return TfEfficientnetv2(
        (
            # block, stride, expansion, channels, layers
            (FusedMbconv, 1, 1, 32, 4),
            (FusedMbconv, 2, 4, 64, 7),
            (FusedMbconv, 2, 4, 96, 7),
            (Mbconv, 2, 4, 192, 10),
            (Mbconv, 1, 6, 224, 19),
            (Mbconv, 2, 6, 384, 25),
            (Mbconv, 1, 6, 640, 7),
        ),
        stem_channels=32,
        head_channels=1280,
        dropout_rate=0.4,
        num_classes=num_classes,
        in_channels=in_channels,
        drop_path_rate=drop_path_rate,
        features_only=features_only,
    )


def tf_efficientnetv2_xl(
    num_classes: int = 1000, in_channels: int = 3, drop_path_rate: float = 0.2, features_only: bool = False
) -> TfEfficientnetv2:
    """EfficientNetV2-XL with TensorFlow's padding.

    Input 3 x 512 x 512: 208.12M parameters, 93.35G MACs, 186.71G FLOPs an image.
    """
    return TfEfficientnetv2(
        (
            # block, stride, expansion, channels, layers
            (FusedMbconv, 1, 1, 32, 4),
            (FusedMbconv, 2, 4, 64, 8),
            (FusedMbconv, 2, 4, 96, 8),
            (Mbconv, 2, 4, 192, 16),
            (Mbconv, 1, 6, 256, 24),
            (Mbconv, 2, 6, 512, 32),
            (Mbconv, 1, 6, 640, 8),
        ),
        stem_channels=32,
        head_channels=1280,
        dropout_rate=0.4,
        num_classes=num_classes,
        in_channels=in_channels,
        drop_path_rate=drop_path_rate,
        features_only=features_only,
    )
