"""15 networks compiled by archdsl from resattnet.arch. Standalone: edit and ship it as it is."""

# sha256:4f8fb879993a8252 as emitted; once you edit this file, only `archdsl build --force` replaces it.
# mypy: no-warn-return-any
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

__all__ = [
    "attention_inception_56",
    "attention_inception_92",
    "attention_next_56",
    "attention_next_92",
    "resattnet_56",
    "resattnet_92",
    "resattnet_128",
    "resattnet_164",
    "resattnet_200",
    "resattnet_236",
    "resattnet_452",
    "resattnet_channel",
    "resattnet_naive_56",
    "resattnet_naive_92",
    "resattnet_spatial",
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


class L2Norm(nn.Module):
    """The channels at each position divided by their L2 norm."""

    def __init__(self, eps: float = 1e-12) -> None:
        super().__init__()
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        return functional.normalize(x, dim=1, eps=self.eps)


class ResizeLike(nn.Module):
    """A map stretched to the height and width of another tensor."""

    def __init__(self, mode: str = "bilinear", align_corners: bool = False) -> None:
        super().__init__()
        self.mode = mode
        self.align_corners = align_corners if mode in ("bilinear", "bicubic") else None

    def forward(self, x: Tensor, like: Tensor) -> Tensor:
        return functional.interpolate(x, like.shape[2:], mode=self.mode, align_corners=self.align_corners)


class ConvNormAct(nn.Module):
    """Convolution, normalization and activation in the order most networks use."""

    def __init__(self, in_channels: int, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, channels, 7, stride=2, padding=3, bias=False)
        self.norm = nn.BatchNorm2d(channels)
        self.act = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.norm(self.conv(x)))


