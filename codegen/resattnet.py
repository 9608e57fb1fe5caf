"""15 networks compiled by archdsl from resattnet.arch. Standalone: edit and ship it as it is."""

# sha256:858a603d5f101138 as emitted; once you edit this file, only `archdsl build --force` replaces it.
import torch
from torch import Tensor, nn
from torch.nn import functional

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


def compile(model: nn.Module, mode: str | None = None, dtype: torch.dtype | None = None) -> nn.Module:
    """Compiles a model in place by torch.compile, with what suits convolutional networks, and returns it.

    Weights become channels-last, which tensor cores want, and `dtype` if given (torch.bfloat16 for inference; leave it
    out to train under torch.autocast). `mode` is "max-autotune" for inference on a GPU unless given.
    """
    model.to(dtype=dtype, memory_format=torch.channels_last)  # type: ignore[call-overload]
    on_gpu = any(parameter.is_cuda for parameter in model.parameters())
    model.compile(mode=mode or ("max-autotune" if on_gpu and not model.training else "default"), fullgraph=True)
    return model


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
        self.align_corners = align_corners if mode == "bilinear" else None

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
        out: Tensor = self.act(self.norm(self.conv(x)))
        return out


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
        x: Tensor = self.x(inputs)
        shortcut: Tensor = self.shortcut_conv(x) if self.transforms else inputs
        main: Tensor = self.main(x)
        out: Tensor = main + shortcut
        return out


class Hourglass(nn.Module):
    """The mask branch of an attention module (Wang et al. 2017, Fig. 2): down and up again, `depth` times over."""

    def __init__(self, in_channels: int, depth: int, r: int) -> None:
        super().__init__()
        self.down = pipeline(
            max_pool=nn.MaxPool2d(3, 2, padding=1),
            unit=nn.Sequential(*(PreactBottleneck(in_channels, in_channels, stride=1) for _ in range(r))),
        )
        self.depth = depth
        self.deep_hourglass = Hourglass(in_channels, depth=depth - 1, r=r) if depth > 1 else nn.Identity()
        self.deep_unit = PreactBottleneck(in_channels, in_channels, stride=1) if depth > 1 else nn.Identity()
        self.unit = nn.Sequential(*(PreactBottleneck(in_channels, in_channels, stride=1) for _ in range(r)))
        self.resize = ResizeLike(align_corners=True)

    def forward(self, x: Tensor) -> Tensor:
        down: Tensor = self.down(x)
        deep: Tensor = self.deep_hourglass(down) + down + self.deep_unit(down) if self.depth > 1 else down
        out: Tensor = self.resize(self.unit(deep), x)
        return out


class Attention2(nn.Module):
    """Attention module: `p` units before the two branches, `t` in the trunk, `r` between poolings of the mask."""

    def __init__(self, in_channels: int, channels: int, depth: int, p: int, t: int, r: int, naive: bool) -> None:
        super().__init__()
        self.x = pipeline(
            unit=nn.Sequential(
                PreactBottleneck(in_channels, channels, stride=1),
                *(PreactBottleneck(channels, channels, stride=1) for _ in range(p - 1)),
            ),
        )
        self.trunk = pipeline(
            unit=nn.Sequential(*(PreactBottleneck(channels, channels, stride=1) for _ in range(t))),
        )
        self.mask_hourglass = Hourglass(channels, depth=depth, r=r)
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
            gate=nn.Sigmoid(),
        )
        self.naive = naive
        self.unit = PreactBottleneck(channels, channels, stride=1)

    def forward(self, inputs: Tensor) -> Tensor:
        x: Tensor = self.x(inputs)
        trunk: Tensor = self.trunk(x)
        mask: Tensor = self.mask(self.mask_hourglass(x) + trunk)
        attended: Tensor = mask * trunk if self.naive else (1 + mask) * trunk
        out: Tensor = self.unit(attended)
        return out


