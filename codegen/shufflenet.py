"""30 networks compiled by archdsl from shufflenet.arch. Standalone: edit and ship it as it is."""

# sha256:9174493db93947e6 as emitted; once you edit this file, only `archdsl build --force` replaces it.
# mypy: no-warn-return-any
import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

__all__ = [
    "shufflenet_g1",
    "shufflenet_g1_025",
    "shufflenet_g1_050",
    "shufflenet_g1_075",
    "shufflenet_g1_150",
    "shufflenet_g1_200",
    "shufflenet_g2",
    "shufflenet_g2_025",
    "shufflenet_g2_050",
    "shufflenet_g2_075",
    "shufflenet_g2_150",
    "shufflenet_g2_200",
    "shufflenet_g3",
    "shufflenet_g3_025",
    "shufflenet_g3_050",
    "shufflenet_g3_075",
    "shufflenet_g3_150",
    "shufflenet_g3_200",
    "shufflenet_g4",
    "shufflenet_g4_025",
    "shufflenet_g4_050",
    "shufflenet_g4_075",
    "shufflenet_g4_150",
    "shufflenet_g4_200",
    "shufflenet_g8",
    "shufflenet_g8_025",
    "shufflenet_g8_050",
    "shufflenet_g8_075",
    "shufflenet_g8_150",
    "shufflenet_g8_200",
]


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


class ConvNormAct(nn.Module):
    """Convolution, normalization and activation in the order most networks use."""

    def __init__(self, in_channels: int, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, channels, 3, stride=2, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(channels)
        self.act = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.norm(self.conv(x)))


