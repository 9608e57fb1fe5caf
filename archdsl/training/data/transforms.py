"""An image to what the network takes: cropped, augmented and normalized. Randomness comes from torch's generator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PIL import Image
from torch import Tensor

from archdsl.ir.recipe import Phase, Recipe
from archdsl.torchvision_operators import declare_torchvision_operators
from archdsl.training.data.normalizations import normalization as values_of
from archdsl.training.data.rand_augment import RandAugment

_declared = declare_torchvision_operators()

import numpy  # noqa: E402
import torch  # noqa: E402
from torchvision.transforms import v2  # noqa: E402

Transform = Callable[[Image.Image], Tensor]

# The ratio of width to height of a crop.
_RATIO = (3 / 4, 4 / 3)


def train_transform(recipe: Recipe, phase: Phase, channels: int = 3) -> Transform:
    """What a phase does to an image: C x R x R in float32 with the phase's resolution R."""
    side = phase.resolution
    steps: list[Any] = []
    if recipe.crop_scale < 1:
        steps.append(
            v2.RandomResizedCrop(
                (side, side), (recipe.crop_scale, 1.0), _RATIO, interpolation=v2.InterpolationMode.BICUBIC
            )
        )
    else:
        steps += _whole(side, 1.0)
    if recipe.flip:
        steps.append(v2.RandomHorizontalFlip(recipe.flip))
    if recipe.jitter:
        steps.append(v2.ColorJitter(recipe.jitter, recipe.jitter, recipe.jitter))
    if phase.rand_augment:
        steps.append(RandAugment(recipe.rand_augment_layers, phase.rand_augment))
    steps += _to_tensor(recipe.normalization, channels)
    if phase.erase:
        steps.append(v2.RandomErasing(phase.erase))
    made: Transform = v2.Compose(steps)
    return made


def evaluation_transform(resolution: int, crop: float, normalization: str, channels: int = 3) -> Transform:
    """The middle of an image, `crop` of its shorter side, as C x R x R in float32."""
    made: Transform = v2.Compose([*_whole(resolution, crop), *_to_tensor(normalization, channels)])
    return made


def _whole(side: int, crop: float) -> list[Any]:
    resize = v2.Resize(round(side / crop), interpolation=v2.InterpolationMode.BICUBIC)
    return [resize, v2.CenterCrop((side, side))]


def _to_tensor(normalization: str, channels: int) -> list[Any]:
    to_tensor = _ToTensor(*values_of(normalization, channels))
    return [v2.Grayscale(1), to_tensor] if channels == 1 else [to_tensor]


class _ToTensor:
    """An image as C x H x W in float32, normalized: `v2.ToDtype` and `v2.Normalize` in a quarter of their time."""

    def __init__(self, mean: tuple[float, ...], deviation: tuple[float, ...]):
        means, deviations = (torch.tensor(values)[:, None, None] for values in (mean, deviation))
        self.scale, self.shift = 1 / (255 * deviations), -means / deviations

    def __call__(self, image: Image.Image) -> Tensor:
        pixels = torch.from_numpy(numpy.array(image)).view(image.height, image.width, -1).permute(2, 0, 1)
        return pixels.to(torch.float32, memory_format=torch.contiguous_format).mul_(self.scale).add_(self.shift)