class Attention3(nn.Module):
    """Attention module: `p` units before the two branches, `t` in the trunk, `r` between poolings of the mask."""

    def __init__(self, in_channels: int, channels: int, depth: int) -> None:
        super().__init__()
        self.x = pipeline(
            unit=nn.Sequential(PreactBottleneck(in_channels, channels, stride=1)),
        )
        self.trunk = pipeline(
            unit=nn.Sequential(*(PreactBottleneck(channels, channels, stride=1) for _ in range(2))),
        )
        self.mask_hourglass = Hourglass(channels, depth=depth, r=1)
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
            gate=L2Norm(),
        )
        self.unit = PreactBottleneck(channels, channels, stride=1)

    def forward(self, inputs: Tensor) -> Tensor:
        x: Tensor = self.x(inputs)
        trunk: Tensor = self.trunk(x)
        mask: Tensor = self.mask(self.mask_hourglass(x) + trunk)
        attended: Tensor = (1 + mask) * trunk
        out: Tensor = self.unit(attended)
        return out


class SpatialGate(nn.Module):
    def __init__(self, in_channels: int) -> None:
        super().__init__()
        self.group_norm = nn.GroupNorm(in_channels, in_channels, affine=False)
        self.sigmoid = nn.Sigmoid()

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.sigmoid(self.group_norm(x))
        return out


class Attention4(nn.Module):
    """Attention module: `p` units before the two branches, `t` in the trunk, `r` between poolings of the mask."""

    def __init__(self, in_channels: int, channels: int, depth: int) -> None:
        super().__init__()
        self.x = pipeline(
            unit=nn.Sequential(PreactBottleneck(in_channels, channels, stride=1)),
        )
        self.trunk = pipeline(
            unit=nn.Sequential(*(PreactBottleneck(channels, channels, stride=1) for _ in range(2))),
        )
        self.mask_hourglass = Hourglass(channels, depth=depth, r=1)
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
            gate=SpatialGate(channels),
        )
        self.unit = PreactBottleneck(channels, channels, stride=1)

    def forward(self, inputs: Tensor) -> Tensor:
        x: Tensor = self.x(inputs)
        trunk: Tensor = self.trunk(x)
        mask: Tensor = self.mask(self.mask_hourglass(x) + trunk)
        attended: Tensor = (1 + mask) * trunk
        out: Tensor = self.unit(attended)
        return out


class PreactResnext(nn.Module):
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
        x: Tensor = self.x(inputs)
        shortcut: Tensor = self.shortcut_conv(x) if self.transforms else inputs
        main: Tensor = self.main(x)
        out: Tensor = main + shortcut
        return out


class Hourglass2(nn.Module):
    """The mask branch of an attention module (Wang et al. 2017, Fig. 2): down and up again, `depth` times over."""

    def __init__(self, in_channels: int, depth: int) -> None:
        super().__init__()
        self.down = pipeline(
            max_pool=nn.MaxPool2d(3, 2, padding=1),
            unit=nn.Sequential(PreactResnext(in_channels, in_channels, stride=1)),
        )
        self.depth = depth
        self.deep_hourglass = Hourglass2(in_channels, depth=depth - 1) if depth > 1 else nn.Identity()
        self.deep_unit = PreactResnext(in_channels, in_channels, stride=1) if depth > 1 else nn.Identity()
        self.unit = nn.Sequential(PreactResnext(in_channels, in_channels, stride=1))
        self.resize = ResizeLike(align_corners=True)

    def forward(self, x: Tensor) -> Tensor:
        down: Tensor = self.down(x)
        deep: Tensor = self.deep_hourglass(down) + down + self.deep_unit(down) if self.depth > 1 else down
        out: Tensor = self.resize(self.unit(deep), x)
        return out


class Attention5(nn.Module):
    """Attention module: `p` units before the two branches, `t` in the trunk, `r` between poolings of the mask."""

    def __init__(self, in_channels: int, channels: int, depth: int) -> None:
        super().__init__()
        self.x = pipeline(
            unit=nn.Sequential(PreactResnext(in_channels, channels, stride=1)),
        )
        self.trunk = pipeline(
            unit=nn.Sequential(*(PreactResnext(channels, channels, stride=1) for _ in range(2))),
        )
        self.mask_hourglass = Hourglass2(channels, depth=depth)
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
            gate=nn.Sigmoid(),
        )
        self.unit = PreactResnext(channels, channels, stride=1)

    def forward(self, inputs: Tensor) -> Tensor:
        x: Tensor = self.x(inputs)
        trunk: Tensor = self.trunk(x)
        mask: Tensor = self.mask(self.mask_hourglass(x) + trunk)
        attended: Tensor = (1 + mask) * trunk
        out: Tensor = self.unit(attended)
        return out


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
        x: Tensor = self.x(inputs)
        shortcut: Tensor = self.shortcut_conv(x) if self.transforms else inputs
        point: Tensor = self.point(x)
        small: Tensor = self.small(x)
        large: Tensor = self.large(x)
        out: Tensor = self.conv(self.act(self.norm(torch.cat((point, small, large), dim=1)))) + shortcut
        return out


