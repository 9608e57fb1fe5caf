"""Networks that put out maps, as their papers describe them, written in PyTorch as one would without archdsl."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional


def convolutions(before: int, between: int, after: int) -> nn.Sequential:
    """Two 3 x 3 convolutions."""
    layers: list[nn.Module] = []
    for one, other in ((before, between), (between, after)):
        layers += [nn.Conv2d(one, other, 3, padding=1, bias=False), nn.BatchNorm2d(other), nn.ReLU()]
    return nn.Sequential(*layers)


class UNet(nn.Module):
    """Ronneberger et al. 2015, with padding and batch norm."""

    def __init__(self, *, is_bilinear: bool, width: int = 64, classes: int = 2):
        super().__init__()
        self.is_bilinear = is_bilinear
        bottom = 8 * width if is_bilinear else 16 * width
        sizes = [width, 2 * width, 4 * width, 8 * width, bottom]
        self.down = nn.ModuleList(
            convolutions(before, after, after) for before, after in zip([3, *sizes], sizes, strict=False)
        )
        self.larger, self.up = nn.ModuleList(), nn.ModuleList()
        below = bottom
        for skip in reversed(sizes[:-1]):
            if is_bilinear:
                after = max(skip // 2, width)
                self.up.append(convolutions(skip + below, (skip + below) // 2, after))
            else:
                after = skip
                self.larger.append(nn.ConvTranspose2d(below, skip, 2, stride=2))
                self.up.append(convolutions(2 * skip, skip, skip))
            below = after
        self.last = nn.Conv2d(width, classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        maps: list[Tensor] = []
        for layers in self.down:
            x = layers(functional.max_pool2d(x, 2) if maps else x)
            maps.append(x)
        for number, (skip, layers) in enumerate(zip(reversed(maps[:-1]), self.up, strict=True)):
            if self.is_bilinear:
                x = functional.interpolate(x, skip.shape[2:], mode="bilinear", align_corners=True)
            else:
                x = self.larger[number](x)
            x = layers(torch.cat((skip, x), dim=1))
        out: Tensor = self.last(x)
        return out


def espcn(factor: int = 3) -> nn.Module:
    """Shi et al. 2016."""
    return nn.Sequential(
        *(nn.Conv2d(1, 64, 5, padding=2), nn.Tanh(), nn.Conv2d(64, 32, 3, padding=1), nn.Tanh()),
        *(nn.Conv2d(32, factor**2, 3, padding=1), nn.PixelShuffle(factor)),
    )


class SrResNet(nn.Module):
    """Ledig et al. 2017, without the discriminator; a slope for each channel."""

    def __init__(self, width: int = 64, units: int = 16):
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(3, width, 9, padding=4), nn.PReLU(width))
        self.units = nn.ModuleList(self._unit(width) for _ in range(units))
        self.joined = nn.Sequential(nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width))
        larger = [nn.Conv2d(width, 4 * width, 3, padding=1), nn.PixelShuffle(2), nn.PReLU(width)]
        again = [nn.Conv2d(width, 4 * width, 3, padding=1), nn.PixelShuffle(2), nn.PReLU(width)]
        self.last = nn.Sequential(*larger, *again, nn.Conv2d(width, 3, 9, padding=4))

    def _unit(self, width: int) -> nn.Sequential:
        return nn.Sequential(
            *(nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.PReLU(width)),
            *(nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)),
        )

    def forward(self, x: Tensor) -> Tensor:
        first = x = self.first(x)
        for unit in self.units:
            x = x + unit(x)
        out: Tensor = self.last(first + self.joined(x))
        return out


def projection(before: int, after: int, kernel: int = 1, *, groups: int = 1, act: bool = False) -> nn.Sequential:
    """A convolution with batch norm, as YOLO has it."""
    layers: list[nn.Module] = [nn.Conv2d(before, after, kernel, padding=kernel // 2, groups=groups, bias=False)]
    return nn.Sequential(*layers, nn.BatchNorm2d(after, eps=1e-3), *([nn.SiLU()] if act else []))


class PositionSensitive(nn.Module):
    """The attention of YOLO11, with projections of their own for queries, keys and values."""

    def __init__(self, channels: int, heads: int):
        super().__init__()
        self.heads, half = heads, channels // 2
        self.q, self.k, self.v = projection(channels, half), projection(channels, half), projection(channels, channels)
        self.pe = projection(channels, channels, 3, groups=channels)
        self.proj = projection(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = (layer(x).flatten(2).unflatten(1, (self.heads, -1)) for layer in (self.q, self.k, self.v))
        shares = (q.transpose(2, 3) @ k * q.shape[2] ** -0.5).softmax(3)
        read = (v @ shares.transpose(2, 3)).reshape(x.shape)
        out: Tensor = self.proj(read + self.pe(v.reshape(x.shape)))
        return out


class C2psa(nn.Module):
    """The block of YOLO11 (Ultralytics), with one layer."""

    def __init__(self, channels: int = 256):
        super().__init__()
        self.half = half = channels // 2
        self.both = projection(channels, channels, act=True)
        self.attended = PositionSensitive(half, half // 64)
        self.wide, self.narrow = projection(half, channels, act=True), projection(channels, half)
        self.last = projection(channels, channels, act=True)

    def forward(self, x: Tensor) -> Tensor:
        a, b = self.both(x).split(self.half, 1)
        b = b + self.attended(b)
        b = b + self.narrow(self.wide(b))
        out: Tensor = self.last(torch.cat((a, b), 1))
        return out


class NonLocal(nn.Module):
    """Wang et al. 2018, embedded Gaussian, of pooled maps."""

    def __init__(self, channels: int = 64):
        super().__init__()
        self.theta, self.phi, self.g = (nn.Conv2d(channels, channels // 2, 1) for _ in range(3))
        self.w, self.norm = nn.Conv2d(channels // 2, channels, 1), nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        theta = self.theta(x).flatten(2).transpose(1, 2)
        phi = functional.max_pool2d(self.phi(x), 2).flatten(2)
        g = functional.max_pool2d(self.g(x), 2).flatten(2).transpose(1, 2)
        read = ((theta @ phi).softmax(2) @ g).transpose(1, 2).unflatten(2, x.shape[2:])
        out: Tensor = x + self.norm(self.w(read))
        return out


class SelfAttention(nn.Module):
    """Multi-head self-attention over the positions of a map, with a position map for the queries."""

    def __init__(self, channels: int = 64, heads: int = 4, size: int = 14):
        super().__init__()
        self.heads = heads
        self.position = nn.Parameter(torch.randn(1, channels, size, size))
        self.q, self.k, self.v = (nn.Conv2d(channels, channels, 1, bias=False) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        maps = self.q(x + self.position), self.k(x), self.v(x)
        q, k, v = (one.flatten(2).unflatten(1, (self.heads, -1)).transpose(2, 3) for one in maps)
        read = functional.scaled_dot_product_attention(q, k, v)
        return read.transpose(2, 3).reshape(x.shape)


class Siamese(nn.Module):
    """Koch et al. 2015, of two images in the channels."""

    def __init__(self) -> None:
        super().__init__()
        self.maps = nn.Sequential(
            *(nn.Conv2d(1, 64, 10), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(64, 128, 7), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(128, 128, 4), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(128, 256, 4), nn.ReLU()),
        )
        self.vector, self.same = nn.Linear(256 * 6 * 6, 4096), nn.Linear(4096, 1)

    def forward(self, x: Tensor) -> Tensor:
        one, other = (self.vector(self.maps(image).flatten(1)).sigmoid() for image in x.split(1, 1))
        out: Tensor = self.same((one - other).abs())
        return out


def _vgg(read: int, channels: int, layers: int) -> nn.Sequential:
    """Convolutions of VGG-16 between two poolings, with batch norms."""
    widths = [read, *[channels] * layers]
    parts = ((nn.Conv2d(one, other, 3, padding=1), nn.BatchNorm2d(other), nn.ReLU()) for one, other in pairwise(widths))
    return nn.Sequential(*(layer for part in parts for layer in part))


class FuseNet(nn.Module):
    """The encoder of Hazirbas et al. 2016, with a classifier."""

    def __init__(self) -> None:
        super().__init__()
        sizes = [(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)]
        reads = [64, 128, 256, 512]
        self.depth = nn.ModuleList(_vgg(read, *size) for read, size in zip([1, *reads], sizes, strict=True))
        self.rgb = nn.ModuleList(_vgg(read, *size) for read, size in zip([3, *reads], sizes, strict=True))
        self.classifier = nn.Linear(512, 10)

    def forward(self, rgb: Tensor, depth: Tensor) -> Tensor:
        for number, (of_rgb, of_depth) in enumerate(zip(self.rgb, self.depth, strict=True)):
            if number:
                rgb, depth = functional.max_pool2d(rgb, 2), functional.max_pool2d(depth, 2)
            depth = of_depth(depth)
            rgb = of_rgb(rgb) + depth
        out: Tensor = self.classifier(rgb.mean((2, 3)))
        return out


class TwoViews(nn.Module):
    """One tower for both."""

    def __init__(self) -> None:
        super().__init__()
        self.tower = nn.Sequential(_vgg(3, 32, 2), nn.MaxPool2d(2), _vgg(32, 64, 2), nn.MaxPool2d(2))
        self.vector, self.same = nn.Linear(64, 128), nn.Linear(128, 1)

    def forward(self, one: Tensor, other: Tensor) -> Tensor:
        first, second = (self.vector(self.tower(image).mean((2, 3))) for image in (one, other))
        out: Tensor = self.same(first * second)
        return out


class MaskedResNet(nn.Module):
    """A ResNet without what pools and classifies, whose maps are weighted by a mask."""

    def __init__(self, trunk: nn.Module):
        super().__init__()
        self.trunk, self.classifier = trunk, nn.Linear(512, 20)

    def forward(self, image: Tensor, mask: Tensor) -> Tensor:
        maps = self.trunk(image)
        weight = functional.interpolate(mask, size=maps.shape[2:], mode="area")
        out: Tensor = self.classifier((maps * weight).mean((2, 3)))
        return out


class Pyramid(nn.Module):
    """Lin et al. 2017, on a backbone that gives maps from the largest to the smallest."""

    def __init__(self, backbone: nn.Module, sizes: list[int], width: int = 128):
        super().__init__()
        self.backbone = backbone
        self.lateral = nn.ModuleList(nn.Conv2d(size, width, 1) for size in sizes)
        self.out = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in sizes)

    def forward(self, x: Tensor) -> list[Tensor]:
        maps = [lateral(one) for lateral, one in zip(self.lateral, self.backbone(x), strict=True)]
        for number in reversed(range(len(maps) - 1)):
            maps[number] = maps[number] + functional.interpolate(maps[number + 1], maps[number].shape[2:])
        return [out(one) for out, one in zip(self.out, maps, strict=True)]


class Fused(nn.Module):
    """What Tan et al. 2020 call fast normalized fusion, and the convolution behind it."""

    def __init__(self, count: int, width: int):
        super().__init__()
        self.weights = nn.Parameter(torch.ones(count))
        self.depthwise = nn.Conv2d(width, width, 3, padding=1, groups=width, bias=False)
        self.pointwise = nn.Conv2d(width, width, 1)
        self.norm = nn.BatchNorm2d(width, eps=1e-3, momentum=0.01)

    def forward(self, maps: list[Tensor]) -> Tensor:
        weights = self.weights.relu()
        total = torch.stack([one * weight for one, weight in zip(maps, weights, strict=True)]).sum(0)
        out: Tensor = self.norm(self.pointwise(self.depthwise(functional.silu(total / (weights.sum() + 1e-4)))))
        return out


def lateral(before: int, width: int) -> nn.Module:
    """A convolution, where the map does not have that width yet."""
    if before == width:
        return nn.Identity()
    return nn.Sequential(nn.Conv2d(before, width, 1), nn.BatchNorm2d(width, eps=1e-3, momentum=0.01))


class BiFpn(nn.Module):
    """Tan et al. 2020: maps of these sizes, from the largest to the smallest."""

    def __init__(self, sizes: list[int], width: int):
        super().__init__()
        last = len(sizes) - 1
        self.down = nn.ModuleList(lateral(size, width) for size in sizes[:-1])
        self.fused_down = nn.ModuleList(Fused(2, width) for _ in sizes[:-1])
        self.up = nn.ModuleList(lateral(size, width) for size in sizes[1:])
        self.fused_up = nn.ModuleList(Fused(2 if number == last else 3, width) for number in range(1, last + 1))

    def forward(self, maps: list[Tensor]) -> list[Tensor]:
        middle = [*maps]
        for number in reversed(range(len(maps) - 1)):
            above = functional.interpolate(middle[number + 1], middle[number].shape[2:])
            middle[number] = self.fused_down[number]([self.down[number](maps[number]), above])
        out = middle[:1]
        for number in range(1, len(maps)):
            between = [middle[number]] if number < len(maps) - 1 else []
            smaller = functional.max_pool2d(out[-1], 3, 2, 1)
            out.append(self.fused_up[number - 1]([self.up[number - 1](maps[number]), *between, smaller]))
        return out


class Predicted(nn.Module):
    """A head of EfficientDet: all maps share the convolutions, and have normalizations of their own."""

    def __init__(self, width: int, channels: int, maps: int = 5, depth: int = 3):
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(width, width, 3, padding=1, groups=width, bias=False),
                nn.Conv2d(width, width if number < depth else channels, 1),
            )
            for number in range(depth + 1)
        )
        self.norms = nn.ModuleList(
            nn.ModuleList(nn.BatchNorm2d(width, eps=1e-3, momentum=0.01) for _ in range(depth)) for _ in range(maps)
        )

    def forward(self, maps: list[Tensor]) -> list[Tensor]:
        found = []
        for one, norms in zip(maps, self.norms, strict=True):
            for layer, norm in zip(self.layers, norms, strict=False):
                one = functional.silu(norm(layer(one)))
            found.append(self.layers[-1](one))
        return found


class EfficientDet(nn.Module):
    """Tan et al. 2020, on a backbone that gives the maps of strides 8, 16 and 32."""

    def __init__(self, backbone: nn.Module, sizes: list[int], width: int = 64, rounds: int = 3):
        super().__init__()
        self.backbone, self.sixth = backbone, lateral(sizes[-1], width)
        first = [*sizes, width, width]
        self.rounds = nn.ModuleList(BiFpn([width] * 5 if number else first, width) for number in range(rounds))
        self.scores, self.boxes = Predicted(width, 9 * 90), Predicted(width, 9 * 4)

    def forward(self, x: Tensor) -> list[Tensor]:
        maps = list(self.backbone(x))
        maps.append(functional.max_pool2d(self.sixth(maps[-1]), 3, 2, 1))
        maps.append(functional.max_pool2d(maps[-1], 3, 2, 1))
        for one in self.rounds:
            maps = one(maps)
        return [*self.scores(maps), *self.boxes(maps)]


class Poses(nn.Module):
    """Xiao et al. 2018, on a backbone whose last map has `before` channels."""

    def __init__(self, backbone: nn.Module, before: int = 2048, joints: int = 16):
        super().__init__()
        layers: list[nn.Module] = [backbone]
        for channels in (before, 256, 256):
            larger = nn.ConvTranspose2d(channels, 256, 4, stride=2, padding=1, bias=False)
            layers += [larger, nn.BatchNorm2d(256), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.Conv2d(256, joints, 1))

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.layers(x)
        return out
