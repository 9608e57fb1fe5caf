"""11 networks compiled by archdsl from ablations.arch. Standalone: edit and ship it as it is."""

# sha256:4e519a44d4cc2fe6 as emitted; once you edit this file, only `archdsl build --force` replaces it.
# mypy: no-warn-return-any
import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

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
        return self.act(self.norm(self.conv(x)))


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
        weight = self.weight(x)
        return x * weight


class FusedMBConv(nn.Module):
    """Fused mobile inverted bottleneck, Fused-MBConv (Gupta & Akin 2020): one full convolution expands and filters."""

    def __init__(
        self,
        in_channels: int,
        channels: int,
        kernel: int,
        stride: int,
        expansion: int,
        se: float,
        norm_eps: float,
        norm_momentum: float,
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
                norm_eps=norm_eps,
                norm_momentum=norm_momentum,
            ),
            squeeze_excite=(
                SqueezeExcite(hidden if expansion != 1 else channels, squeezed=int(in_channels * se + 0.5))
                if se
                else None
            ),
            conv=nn.Conv2d(hidden, channels, 1, bias=False) if expansion != 1 else None,
            norm=nn.BatchNorm2d(channels, eps=norm_eps, momentum=norm_momentum) if expansion != 1 else None,
        )
        self.residual = stride == 1 and in_channels == channels
        self.drop_path = DropPath(drop_path) if drop_path else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        main = self.main(x)
        return x + self.drop_path(main) if self.residual else main


class MBConv(nn.Module):
    """Mobile inverted bottleneck, MBConv (Sandler et al. 2018; Tan & Le 2019)."""

    def __init__(
        self,
        in_channels: int,
        channels: int,
        kernel: int,
        stride: int,
        expansion: int,
        se: float,
        norm_eps: float,
        norm_momentum: float,
        drop_path: float,
    ) -> None:
        super().__init__()
        hidden = divisible(in_channels * expansion)
        self.main = pipeline(
            conv_norm_act=(
                ConvNormAct(in_channels, hidden, kernel=1, stride=1, norm_eps=norm_eps, norm_momentum=norm_momentum)
                if expansion != 1
                else None
            ),
            depthwise=nn.Conv2d(
                hidden, hidden, kernel, stride=stride, padding=(kernel - 1) // 2, groups=hidden, bias=False
            ),
            norm=nn.BatchNorm2d(hidden, eps=norm_eps, momentum=norm_momentum),
            act=nn.SiLU(),
            squeeze_excite=SqueezeExcite(hidden, squeezed=int(in_channels * se + 0.5)) if se else None,
            conv=nn.Conv2d(hidden, channels, 1, bias=False),
            norm_2=nn.BatchNorm2d(channels, eps=norm_eps, momentum=norm_momentum),
        )
        self.residual = stride == 1 and in_channels == channels
        self.drop_path = DropPath(drop_path) if drop_path else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        main = self.main(x)
        return x + self.drop_path(main) if self.residual else main


class EfficientNet(nn.Module):
    """The networks b4_fused_1_3 to v2_s_kernel_5."""

    def __init__(
        self,
        stages: tuple[tuple[type[nn.Module], int, int, int, float, int, int], ...],
        reductions: dict[int, int],
        stem_channels: int,
        norm_eps: float,
        norm_momentum: float,
        head_channels: int,
        num_classes: int = 1000,
        in_channels: int = 3,
        dropout_rate: float = 0.4,
        drop_path_rate: float = 0.2,
    ) -> None:
        super().__init__()
        self.stem = ConvNormAct(
            in_channels, stem_channels, kernel=3, stride=2, norm_eps=norm_eps, norm_momentum=norm_momentum
        )
        width = stem_channels
        widths = []
        depth = sum(layers for *_, layers in stages)
        rates = iter([drop_path_rate * index / depth for index in range(depth)])
        self.stages = nn.Sequential()
        for block, kernel, stride, expansion, se, channels, layers in stages:
            stage = Stage()
            for _ in range(layers):
                stage.append(
                    block(
                        width,
                        channels,
                        kernel=kernel,
                        stride=stride,
                        expansion=expansion,
                        se=se,
                        norm_eps=norm_eps,
                        norm_momentum=norm_momentum,
                        drop_path=next(rates),
                    )
                )
                width, stride = channels, 1
            self.stages.append(stage)
            widths.append(width)
        self.feature_info: list[dict[str, int | str]] = [
            {"num_chs": widths[index], "reduction": reduction, "module": f"stages.{index}"}
            for index, reduction in reductions.items()
        ]
        self.head = ConvNormAct(
            width, head_channels, kernel=1, stride=1, norm_eps=norm_eps, norm_momentum=norm_momentum
        )
        self.pool = pipeline(
            global_avg_pool=nn.AdaptiveAvgPool2d(1),
            dropout=nn.Dropout(dropout_rate),
            flatten=nn.Flatten(1),
        )
        self.num_features = head_channels
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