class Hourglass3(nn.Module):
    """The mask branch of an attention module (Wang et al. 2017, Fig. 2): down and up again, `depth` times over."""

    def __init__(self, in_channels: int, depth: int) -> None:
        super().__init__()
        self.down = pipeline(
            max_pool=nn.MaxPool2d(3, 2, padding=1),
            unit=nn.Sequential(PreactInception(in_channels, in_channels, stride=1)),
        )
        self.depth = depth
        self.deep_hourglass = Hourglass3(in_channels, depth=depth - 1) if depth > 1 else nn.Identity()
        self.deep_unit = PreactInception(in_channels, in_channels, stride=1) if depth > 1 else nn.Identity()
        self.unit = nn.Sequential(PreactInception(in_channels, in_channels, stride=1))
        self.resize = ResizeLike(align_corners=True)

    def forward(self, x: Tensor) -> Tensor:
        down: Tensor = self.down(x)
        deep: Tensor = self.deep_hourglass(down) + down + self.deep_unit(down) if self.depth > 1 else down
        out: Tensor = self.resize(self.unit(deep), x)
        return out


class Attention6(nn.Module):
    """Attention module: `p` units before the two branches, `t` in the trunk, `r` between poolings of the mask."""

    def __init__(self, in_channels: int, channels: int, depth: int) -> None:
        super().__init__()
        self.x = pipeline(
            unit=nn.Sequential(PreactInception(in_channels, channels, stride=1)),
        )
        self.trunk = pipeline(
            unit=nn.Sequential(*(PreactInception(channels, channels, stride=1) for _ in range(2))),
        )
        self.mask_hourglass = Hourglass3(channels, depth=depth)
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
            gate=nn.Sigmoid(),
        )
        self.unit = PreactInception(channels, channels, stride=1)

    def forward(self, inputs: Tensor) -> Tensor:
        x: Tensor = self.x(inputs)
        trunk: Tensor = self.trunk(x)
        mask: Tensor = self.mask(self.mask_hourglass(x) + trunk)
        attended: Tensor = (1 + mask) * trunk
        out: Tensor = self.unit(attended)
        return out


class Resattnet(nn.Module):
    """The networks resattnet_56 to resattnet_spatial."""

    def __init__(
        self,
        stages: tuple[tuple[type[nn.Module], int, dict[str, int], int], ...],
        num_classes: int = 1000,
        in_channels: int = 3,
        features_only: bool = False,
    ) -> None:
        super().__init__()
        self.stem = pipeline(
            conv_norm_act=ConvNormAct(in_channels, 64),
            max_pool=nn.MaxPool2d(3, 2, padding=1),
        )
        width = 64
        reduction = 4
        self.stages = nn.Sequential()
        self.feature_info: list[dict[str, int | str]] = []
        self.feature_stages: list[int] = []
        for block, channels, arguments, layers in stages:
            stage = nn.Sequential()
            rest = {**arguments, "stride": 1} if "stride" in arguments else arguments
            for index in range(layers):
                stage.append(block(width, channels, **(arguments if index == 0 else rest)))
                width = channels
            self.stages.append(stage)
            reduction *= int(arguments.get("stride", 1))
            number = len(self.stages) - 1
            if self.feature_info and self.feature_info[-1]["reduction"] == reduction:
                self.feature_info.pop()
                self.feature_stages.pop()
            self.feature_info.append({"num_chs": width, "reduction": reduction, "module": f"stages.{number}"})
            self.feature_stages.append(number)
        self.head: nn.Module = pipeline(
            norm=nn.BatchNorm2d(width),
            act=nn.ReLU(),
        )
        self.pool: nn.Module = pipeline(
            global_avg_pool=nn.AdaptiveAvgPool2d(1),
            flatten=nn.Flatten(1),
        )
        self.num_features = width
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


