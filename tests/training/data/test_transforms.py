"""What becomes of an image: sizes, values, and a strength that rises with the magnitude."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torchvision.transforms import v2

from archdsl.ir.recipe import Recipe
from archdsl.ir.recipe.optimizers import SGD
from archdsl.training.data.normalizations import NORMALIZATIONS
from archdsl.training.data.opening import open_data
from archdsl.training.data.transforms import evaluation_transform, train_transform
from archdsl.training.random import seeded
from tests.training.data.conftest import picture

_DIGITS = 120


def recipe(**settings: Any) -> Recipe:
    usual: dict[str, Any] = {"name": "r", "model": "m", "place": ("f.arch", 1, 1), "epochs": 2, "batch": 4}
    return Recipe.model_validate({**usual, "optimizer": SGD(lr=0.1), **settings})


def changed(magnitude: float) -> float:
    """How far RandAugment takes digits from what they are, on average."""
    plain = recipe(crop_scale=1, flip=0, normalization="unit")
    strong = recipe(crop_scale=1, flip=0, normalization="unit", rand_augment=magnitude)
    before, after = (train_transform(one, one.phases(32)[0]) for one in (plain, strong))
    digits = open_data("sklearn:digits", "train")
    total = 0.0
    for index in range(_DIGITS):
        with seeded("augment", index):
            total += float((after(digits.image(index)) - before(digits.image(index))).abs().mean())
    return total / _DIGITS


def test_the_strength_rises_with_the_magnitude() -> None:
    strengths = [changed(magnitude) for magnitude in (1, 4.5, 9, 15, 25)]
    assert strengths == sorted(strengths)
    assert strengths[-1] > 1.5 * strengths[0]


def test_magnitudes_between_two_steps_differ() -> None:
    assert changed(8.33) != changed(8)


@pytest.mark.parametrize(("name", "low", "high"), [("unit", 0, 1), ("centered", -1, 1)])
def test_normalization(name: str, low: float, high: float) -> None:
    pixels = evaluation_transform(16, 1.0, name)(picture(1, (16, 16)))
    assert (float(pixels.min()), float(pixels.max())) == pytest.approx((low, high), abs=0.05)
    assert pixels.dtype == torch.float32


def test_normalization_of_imagenet() -> None:
    unit, normal = (evaluation_transform(16, 1.0, name)(picture(1, (16, 16))) for name in ("unit", "imagenet"))
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    assert torch.allclose(normal, (unit - mean[:, None, None]) / deviation[:, None, None], atol=1e-6)


def test_the_middle_of_an_image_is_tested() -> None:
    image = picture(1, (40, 20))
    shown = evaluation_transform(20, 1.0, "unit")(image)
    assert torch.equal(shown, evaluation_transform(20, 1.0, "unit")(image.crop((10, 0, 30, 20))))
    assert evaluation_transform(14, 0.7, "unit")(image).shape == (3, 14, 14)


def test_without_crop_and_flip_the_whole_image_is_learnt() -> None:
    plain = recipe(crop_scale=1, flip=0, normalization="unit")
    image = picture(2, (16, 16))
    assert torch.equal(train_transform(plain, plain.phases(16)[0])(image), evaluation_transform(16, 1.0, "unit")(image))


@pytest.mark.parametrize("setting", [{"flip": 1}, {"erase": 1}, {"jitter": 0.5}, {"crop_scale": 0.3}])
def test_each_setting_does_something(setting: dict[str, float]) -> None:
    quiet = {"crop_scale": 1, "flip": 0, "normalization": "unit"}
    made = recipe(**{**quiet, **setting})
    image = picture(3, (16, 16))
    with seeded(1):
        shown = train_transform(made, made.phases(16)[0])(image)
    assert not torch.equal(shown, evaluation_transform(16, 1.0, "unit")(image))


@pytest.mark.parametrize("channels", [1, 3])
def test_tensors_are_those_of_torchvision(channels: int) -> None:
    mean, deviation = NORMALIZATIONS["imagenet"]
    steps = [v2.PILToTensor(), v2.ToDtype(torch.float32, scale=True)]
    image = picture(4, (12, 12))
    if channels == 1:
        mean, deviation, image = (sum(mean) / 3,), (sum(deviation) / 3,), image.convert("L")
    expected = v2.Compose([*steps, v2.Normalize(mean, deviation)])(image)
    shown = evaluation_transform(12, 1.0, "imagenet", channels)(picture(4, (12, 12)))
    assert shown.is_contiguous()
    assert torch.allclose(shown, expected, atol=1e-6)