def b4_fused_1_3(
    num_classes: int = 1000,
    in_channels: int = 3,
    dropout_rate: float = 0.4,
    drop_path_rate: float = 0.2,
    features_only: bool = False,
) -> EfficientNet | FeatureMaps:
    """EfficientNet-B4 with Fused-MBConv in stages 1 to 3.

    Input 3 x 380 x 380: 19.99M parameters, 7.34G MACs, 14.68G FLOPs an image.
    """
    model = EfficientNet(
        (
            # block, kernel, stride, expansion, se, channels, layers
            (FusedMBConv, 3, 1, 1, 0.25, 24, 2),
            (FusedMBConv, 3, 2, 6, 0.25, 32, 4),
            (FusedMBConv, 3, 2, 6, 0.25, 56, 4),
            (MBConv, 3, 2, 6, 0.25, 112, 6),
            (MBConv, 5, 1, 6, 0.25, 160, 6),
            (MBConv, 5, 2, 6, 0.25, 272, 8),
            (MBConv, 3, 1, 6, 0.25, 448, 2),
        ),
        reductions={0: 2, 1: 4, 2: 8, 4: 16, 6: 32},
        stem_channels=48,
        norm_eps=1e-05,
        norm_momentum=0.1,
        head_channels=1792,
        num_classes=num_classes,
        in_channels=in_channels,
        dropout_rate=dropout_rate,
        drop_path_rate=drop_path_rate,
    )
    return FeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def b4_fused_1_5(
    num_classes: int = 1000,
    in_channels: int = 3,
    dropout_rate: float = 0.4,
    drop_path_rate: float = 0.2,
    features_only: bool = False,
) -> EfficientNet | FeatureMaps:
    """EfficientNet-B4 with Fused-MBConv in stages 1 to 5.

    Input 3 x 380 x 380: 43.20M parameters, 20.69G MACs, 41.38G FLOPs an image.
    """
    model = EfficientNet(
        (
            # block, kernel, stride, expansion, se, channels, layers
            (FusedMBConv, 3, 1, 1, 0.25, 24, 2),
            (FusedMBConv, 3, 2, 6, 0.25, 32, 4),
            (FusedMBConv, 3, 2, 6, 0.25, 56, 4),
            (FusedMBConv, 3, 2, 6, 0.25, 112, 6),
            (FusedMBConv, 5, 1, 6, 0.25, 160, 6),
            (MBConv, 5, 2, 6, 0.25, 272, 8),
            (MBConv, 3, 1, 6, 0.25, 448, 2),
        ),
        reductions={0: 2, 1: 4, 2: 8, 4: 16, 6: 32},
        stem_channels=48,
        norm_eps=1e-05,
        norm_momentum=0.1,
        head_channels=1792,
        num_classes=num_classes,
        in_channels=in_channels,
        dropout_rate=dropout_rate,
        drop_path_rate=drop_path_rate,
    )
    return FeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def b4_fused_1_7(
    num_classes: int = 1000,
    in_channels: int = 3,
    dropout_rate: float = 0.4,
    drop_path_rate: float = 0.2,
    features_only: bool = False,
) -> EfficientNet | FeatureMaps:
    """EfficientNet-B4 with Fused-MBConv in all stages.

    Input 3 x 380 x 380: 134.27M parameters, 33.74G MACs, 67.48G FLOPs an image.
    """
    model = EfficientNet(
        (
            # block, kernel, stride, expansion, se, channels, layers
            (FusedMBConv, 3, 1, 1, 0.25, 24, 2),
            (FusedMBConv, 3, 2, 6, 0.25, 32, 4),
            (FusedMBConv, 3, 2, 6, 0.25, 56, 4),
            (FusedMBConv, 3, 2, 6, 0.25, 112, 6),
            (FusedMBConv, 5, 1, 6, 0.25, 160, 6),
            (FusedMBConv, 5, 2, 6, 0.25, 272, 8),
            (FusedMBConv, 3, 1, 6, 0.25, 448, 2),
        ),
        reductions={0: 2, 1: 4, 2: 8, 4: 16, 6: 32},
        stem_channels=48,
        norm_eps=1e-05,
        norm_momentum=0.1,
        head_channels=1792,
        num_classes=num_classes,
        in_channels=in_channels,
        dropout_rate=dropout_rate,
        drop_path_rate=drop_path_rate,
    )
    return FeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def v2_s_down_b0(
    num_classes: int = 1000,
    in_channels: int = 3,
    dropout_rate: float = 0.2,
    drop_path_rate: float = 0.2,
    features_only: bool = False,
) -> EfficientNet | FeatureMaps:
    """EfficientNetV2-S scaled down to the sizes of EfficientNet-B0, B1 and B3 (Tan & Le 2021, Section 5.4).

    Input 3 x 224 x 224: 6.75M parameters, 662.50M MACs, 1.32G FLOPs an image.
    """
    model = EfficientNet(
        (
            # block, kernel, stride, expansion, se, channels, layers
            (FusedMBConv, 3, 1, 1, 0, 16, 1),
            (FusedMBConv, 3, 2, 4, 0, 32, 2),
            (FusedMBConv, 3, 2, 4, 0, 48, 2),
            (MBConv, 3, 2, 4, 0.25, 88, 3),
            (MBConv, 3, 1, 6, 0.25, 112, 5),
            (MBConv, 3, 2, 6, 0.25, 184, 8),
        ),
        reductions={0: 2, 1: 4, 2: 8, 4: 16, 5: 32},
        stem_channels=16,
        norm_eps=0.001,
        norm_momentum=0.01,
        head_channels=1280,
        num_classes=num_classes,
        in_channels=in_channels,
        dropout_rate=dropout_rate,
        drop_path_rate=drop_path_rate,
    )
    return FeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def v2_s_down_b1(
    num_classes: int = 1000,
    in_channels: int = 3,
    dropout_rate: float = 0.2,
    drop_path_rate: float = 0.2,
    features_only: bool = False,
) -> EfficientNet | FeatureMaps:
    """EfficientNetV2-S scaled down to the sizes of EfficientNet-B0, B1 and B3 (Tan & Le 2021, Section 5.4).

    Input 3 x 240 x 240: 7.69M parameters, 1.13G MACs, 2.25G FLOPs an image.
    """
    model = EfficientNet(
        (
            # block, kernel, stride, expansion, se, channels, layers
            (FusedMBConv, 3, 1, 1, 0, 16, 2),
            (FusedMBConv, 3, 2, 4, 0, 32, 3),
            (FusedMBConv, 3, 2, 4, 0, 48, 3),
            (MBConv, 3, 2, 4, 0.25, 88, 4),
            (MBConv, 3, 1, 6, 0.25, 112, 6),
            (MBConv, 3, 2, 6, 0.25, 184, 9),
        ),
        reductions={0: 2, 1: 4, 2: 8, 4: 16, 5: 32},
        stem_channels=16,
        norm_eps=0.001,
        norm_momentum=0.01,
        head_channels=1280,
        num_classes=num_classes,
        in_channels=in_channels,
        dropout_rate=dropout_rate,
        drop_path_rate=drop_path_rate,
    )
    return FeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def v2_s_down_b3(
    num_classes: int = 1000,
    in_channels: int = 3,
    dropout_rate: float = 0.2,
    drop_path_rate: float = 0.2,
    features_only: bool = False,
) -> EfficientNet | FeatureMaps:
    """EfficientNetV2-S scaled down to the sizes of EfficientNet-B0, B1 and B3 (Tan & Le 2021, Section 5.4).

    Input 3 x 300 x 300: 13.14M parameters, 3.03G MACs, 6.05G FLOPs an image.
    """
    model = EfficientNet(
        (
            # block, kernel, stride, expansion, se, channels, layers
            (FusedMBConv, 3, 1, 1, 0, 24, 2),
            (FusedMBConv, 3, 2, 4, 0, 40, 3),
            (FusedMBConv, 3, 2, 4, 0, 56, 3),
            (MBConv, 3, 2, 4, 0.25, 112, 5),
            (MBConv, 3, 1, 6, 0.25, 136, 7),
            (MBConv, 3, 2, 6, 0.25, 216, 12),
        ),
        reductions={0: 2, 1: 4, 2: 8, 4: 16, 5: 32},
        stem_channels=24,
        norm_eps=0.001,
        norm_momentum=0.01,
        head_channels=1536,
        num_classes=num_classes,
        in_channels=in_channels,
        dropout_rate=dropout_rate,
        drop_path_rate=drop_path_rate,
    )
    return FeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def b0_without_se(
    num_classes: int = 1000,
    in_channels: int = 3,
    dropout_rate: float = 0.2,
    drop_path_rate: float = 0.2,
    features_only: bool = False,
) -> EfficientNet | FeatureMaps:
    """EfficientNet-B0 without squeeze-and-excitation.

    Input 3 x 224 x 224: 4.65M parameters, 385.19M MACs, 770.38M FLOPs an image.
    """
    model = EfficientNet(
        (
            # block, kernel, stride, expansion, se, channels, layers
            (MBConv, 3, 1, 1, 0, 16, 1),
            (MBConv, 3, 2, 6, 0, 24, 2),
            (MBConv, 5, 2, 6, 0, 40, 2),
            (MBConv, 3, 2, 6, 0, 80, 3),
            (MBConv, 5, 1, 6, 0, 112, 3),
            (MBConv, 5, 2, 6, 0, 192, 4),
            (MBConv, 3, 1, 6, 0, 320, 1),
        ),
        reductions={0: 2, 1: 4, 2: 8, 4: 16, 6: 32},
        stem_channels=32,
        norm_eps=1e-05,
        norm_momentum=0.1,
        head_channels=1280,
        num_classes=num_classes,
        in_channels=in_channels,
        dropout_rate=dropout_rate,
        drop_path_rate=drop_path_rate,
    )
    return FeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def b0_kernel_3(
    num_classes: int = 1000,
    in_channels: int = 3,
    dropout_rate: float = 0.2,
    drop_path_rate: float = 0.2,
    features_only: bool = False,
) -> EfficientNet | FeatureMaps:
    """EfficientNet-B0 with 3 x 3 kernels only.

    Input 3 x 224 x 224: 5.19M parameters, 372.04M MACs, 744.08M FLOPs an image.
    """
    model = EfficientNet(
        (
            # block, kernel, stride, expansion, se, channels, layers
            (MBConv, 3, 1, 1, 0.25, 16, 1),
            (MBConv, 3, 2, 6, 0.25, 24, 2),
            (MBConv, 3, 2, 6, 0.25, 40, 2),
            (MBConv, 3, 2, 6, 0.25, 80, 3),
            (MBConv, 3, 1, 6, 0.25, 112, 3),
            (MBConv, 3, 2, 6, 0.25, 192, 4),
            (MBConv, 3, 1, 6, 0.25, 320, 1),
        ),
        reductions={0: 2, 1: 4, 2: 8, 4: 16, 6: 32},
        stem_channels=32,
        norm_eps=1e-05,
        norm_momentum=0.1,
        head_channels=1280,
        num_classes=num_classes,
        in_channels=in_channels,
        dropout_rate=dropout_rate,
        drop_path_rate=drop_path_rate,
    )
    return FeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def b0_kernel_5(
    num_classes: int = 1000,
    in_channels: int = 3,
    dropout_rate: float = 0.2,
    drop_path_rate: float = 0.2,
    features_only: bool = False,
) -> EfficientNet | FeatureMaps:
    """EfficientNet-B0 with 5 x 5 kernels only.

    Input 3 x 224 x 224: 5.33M parameters, 408.95M MACs, 817.89M FLOPs an image.
    """
    model = EfficientNet(
        (
            # block, kernel, stride, expansion, se, channels, layers
            (MBConv, 5, 1, 1, 0.25, 16, 1),
            (MBConv, 5, 2, 6, 0.25, 24, 2),
            (MBConv, 5, 2, 6, 0.25, 40, 2),
            (MBConv, 5, 2, 6, 0.25, 80, 3),
            (MBConv, 5, 1, 6, 0.25, 112, 3),
            (MBConv, 5, 2, 6, 0.25, 192, 4),
            (MBConv, 5, 1, 6, 0.25, 320, 1),
        ),
        reductions={0: 2, 1: 4, 2: 8, 4: 16, 6: 32},
        stem_channels=32,
        norm_eps=1e-05,
        norm_momentum=0.1,
        head_channels=1280,
        num_classes=num_classes,
        in_channels=in_channels,
        dropout_rate=dropout_rate,
        drop_path_rate=drop_path_rate,
    )
    return FeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def v2_s_without_se(
    num_classes: int = 1000,
    in_channels: int = 3,
    dropout_rate: float = 0.2,
    drop_path_rate: float = 0.2,
    features_only: bool = False,
) -> EfficientNet | FeatureMaps:
    """EfficientNetV2-S without squeeze-and-excitation.

    Input 3 x 384 x 384: 17.76M parameters, 8.36G MACs, 16.72G FLOPs an image.
    """
    model = EfficientNet(
        (
            # block, kernel, stride, expansion, se, channels, layers
            (FusedMBConv, 3, 1, 1, 0, 24, 2),
            (FusedMBConv, 3, 2, 4, 0, 48, 4),
            (FusedMBConv, 3, 2, 4, 0, 64, 4),
            (MBConv, 3, 2, 4, 0, 128, 6),
            (MBConv, 3, 1, 6, 0, 160, 9),
            (MBConv, 3, 2, 6, 0, 256, 15),
        ),
        reductions={0: 2, 1: 4, 2: 8, 4: 16, 5: 32},
        stem_channels=24,
        norm_eps=0.001,
        norm_momentum=0.01,
        head_channels=1280,
        num_classes=num_classes,
        in_channels=in_channels,
        dropout_rate=dropout_rate,
        drop_path_rate=drop_path_rate,
    )
    return FeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def v2_s_kernel_5(
    num_classes: int = 1000,
    in_channels: int = 3,
    dropout_rate: float = 0.2,
    drop_path_rate: float = 0.2,
    features_only: bool = False,
) -> EfficientNet | FeatureMaps:
    """EfficientNetV2-S with 5 x 5 kernels in its depthwise convolutions.

    Input 3 x 384 x 384: 22.00M parameters, 8.52G MACs, 17.04G FLOPs an image.
    """
    model = EfficientNet(
        (
            # block, kernel, stride, expansion, se, channels, layers
            (FusedMBConv, 3, 1, 1, 0, 24, 2),
            (FusedMBConv, 3, 2, 4, 0, 48, 4),
            (FusedMBConv, 3, 2, 4, 0, 64, 4),
            (MBConv, 5, 2, 4, 0.25, 128, 6),
            (MBConv, 5, 1, 6, 0.25, 160, 9),
            (MBConv, 5, 2, 6, 0.25, 256, 15),
        ),
        reductions={0: 2, 1: 4, 2: 8, 4: 16, 5: 32},
        stem_channels=24,
        norm_eps=0.001,
        norm_momentum=0.01,
        head_channels=1280,
        num_classes=num_classes,
        in_channels=in_channels,
        dropout_rate=dropout_rate,
        drop_path_rate=drop_path_rate,
    )
    return FeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model