class Attention(nn.Module):
    """The networks attention_next_56, attention_next_92, attention_inception_56 and attention_inception_92."""

    def __init__(
        self,
        stages: tuple[tuple[type[nn.Module], int, dict[str, int], int], ...],
        num_classes: int = 1000,
        in_channels: int = 3,
        features_only: bool = False,
    ) -> None:
        super().__init__()
        self.stem = pipeline(
            conv_norm_act=ConvNormAct(in_channels, 64),
            max_pool=nn.MaxPool2d(3, 2, padding=1),
        )
        width = 64
        reduction = 4
        self.stages = nn.Sequential()
        self.feature_info: list[dict[str, int | str]] = []
        self.feature_stages: list[int] = []
        for block, channels, arguments, layers in stages:
            stage = nn.Sequential()
            rest = {**arguments, "stride": 1} if "stride" in arguments else arguments
            for index in range(layers):
                stage.append(block(width, channels, **(arguments if index == 0 else rest)))
                width = channels
            self.stages.append(stage)
            reduction *= int(arguments.get("stride", 1))
            number = len(self.stages) - 1
            if self.feature_info and self.feature_info[-1]["reduction"] == reduction:
                self.feature_info.pop()
                self.feature_stages.pop()
            self.feature_info.append({"num_chs": width, "reduction": reduction, "module": f"stages.{number}"})
            self.feature_stages.append(number)
        self.head: nn.Module = pipeline(
            norm=nn.BatchNorm2d(width),
            act=nn.ReLU(),
        )
        self.pool: nn.Module = pipeline(
            global_avg_pool=nn.AdaptiveAvgPool2d(1),
            flatten=nn.Flatten(1),
        )
        self.num_features = width
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


def resattnet_56(num_classes: int = 1000, in_channels: int = 3, features_only: bool = False) -> Resattnet:
    """Residual Attention Network (Wang et al. 2017, https://arxiv.org/abs/1704.06904, Table 2).

    Input 3 x 224 x 224: 31.81M parameters, 6.27G MACs, 12.54G FLOPs an image.
    """
    return Resattnet(
        (
            # block, channels, arguments, layers
            (PreactBottleneck, 256, {"stride": 1}, 1),
            (Attention2, 256, {"depth": 3, "p": 1, "t": 2, "r": 1, "naive": False}, 1),
            (PreactBottleneck, 512, {"stride": 2}, 1),
            (Attention2, 512, {"depth": 2, "p": 1, "t": 2, "r": 1, "naive": False}, 1),
            (PreactBottleneck, 1024, {"stride": 2}, 1),
            (Attention2, 1024, {"depth": 1, "p": 1, "t": 2, "r": 1, "naive": False}, 1),
            (PreactBottleneck, 2048, {"stride": 2}, 3),
        ),
        num_classes=num_classes,
        in_channels=in_channels,
        features_only=features_only,
    )


def resattnet_92(num_classes: int = 1000, in_channels: int = 3, features_only: bool = False) -> Resattnet:
    """Residual Attention Network (Wang et al. 2017, https://arxiv.org/abs/1704.06904, Table 2).

    Input 3 x 224 x 224: 52.47M parameters, 10.53G MACs, 21.07G FLOPs an image.
    """
    return Resattnet(
        (
            # block, channels, arguments, layers
            (PreactBottleneck, 256, {"stride": 1}, 1),
            (Attention2, 256, {"depth": 3, "p": 1, "t": 2, "r": 1, "naive": False}, 1),
            (PreactBottleneck, 512, {"stride": 2}, 1),
            (Attention2, 512, {"depth": 2, "p": 1, "t": 2, "r": 1, "naive": False}, 2),
            (PreactBottleneck, 1024, {"stride": 2}, 1),
            (Attention2, 1024, {"depth": 1, "p": 1, "t": 2, "r": 1, "naive": False}, 3),
            (PreactBottleneck, 2048, {"stride": 2}, 3),
        ),
        num_classes=num_classes,
        in_channels=in_channels,
        features_only=features_only,
    )


