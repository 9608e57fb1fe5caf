"""efficientnetv2_s: compiled by archdsl from v2_s.arch. Standalone: edit and ship it as it is."""

# sha256:0f1640d458aaf784 as emitted; once you edit this file, only `archdsl build --force` replaces it.
import torch
from torch import Tensor, nn

__all__ = ["efficientnetv2_s"]


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


class ConvNormAct(nn.Module):
    """Convolution, normalization and activation in the order most networks use."""

    def __init__(self, in_channels: int, channels: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, channels, kernel, stride=stride, padding=(kernel - 1) // 2, bias=False)
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
            depthwise=nn.Conv2d(hidden, hidden, 3, stride=stride, padding=1, groups=hidden, bias=False),
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


class Efficientnetv2S(nn.Module):
    """EfficientNetV2-S (Tan & Le 2021, https://arxiv.org/abs/2104.00298, Table 4)."""

    def __init__(
        self,
        stages: tuple[tuple[type[nn.Module], int, int, int, int], ...],
        num_classes: int = 1000,
        in_channels: int = 3,
        drop_path_rate: float = 0.2,
        features_only: bool = False,
    ) -> None:
        super().__init__()
        self.stem = ConvNormAct(in_channels, 24, kernel=3, stride=2)
        width = 24
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
        self.head: nn.Module = ConvNormAct(width, 1280, kernel=1, stride=1)
        self.pool: nn.Module = pipeline(
            global_avg_pool=nn.AdaptiveAvgPool2d(1),
            dropout=nn.Dropout(0.2),
            flatten=nn.Flatten(1),
        )
        self.num_features = 1280
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


def efficientnetv2_s(
    num_classes: int = 1000, in_channels: int = 3, drop_path_rate: float = 0.2, features_only: bool = False
) -> Efficientnetv2S:
    """Input 3 x 384 x 384: 21.46M parameters, 8.37G MACs, 16.73G FLOPs an image."""
    return Efficientnetv2S(
        (
            # block, stride, expansion, channels, layers
            (FusedMbconv, 1, 1, 24, 2),
            (FusedMbconv, 2, 4, 48, 4),
            (FusedMbconv, 2, 4, 64, 4),
            (Mbconv, 2, 4, 128, 6),
            (Mbconv, 1, 6, 160, 9),
            (Mbconv, 2, 6, 256, 15),
        ),
        num_classes=num_classes,
        in_channels=in_channels,
        drop_path_rate=drop_path_rate,
        features_only=features_only,
    )
