"""efficientnetv2_l: compiled by archdsl from v2_l.arch. Standalone: edit and ship it as it is."""

# sha256:0dd8bc270d23208d as emitted; once you edit this file, only `archdsl build --force` replaces it.
# mypy: no-warn-return-any
import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

__all__ = ["efficientnetv2_l"]


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

    def __init__(self, in_channels: int, channels: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, channels, kernel, stride=stride, padding=(kernel - 1) // 2, bias=False)
        self.norm = nn.BatchNorm2d(channels, eps=0.001, momentum=0.01)
        self.act = nn.SiLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.norm(self.conv(x)))


class FusedMBConv(nn.Module):
    """Fused mobile inverted bottleneck, Fused-MBConv (Gupta & Akin 2020): one full convolution expands and filters."""

    def __init__(self, in_channels: int, channels: int, stride: int, expansion: int, drop_path: float) -> None:
        super().__init__()
        hidden = divisible(in_channels * expansion)
        self.main = pipeline(
            conv_norm_act=ConvNormAct(in_channels, hidden if expansion != 1 else channels, kernel=3, stride=stride),
            conv=nn.Conv2d(hidden, channels, 1, bias=False) if expansion != 1 else None,
            norm=nn.BatchNorm2d(channels, eps=0.001, momentum=0.01) if expansion != 1 else None,
        )
        self.residual = stride == 1 and in_channels == channels
        self.drop_path = DropPath(drop_path) if drop_path else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        main = self.main(x)
        return x + self.drop_path(main) if self.residual else main


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


class MBConv(nn.Module):
    """Mobile inverted bottleneck, MBConv (Sandler et al. 2018; Tan & Le 2019)."""

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
        self.drop_path = DropPath(drop_path) if drop_path else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        main = self.main(x)
        return x + self.drop_path(main) if self.residual else main


class EfficientNetV2L(nn.Module):
    """EfficientNetV2-L (Tan & Le 2021, https://arxiv.org/abs/2104.00298)."""

    def __init__(
        self, num_classes: int = 1000, in_channels: int = 3, dropout_rate: float = 0.4, drop_path_rate: float = 0.2
    ) -> None:
        super().__init__()
        self.stem = ConvNormAct(in_channels, 32, kernel=3, stride=2)
        stages: tuple[tuple[type[nn.Module], int, int, int, int], ...] = (
            # block, stride, expansion, channels, layers
            (FusedMBConv, 1, 1, 32, 4),
            (FusedMBConv, 2, 4, 64, 7),
            (FusedMBConv, 2, 4, 96, 7),
            (MBConv, 2, 4, 192, 10),
            (MBConv, 1, 6, 224, 19),
            (MBConv, 2, 6, 384, 25),
            (MBConv, 1, 6, 640, 7),
        )
        width = 32
        depth = sum(layers for *_, layers in stages)
        rates = iter([drop_path_rate * index / depth for index in range(depth)])
        self.stages = nn.Sequential()
        for block, stride, expansion, channels, layers in stages:
            stage = Stage()
            for _ in range(layers):
                stage.append(block(width, channels, stride=stride, expansion=expansion, drop_path=next(rates)))
                width, stride = channels, 1
            self.stages.append(stage)
        self.feature_info: list[dict[str, int | str]] = [
            {"num_chs": 32, "reduction": 2, "module": "stages.0"},
            {"num_chs": 64, "reduction": 4, "module": "stages.1"},
            {"num_chs": 96, "reduction": 8, "module": "stages.2"},
            {"num_chs": 224, "reduction": 16, "module": "stages.4"},
            {"num_chs": 640, "reduction": 32, "module": "stages.6"},
        ]
        self.head = ConvNormAct(width, 1280, kernel=1, stride=1)
        self.pool = pipeline(
            global_avg_pool=nn.AdaptiveAvgPool2d(1),
            dropout=nn.Dropout(dropout_rate),
            flatten=nn.Flatten(1),
        )
        self.num_features = 1280
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


def efficientnetv2_l(
    num_classes: int = 1000,
    in_channels: int = 3,
    dropout_rate: float = 0.4,
    drop_path_rate: float = 0.2,
    features_only: bool = False,
) -> EfficientNetV2L | FeatureMaps:
    """Input 3 x 480 x 480: 118.52M parameters, 56.08G MACs, 112.16G FLOPs an image."""
    model = EfficientNetV2L(
        num_classes=num_classes, in_channels=in_channels, dropout_rate=dropout_rate, drop_path_rate=drop_path_rate
    )
    return FeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model