class PreactBottleneck(nn.Module):
    """Pre-activation bottleneck (He et al. 2016, https://arxiv.org/abs/1603.05027, Fig. 1)."""

    def __init__(self, in_channels: int, channels: int, stride: int) -> None:
        super().__init__()
        self.x = pipeline(
            norm=nn.BatchNorm2d(in_channels),
            act=nn.ReLU(),
        )
        self.transforms = stride != 1 or in_channels != channels
        self.shortcut_conv = (
            nn.Conv2d(in_channels, channels, 1, stride=stride, bias=False) if self.transforms else nn.Identity()
        )
        self.main = pipeline(
            conv=nn.Conv2d(in_channels, channels // 4, 1, bias=False),
            norm=nn.BatchNorm2d(channels // 4),
            act=nn.ReLU(),
            conv_2=nn.Conv2d(channels // 4, channels // 4, 3, stride=stride, padding=1, bias=False),
            norm_2=nn.BatchNorm2d(channels // 4),
            act_2=nn.ReLU(),
            conv_3=nn.Conv2d(channels // 4, channels, 1, bias=False),
        )

    def forward(self, inputs: Tensor) -> Tensor:
        x = self.x(inputs)
        shortcut = self.shortcut_conv(x) if self.transforms else inputs
        main = self.main(x)
        return main + shortcut


class PreactResNeXt(nn.Module):
    """The same with the groups of ResNeXt (Xie et al. 2017): twice the width in 32 groups."""

    def __init__(self, in_channels: int, channels: int, stride: int) -> None:
        super().__init__()
        self.x = pipeline(
            norm=nn.BatchNorm2d(in_channels),
            act=nn.ReLU(),
        )
        self.transforms = stride != 1 or in_channels != channels
        self.shortcut_conv = (
            nn.Conv2d(in_channels, channels, 1, stride=stride, bias=False) if self.transforms else nn.Identity()
        )
        self.main = pipeline(
            conv=nn.Conv2d(in_channels, channels // 2, 1, bias=False),
            norm=nn.BatchNorm2d(channels // 2),
            act=nn.ReLU(),
            conv_2=nn.Conv2d(channels // 2, channels // 2, 3, stride=stride, padding=1, groups=32, bias=False),
            norm_2=nn.BatchNorm2d(channels // 2),
            act_2=nn.ReLU(),
            conv_3=nn.Conv2d(channels // 2, channels, 1, bias=False),
        )

    def forward(self, inputs: Tensor) -> Tensor:
        x = self.x(inputs)
        shortcut = self.shortcut_conv(x) if self.transforms else inputs
        main = self.main(x)
        return main + shortcut


class PreactInception(nn.Module):
    """The same with the three branches of Inception-ResNet (Szegedy et al. 2016, https://arxiv.org/abs/1602.07261, Fig.
    10).
    """

    def __init__(self, in_channels: int, channels: int, stride: int) -> None:
        super().__init__()
        hidden = channels // 8
        self.x = pipeline(
            norm=nn.BatchNorm2d(in_channels),
            act=nn.ReLU(),
        )
        self.transforms = stride != 1 or in_channels != channels
        self.shortcut_conv = (
            nn.Conv2d(in_channels, channels, 1, stride=stride, bias=False) if self.transforms else nn.Identity()
        )
        self.point = nn.Conv2d(in_channels, hidden // 2, 1, stride=stride, bias=False)
        self.small = pipeline(
            conv=nn.Conv2d(in_channels, hidden, 1, bias=False),
            norm=nn.BatchNorm2d(hidden),
            act=nn.ReLU(),
            conv_2=nn.Conv2d(hidden, hidden, 3, stride=stride, padding=1, bias=False),
        )
        self.large = pipeline(
            conv=nn.Conv2d(in_channels, hidden, 1, bias=False),
            norm=nn.BatchNorm2d(hidden),
            act=nn.ReLU(),
            conv_2=nn.Conv2d(hidden, hidden, 3, stride=stride, padding=1, bias=False),
            norm_2=nn.BatchNorm2d(hidden),
            act_2=nn.ReLU(),
            conv_3=nn.Conv2d(hidden, hidden, 3, padding=1, bias=False),
        )
        self.norm = nn.BatchNorm2d(hidden // 2 + hidden + hidden)
        self.act = nn.ReLU()
        self.conv = nn.Conv2d(hidden // 2 + hidden + hidden, channels, 1, bias=False)

    def forward(self, inputs: Tensor) -> Tensor:
        x = self.x(inputs)
        shortcut = self.shortcut_conv(x) if self.transforms else inputs
        point = self.point(x)
        small = self.small(x)
        large = self.large(x)
        return self.conv(self.act(self.norm(torch.cat((point, small, large), dim=1)))) + shortcut


class Hourglass(nn.Module):
    """The mask branch of an attention module (Wang et al. 2017, Fig. 2): down and up again, `depth` times over."""

    def __init__(self, in_channels: int, depth: int, r: int, unit: type[nn.Module]) -> None:
        super().__init__()
        self.down = pipeline(
            max_pool=nn.MaxPool2d(3, 2, padding=1),
            unit=nn.Sequential(*(unit(in_channels, in_channels, stride=1) for _ in range(r))),
        )
        self.depth = depth
        self.deep_hourglass = Hourglass(in_channels, depth=depth - 1, r=r, unit=unit) if depth > 1 else nn.Identity()
        self.deep_unit = unit(in_channels, in_channels, stride=1) if depth > 1 else nn.Identity()
        self.unit = nn.Sequential(*(unit(in_channels, in_channels, stride=1) for _ in range(r)))
        self.resize = ResizeLike(align_corners=True)

    def forward(self, x: Tensor) -> Tensor:
        down = self.down(x)
        deep = self.deep_hourglass(down) + down + self.deep_unit(down) if self.depth > 1 else down
        return self.resize(self.unit(deep), x)


class SpatialGate(nn.Module):
    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.group_norm = nn.GroupNorm(in_channels, in_channels, affine=False)
        self.sigmoid = nn.Sigmoid()

    def forward(self, x: Tensor) -> Tensor:
        return self.sigmoid(self.group_norm(x))


class Attention(nn.Module):
    """Attention module: `p` units before the two branches, `t` in the trunk, `r` between poolings of the mask."""

    def __init__(
        self,
        in_channels: int,
        channels: int,
        depth: int,
        p: int,
        t: int,
        r: int,
        unit: type[nn.Module],
        gate: Callable[..., nn.Module],
        naive: bool,
    ) -> None:
        super().__init__()
        self.x = pipeline(
            unit=nn.Sequential(
                unit(in_channels, channels, stride=1), *(unit(channels, channels, stride=1) for _ in range(p - 1))
            ),
        )
        self.trunk = pipeline(
            unit=nn.Sequential(*(unit(channels, channels, stride=1) for _ in range(t))),
        )
        self.mask_hourglass = Hourglass(channels, depth=depth, r=r, unit=unit)
        self.mask = pipeline(
            layers=nn.Sequential(
                *(
                    pipeline(
                        norm=nn.BatchNorm2d(channels),
                        act=nn.ReLU(),
                        conv=nn.Conv2d(channels, channels, 1, bias=False),
                    )
                    for _ in range(2)
                )
            ),
            gate=gate(channels),
        )
        self.naive = naive
        self.unit = unit(channels, channels, stride=1)

    def forward(self, inputs: Tensor) -> Tensor:
        x = self.x(inputs)
        trunk = self.trunk(x)
        mask = self.mask(self.mask_hourglass(x) + trunk)
        attended = mask * trunk if self.naive else (1 + mask) * trunk
        return self.unit(attended)


class ResAttNet(nn.Module):
    """The networks resattnet_56 to attention_inception_92."""

    def __init__(
        self,
        stages: tuple[tuple[type[nn.Module], int, dict[str, int | Callable[..., nn.Module]], int], ...],
        num_classes: int = 1000,
        in_channels: int = 3,
    ) -> None:
        super().__init__()
        self.stem = pipeline(
            conv_norm_act=ConvNormAct(in_channels, 64),
            max_pool=nn.MaxPool2d(3, 2, padding=1),
        )
        width = 64
        self.stages = nn.Sequential()
        for block, channels, arguments, layers in stages:
            stage = Stage()
            rest = {**arguments, "stride": 1} if "stride" in arguments else arguments
            for index in range(layers):
                stage.append(block(width, channels, **(arguments if index == 0 else rest)))
                width = channels
            self.stages.append(stage)
        self.feature_info: list[dict[str, int | str]] = [
            {"num_chs": 64, "reduction": 2, "module": "stem.conv_norm_act"},
            {"num_chs": 256, "reduction": 4, "module": "stages.1"},
            {"num_chs": 512, "reduction": 8, "module": "stages.3"},
            {"num_chs": 1024, "reduction": 16, "module": "stages.5"},
            {"num_chs": 2048, "reduction": 32, "module": "stages.6"},
        ]
        self.head = pipeline(
            norm=nn.BatchNorm2d(width),
            act=nn.ReLU(),
        )
        self.pool = pipeline(
            global_avg_pool=nn.AdaptiveAvgPool2d(1),
            flatten=nn.Flatten(1),
        )
        self.num_features = width
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


def resattnet_56(num_classes: int = 1000, in_channels: int = 3, features_only: bool = False) -> ResAttNet | FeatureMaps:
    """Residual Attention Network, ResAttNet (Wang et al. 2017, https://arxiv.org/abs/1704.06904, Table 2).

    Input 3 x 224 x 224: 31.81M parameters, 6.27G MACs, 12.54G FLOPs an image.
    """
    arguments: dict[str, Callable[..., nn.Module]] = {"unit": PreactBottleneck, "gate": lambda _: nn.Sigmoid()}
    model = ResAttNet(
        (
            # block, channels, arguments, layers
            (PreactBottleneck, 256, {"stride": 1}, 1),
            (Attention, 256, {"depth": 3, "p": 1, "t": 2, "r": 1, "naive": False, **arguments}, 1),
            (PreactBottleneck, 512, {"stride": 2}, 1),
            (Attention, 512, {"depth": 2, "p": 1, "t": 2, "r": 1, "naive": False, **arguments}, 1),
            (PreactBottleneck, 1024, {"stride": 2}, 1),
            (Attention, 1024, {"depth": 1, "p": 1, "t": 2, "r": 1, "naive": False, **arguments}, 1),
            (PreactBottleneck, 2048, {"stride": 2}, 3),
        ),
        num_classes=num_classes,
        in_channels=in_channels,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def resattnet_92(num_classes: int = 1000, in_channels: int = 3, features_only: bool = False) -> ResAttNet | FeatureMaps:
    """Residual Attention Network, ResAttNet (Wang et al. 2017, https://arxiv.org/abs/1704.06904, Table 2).

    Input 3 x 224 x 224: 52.47M parameters, 10.53G MACs, 21.07G FLOPs an image.
    """
    arguments: dict[str, Callable[..., nn.Module]] = {"unit": PreactBottleneck, "gate": lambda _: nn.Sigmoid()}
    model = ResAttNet(
        (
            # block, channels, arguments, layers
            (PreactBottleneck, 256, {"stride": 1}, 1),
            (Attention, 256, {"depth": 3, "p": 1, "t": 2, "r": 1, "naive": False, **arguments}, 1),
            (PreactBottleneck, 512, {"stride": 2}, 1),
            (Attention, 512, {"depth": 2, "p": 1, "t": 2, "r": 1, "naive": False, **arguments}, 2),
            (PreactBottleneck, 1024, {"stride": 2}, 1),
            (Attention, 1024, {"depth": 1, "p": 1, "t": 2, "r": 1, "naive": False, **arguments}, 3),
            (PreactBottleneck, 2048, {"stride": 2}, 3),
        ),
        num_classes=num_classes,
        in_channels=in_channels,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def resattnet_128(
    num_classes: int = 1000, in_channels: int = 3, features_only: bool = False
) -> ResAttNet | FeatureMaps:
    """Residual Attention Network, ResAttNet (Wang et al. 2017, https://arxiv.org/abs/1704.06904, Table 2).

    Input 3 x 224 x 224: 65.29M parameters, 14.90G MACs, 29.80G FLOPs an image.
    """
    arguments: dict[str, Callable[..., nn.Module]] = {"unit": PreactBottleneck, "gate": lambda _: nn.Sigmoid()}
    model = ResAttNet(
        (
            # block, channels, arguments, layers
            (PreactBottleneck, 256, {"stride": 1}, 1),
            (Attention, 256, {"depth": 3, "p": 1, "t": 2, "r": 1, "naive": False, **arguments}, 2),
            (PreactBottleneck, 512, {"stride": 2}, 1),
            (Attention, 512, {"depth": 2, "p": 1, "t": 2, "r": 1, "naive": False, **arguments}, 3),
            (PreactBottleneck, 1024, {"stride": 2}, 1),
            (Attention, 1024, {"depth": 1, "p": 1, "t": 2, "r": 1, "naive": False, **arguments}, 4),
            (PreactBottleneck, 2048, {"stride": 2}, 3),
        ),
        num_classes=num_classes,
        in_channels=in_channels,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def resattnet_164(
    num_classes: int = 1000, in_channels: int = 3, features_only: bool = False
) -> ResAttNet | FeatureMaps:
    """Residual Attention Network, ResAttNet (Wang et al. 2017, https://arxiv.org/abs/1704.06904, Table 2).

    Input 3 x 224 x 224: 78.12M parameters, 19.26G MACs, 38.53G FLOPs an image.
    """
    arguments: dict[str, Callable[..., nn.Module]] = {"unit": PreactBottleneck, "gate": lambda _: nn.Sigmoid()}
    model = ResAttNet(
        (
            # block, channels, arguments, layers
            (PreactBottleneck, 256, {"stride": 1}, 1),
            (Attention, 256, {"depth": 3, "p": 1, "t": 2, "r": 1, "naive": False, **arguments}, 3),
            (PreactBottleneck, 512, {"stride": 2}, 1),
            (Attention, 512, {"depth": 2, "p": 1, "t": 2, "r": 1, "naive": False, **arguments}, 4),
            (PreactBottleneck, 1024, {"stride": 2}, 1),
            (Attention, 1024, {"depth": 1, "p": 1, "t": 2, "r": 1, "naive": False, **arguments}, 5),
            (PreactBottleneck, 2048, {"stride": 2}, 3),
        ),
        num_classes=num_classes,
        in_channels=in_channels,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def resattnet_200(
    num_classes: int = 1000, in_channels: int = 3, features_only: bool = False
) -> ResAttNet | FeatureMaps:
    """Residual Attention Network, ResAttNet (Wang et al. 2017, https://arxiv.org/abs/1704.06904, Table 2).

    Input 3 x 224 x 224: 90.95M parameters, 23.63G MACs, 47.26G FLOPs an image.
    """
    arguments: dict[str, Callable[..., nn.Module]] = {"unit": PreactBottleneck, "gate": lambda _: nn.Sigmoid()}
    model = ResAttNet(
        (
            # block, channels, arguments, layers
            (PreactBottleneck, 256, {"stride": 1}, 1),
            (Attention, 256, {"depth": 3, "p": 1, "t": 2, "r": 1, "naive": False, **arguments}, 4),
            (PreactBottleneck, 512, {"stride": 2}, 1),
            (Attention, 512, {"depth": 2, "p": 1, "t": 2, "r": 1, "naive": False, **arguments}, 5),
            (PreactBottleneck, 1024, {"stride": 2}, 1),
            (Attention, 1024, {"depth": 1, "p": 1, "t": 2, "r": 1, "naive": False, **arguments}, 6),
            (PreactBottleneck, 2048, {"stride": 2}, 3),
        ),
        num_classes=num_classes,
        in_channels=in_channels,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def resattnet_236(
    num_classes: int = 1000, in_channels: int = 3, features_only: bool = False
) -> ResAttNet | FeatureMaps:
    """Residual Attention Network, ResAttNet (Wang et al. 2017, https://arxiv.org/abs/1704.06904, Table 2).

    Input 3 x 224 x 224: 103.78M parameters, 28.00G MACs, 55.99G FLOPs an image.
    """
    arguments: dict[str, Callable[..., nn.Module]] = {"unit": PreactBottleneck, "gate": lambda _: nn.Sigmoid()}
    model = ResAttNet(
        (
            # block, channels, arguments, layers
            (PreactBottleneck, 256, {"stride": 1}, 1),
            (Attention, 256, {"depth": 3, "p": 1, "t": 2, "r": 1, "naive": False, **arguments}, 5),
            (PreactBottleneck, 512, {"stride": 2}, 1),
            (Attention, 512, {"depth": 2, "p": 1, "t": 2, "r": 1, "naive": False, **arguments}, 6),
            (PreactBottleneck, 1024, {"stride": 2}, 1),
            (Attention, 1024, {"depth": 1, "p": 1, "t": 2, "r": 1, "naive": False, **arguments}, 7),
            (PreactBottleneck, 2048, {"stride": 2}, 3),
        ),
        num_classes=num_classes,
        in_channels=in_channels,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def resattnet_452(
    num_classes: int = 1000, in_channels: int = 3, features_only: bool = False
) -> ResAttNet | FeatureMaps:
    """Residual Attention Network, ResAttNet (Wang et al. 2017, https://arxiv.org/abs/1704.06904, Table 2).

    Input 3 x 224 x 224: 182.29M parameters, 44.39G MACs, 88.77G FLOPs an image.
    """
    arguments: dict[str, Callable[..., nn.Module]] = {"unit": PreactBottleneck, "gate": lambda _: nn.Sigmoid()}
    model = ResAttNet(
        (
            # block, channels, arguments, layers
            (PreactBottleneck, 256, {"stride": 1}, 1),
            (Attention, 256, {"depth": 3, "p": 2, "t": 4, "r": 3, "naive": False, **arguments}, 5),
            (PreactBottleneck, 512, {"stride": 2}, 1),
            (Attention, 512, {"depth": 2, "p": 2, "t": 4, "r": 3, "naive": False, **arguments}, 6),
            (PreactBottleneck, 1024, {"stride": 2}, 1),
            (Attention, 1024, {"depth": 1, "p": 2, "t": 4, "r": 3, "naive": False, **arguments}, 7),
            (PreactBottleneck, 2048, {"stride": 2}, 3),
        ),
        num_classes=num_classes,
        in_channels=in_channels,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def resattnet_naive_56(
    num_classes: int = 1000, in_channels: int = 3, features_only: bool = False
) -> ResAttNet | FeatureMaps:
    """The ablations of the paper's Tables 3 and 4: no attention residual learning, and the other gates.

    Input 3 x 224 x 224: 31.81M parameters, 6.27G MACs, 12.54G FLOPs an image.
    """
    arguments: dict[str, Callable[..., nn.Module]] = {"unit": PreactBottleneck, "gate": lambda _: nn.Sigmoid()}
    model = ResAttNet(
        (
            # block, channels, arguments, layers
            (PreactBottleneck, 256, {"stride": 1}, 1),
            (Attention, 256, {"depth": 3, "p": 1, "t": 2, "r": 1, "naive": True, **arguments}, 1),
            (PreactBottleneck, 512, {"stride": 2}, 1),
            (Attention, 512, {"depth": 2, "p": 1, "t": 2, "r": 1, "naive": True, **arguments}, 1),
            (PreactBottleneck, 1024, {"stride": 2}, 1),
            (Attention, 1024, {"depth": 1, "p": 1, "t": 2, "r": 1, "naive": True, **arguments}, 1),
            (PreactBottleneck, 2048, {"stride": 2}, 3),
        ),
        num_classes=num_classes,
        in_channels=in_channels,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def resattnet_naive_92(
    num_classes: int = 1000, in_channels: int = 3, features_only: bool = False
) -> ResAttNet | FeatureMaps:
    """The ablations of the paper's Tables 3 and 4: no attention residual learning, and the other gates.

    Input 3 x 224 x 224: 52.47M parameters, 10.53G MACs, 21.07G FLOPs an image.
    """
    arguments: dict[str, Callable[..., nn.Module]] = {"unit": PreactBottleneck, "gate": lambda _: nn.Sigmoid()}
    model = ResAttNet(
        (
            # block, channels, arguments, layers
            (PreactBottleneck, 256, {"stride": 1}, 1),
            (Attention, 256, {"depth": 3, "p": 1, "t": 2, "r": 1, "naive": True, **arguments}, 1),
            (PreactBottleneck, 512, {"stride": 2}, 1),
            (Attention, 512, {"depth": 2, "p": 1, "t": 2, "r": 1, "naive": True, **arguments}, 2),
            (PreactBottleneck, 1024, {"stride": 2}, 1),
            (Attention, 1024, {"depth": 1, "p": 1, "t": 2, "r": 1, "naive": True, **arguments}, 3),
            (PreactBottleneck, 2048, {"stride": 2}, 3),
        ),
        num_classes=num_classes,
        in_channels=in_channels,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def resattnet_channel(
    num_classes: int = 1000, in_channels: int = 3, features_only: bool = False
) -> ResAttNet | FeatureMaps:
    """Input 3 x 224 x 224: 31.81M parameters, 6.27G MACs, 12.54G FLOPs an image."""
    arguments: dict[str, Callable[..., nn.Module]] = {"unit": PreactBottleneck, "gate": lambda _: L2Norm()}
    model = ResAttNet(
        (
            # block, channels, arguments, layers
            (PreactBottleneck, 256, {"stride": 1}, 1),
            (Attention, 256, {"depth": 3, "p": 1, "t": 2, "r": 1, "naive": False, **arguments}, 1),
            (PreactBottleneck, 512, {"stride": 2}, 1),
            (Attention, 512, {"depth": 2, "p": 1, "t": 2, "r": 1, "naive": False, **arguments}, 1),
            (PreactBottleneck, 1024, {"stride": 2}, 1),
            (Attention, 1024, {"depth": 1, "p": 1, "t": 2, "r": 1, "naive": False, **arguments}, 1),
            (PreactBottleneck, 2048, {"stride": 2}, 3),
        ),
        num_classes=num_classes,
        in_channels=in_channels,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def resattnet_spatial(
    num_classes: int = 1000, in_channels: int = 3, features_only: bool = False
) -> ResAttNet | FeatureMaps:
    """Input 3 x 224 x 224: 31.81M parameters, 6.27G MACs, 12.54G FLOPs an image."""
    arguments: dict[str, type[nn.Module]] = {"unit": PreactBottleneck, "gate": SpatialGate}
    model = ResAttNet(
        (
            # block, channels, arguments, layers
            (PreactBottleneck, 256, {"stride": 1}, 1),
            (Attention, 256, {"depth": 3, "p": 1, "t": 2, "r": 1, "naive": False, **arguments}, 1),
            (PreactBottleneck, 512, {"stride": 2}, 1),
            (Attention, 512, {"depth": 2, "p": 1, "t": 2, "r": 1, "naive": False, **arguments}, 1),
            (PreactBottleneck, 1024, {"stride": 2}, 1),
            (Attention, 1024, {"depth": 1, "p": 1, "t": 2, "r": 1, "naive": False, **arguments}, 1),
            (PreactBottleneck, 2048, {"stride": 2}, 3),
        ),
        num_classes=num_classes,
        in_channels=in_channels,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def attention_next_56(
    num_classes: int = 1000, in_channels: int = 3, features_only: bool = False
) -> ResAttNet | FeatureMaps:
    """AttentionNeXt: units of ResNeXt (the paper's Table 6 prints 31.9M and 6.3G).

    Input 3 x 224 x 224: 31.31M parameters, 6.42G MACs, 12.84G FLOPs an image.
    """
    arguments: dict[str, Callable[..., nn.Module]] = {"unit": PreactResNeXt, "gate": lambda _: nn.Sigmoid()}
    model = ResAttNet(
        (
            # block, channels, arguments, layers
            (PreactResNeXt, 256, {"stride": 1}, 1),
            (Attention, 256, {"depth": 3, "p": 1, "t": 2, "r": 1, "naive": False, **arguments}, 1),
            (PreactResNeXt, 512, {"stride": 2}, 1),
            (Attention, 512, {"depth": 2, "p": 1, "t": 2, "r": 1, "naive": False, **arguments}, 1),
            (PreactResNeXt, 1024, {"stride": 2}, 1),
            (Attention, 1024, {"depth": 1, "p": 1, "t": 2, "r": 1, "naive": False, **arguments}, 1),
            (PreactResNeXt, 2048, {"stride": 2}, 3),
        ),
        num_classes=num_classes,
        in_channels=in_channels,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def attention_next_92(
    num_classes: int = 1000, in_channels: int = 3, features_only: bool = False
) -> ResAttNet | FeatureMaps:
    """AttentionNeXt: units of ResNeXt (the paper's Table 6 prints 31.9M and 6.3G).

    Input 3 x 224 x 224: 52.10M parameters, 10.70G MACs, 21.41G FLOPs an image.
    """
    arguments: dict[str, Callable[..., nn.Module]] = {"unit": PreactResNeXt, "gate": lambda _: nn.Sigmoid()}
    model = ResAttNet(
        (
            # block, channels, arguments, layers
            (PreactResNeXt, 256, {"stride": 1}, 1),
            (Attention, 256, {"depth": 3, "p": 1, "t": 2, "r": 1, "naive": False, **arguments}, 1),
            (PreactResNeXt, 512, {"stride": 2}, 1),
            (Attention, 512, {"depth": 2, "p": 1, "t": 2, "r": 1, "naive": False, **arguments}, 2),
            (PreactResNeXt, 1024, {"stride": 2}, 1),
            (Attention, 1024, {"depth": 1, "p": 1, "t": 2, "r": 1, "naive": False, **arguments}, 3),
            (PreactResNeXt, 2048, {"stride": 2}, 3),
        ),
        num_classes=num_classes,
        in_channels=in_channels,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def attention_inception_56(
    num_classes: int = 1000, in_channels: int = 3, features_only: bool = False
) -> ResAttNet | FeatureMaps:
    """AttentionInception: units of Inception-ResNet (the paper's Table 6 prints 31.9M and 6.3G).

    Input 3 x 224 x 224: 31.28M parameters, 6.18G MACs, 12.35G FLOPs an image.
    """
    arguments: dict[str, Callable[..., nn.Module]] = {"unit": PreactInception, "gate": lambda _: nn.Sigmoid()}
    model = ResAttNet(
        (
            # block, channels, arguments, layers
            (PreactInception, 256, {"stride": 1}, 1),
            (Attention, 256, {"depth": 3, "p": 1, "t": 2, "r": 1, "naive": False, **arguments}, 1),
            (PreactInception, 512, {"stride": 2}, 1),
            (Attention, 512, {"depth": 2, "p": 1, "t": 2, "r": 1, "naive": False, **arguments}, 1),
            (PreactInception, 1024, {"stride": 2}, 1),
            (Attention, 1024, {"depth": 1, "p": 1, "t": 2, "r": 1, "naive": False, **arguments}, 1),
            (PreactInception, 2048, {"stride": 2}, 3),
        ),
        num_classes=num_classes,
        in_channels=in_channels,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model


def attention_inception_92(
    num_classes: int = 1000, in_channels: int = 3, features_only: bool = False
) -> ResAttNet | FeatureMaps:
    """AttentionInception: units of Inception-ResNet (the paper's Table 6 prints 31.9M and 6.3G).

    Input 3 x 224 x 224: 51.71M parameters, 10.40G MACs, 20.79G FLOPs an image.
    """
    arguments: dict[str, Callable[..., nn.Module]] = {"unit": PreactInception, "gate": lambda _: nn.Sigmoid()}
    model = ResAttNet(
        (
            # block, channels, arguments, layers
            (PreactInception, 256, {"stride": 1}, 1),
            (Attention, 256, {"depth": 3, "p": 1, "t": 2, "r": 1, "naive": False, **arguments}, 1),
            (PreactInception, 512, {"stride": 2}, 1),
            (Attention, 512, {"depth": 2, "p": 1, "t": 2, "r": 1, "naive": False, **arguments}, 2),
            (PreactInception, 1024, {"stride": 2}, 1),
            (Attention, 1024, {"depth": 1, "p": 1, "t": 2, "r": 1, "naive": False, **arguments}, 3),
            (PreactInception, 2048, {"stride": 2}, 3),
        ),
        num_classes=num_classes,
        in_channels=in_channels,
    )
    return StemFeatureMaps(model.stem, model.stages, model.feature_info) if features_only else model