class ShuffleUnit(nn.Module):
    """ShuffleNet unit (Zhang et al. 2018, Fig. 2)."""

    def __init__(self, in_channels: int, channels: int, stride: int, groups: int, first_groups: int) -> None:
        super().__init__()
        self.main = pipeline(
            conv=nn.Conv2d(in_channels, channels // 4, 1, groups=first_groups, bias=False),
            norm=nn.BatchNorm2d(channels // 4),
            act=nn.ReLU(),
            channel_shuffle=nn.ChannelShuffle(groups),
            depthwise=nn.Conv2d(
                channels // 4, channels // 4, 3, stride=stride, padding=1, groups=channels // 4, bias=False
            ),
            norm_2=nn.BatchNorm2d(channels // 4),
            conv_2=nn.Conv2d(
                channels // 4, channels - in_channels if stride == 2 else channels, 1, groups=groups, bias=False
            ),
            norm_3=nn.BatchNorm2d(channels - in_channels if stride == 2 else channels),
        )
        self.stride = stride
        self.joined_avg_pool = nn.AvgPool2d(3, 2, padding=1)
        self.act = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        main = self.main(x)
        joined = torch.cat((main, self.joined_avg_pool(x)), dim=1) if self.stride == 2 else x + main
        return self.act(joined)


class ShuffleNet(nn.Module):
    """ShuffleNet (Zhang et al. 2018, https://arxiv.org/abs/1707.01083, Table 1): grouped pointwise convolutions,
    shuffled.
    """

    def __init__(
        self,
        stages: tuple[tuple[type[nn.Module], int, int, int, int, int], ...],
        stem_channels: int,
        num_classes: int = 1000,
        in_channels: int = 3,
    ) -> None:
        super().__init__()
        self.stem = pipeline(
            conv_norm_act=ConvNormAct(in_channels, stem_channels),
            max_pool=nn.MaxPool2d(3, 2, padding=1),
        )
        width = stem_channels
        widths = []
        self.stages = nn.Sequential()
        for block, stride, groups, first_groups, channels, layers in stages:
            stage = Stage()
            for _ in range(layers):
                stage.append(block(width, channels, stride=stride, groups=groups, first_groups=first_groups))
                width, stride = channels, 1
            self.stages.append(stage)
            widths.append(width)
        self.feature_info: list[dict[str, int | str]] = [
            {"num_chs": stem_channels, "reduction": 2, "module": "stem.conv_norm_act"},
            {"num_chs": stem_channels, "reduction": 4, "module": "stem"},
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


def shufflenet_g1_025(
    num_classes: int = 1000, in_channels: int = 3, features_only: bool = False
) -> ShuffleNet | FeatureMaps:
    """Input 3 x 224 x 224: 209.75K parameters, 11.00M MACs, 22.01M FLOPs an image."""
    model = ShuffleNet(
        (
            # block, stride, groups, first_groups, channels, layers
            (ShuffleUnit, 2, 1, 1, 36, 1),
            (ShuffleUnit, 1, 1, 1, 36, 3),
            (ShuffleUnit, 2, 1, 1, 72, 8),
            (ShuffleUnit, 2, 1, 1, 144, 4),
        ),
        stem_channels=6,
        num_classes=num_classes,
        in_channels=in_channels,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def shufflenet_g1_050(
    num_classes: int = 1000, in_channels: int = 3, features_only: bool = False
) -> ShuffleNet | FeatureMaps:
    """Input 3 x 224 x 224: 534.48K parameters, 38.52M MACs, 77.03M FLOPs an image."""
    model = ShuffleNet(
        (
            # block, stride, groups, first_groups, channels, layers
            (ShuffleUnit, 2, 1, 1, 72, 1),
            (ShuffleUnit, 1, 1, 1, 72, 3),
            (ShuffleUnit, 2, 1, 1, 144, 8),
            (ShuffleUnit, 2, 1, 1, 288, 4),
        ),
        stem_channels=12,
        num_classes=num_classes,
        in_channels=in_channels,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def shufflenet_g1_075(
    num_classes: int = 1000, in_channels: int = 3, features_only: bool = False
) -> ShuffleNet | FeatureMaps:
    """Input 3 x 224 x 224: 975.21K parameters, 82.54M MACs, 165.09M FLOPs an image."""
    model = ShuffleNet(
        (
            # block, stride, groups, first_groups, channels, layers
            (ShuffleUnit, 2, 1, 1, 108, 1),
            (ShuffleUnit, 1, 1, 1, 108, 3),
            (ShuffleUnit, 2, 1, 1, 216, 8),
            (ShuffleUnit, 2, 1, 1, 432, 4),
        ),
        stem_channels=18,
        num_classes=num_classes,
        in_channels=in_channels,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def shufflenet_g1(
    num_classes: int = 1000, in_channels: int = 3, features_only: bool = False
) -> ShuffleNet | FeatureMaps:
    """Input 3 x 224 x 224: 1.53M parameters, 143.08M MACs, 286.16M FLOPs an image."""
    model = ShuffleNet(
        (
            # block, stride, groups, first_groups, channels, layers
            (ShuffleUnit, 2, 1, 1, 144, 1),
            (ShuffleUnit, 1, 1, 1, 144, 3),
            (ShuffleUnit, 2, 1, 1, 288, 8),
            (ShuffleUnit, 2, 1, 1, 576, 4),
        ),
        stem_channels=24,
        num_classes=num_classes,
        in_channels=in_channels,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def shufflenet_g1_150(
    num_classes: int = 1000, in_channels: int = 3, features_only: bool = False
) -> ShuffleNet | FeatureMaps:
    """Input 3 x 224 x 224: 2.99M parameters, 313.68M MACs, 627.37M FLOPs an image."""
    model = ShuffleNet(
        (
            # block, stride, groups, first_groups, channels, layers
            (ShuffleUnit, 2, 1, 1, 216, 1),
            (ShuffleUnit, 1, 1, 1, 216, 3),
            (ShuffleUnit, 2, 1, 1, 432, 8),
            (ShuffleUnit, 2, 1, 1, 864, 4),
        ),
        stem_channels=36,
        num_classes=num_classes,
        in_channels=in_channels,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def shufflenet_g1_200(
    num_classes: int = 1000, in_channels: int = 3, features_only: bool = False
) -> ShuffleNet | FeatureMaps:
    """Input 3 x 224 x 224: 4.92M parameters, 550.33M MACs, 1.10G FLOPs an image."""
    model = ShuffleNet(
        (
            # block, stride, groups, first_groups, channels, layers
            (ShuffleUnit, 2, 1, 1, 288, 1),
            (ShuffleUnit, 1, 1, 1, 288, 3),
            (ShuffleUnit, 2, 1, 1, 576, 8),
            (ShuffleUnit, 2, 1, 1, 1152, 4),
        ),
        stem_channels=48,
        num_classes=num_classes,
        in_channels=in_channels,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def shufflenet_g2_025(
    num_classes: int = 1000, in_channels: int = 3, features_only: bool = False
) -> ShuffleNet | FeatureMaps:
    """Input 3 x 224 x 224: 253.53K parameters, 10.41M MACs, 20.82M FLOPs an image."""
    model = ShuffleNet(
        (
            # block, stride, groups, first_groups, channels, layers
            (ShuffleUnit, 2, 2, 1, 48, 1),
            (ShuffleUnit, 1, 2, 2, 48, 3),
            (ShuffleUnit, 2, 2, 2, 96, 8),
            (ShuffleUnit, 2, 2, 2, 192, 4),
        ),
        stem_channels=6,
        num_classes=num_classes,
        in_channels=in_channels,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def shufflenet_g2_050(
    num_classes: int = 1000, in_channels: int = 3, features_only: bool = False
) -> ShuffleNet | FeatureMaps:
    """Input 3 x 224 x 224: 678.52K parameters, 40.91M MACs, 81.81M FLOPs an image."""
    model = ShuffleNet(
        (
            # block, stride, groups, first_groups, channels, layers
            (ShuffleUnit, 2, 2, 1, 104, 1),
            (ShuffleUnit, 1, 2, 2, 104, 3),
            (ShuffleUnit, 2, 2, 2, 208, 8),
            (ShuffleUnit, 2, 2, 2, 416, 4),
        ),
        stem_channels=12,
        num_classes=num_classes,
        in_channels=in_channels,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def shufflenet_g2_075(
    num_classes: int = 1000, in_channels: int = 3, features_only: bool = False
) -> ShuffleNet | FeatureMaps:
    """Input 3 x 224 x 224: 1.15M parameters, 83.45M MACs, 166.90M FLOPs an image."""
    model = ShuffleNet(
        (
            # block, stride, groups, first_groups, channels, layers
            (ShuffleUnit, 2, 2, 1, 152, 1),
            (ShuffleUnit, 1, 2, 2, 152, 3),
            (ShuffleUnit, 2, 2, 2, 304, 8),
            (ShuffleUnit, 2, 2, 2, 608, 4),
        ),
        stem_channels=18,
        num_classes=num_classes,
        in_channels=in_channels,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def shufflenet_g2(
    num_classes: int = 1000, in_channels: int = 3, features_only: bool = False
) -> ShuffleNet | FeatureMaps:
    """Input 3 x 224 x 224: 1.73M parameters, 140.84M MACs, 281.67M FLOPs an image."""
    model = ShuffleNet(
        (
            # block, stride, groups, first_groups, channels, layers
            (ShuffleUnit, 2, 2, 1, 200, 1),
            (ShuffleUnit, 1, 2, 2, 200, 3),
            (ShuffleUnit, 2, 2, 2, 400, 8),
            (ShuffleUnit, 2, 2, 2, 800, 4),
        ),
        stem_channels=24,
        num_classes=num_classes,
        in_channels=in_channels,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def shufflenet_g2_150(
    num_classes: int = 1000, in_channels: int = 3, features_only: bool = False
) -> ShuffleNet | FeatureMaps:
    """Input 3 x 224 x 224: 3.34M parameters, 315.56M MACs, 631.12M FLOPs an image."""
    model = ShuffleNet(
        (
            # block, stride, groups, first_groups, channels, layers
            (ShuffleUnit, 2, 2, 1, 304, 1),
            (ShuffleUnit, 1, 2, 2, 304, 3),
            (ShuffleUnit, 2, 2, 2, 608, 8),
            (ShuffleUnit, 2, 2, 2, 1216, 4),
        ),
        stem_channels=36,
        num_classes=num_classes,
        in_channels=in_channels,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def shufflenet_g2_200(
    num_classes: int = 1000, in_channels: int = 3, features_only: bool = False
) -> ShuffleNet | FeatureMaps:
    """Input 3 x 224 x 224: 5.26M parameters, 539.14M MACs, 1.08G FLOPs an image."""
    model = ShuffleNet(
        (
            # block, stride, groups, first_groups, channels, layers
            (ShuffleUnit, 2, 2, 1, 400, 1),
            (ShuffleUnit, 1, 2, 2, 400, 3),
            (ShuffleUnit, 2, 2, 2, 800, 8),
            (ShuffleUnit, 2, 2, 2, 1600, 4),
        ),
        stem_channels=48,
        num_classes=num_classes,
        in_channels=in_channels,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def shufflenet_g3_025(
    num_classes: int = 1000, in_channels: int = 3, features_only: bool = False
) -> ShuffleNet | FeatureMaps:
    """Input 3 x 224 x 224: 305.90K parameters, 11.01M MACs, 22.02M FLOPs an image."""
    model = ShuffleNet(
        (
            # block, stride, groups, first_groups, channels, layers
            (ShuffleUnit, 2, 3, 1, 60, 1),
            (ShuffleUnit, 1, 3, 3, 60, 3),
            (ShuffleUnit, 2, 3, 3, 120, 8),
            (ShuffleUnit, 2, 3, 3, 240, 4),
        ),
        stem_channels=6,
        num_classes=num_classes,
        in_channels=in_channels,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def shufflenet_g3_050(
    num_classes: int = 1000, in_channels: int = 3, features_only: bool = False
) -> ShuffleNet | FeatureMaps:
    """Input 3 x 224 x 224: 718.32K parameters, 37.59M MACs, 75.18M FLOPs an image."""
    model = ShuffleNet(
        (
            # block, stride, groups, first_groups, channels, layers
            (ShuffleUnit, 2, 3, 1, 120, 1),
            (ShuffleUnit, 1, 3, 3, 120, 3),
            (ShuffleUnit, 2, 3, 3, 240, 8),
            (ShuffleUnit, 2, 3, 3, 480, 4),
        ),
        stem_channels=12,
        num_classes=num_classes,
        in_channels=in_channels,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def shufflenet_g3_075(
    num_classes: int = 1000, in_channels: int = 3, features_only: bool = False
) -> ShuffleNet | FeatureMaps:
    """Input 3 x 224 x 224: 1.24M parameters, 79.74M MACs, 159.48M FLOPs an image."""
    model = ShuffleNet(
        (
            # block, stride, groups, first_groups, channels, layers
            (ShuffleUnit, 2, 3, 1, 180, 1),
            (ShuffleUnit, 1, 3, 3, 180, 3),
            (ShuffleUnit, 2, 3, 3, 360, 8),
            (ShuffleUnit, 2, 3, 3, 720, 4),
        ),
        stem_channels=18,
        num_classes=num_classes,
        in_channels=in_channels,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def shufflenet_g3(
    num_classes: int = 1000, in_channels: int = 3, features_only: bool = False
) -> ShuffleNet | FeatureMaps:
    """Input 3 x 224 x 224: 1.87M parameters, 137.46M MACs, 274.92M FLOPs an image."""
    model = ShuffleNet(
        (
            # block, stride, groups, first_groups, channels, layers
            (ShuffleUnit, 2, 3, 1, 240, 1),
            (ShuffleUnit, 1, 3, 3, 240, 3),
            (ShuffleUnit, 2, 3, 3, 480, 8),
            (ShuffleUnit, 2, 3, 3, 960, 4),
        ),
        stem_channels=24,
        num_classes=num_classes,
        in_channels=in_channels,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def shufflenet_g3_150(
    num_classes: int = 1000, in_channels: int = 3, features_only: bool = False
) -> ShuffleNet | FeatureMaps:
    """Input 3 x 224 x 224: 3.44M parameters, 299.61M MACs, 599.22M FLOPs an image."""
    model = ShuffleNet(
        (
            # block, stride, groups, first_groups, channels, layers
            (ShuffleUnit, 2, 3, 1, 360, 1),
            (ShuffleUnit, 1, 3, 3, 360, 3),
            (ShuffleUnit, 2, 3, 3, 720, 8),
            (ShuffleUnit, 2, 3, 3, 1440, 4),
        ),
        stem_channels=36,
        num_classes=num_classes,
        in_channels=in_channels,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def shufflenet_g3_200(
    num_classes: int = 1000, in_channels: int = 3, features_only: bool = False
) -> ShuffleNet | FeatureMaps:
    """Input 3 x 224 x 224: 5.45M parameters, 524.05M MACs, 1.05G FLOPs an image."""
    model = ShuffleNet(
        (
            # block, stride, groups, first_groups, channels, layers
            (ShuffleUnit, 2, 3, 1, 480, 1),
            (ShuffleUnit, 1, 3, 3, 480, 3),
            (ShuffleUnit, 2, 3, 3, 960, 8),
            (ShuffleUnit, 2, 3, 3, 1920, 4),
        ),
        stem_channels=48,
        num_classes=num_classes,
        in_channels=in_channels,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def shufflenet_g4_025(
    num_classes: int = 1000, in_channels: int = 3, features_only: bool = False
) -> ShuffleNet | FeatureMaps:
    """Input 3 x 224 x 224: 314.85K parameters, 10.78M MACs, 21.56M FLOPs an image."""
    model = ShuffleNet(
        (
            # block, stride, groups, first_groups, channels, layers
            (ShuffleUnit, 2, 4, 1, 64, 1),
            (ShuffleUnit, 1, 4, 4, 64, 3),
            (ShuffleUnit, 2, 4, 4, 128, 8),
            (ShuffleUnit, 2, 4, 4, 256, 4),
        ),
        stem_channels=8,
        num_classes=num_classes,
        in_channels=in_channels,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def shufflenet_g4_050(
    num_classes: int = 1000, in_channels: int = 3, features_only: bool = False
) -> ShuffleNet | FeatureMaps:
    """Input 3 x 224 x 224: 835.98K parameters, 40.71M MACs, 81.42M FLOPs an image."""
    model = ShuffleNet(
        (
            # block, stride, groups, first_groups, channels, layers
            (ShuffleUnit, 2, 4, 1, 144, 1),
            (ShuffleUnit, 1, 4, 4, 144, 3),
            (ShuffleUnit, 2, 4, 4, 288, 8),
            (ShuffleUnit, 2, 4, 4, 576, 4),
        ),
        stem_channels=12,
        num_classes=num_classes,
        in_channels=in_channels,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def shufflenet_g4_075(
    num_classes: int = 1000, in_channels: int = 3, features_only: bool = False
) -> ShuffleNet | FeatureMaps:
    """Input 3 x 224 x 224: 1.36M parameters, 81.80M MACs, 163.61M FLOPs an image."""
    model = ShuffleNet(
        (
            # block, stride, groups, first_groups, channels, layers
            (ShuffleUnit, 2, 4, 1, 208, 1),
            (ShuffleUnit, 1, 4, 4, 208, 3),
            (ShuffleUnit, 2, 4, 4, 416, 8),
            (ShuffleUnit, 2, 4, 4, 832, 4),
        ),
        stem_channels=20,
        num_classes=num_classes,
        in_channels=in_channels,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def shufflenet_g4(
    num_classes: int = 1000, in_channels: int = 3, features_only: bool = False
) -> ShuffleNet | FeatureMaps:
    """Input 3 x 224 x 224: 1.97M parameters, 134.34M MACs, 268.68M FLOPs an image."""
    model = ShuffleNet(
        (
            # block, stride, groups, first_groups, channels, layers
            (ShuffleUnit, 2, 4, 1, 272, 1),
            (ShuffleUnit, 1, 4, 4, 272, 3),
            (ShuffleUnit, 2, 4, 4, 544, 8),
            (ShuffleUnit, 2, 4, 4, 1088, 4),
        ),
        stem_channels=24,
        num_classes=num_classes,
        in_channels=in_channels,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def shufflenet_g4_150(
    num_classes: int = 1000, in_channels: int = 3, features_only: bool = False
) -> ShuffleNet | FeatureMaps:
    """Input 3 x 224 x 224: 3.68M parameters, 302.82M MACs, 605.64M FLOPs an image."""
    model = ShuffleNet(
        (
            # block, stride, groups, first_groups, channels, layers
            (ShuffleUnit, 2, 4, 1, 416, 1),
            (ShuffleUnit, 1, 4, 4, 416, 3),
            (ShuffleUnit, 2, 4, 4, 832, 8),
            (ShuffleUnit, 2, 4, 4, 1664, 4),
        ),
        stem_channels=36,
        num_classes=num_classes,
        in_channels=in_channels,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def shufflenet_g4_200(
    num_classes: int = 1000, in_channels: int = 3, features_only: bool = False
) -> ShuffleNet | FeatureMaps:
    """Input 3 x 224 x 224: 5.59M parameters, 510.29M MACs, 1.02G FLOPs an image."""
    model = ShuffleNet(
        (
            # block, stride, groups, first_groups, channels, layers
            (ShuffleUnit, 2, 4, 1, 544, 1),
            (ShuffleUnit, 1, 4, 4, 544, 3),
            (ShuffleUnit, 2, 4, 4, 1088, 8),
            (ShuffleUnit, 2, 4, 4, 2176, 4),
        ),
        stem_channels=48,
        num_classes=num_classes,
        in_channels=in_channels,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def shufflenet_g8_025(
    num_classes: int = 1000, in_channels: int = 3, features_only: bool = False
) -> ShuffleNet | FeatureMaps:
    """Input 3 x 224 x 224: 454.50K parameters, 12.43M MACs, 24.85M FLOPs an image."""
    model = ShuffleNet(
        (
            # block, stride, groups, first_groups, channels, layers
            (ShuffleUnit, 2, 8, 1, 96, 1),
            (ShuffleUnit, 1, 8, 8, 96, 3),
            (ShuffleUnit, 2, 8, 8, 192, 8),
            (ShuffleUnit, 2, 8, 8, 384, 4),
        ),
        stem_channels=8,
        num_classes=num_classes,
        in_channels=in_channels,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def shufflenet_g8_050(
    num_classes: int = 1000, in_channels: int = 3, features_only: bool = False
) -> ShuffleNet | FeatureMaps:
    """Input 3 x 224 x 224: 1.01M parameters, 40.47M MACs, 80.94M FLOPs an image."""
    model = ShuffleNet(
        (
            # block, stride, groups, first_groups, channels, layers
            (ShuffleUnit, 2, 8, 1, 192, 1),
            (ShuffleUnit, 1, 8, 8, 192, 3),
            (ShuffleUnit, 2, 8, 8, 384, 8),
            (ShuffleUnit, 2, 8, 8, 768, 4),
        ),
        stem_channels=16,
        num_classes=num_classes,
        in_channels=in_channels,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def shufflenet_g8_075(
    num_classes: int = 1000, in_channels: int = 3, features_only: bool = False
) -> ShuffleNet | FeatureMaps:
    """Input 3 x 224 x 224: 1.67M parameters, 84.13M MACs, 168.26M FLOPs an image."""
    model = ShuffleNet(
        (
            # block, stride, groups, first_groups, channels, layers
            (ShuffleUnit, 2, 8, 1, 288, 1),
            (ShuffleUnit, 1, 8, 8, 288, 3),
            (ShuffleUnit, 2, 8, 8, 576, 8),
            (ShuffleUnit, 2, 8, 8, 1152, 4),
        ),
        stem_channels=24,
        num_classes=num_classes,
        in_channels=in_channels,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def shufflenet_g8(
    num_classes: int = 1000, in_channels: int = 3, features_only: bool = False
) -> ShuffleNet | FeatureMaps:
    """Input 3 x 224 x 224: 2.43M parameters, 138.37M MACs, 276.73M FLOPs an image."""
    model = ShuffleNet(
        (
            # block, stride, groups, first_groups, channels, layers
            (ShuffleUnit, 2, 8, 1, 384, 1),
            (ShuffleUnit, 1, 8, 8, 384, 3),
            (ShuffleUnit, 2, 8, 8, 768, 8),
            (ShuffleUnit, 2, 8, 8, 1536, 4),
        ),
        stem_channels=24,
        num_classes=num_classes,
        in_channels=in_channels,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def shufflenet_g8_150(
    num_classes: int = 1000, in_channels: int = 3, features_only: bool = False
) -> ShuffleNet | FeatureMaps:
    """Input 3 x 224 x 224: 4.27M parameters, 302.61M MACs, 605.21M FLOPs an image."""
    model = ShuffleNet(
        (
            # block, stride, groups, first_groups, channels, layers
            (ShuffleUnit, 2, 8, 1, 576, 1),
            (ShuffleUnit, 1, 8, 8, 576, 3),
            (ShuffleUnit, 2, 8, 8, 1152, 8),
            (ShuffleUnit, 2, 8, 8, 2304, 4),
        ),
        stem_channels=40,
        num_classes=num_classes,
        in_channels=in_channels,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def shufflenet_g8_200(
    num_classes: int = 1000, in_channels: int = 3, features_only: bool = False
) -> ShuffleNet | FeatureMaps:
    """Input 3 x 224 x 224: 6.52M parameters, 521.94M MACs, 1.04G FLOPs an image."""
    model = ShuffleNet(
        (
            # block, stride, groups, first_groups, channels, layers
            (ShuffleUnit, 2, 8, 1, 768, 1),
            (ShuffleUnit, 1, 8, 8, 768, 3),
            (ShuffleUnit, 2, 8, 8, 1536, 8),
            (ShuffleUnit, 2, 8, 8, 3072, 4),
        ),
        stem_channels=48,
        num_classes=num_classes,
        in_channels=in_channels,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model