def resattnet_128(num_classes: int = 1000, in_channels: int = 3, features_only: bool = False) -> Resattnet:
    """Residual Attention Network (Wang et al. 2017, https://arxiv.org/abs/1704.06904, Table 2).

    Input 3 x 224 x 224: 65.29M parameters, 14.90G MACs, 29.80G FLOPs an image.
    """
    return Resattnet(
        (
            # block, channels, arguments, layers
            (PreactBottleneck, 256, {"stride": 1}, 1),
            (Attention2, 256, {"depth": 3, "p": 1, "t": 2, "r": 1, "naive": False}, 2),
            (PreactBottleneck, 512, {"stride": 2}, 1),
            (Attention2, 512, {"depth": 2, "p": 1, "t": 2, "r": 1, "naive": False}, 3),
            (PreactBottleneck, 1024, {"stride": 2}, 1),
            (Attention2, 1024, {"depth": 1, "p": 1, "t": 2, "r": 1, "naive": False}, 4),
            (PreactBottleneck, 2048, {"stride": 2}, 3),
        ),
        num_classes=num_classes,
        in_channels=in_channels,
        features_only=features_only,
    )


def resattnet_164(num_classes: int = 1000, in_channels: int = 3, features_only: bool = False) -> Resattnet:
    """Residual Attention Network (Wang et al. 2017, https://arxiv.org/abs/1704.06904, Table 2).

    Input 3 x 224 x 224: 78.12M parameters, 19.26G MACs, 38.53G FLOPs an image.
    """
    return Resattnet(
        (
            # block, channels, arguments, layers
            (PreactBottleneck, 256, {"stride": 1}, 1),
            (Attention2, 256, {"depth": 3, "p": 1, "t": 2, "r": 1, "naive": False}, 3),
            (PreactBottleneck, 512, {"stride": 2}, 1),
            (Attention2, 512, {"depth": 2, "p": 1, "t": 2, "r": 1, "naive": False}, 4),
            (PreactBottleneck, 1024, {"stride": 2}, 1),
            (Attention2, 1024, {"depth": 1, "p": 1, "t": 2, "r": 1, "naive": False}, 5),
            (PreactBottleneck, 2048, {"stride": 2}, 3),
        ),
        num_classes=num_classes,
        in_channels=in_channels,
        features_only=features_only,
    )


def resattnet_200(num_classes: int = 1000, in_channels: int = 3, features_only: bool = False) -> Resattnet:
    """Residual Attention Network (Wang et al. 2017, https://arxiv.org/abs/1704.06904, Table 2).

    Input 3 x 224 x 224: 90.95M parameters, 23.63G MACs, 47.26G FLOPs an image.
    """
    return Resattnet(
        (
            # block, channels, arguments, layers
            (PreactBottleneck, 256, {"stride": 1}, 1),
            (Attention2, 256, {"depth": 3, "p": 1, "t": 2, "r": 1, "naive": False}, 4),
            (PreactBottleneck, 512, {"stride": 2}, 1),
            (Attention2, 512, {"depth": 2, "p": 1, "t": 2, "r": 1, "naive": False}, 5),
            (PreactBottleneck, 1024, {"stride": 2}, 1),
            (Attention2, 1024, {"depth": 1, "p": 1, "t": 2, "r": 1, "naive": False}, 6),
            (PreactBottleneck, 2048, {"stride": 2}, 3),
        ),
        num_classes=num_classes,
        in_channels=in_channels,
        features_only=features_only,
    )


def resattnet_236(num_classes: int = 1000, in_channels: int = 3, features_only: bool = False) -> Resattnet:
    """Residual Attention Network (Wang et al. 2017, https://arxiv.org/abs/1704.06904, Table 2).

    Input 3 x 224 x 224: 103.78M parameters, 28.00G MACs, 55.99G FLOPs an image.
    """
    return Resattnet(
        (
            # block, channels, arguments, layers
            (PreactBottleneck, 256, {"stride": 1}, 1),
            (Attention2, 256, {"depth": 3, "p": 1, "t": 2, "r": 1, "naive": False}, 5),
            (PreactBottleneck, 512, {"stride": 2}, 1),
            (Attention2, 512, {"depth": 2, "p": 1, "t": 2, "r": 1, "naive": False}, 6),
            (PreactBottleneck, 1024, {"stride": 2}, 1),
            (Attention2, 1024, {"depth": 1, "p": 1, "t": 2, "r": 1, "naive": False}, 7),
            (PreactBottleneck, 2048, {"stride": 2}, 3),
        ),
        num_classes=num_classes,
        in_channels=in_channels,
        features_only=features_only,
    )


