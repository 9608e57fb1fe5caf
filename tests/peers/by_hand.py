"""Networks that put out maps, as their papers describe them, written in PyTorch as one would without archdsl."""

from __future__ import annotations

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
