"""4 networks compiled by archdsl from mobilenet.arch. Standalone: edit and ship it as it is."""

# sha256:7e78d750d6012d35 as emitted; once you edit this file, only `archdsl build --force` replaces it.
import torch
from torch import Tensor, nn

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


def compile(model: nn.Module, mode: str | None = None, dtype: torch.dtype | None = None) -> nn.Module:
    """Compiles a model in place by torch.compile, with what suits convolutional networks, and returns it.

    Weights become channels-last, which tensor cores want, and `dtype` if given (torch.bfloat16 for inference; leave it
    out to train under torch.autocast). `mode` is "max-autotune" for inference on a GPU unless given.
    """
    model.to(dtype=dtype, memory_format=torch.channels_last)  # type: ignore[call-overload]
    on_gpu = any(parameter.is_cuda for parameter in model.parameters())
    model.compile(mode=mode or ("max-autotune" if on_gpu and not model.training else "default"), fullgraph=True)
    return model


class ConvNormAct(nn.Module):
    """Convolution, normalization and activation in the order most networks use."""

    def __init__(self, in_channels: int, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, channels, 3, stride=2, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(channels)
        self.act = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.act(self.norm(self.conv(x)))
        return out


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
        out: Tensor = self.act_2(self.norm_2(self.conv(self.act(self.norm(self.depthwise(x))))))
        return out


class Mobilenet(nn.Module):
    """MobileNet (Howard et al. 2017, https://arxiv.org/abs/1704.04861, Table 1): the first of depthwise separable
    convolutions.
    """

    def __init__(
        self,
        stages: tuple[tuple[type[nn.Module], int, int, int], ...],
        stem_channels: int,
        num_classes: int = 1000,
        in_channels: int = 3,
        features_only: bool = False,
    ) -> None:
        super().__init__()
        self.stem = ConvNormAct(in_channels, stem_channels)
        width = stem_channels
        reduction = 2
        self.stages = nn.Sequential()
        self.feature_info: list[dict[str, int | str]] = []
        self.feature_stages: list[int] = []
        for block, stride, channels, layers in stages:
            stage = nn.Sequential()
            for index in range(layers):
                stage.append(block(width, channels, stride=stride if index == 0 else 1))
                width = channels
            self.stages.append(stage)
            reduction *= stride
            number = len(self.stages) - 1
            if self.feature_info and self.feature_info[-1]["reduction"] == reduction:
                self.feature_info.pop()
                self.feature_stages.pop()
            self.feature_info.append({"num_chs": width, "reduction": reduction, "module": f"stages.{number}"})
            self.feature_stages.append(number)
        self.pool: nn.Module = pipeline(
            global_avg_pool=nn.AdaptiveAvgPool2d(1),
            flatten=nn.Flatten(1),
        )
        self.num_features = width
        self.classifier = self._linear(num_classes)
        self.features_only = features_only
        if features_only:
            self.pool = self.classifier = nn.Identity()
        self.apply(initialize)

    def forward_features(self, x: Tensor) -> Tensor:
        """Images, B x 3 x H x W, to the last feature map."""
        features: Tensor = self.stages(self.stem(x))
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


def mobilenet_025(num_classes: int = 1000, in_channels: int = 3, features_only: bool = False) -> Mobilenet:
    """Input 3 x 224 x 224: 470.07K parameters, 41.03M MACs, 82.06M FLOPs an image."""
    return Mobilenet(
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
        features_only=features_only,
    )


def mobilenet_050(num_classes: int = 1000, in_channels: int = 3, features_only: bool = False) -> Mobilenet:
    """Input 3 x 224 x 224: 1.33M parameters, 149.50M MACs, 298.99M FLOPs an image."""
    return Mobilenet(
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
        features_only=features_only,
    )


def mobilenet_075(num_classes: int = 1000, in_channels: int = 3, features_only: bool = False) -> Mobilenet:
    """Input 3 x 224 x 224: 2.59M parameters, 325.40M MACs, 650.80M FLOPs an image."""
    return Mobilenet(
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
        features_only=features_only,
    )


def mobilenet_100(num_classes: int = 1000, in_channels: int = 3, features_only: bool = False) -> Mobilenet:
    """Input 3 x 224 x 224: 4.23M parameters, 568.74M MACs, 1.14G FLOPs an image."""
    return Mobilenet(
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
        features_only=features_only,
    )