def resattnet_452(num_classes: int = 1000, in_channels: int = 3, features_only: bool = False) -> Resattnet:
    """Residual Attention Network (Wang et al. 2017, https://arxiv.org/abs/1704.06904, Table 2).

    Input 3 x 224 x 224: 182.29M parameters, 44.39G MACs, 88.77G FLOPs an image.
    """
    return Resattnet(
        (
            # block, channels, arguments, layers
            (PreactBottleneck, 256, {"stride": 1}, 1),
            (Attention2, 256, {"depth": 3, "p": 2, "t": 4, "r": 3, "naive": False}, 5),
            (PreactBottleneck, 512, {"stride": 2}, 1),
            (Attention2, 512, {"depth": 2, "p": 2, "t": 4, "r": 3, "naive": False}, 6),
            (PreactBottleneck, 1024, {"stride": 2}, 1),
            (Attention2, 1024, {"depth": 1, "p": 2, "t": 4, "r": 3, "naive": False}, 7),
            (PreactBottleneck, 2048, {"stride": 2}, 3),
        ),
        num_classes=num_classes,
        in_channels=in_channels,
        features_only=features_only,
    )


def resattnet_naive_56(num_classes: int = 1000, in_channels: int = 3, features_only: bool = False) -> Resattnet:
    """The ablations of the paper's Tables 3 and 4: no attention residual learning, and the other gates.

    Input 3 x 224 x 224: 31.81M parameters, 6.27G MACs, 12.54G FLOPs an image.
    """
    return Resattnet(
        (
            # block, channels, arguments, layers
            (PreactBottleneck, 256, {"stride": 1}, 1),
            (Attention2, 256, {"depth": 3, "p": 1, "t": 2, "r": 1, "naive": True}, 1),
            (PreactBottleneck, 512, {"stride": 2}, 1),
            (Attention2, 512, {"depth": 2, "p": 1, "t": 2, "r": 1, "naive": True}, 1),
            (PreactBottleneck, 1024, {"stride": 2}, 1),
            (Attention2, 1024, {"depth": 1, "p": 1, "t": 2, "r": 1, "naive": True}, 1),
            (PreactBottleneck, 2048, {"stride": 2}, 3),
        ),
        num_classes=num_classes,
        in_channels=in_channels,
        features_only=features_only,
    )


def resattnet_naive_92(num_classes: int = 1000, in_channels: int = 3, features_only: bool = False) -> Resattnet:
    """The ablations of the paper's Tables 3 and 4: no attention residual learning, and the other gates.

    Input 3 x 224 x 224: 52.47M parameters, 10.53G MACs, 21.07G FLOPs an image.
    """
    return Resattnet(
        (
            # block, channels, arguments, layers
            (PreactBottleneck, 256, {"stride": 1}, 1),
            (Attention2, 256, {"depth": 3, "p": 1, "t": 2, "r": 1, "naive": True}, 1),
            (PreactBottleneck, 512, {"stride": 2}, 1),
            (Attention2, 512, {"depth": 2, "p": 1, "t": 2, "r": 1, "naive": True}, 2),
            (PreactBottleneck, 1024, {"stride": 2}, 1),
            (Attention2, 1024, {"depth": 1, "p": 1, "t": 2, "r": 1, "naive": True}, 3),
            (PreactBottleneck, 2048, {"stride": 2}, 3),
        ),
        num_classes=num_classes,
        in_channels=in_channels,
        features_only=features_only,
    )


def resattnet_channel(num_classes: int = 1000, in_channels: int = 3, features_only: bool = False) -> Resattnet:
    """Input 3 x 224 x 224: 31.81M parameters, 6.27G MACs, 12.54G FLOPs an image."""
    return Resattnet(
        (
            # block, channels, arguments, layers
            (PreactBottleneck, 256, {"stride": 1}, 1),
            (Attention3, 256, {"depth": 3}, 1),
            (PreactBottleneck, 512, {"stride": 2}, 1),
            (Attention3, 512, {"depth": 2}, 1),
            (PreactBottleneck, 1024, {"stride": 2}, 1),
            (Attention3, 1024, {"depth": 1}, 1),
            (PreactBottleneck, 2048, {"stride": 2}, 3),
        ),
        num_classes=num_classes,
        in_channels=in_channels,
        features_only=features_only,
    )


