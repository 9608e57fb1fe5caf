"""How the values of images are normalized: mean and deviation of the channels, by what a recipe calls them."""

from __future__ import annotations

from collections.abc import Mapping

NORMALIZATIONS: Mapping[str, tuple[tuple[float, ...], tuple[float, ...]]] = {
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "centered": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    "unit": ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
}


def normalization(name: str, channels: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and deviation for images of as many channels, grey ones being of one."""
    mean, deviation = NORMALIZATIONS[name]
    return ((sum(mean) / 3,), (sum(deviation) / 3,)) if channels == 1 else (mean, deviation)
