"""RandAugment on the scale of the papers, where 10 is the strongest of AutoAugment and 30 is three times that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from archdsl.torchvision_operators import declare_torchvision_operators

_declared = declare_torchvision_operators()

import torch  # noqa: E402
from torchvision.transforms import v2  # noqa: E402

# The magnitude that the ranges below are of.
_USUAL = 10.0
# A transformation that is drawn is done with this probability: on average what the public code of EfficientNetV2 has,
# which draws it from 0.2 to 0.8, and what timm has.
_PROBABILITY = 0.5
# Factors of colour are 0.1 at least: none turn into their opposite.
_ENHANCEMENTS = ("Brightness", "Color", "Contrast", "Sharpness")
_LOWEST = -0.9
_MOST_BITS, _FEWEST_BITS = 8, 1


def _signed(at_usual: float) -> tuple[Callable[[float, int, int], float], bool]:
    return lambda part, height, width: at_usual * part, True


class RandAugment(v2.RandAugment):  # type: ignore[misc]
    """`layers` transformations of an image, drawn anew for each, at a magnitude from 0 to 30, fractions included.

    torchvision's own has its ranges at 30 and whole magnitudes; the papers' recipes (Cubuk et al. 2020; Tan & Le 2021)
    and timm's have theirs at 10. The ranges are those of google/automl, efficientnetv2/autoaugment.py, but for two
    things, both as in timm's `inc1`: changes of colour begin at none and go both ways, posterizing and solarizing grow
    with the magnitude. Its Cutout and SolarizeAdd, which torchvision does not have, are left out.
    """

    # What becomes of a part of the usual magnitude, by the image's height and width; and whether its sign is drawn.
    _AUGMENTATION_SPACE: ClassVar[dict[str, Any]] = {
        **dict.fromkeys(("AutoContrast", "Equalize", "Invert"), (lambda part, height, width: None, False)),
        **dict.fromkeys(("ShearX", "ShearY"), _signed(0.3)),
        # 100 pixels of an image of 300.
        "TranslateX": (lambda part, height, width: part * width / 3, True),
        "TranslateY": (lambda part, height, width: part * height / 3, True),
        "Rotate": _signed(30.0),
        **dict.fromkeys(_ENHANCEMENTS, _signed(0.9)),
        "Posterize": (lambda part, height, width: max(_FEWEST_BITS, _MOST_BITS - round(4 * part)), False),
        "Solarize": (lambda part, height, width: max(0.0, 1.0 - part), False),
    }

    def __init__(self, layers: int, magnitude: float):
        super().__init__(layers, interpolation=v2.InterpolationMode.BILINEAR, fill=[128, 128, 128])
        self.part = magnitude / _USUAL

    def forward(self, image: Any) -> Any:
        height, width = image.height, image.width
        for _ in range(self.num_ops):
            name, (range_of, is_signed) = self._get_random_item(self._AUGMENTATION_SPACE)
            if torch.rand(()) >= _PROBABILITY:
                continue
            value = range_of(self.part, height, width) or 0.0
            if is_signed and torch.rand(()) < 0.5:
                value = -value
            if name in _ENHANCEMENTS:
                value = max(_LOWEST, value)
            image = self._apply_image_or_video_transform(
                image, name, value, interpolation=self.interpolation, fill=self._fill
            )
        return image
