"""4 networks compiled by archdsl from mobilenet.arch. Standalone: edit and ship it as it is."""

# sha256:bacc0aec63844bee as emitted; once you edit this file, only `archdsl build --force` replaces it.
# mypy: no-warn-return-any
import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

__all__ = ["mobilenet_025", "mobilenet_050", "mobilenet_075", "mobilenet_100"]


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


class ConvNormAct(nn.Module):
    """Convolution, normalization and activation in the order most networks use."""

    def __init__(self, in_channels: int, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, channels, 3, stride=2, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(channels)
        self.act = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.norm(self.conv(x)))


class SeparableConv(nn.Module):
    """Depthwise separable convolution (Howard et al. 2017): each channel filtered by itself, then mixed by a 1 x 1
    convolution.
    """

    def __init__(self, in_channels: int, channels: int, stride: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(
            in_channels, in_channels, 3, stride=stride, padding=1, groups=in_channels, bias=False
        )
        self.norm = nn.BatchNorm2d(in_channels)
        self.act = nn.ReLU()
        self.conv = nn.Conv2d(in_channels, channels, 1, bias=False)
        self.norm_2 = nn.BatchNorm2d(channels)
        self.act_2 = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.act_2(self.norm_2(self.conv(self.act(self.norm(self.depthwise(x))))))


class MobileNet(nn.Module):
    """MobileNet (Howard et al. 2017, https://arxiv.org/abs/1704.04861, Table 1): the first of depthwise separable
    convolutions.
    """

    def __init__(
        self,
        stages: tuple[tuple[type[nn.Module], int, int, int], ...],
        stem_channels: int,
        num_classes: int = 1000,
        in_channels: int = 3,
    ) -> None:
        super().__init__()
        self.stem = ConvNormAct(in_channels, stem_channels)
        width = stem_channels
        widths = []
        self.stages = nn.Sequential()
        for block, stride, channels, layers in stages:
            stage = Stage()
            for _ in range(layers):
                stage.append(block(width, channels, stride=stride))
                width, stride = channels, 1
            self.stages.append(stage)
            widths.append(width)
        self.feature_info: list[dict[str, int | str]] = [
            {"num_chs": widths[0], "reduction": 2, "module": "stages.0"},
            {"num_chs": widths[1], "reduction": 4, "module": "stages.1"},
            {"num_chs": widths[2], "reduction": 8, "module": "stages.2"},
            {"num_chs": widths[3], "reduction": 16, "module": "stages.3"},
            {"num_chs": widths[4], "reduction": 32, "module": "stages.4"},
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


def mobilenet_025(
    num_classes: int = 1000, in_channels: int = 3, features_only: bool = False
) -> MobileNet | FeatureMaps:
    """Input 3 x 224 x 224: 470.07K parameters, 41.03M MACs, 82.06M FLOPs an image."""
    model = MobileNet(
        (
            # block, stride, channels, layers
            (SeparableConv, 1, 16, 1),
            (SeparableConv, 2, 32, 2),
            (SeparableConv, 2, 64, 2),
            (SeparableConv, 2, 128, 6),
            (SeparableConv, 2, 256, 2),
        ),
        stem_channels=8,
        num_classes=num_classes,
        in_channels=in_channels,
    )
    return FeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def mobilenet_050(
    num_classes: int = 1000, in_channels: int = 3, features_only: bool = False
) -> MobileNet | FeatureMaps:
    """Input 3 x 224 x 224: 1.33M parameters, 149.50M MACs, 298.99M FLOPs an image."""
    model = MobileNet(
        (
            # block, stride, channels, layers
            (SeparableConv, 1, 32, 1),
            (SeparableConv, 2, 64, 2),
            (SeparableConv, 2, 128, 2),
            (SeparableConv, 2, 256, 6),
            (SeparableConv, 2, 512, 2),
        ),
        stem_channels=16,
        num_classes=num_classes,
        in_channels=in_channels,
    )
    return FeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def mobilenet_075(
    num_classes: int = 1000, in_channels: int = 3, features_only: bool = False
) -> MobileNet | FeatureMaps:
    """Input 3 x 224 x 224: 2.59M parameters, 325.40M MACs, 650.80M FLOPs an image."""
    model = MobileNet(
        (
            # block, stride, channels, layers
            (SeparableConv, 1, 48, 1),
            (SeparableConv, 2, 96, 2),
            (SeparableConv, 2, 192, 2),
            (SeparableConv, 2, 384, 6),
            (SeparableConv, 2, 768, 2),
        ),
        stem_channels=24,
        num_classes=num_classes,
        in_channels=in_channels,
    )
    return FeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def mobilenet_100(
    num_classes: int = 1000, in_channels: int = 3, features_only: bool = False
) -> MobileNet | FeatureMaps:
    """Input 3 x 224 x 224: 4.23M parameters, 568.74M MACs, 1.14G FLOPs an image."""
    model = MobileNet(
        (
            # block, stride, channels, layers
            (SeparableConv, 1, 64, 1),
            (SeparableConv, 2, 128, 2),
            (SeparableConv, 2, 256, 2),
            (SeparableConv, 2, 512, 6),
            (SeparableConv, 2, 1024, 2),
        ),
        stem_channels=32,
        num_classes=num_classes,
        in_channels=in_channels,
    )
    return FeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model
