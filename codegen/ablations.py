"""11 networks compiled by archdsl from ablations.arch. Standalone: edit and ship it as it is."""

# sha256:943314bdac324007 as emitted; once you edit this file, only `archdsl build --force` replaces it.
import torch
from torch import Tensor, nn

__all__ = [
    "b0_kernel_3",
    "b0_kernel_5",
    "b0_without_se",
    "b4_fused_1_3",
    "b4_fused_1_5",
    "b4_fused_1_7",
    "v2_s_down_b0",
    "v2_s_down_b1",
    "v2_s_down_b3",
    "v2_s_kernel_5",
    "v2_s_without_se",
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


class ConvNormAct(nn.Module):
    """Convolution, normalization and activation in the order most networks use."""

    def __init__(
        self, in_channels: int, channels: int, kernel: int, stride: int, norm_eps: float, norm_momentum: float
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, channels, kernel, stride=stride, padding=(kernel - 1) // 2, bias=False)
        self.norm = nn.BatchNorm2d(channels, eps=norm_eps, momentum=norm_momentum)
        self.act = nn.SiLU()

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.act(self.norm(self.conv(x)))
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


class FusedMbconv(nn.Module):
    """Fused mobile inverted bottleneck (Gupta & Akin 2020): one full convolution expands and filters."""

    def __init__(
        self,
        in_channels: int,
        channels: int,
        kernel: int,
        stride: int,
        expansion: int,
        se: float,
        conv_norm_act_norm_eps: float,
        conv_norm_act_norm_momentum: float,
        drop_path: float,
    ) -> None:
        super().__init__()
        hidden = divisible(in_channels * expansion)
        self.main = pipeline(
            conv_norm_act=ConvNormAct(
                in_channels,
                hidden if expansion != 1 else channels,
                kernel=kernel,
                stride=stride,
                norm_eps=conv_norm_act_norm_eps,
                norm_momentum=conv_norm_act_norm_momentum,
            ),
            squeeze_excite=(
                SqueezeExcite(hidden if expansion != 1 else channels, squeezed=int(in_channels * se + 0.5))
                if se
                else None
            ),
            conv=nn.Conv2d(hidden, channels, 1, bias=False) if expansion != 1 else None,
            norm=(
                nn.BatchNorm2d(channels, eps=conv_norm_act_norm_eps, momentum=conv_norm_act_norm_momentum)
                if expansion != 1
                else None
            ),
        )
        self.residual = stride == 1 and in_channels == channels
        self.drop_path = DropPath(drop_path)

    def forward(self, x: Tensor) -> Tensor:
        main: Tensor = self.main(x)
        out: Tensor = x + self.drop_path(main) if self.residual else main
        return out


class Mbconv(nn.Module):
    """Mobile inverted bottleneck (Sandler et al. 2018; Tan & Le 2019)."""

    def __init__(
        self,
        in_channels: int,
        channels: int,
        kernel: int,
        stride: int,
        expansion: int,
        se: float,
        conv_norm_act_norm_eps: float,
        conv_norm_act_norm_momentum: float,
        drop_path: float,
    ) -> None:
        super().__init__()
        hidden = divisible(in_channels * expansion)
        self.main = pipeline(
            conv_norm_act=(
                ConvNormAct(
                    in_channels,
                    hidden,
                    kernel=1,
                    stride=1,
                    norm_eps=conv_norm_act_norm_eps,
                    norm_momentum=conv_norm_act_norm_momentum,
                )
                if expansion != 1
                else None
            ),
            depthwise=nn.Conv2d(
                hidden, hidden, kernel, stride=stride, padding=(kernel - 1) // 2, groups=hidden, bias=False
            ),
            norm=nn.BatchNorm2d(hidden, eps=conv_norm_act_norm_eps, momentum=conv_norm_act_norm_momentum),
            act=nn.SiLU(),
            squeeze_excite=SqueezeExcite(hidden, squeezed=int(in_channels * se + 0.5)) if se else None,
            conv=nn.Conv2d(hidden, channels, 1, bias=False),
            norm_2=nn.BatchNorm2d(channels, eps=conv_norm_act_norm_eps, momentum=conv_norm_act_norm_momentum),
        )
        self.residual = stride == 1 and in_channels == channels
        self.drop_path = DropPath(drop_path)

    def forward(self, x: Tensor) -> Tensor:
        main: Tensor = self.main(x)
        out: Tensor = x + self.drop_path(main) if self.residual else main
        return out


class B4Fused1(nn.Module):
    """The networks b4_fused_1_3, b4_fused_1_5 and b4_fused_1_7."""

    def __init__(
        self,
        stages: tuple[tuple[type[nn.Module], int, int, int, float, float, float, int, int], ...],
        num_classes: int = 1000,
        in_channels: int = 3,
        drop_path_rate: float = 0.2,
        features_only: bool = False,
    ) -> None:
        super().__init__()
        self.stem = ConvNormAct(in_channels, 48, kernel=3, stride=2, norm_eps=1e-05, norm_momentum=0.1)
        width = 48
        reduction = 2
        depth = sum(layers for *_, layers in stages)
        rates = iter([drop_path_rate * index / depth for index in range(depth)])
        self.stages = nn.Sequential()
        self.feature_info: list[dict[str, int | str]] = []
        self.feature_stages: list[int] = []
        for (
            block,
            kernel,
            stride,
            expansion,
            se,
            conv_norm_act_norm_eps,
            conv_norm_act_norm_momentum,
            channels,
            layers,
        ) in stages:
            stage = nn.Sequential()
            for index in range(layers):
                stage.append(
                    block(
                        width,
                        channels,
                        kernel=kernel,
                        stride=stride if index == 0 else 1,
                        expansion=expansion,
                        se=se,
                        conv_norm_act_norm_eps=conv_norm_act_norm_eps,
                        conv_norm_act_norm_momentum=conv_norm_act_norm_momentum,
                        drop_path=next(rates),
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
        self.head: nn.Module = ConvNormAct(width, 1792, kernel=1, stride=1, norm_eps=1e-05, norm_momentum=0.1)
        self.pool: nn.Module = pipeline(
            global_avg_pool=nn.AdaptiveAvgPool2d(1),
            dropout=nn.Dropout(0.4),
            flatten=nn.Flatten(1),
        )
        self.num_features = 1792
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


class V2SDown(nn.Module):
    """EfficientNetV2-S scaled down to the sizes of EfficientNet-B0, B1 and B3 (Tan & Le 2021, Section 5.4)."""

    def __init__(
        self,
        stages: tuple[tuple[type[nn.Module], int, int, int, float, float, float, int, int], ...],
        stem_channels: int,
        head_channels: int,
        num_classes: int = 1000,
        in_channels: int = 3,
        drop_path_rate: float = 0.2,
        features_only: bool = False,
    ) -> None:
        super().__init__()
        self.stem = ConvNormAct(in_channels, stem_channels, kernel=3, stride=2, norm_eps=0.001, norm_momentum=0.01)
        width = stem_channels
        reduction = 2
        depth = sum(layers for *_, layers in stages)
        rates = iter([drop_path_rate * index / depth for index in range(depth)])
        self.stages = nn.Sequential()
        self.feature_info: list[dict[str, int | str]] = []
        self.feature_stages: list[int] = []
        for (
            block,
            kernel,
            stride,
            expansion,
            se,
            conv_norm_act_norm_eps,
            conv_norm_act_norm_momentum,
            channels,
            layers,
        ) in stages:
            stage = nn.Sequential()
            for index in range(layers):
                stage.append(
                    block(
                        width,
                        channels,
                        kernel=kernel,
                        stride=stride if index == 0 else 1,
                        expansion=expansion,
                        se=se,
                        conv_norm_act_norm_eps=conv_norm_act_norm_eps,
                        conv_norm_act_norm_momentum=conv_norm_act_norm_momentum,
                        drop_path=next(rates),
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
        self.head: nn.Module = ConvNormAct(width, head_channels, kernel=1, stride=1, norm_eps=0.001, norm_momentum=0.01)
        self.pool: nn.Module = pipeline(
            global_avg_pool=nn.AdaptiveAvgPool2d(1),
            dropout=nn.Dropout(0.2),
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


class B0WithoutSe(nn.Module):
    """EfficientNet-B0 without squeeze-and-excitation."""

    def __init__(
        self,
        stages: tuple[tuple[type[nn.Module], int, int, int, int, float, float, int, int], ...],
        num_classes: int = 1000,
        in_channels: int = 3,
        drop_path_rate: float = 0.2,
        features_only: bool = False,
    ) -> None:
        super().__init__()
        self.stem = ConvNormAct(in_channels, 32, kernel=3, stride=2, norm_eps=1e-05, norm_momentum=0.1)
        width = 32
        reduction = 2
        depth = sum(layers for *_, layers in stages)
        rates = iter([drop_path_rate * index / depth for index in range(depth)])
        self.stages = nn.Sequential()
        self.feature_info: list[dict[str, int | str]] = []
        self.feature_stages: list[int] = []
        for (
            block,
            kernel,
            stride,
            expansion,
            se,
            conv_norm_act_norm_eps,
            conv_norm_act_norm_momentum,
            channels,
            layers,
        ) in stages:
            stage = nn.Sequential()
            for index in range(layers):
                stage.append(
                    block(
                        width,
                        channels,
                        kernel=kernel,
                        stride=stride if index == 0 else 1,
                        expansion=expansion,
                        se=se,
                        conv_norm_act_norm_eps=conv_norm_act_norm_eps,
                        conv_norm_act_norm_momentum=conv_norm_act_norm_momentum,
                        drop_path=next(rates),
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
        self.head: nn.Module = ConvNormAct(width, 1280, kernel=1, stride=1, norm_eps=1e-05, norm_momentum=0.1)
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


class B0Kernel(nn.Module):
    """The networks b0_kernel_3 and b0_kernel_5."""

    def __init__(
        self,
        stages: tuple[tuple[type[nn.Module], int, int, int, float, float, float, int, int], ...],
        num_classes: int = 1000,
        in_channels: int = 3,
        drop_path_rate: float = 0.2,
        features_only: bool = False,
    ) -> None:
        super().__init__()
        self.stem = ConvNormAct(in_channels, 32, kernel=3, stride=2, norm_eps=1e-05, norm_momentum=0.1)
        width = 32
        reduction = 2
        depth = sum(layers for *_, layers in stages)
        rates = iter([drop_path_rate * index / depth for index in range(depth)])
        self.stages = nn.Sequential()
        self.feature_info: list[dict[str, int | str]] = []
        self.feature_stages: list[int] = []
        for (
            block,
            kernel,
            stride,
            expansion,
            se,
            conv_norm_act_norm_eps,
            conv_norm_act_norm_momentum,
            channels,
            layers,
        ) in stages:
            stage = nn.Sequential()
            for index in range(layers):
                stage.append(
                    block(
                        width,
                        channels,
                        kernel=kernel,
                        stride=stride if index == 0 else 1,
                        expansion=expansion,
                        se=se,
                        conv_norm_act_norm_eps=conv_norm_act_norm_eps,
                        conv_norm_act_norm_momentum=conv_norm_act_norm_momentum,
                        drop_path=next(rates),
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
        self.head: nn.Module = ConvNormAct(width, 1280, kernel=1, stride=1, norm_eps=1e-05, norm_momentum=0.1)
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


class V2SWithoutSe(nn.Module):
    """EfficientNetV2-S without squeeze-and-excitation."""

    def __init__(
        self,
        stages: tuple[tuple[type[nn.Module], int, int, int, int, float, float, int, int], ...],
        num_classes: int = 1000,
        in_channels: int = 3,
        drop_path_rate: float = 0.2,
        features_only: bool = False,
    ) -> None:
        super().__init__()
        self.stem = ConvNormAct(in_channels, 24, kernel=3, stride=2, norm_eps=0.001, norm_momentum=0.01)
        width = 24
        reduction = 2
        depth = sum(layers for *_, layers in stages)
        rates = iter([drop_path_rate * index / depth for index in range(depth)])
        self.stages = nn.Sequential()
        self.feature_info: list[dict[str, int | str]] = []
        self.feature_stages: list[int] = []
        for (
            block,
            kernel,
            stride,
            expansion,
            se,
            conv_norm_act_norm_eps,
            conv_norm_act_norm_momentum,
            channels,
            layers,
        ) in stages:
            stage = nn.Sequential()
            for index in range(layers):
                stage.append(
                    block(
                        width,
                        channels,
                        kernel=kernel,
                        stride=stride if index == 0 else 1,
                        expansion=expansion,
                        se=se,
                        conv_norm_act_norm_eps=conv_norm_act_norm_eps,
                        conv_norm_act_norm_momentum=conv_norm_act_norm_momentum,
                        drop_path=next(rates),
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
        self.head: nn.Module = ConvNormAct(width, 1280, kernel=1, stride=1, norm_eps=0.001, norm_momentum=0.01)
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


class V2SKernel5(nn.Module):
    """EfficientNetV2-S with 5 x 5 kernels in its depthwise convolutions."""

    def __init__(
        self,
        stages: tuple[tuple[type[nn.Module], int, int, int, float, float, float, int, int], ...],
        num_classes: int = 1000,
        in_channels: int = 3,
        drop_path_rate: float = 0.2,
        features_only: bool = False,
    ) -> None:
        super().__init__()
        self.stem = ConvNormAct(in_channels, 24, kernel=3, stride=2, norm_eps=0.001, norm_momentum=0.01)
        width = 24
        reduction = 2
        depth = sum(layers for *_, layers in stages)
        rates = iter([drop_path_rate * index / depth for index in range(depth)])
        self.stages = nn.Sequential()
        self.feature_info: list[dict[str, int | str]] = []
        self.feature_stages: list[int] = []
        for (
            block,
            kernel,
            stride,
            expansion,
            se,
            conv_norm_act_norm_eps,
            conv_norm_act_norm_momentum,
            channels,
            layers,
        ) in stages:
            stage = nn.Sequential()
            for index in range(layers):
                stage.append(
                    block(
                        width,
                        channels,
                        kernel=kernel,
                        stride=stride if index == 0 else 1,
                        expansion=expansion,
                        se=se,
                        conv_norm_act_norm_eps=conv_norm_act_norm_eps,
                        conv_norm_act_norm_momentum=conv_norm_act_norm_momentum,
                        drop_path=next(rates),
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
        self.head: nn.Module = ConvNormAct(width, 1280, kernel=1, stride=1, norm_eps=0.001, norm_momentum=0.01)
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


def b4_fused_1_3(
    num_classes: int = 1000, in_channels: int = 3, drop_path_rate: float = 0.2, features_only: bool = False
) -> B4Fused1:
    """EfficientNet-B4 with Fused-MBConv in stages 1 to 3.

    Input 3 x 380 x 380: 19.99M parameters, 7.34G MACs, 14.68G FLOPs an image.
    """
    return B4Fused1(
        (
            # block, kernel, stride, expansion, se, conv_norm_act_norm_eps, conv_norm_act_norm_momentum, channels,
            # layers
            (FusedMbconv, 3, 1, 1, 0.25, 1e-05, 0.1, 24, 2),
            (FusedMbconv, 3, 2, 6, 0.25, 1e-05, 0.1, 32, 4),
            (FusedMbconv, 3, 2, 6, 0.25, 1e-05, 0.1, 56, 4),
            (Mbconv, 3, 2, 6, 0.25, 1e-05, 0.1, 112, 6),
            (Mbconv, 5, 1, 6, 0.25, 1e-05, 0.1, 160, 6),
            (Mbconv, 5, 2, 6, 0.25, 1e-05, 0.1, 272, 8),
            (Mbconv, 3, 1, 6, 0.25, 1e-05, 0.1, 448, 2),
        ),
        num_classes=num_classes,
        in_channels=in_channels,
        drop_path_rate=drop_path_rate,
        features_only=features_only,
    )


def b4_fused_1_5(
    num_classes: int = 1000, in_channels: int = 3, drop_path_rate: float = 0.2, features_only: bool = False
) -> B4Fused1:
    """EfficientNet-B4 with Fused-MBConv in stages 1 to 5.

    Input 3 x 380 x 380: 43.20M parameters, 20.69G MACs, 41.38G FLOPs an image.
    """
    return B4Fused1(
        (
            # block, kernel, stride, expansion, se, conv_norm_act_norm_eps, conv_norm_act_norm_momentum, channels,
            # layers
            (FusedMbconv, 3, 1, 1, 0.25, 1e-05, 0.1, 24, 2),
            (FusedMbconv, 3, 2, 6, 0.25, 1e-05, 0.1, 32, 4),
            (FusedMbconv, 3, 2, 6, 0.25, 1e-05, 0.1, 56, 4),
            (FusedMbconv, 3, 2, 6, 0.25, 1e-05, 0.1, 112, 6),
            (FusedMbconv, 5, 1, 6, 0.25, 1e-05, 0.1, 160, 6),
            (Mbconv, 5, 2, 6, 0.25, 1e-05, 0.1, 272, 8),
            (Mbconv, 3, 1, 6, 0.25, 1e-05, 0.1, 448, 2),
        ),
        num_classes=num_classes,
        in_channels=in_channels,
        drop_path_rate=drop_path_rate,
        features_only=features_only,
    )


def b4_fused_1_7(
    num_classes: int = 1000, in_channels: int = 3, drop_path_rate: float = 0.2, features_only: bool = False
) -> B4Fused1:
    """EfficientNet-B4 with Fused-MBConv in all stages.

    Input 3 x 380 x 380: 134.27M parameters, 33.74G MACs, 67.48G FLOPs an image.
    """
    return B4Fused1(
        (
            # block, kernel, stride, expansion, se, conv_norm_act_norm_eps, conv_norm_act_norm_momentum, channels,
            # layers
            (FusedMbconv, 3, 1, 1, 0.25, 1e-05, 0.1, 24, 2),
            (FusedMbconv, 3, 2, 6, 0.25, 1e-05, 0.1, 32, 4),
            (FusedMbconv, 3, 2, 6, 0.25, 1e-05, 0.1, 56, 4),
            (FusedMbconv, 3, 2, 6, 0.25, 1e-05, 0.1, 112, 6),
            (FusedMbconv, 5, 1, 6, 0.25, 1e-05, 0.1, 160, 6),
            (FusedMbconv, 5, 2, 6, 0.25, 1e-05, 0.1, 272, 8),
            (FusedMbconv, 3, 1, 6, 0.25, 1e-05, 0.1, 448, 2),
        ),
        num_classes=num_classes,
        in_channels=in_channels,
        drop_path_rate=drop_path_rate,
        features_only=features_only,
    )


def v2_s_down_b0(
    num_classes: int = 1000, in_channels: int = 3, drop_path_rate: float = 0.2, features_only: bool = False
) -> V2SDown:
    """Input 3 x 224 x 224: 6.75M parameters, 662.50M MACs, 1.32G FLOPs an image."""
    return V2SDown(
        (
            # block, kernel, stride, expansion, se, conv_norm_act_norm_eps, conv_norm_act_norm_momentum, channels,
            # layers
            (FusedMbconv, 3, 1, 1, 0, 0.001, 0.01, 16, 1),
            (FusedMbconv, 3, 2, 4, 0, 0.001, 0.01, 32, 2),
            (FusedMbconv, 3, 2, 4, 0, 0.001, 0.01, 48, 2),
            (Mbconv, 3, 2, 4, 0.25, 0.001, 0.01, 88, 3),
            (Mbconv, 3, 1, 6, 0.25, 0.001, 0.01, 112, 5),
            (Mbconv, 3, 2, 6, 0.25, 0.001, 0.01, 184, 8),
        ),
        stem_channels=16,
        head_channels=1280,
        num_classes=num_classes,
        in_channels=in_channels,
        drop_path_rate=drop_path_rate,
        features_only=features_only,
    )


def v2_s_down_b1(
    num_classes: int = 1000, in_channels: int = 3, drop_path_rate: float = 0.2, features_only: bool = False
) -> V2SDown:
    """Input 3 x 240 x 240: 7.69M parameters, 1.13G MACs, 2.25G FLOPs an image."""
    return V2SDown(
        (
            # block, kernel, stride, expansion, se, conv_norm_act_norm_eps, conv_norm_act_norm_momentum, channels,
            # layers
            (FusedMbconv, 3, 1, 1, 0, 0.001, 0.01, 16, 2),
            (FusedMbconv, 3, 2, 4, 0, 0.001, 0.01, 32, 3),
            (FusedMbconv, 3, 2, 4, 0, 0.001, 0.01, 48, 3),
            (Mbconv, 3, 2, 4, 0.25, 0.001, 0.01, 88, 4),
            (Mbconv, 3, 1, 6, 0.25, 0.001, 0.01, 112, 6),
            (Mbconv, 3, 2, 6, 0.25, 0.001, 0.01, 184, 9),
        ),
        stem_channels=16,
        head_channels=1280,
        num_classes=num_classes,
        in_channels=in_channels,
        drop_path_rate=drop_path_rate,
        features_only=features_only,
    )


def v2_s_down_b3(
    num_classes: int = 1000, in_channels: int = 3, drop_path_rate: float = 0.2, features_only: bool = False
) -> V2SDown:
    """Input 3 x 300 x 300: 13.14M parameters, 3.03G MACs, 6.05G FLOPs an image."""
    return V2SDown(
        (
            # block, kernel, stride, expansion, se, conv_norm_act_norm_eps, conv_norm_act_norm_momentum, channels,
            # layers
            (FusedMbconv, 3, 1, 1, 0, 0.001, 0.01, 24, 2),
            (FusedMbconv, 3, 2, 4, 0, 0.001, 0.01, 40, 3),
            (FusedMbconv, 3, 2, 4, 0, 0.001, 0.01, 56, 3),
            (Mbconv, 3, 2, 4, 0.25, 0.001, 0.01, 112, 5),
            (Mbconv, 3, 1, 6, 0.25, 0.001, 0.01, 136, 7),
            (Mbconv, 3, 2, 6, 0.25, 0.001, 0.01, 216, 12),
        ),
        stem_channels=24,
        head_channels=1536,
        num_classes=num_classes,
        in_channels=in_channels,
        drop_path_rate=drop_path_rate,
        features_only=features_only,
    )


def b0_without_se(
    num_classes: int = 1000, in_channels: int = 3, drop_path_rate: float = 0.2, features_only: bool = False
) -> B0WithoutSe:
    """Input 3 x 224 x 224: 4.65M parameters, 385.19M MACs, 770.38M FLOPs an image."""
    return B0WithoutSe(
        (
            # block, kernel, stride, expansion, se, conv_norm_act_norm_eps, conv_norm_act_norm_momentum, channels,
            # layers
            (Mbconv, 3, 1, 1, 0, 1e-05, 0.1, 16, 1),
            (Mbconv, 3, 2, 6, 0, 1e-05, 0.1, 24, 2),
            (Mbconv, 5, 2, 6, 0, 1e-05, 0.1, 40, 2),
            (Mbconv, 3, 2, 6, 0, 1e-05, 0.1, 80, 3),
            (Mbconv, 5, 1, 6, 0, 1e-05, 0.1, 112, 3),
            (Mbconv, 5, 2, 6, 0, 1e-05, 0.1, 192, 4),
            (Mbconv, 3, 1, 6, 0, 1e-05, 0.1, 320, 1),
        ),
        num_classes=num_classes,
        in_channels=in_channels,
        drop_path_rate=drop_path_rate,
        features_only=features_only,
    )


def b0_kernel_3(
    num_classes: int = 1000, in_channels: int = 3, drop_path_rate: float = 0.2, features_only: bool = False
) -> B0Kernel:
    """EfficientNet-B0 with 3 x 3 kernels only.

    Input 3 x 224 x 224: 5.19M parameters, 372.04M MACs, 744.08M FLOPs an image.
    """
    return B0Kernel(
        (
            # block, kernel, stride, expansion, se, conv_norm_act_norm_eps, conv_norm_act_norm_momentum, channels,
            # layers
            (Mbconv, 3, 1, 1, 0.25, 1e-05, 0.1, 16, 1),
            (Mbconv, 3, 2, 6, 0.25, 1e-05, 0.1, 24, 2),
            (Mbconv, 3, 2, 6, 0.25, 1e-05, 0.1, 40, 2),
            (Mbconv, 3, 2, 6, 0.25, 1e-05, 0.1, 80, 3),
            (Mbconv, 3, 1, 6, 0.25, 1e-05, 0.1, 112, 3),
            (Mbconv, 3, 2, 6, 0.25, 1e-05, 0.1, 192, 4),
            (Mbconv, 3, 1, 6, 0.25, 1e-05, 0.1, 320, 1),
        ),
        num_classes=num_classes,
        in_channels=in_channels,
        drop_path_rate=drop_path_rate,
        features_only=features_only,
    )


def b0_kernel_5(
    num_classes: int = 1000, in_channels: int = 3, drop_path_rate: float = 0.2, features_only: bool = False
) -> B0Kernel:
    """EfficientNet-B0 with 5 x 5 kernels only.

    Input 3 x 224 x 224: 5.33M parameters, 408.95M MACs, 817.89M FLOPs an image.
    """
    return B0Kernel(
        (
            # block, kernel, stride, expansion, se, conv_norm_act_norm_eps, conv_norm_act_norm_momentum, channels,
            # layers
            (Mbconv, 5, 1, 1, 0.25, 1e-05, 0.1, 16, 1),
            (Mbconv, 5, 2, 6, 0.25, 1e-05, 0.1, 24, 2),
            (Mbconv, 5, 2, 6, 0.25, 1e-05, 0.1, 40, 2),
            (Mbconv, 5, 2, 6, 0.25, 1e-05, 0.1, 80, 3),
            (Mbconv, 5, 1, 6, 0.25, 1e-05, 0.1, 112, 3),
            (Mbconv, 5, 2, 6, 0.25, 1e-05, 0.1, 192, 4),
            (Mbconv, 5, 1, 6, 0.25, 1e-05, 0.1, 320, 1),
        ),
        num_classes=num_classes,
        in_channels=in_channels,
        drop_path_rate=drop_path_rate,
        features_only=features_only,
    )


def v2_s_without_se(
    num_classes: int = 1000, in_channels: int = 3, drop_path_rate: float = 0.2, features_only: bool = False
) -> V2SWithoutSe:
    """Input 3 x 384 x 384: 17.76M parameters, 8.36G MACs, 16.72G FLOPs an image."""
    return V2SWithoutSe(
        (
            # block, kernel, stride, expansion, se, conv_norm_act_norm_eps, conv_norm_act_norm_momentum, channels,
            # layers
            (FusedMbconv, 3, 1, 1, 0, 0.001, 0.01, 24, 2),
            (FusedMbconv, 3, 2, 4, 0, 0.001, 0.01, 48, 4),
            (FusedMbconv, 3, 2, 4, 0, 0.001, 0.01, 64, 4),
            (Mbconv, 3, 2, 4, 0, 0.001, 0.01, 128, 6),
            (Mbconv, 3, 1, 6, 0, 0.001, 0.01, 160, 9),
            (Mbconv, 3, 2, 6, 0, 0.001, 0.01, 256, 15),
        ),
        num_classes=num_classes,
        in_channels=in_channels,
        drop_path_rate=drop_path_rate,
        features_only=features_only,
    )


def v2_s_kernel_5(
    num_classes: int = 1000, in_channels: int = 3, drop_path_rate: float = 0.2, features_only: bool = False
) -> V2SKernel5:
    """Input 3 x 384 x 384: 22.00M parameters, 8.52G MACs, 17.04G FLOPs an image."""
    return V2SKernel5(
        (
            # block, kernel, stride, expansion, se, conv_norm_act_norm_eps, conv_norm_act_norm_momentum, channels,
            # layers
            (FusedMbconv, 3, 1, 1, 0, 0.001, 0.01, 24, 2),
            (FusedMbconv, 3, 2, 4, 0, 0.001, 0.01, 48, 4),
            (FusedMbconv, 3, 2, 4, 0, 0.001, 0.01, 64, 4),
            (Mbconv, 5, 2, 4, 0.25, 0.001, 0.01, 128, 6),
            (Mbconv, 5, 1, 6, 0.25, 0.001, 0.01, 160, 9),
            (Mbconv, 5, 2, 6, 0.25, 0.001, 0.01, 256, 15),
        ),
        num_classes=num_classes,
        in_channels=in_channels,
        drop_path_rate=drop_path_rate,
        features_only=features_only,
    )