def resattnet_spatial(num_classes: int = 1000, in_channels: int = 3, features_only: bool = False) -> Resattnet:
    """Input 3 x 224 x 224: 31.81M parameters, 6.27G MACs, 12.54G FLOPs an image."""
    return Resattnet(
        (
            # block, channels, arguments, layers
            (PreactBottleneck, 256, {"stride": 1}, 1),
            (Attention4, 256, {"depth": 3}, 1),
            (PreactBottleneck, 512, {"stride": 2}, 1),
            (Attention4, 512, {"depth": 2}, 1),
            (PreactBottleneck, 1024, {"stride": 2}, 1),
            (Attention4, 1024, {"depth": 1}, 1),
            (PreactBottleneck, 2048, {"stride": 2}, 3),
        ),
        num_classes=num_classes,
        in_channels=in_channels,
        features_only=features_only,
    )


def attention_next_56(num_classes: int = 1000, in_channels: int = 3, features_only: bool = False) -> Attention:
    """AttentionNeXt: units of ResNeXt (the paper's Table 6 prints 31.9M and 6.3G).

    Input 3 x 224 x 224: 31.31M parameters, 6.42G MACs, 12.84G FLOPs an image.
    """
    return Attention(
        (
            # block, channels, arguments, layers
            (PreactResnext, 256, {"stride": 1}, 1),
            (Attention5, 256, {"depth": 3}, 1),
            (PreactResnext, 512, {"stride": 2}, 1),
            (Attention5, 512, {"depth": 2}, 1),
            (PreactResnext, 1024, {"stride": 2}, 1),
            (Attention5, 1024, {"depth": 1}, 1),
            (PreactResnext, 2048, {"stride": 2}, 3),
        ),
        num_classes=num_classes,
        in_channels=in_channels,
        features_only=features_only,
    )


def attention_next_92(num_classes: int = 1000, in_channels: int = 3, features_only: bool = False) -> Attention:
    """AttentionNeXt: units of ResNeXt (the paper's Table 6 prints 31.9M and 6.3G).

    Input 3 x 224 x 224: 52.10M parameters, 10.70G MACs, 21.41G FLOPs an image.
    """
    return Attention(
        (
            # block, channels, arguments, layers
            (PreactResnext, 256, {"stride": 1}, 1),
            (Attention5, 256, {"depth": 3}, 1),
            (PreactResnext, 512, {"stride": 2}, 1),
            (Attention5, 512, {"depth": 2}, 2),
            (PreactResnext, 1024, {"stride": 2}, 1),
            (Attention5, 1024, {"depth": 1}, 3),
            (PreactResnext, 2048, {"stride": 2}, 3),
        ),
        num_classes=num_classes,
        in_channels=in_channels,
        features_only=features_only,
    )


def attention_inception_56(num_classes: int = 1000, in_channels: int = 3, features_only: bool = False) -> Attention:
    """AttentionInception: units of Inception-ResNet (the paper's Table 6 prints 31.9M and 6.3G).

    Input 3 x 224 x 224: 31.28M parameters, 6.18G MACs, 12.35G FLOPs an image.
    """
    return Attention(
        (
            # block, channels, arguments, layers
            (PreactInception, 256, {"stride": 1}, 1),
            (Attention6, 256, {"depth": 3}, 1),
            (PreactInception, 512, {"stride": 2}, 1),
            (Attention6, 512, {"depth": 2}, 1),
            (PreactInception, 1024, {"stride": 2}, 1),
            (Attention6, 1024, {"depth": 1}, 1),
            (PreactInception, 2048, {"stride": 2}, 3),
        ),
        num_classes=num_classes,
        in_channels=in_channels,
        features_only=features_only,
    )


def attention_inception_92(num_classes: int = 1000, in_channels: int = 3, features_only: bool = False) -> Attention:
    """AttentionInception: units of Inception-ResNet (the paper's Table 6 prints 31.9M and 6.3G).

    Input 3 x 224 x 224: 51.71M parameters, 10.40G MACs, 20.79G FLOPs an image.
    """
    return Attention(
        (
            # block, channels, arguments, layers
            (PreactInception, 256, {"stride": 1}, 1),
            (Attention6, 256, {"depth": 3}, 1),
            (PreactInception, 512, {"stride": 2}, 1),
            (Attention6, 512, {"depth": 2}, 2),
            (PreactInception, 1024, {"stride": 2}, 1),
            (Attention6, 1024, {"depth": 1}, 3),
            (PreactInception, 2048, {"stride": 2}, 3),
        ),
        num_classes=num_classes,
        in_channels=in_channels,
        features_only=features_only,
    )
