"""RandAugment against the definitions of its transformations, and its scale."""

from __future__ import annotations

from itertools import pairwise

import numpy
import pytest
from PIL import Image, ImageEnhance, ImageOps

from archdsl.training.data.rand_augment import RandAugment
from archdsl.training.random import seeded
from tests.training.data.conftest import picture

SPACE = RandAugment._AUGMENTATION_SPACE
MAGNITUDES = (0, 0.5, 3, 5, 8.33, 10, 15, 25, 30)


def value(name: str, magnitude: float, size: int = 300) -> float | None:
    range_of, _ = SPACE[name]
    found: float | None = range_of(magnitude / 10, size, size)
    return found


@pytest.mark.parametrize(
    ("name", "at_ten"), [("Rotate", 30), ("ShearX", 0.3), ("TranslateY", 100), ("Brightness", 0.9), ("Posterize", 4)]
)
def test_ten_is_the_range_of_the_public_code(name: str, at_ten: float) -> None:
    assert value(name, 10) == pytest.approx(at_ten)


@pytest.mark.parametrize("name", [name for name in SPACE if value(name, 1) is not None])
def test_each_grows_with_the_magnitude(name: str) -> None:
    values = [value(name, magnitude) for magnitude in MAGNITUDES]
    assert None not in values
    is_falling = name in ("Posterize", "Solarize")
    assert all((b <= a if is_falling else b > a) for a, b in pairwise(values))  # type: ignore[operator]
    assert values[0] != values[3]


def one(monkeypatch: pytest.MonkeyPatch, name: str, magnitude: float) -> list[Image.Image]:
    """What a single transformation makes of a picture, whenever it does something, for both of its signs."""
    monkeypatch.setattr(RandAugment, "_AUGMENTATION_SPACE", {name: SPACE[name]})
    augment, image = RandAugment(1, magnitude), picture(5, (32, 24))
    found = []
    for number in range(40):
        with seeded(number):
            found.append(augment(image))
    changed = {one.tobytes(): one for one in found if one.tobytes() != image.tobytes()}
    # With probability one half nothing is done: 40 draws are 5 to 35 but once in ten million.
    assert 5 <= sum(one.tobytes() == image.tobytes() for one in found) <= 35
    return list(changed.values())


@pytest.mark.parametrize(("magnitude", "factors"), [(5, {1.45, 0.55}), (10, {1.9, 0.1}), (20, {2.8, 0.1})])
def test_brightness(monkeypatch: pytest.MonkeyPatch, magnitude: float, factors: set[float]) -> None:
    found = {image.tobytes() for image in one(monkeypatch, "Brightness", magnitude)}
    image = picture(5, (32, 24))
    assert found == {ImageEnhance.Brightness(image).enhance(factor).tobytes() for factor in factors}


@pytest.mark.parametrize(("magnitude", "bits"), [(5, 6), (10, 4), (15, 2), (30, 1)])
def test_posterize(monkeypatch: pytest.MonkeyPatch, magnitude: float, bits: int) -> None:
    (found,) = one(monkeypatch, "Posterize", magnitude)
    assert found.tobytes() == ImageOps.posterize(picture(5, (32, 24)), bits).tobytes()


def test_rotate(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {image.tobytes() for image in one(monkeypatch, "Rotate", 7.5)}
    image = picture(5, (32, 24))
    grey = (128, 128, 128)
    assert found == {image.rotate(turn, Image.Resampling.BILINEAR, fillcolor=grey).tobytes() for turn in (22.5, -22.5)}


def test_the_strongest_leaves_an_image() -> None:
    augment = RandAugment(10, 30)
    for number in range(100):
        with seeded("strong", number):
            shown = augment(picture(number, (17, 33)))
        assert (shown.size, shown.mode) == ((17, 33), "RGB")
        assert numpy.asarray(shown).dtype == numpy.uint8
