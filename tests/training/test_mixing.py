"""Mixup, CutMix and label smoothing against their definitions."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from archdsl.training.loss import cross_entropy
from archdsl.training.mixing import mix, smoothed
from tests.training.nets import phase

CLASSES = 5


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def batch(size: int = 4, side: int = 16) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    return torch.randn(size, 3, side, side), torch.arange(size) % CLASSES


def ratios(alpha: float, kind: str = "mixup", draws: int = 2000) -> torch.Tensor:
    """How much each of many batches keeps of its first image, by its targets."""
    images, labels = batch(2, 8)
    settings = phase(**{kind: alpha})
    return torch.stack([mix(images, labels, CLASSES, settings, generator(n))[1][0, 0] for n in range(draws)])


def test_mixup_mixes_images_and_labels_alike():
    images, labels = batch()
    mixed, targets = mix(images, labels, CLASSES, phase(mixup=0.4), generator(1))
    kept = targets[1, 1]
    assert 0 < kept < 1
    torch.testing.assert_close(mixed[1], kept * images[1] + (1 - kept) * images[0])
    torch.testing.assert_close(mixed[0], kept * images[0] + (1 - kept) * images[3])
    torch.testing.assert_close(
        targets[1], kept * functional.one_hot(labels[1], CLASSES) + (1 - kept) * smoothed(labels[:1], CLASSES, 0)[0]
    )


@pytest.mark.parametrize("alpha", [0.2, 0.8, 2.0])
def test_ratios_of_mixup_have_the_mean_and_spread_of_the_beta_distribution(alpha: float):
    kept = ratios(alpha)
    assert kept.mean() == pytest.approx(0.5, abs=0.03)
    assert kept.var() == pytest.approx(1 / (4 * (2 * alpha + 1)), rel=0.08)


def test_the_expectation_of_mixup_is_half_of_both():
    images, labels = batch(2, 4)
    settings = phase(mixup=1.0)
    total = sum(mix(images, labels, CLASSES, settings, generator(n))[0][0] for n in range(2000)) / 2000
    torch.testing.assert_close(total, (images[0] + images[1]) / 2, atol=0.05, rtol=0)


@pytest.mark.parametrize("side", [7, 16, 33])
def test_cutmix_weighs_labels_by_the_area_that_is_there(side: int):
    for seed in range(200):
        images = torch.arange(3.0)[:, None, None, None].expand(3, 1, side, side + 2).clone()
        mixed, targets = mix(images, torch.arange(3), CLASSES, phase(cutmix=1.0), generator(seed))
        own = (mixed[1] == 1).float().mean()
        assert targets[1, 1] == pytest.approx(float(own), abs=1e-6)
        assert set(mixed[1].unique().tolist()) <= {0.0, 1.0}
        other = (mixed[1, 0] == 0).nonzero()
        if len(other):  # it is a rectangle
            height, width = (other.amax(0) - other.amin(0) + 1).tolist()
            assert height * width == len(other)


def test_cutmix_cuts_in_the_mean_a_little_less_than_it_draws():
    """The centre is anywhere, and what reaches over the edges is not cut."""
    images, labels = batch(2, 64)
    settings = phase(cutmix=1.0)
    kept = torch.stack([mix(images, labels, CLASSES, settings, generator(n))[1][0, 0] for n in range(1500)])
    # Of a side s, s - s^2 / 4 is inside in the mean; the areas drawn, s^2, are spread evenly over 0 to 1.
    s = (torch.arange(10_000) + 0.5).div(10_000).sqrt()
    assert 1 - kept.mean() == pytest.approx(float(((s - s**2 / 4) ** 2).mean()), abs=0.02)


def test_where_both_are_given_each_has_half_of_the_batches():
    images, labels = batch()
    settings = phase(mixup=1.0, cutmix=1.0)
    mixed = [mix(images, labels, CLASSES, settings, generator(n))[0] for n in range(400)]
    cut = sum(bool(((one == images) | (one == images.roll(1, 0))).all()) for one in mixed)
    assert 160 < cut < 240


def test_the_generator_decides_all():
    images, labels = batch()
    settings = phase(mixup=0.2, cutmix=1.0)
    one, two, other = (mix(images, labels, CLASSES, settings, generator(seed)) for seed in (7, 7, 8))
    assert torch.equal(one[0], two[0])
    assert torch.equal(one[1], two[1])
    assert not torch.equal(one[1], other[1])


def test_nothing_is_mixed_without_an_alpha_or_without_a_second_image():
    images, labels = batch()
    mixed, targets = mix(images, labels, CLASSES, phase(), generator(0))
    assert mixed is images
    assert torch.equal(targets, functional.one_hot(labels, CLASSES).float())
    alone, _ = mix(images[:1], labels[:1], CLASSES, phase(mixup=1.0, cutmix=1.0), generator(0))
    assert torch.equal(alone, images[:1])


@pytest.mark.parametrize("settings", [{"mixup": 1.0}, {"cutmix": 1.0}])
def test_the_batch_given_stays_and_so_does_its_memory_format(settings: dict[str, float]):
    images, labels = batch()
    images = images.to(memory_format=torch.channels_last)
    before = images.clone()
    mixed, _ = mix(images, labels, CLASSES, phase(**settings), generator(3))
    assert torch.equal(images, before)
    assert mixed.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.3])
def test_label_smoothing_is_torchs(smoothing: float):
    torch.manual_seed(0)
    logits, labels = torch.randn(8, CLASSES), torch.arange(8) % CLASSES
    _, targets = mix(torch.zeros(8, 1, 2, 2), labels, CLASSES, phase(label_smoothing=smoothing), generator(0))
    expected = functional.cross_entropy(logits, labels, label_smoothing=smoothing)
    torch.testing.assert_close(cross_entropy(logits, targets), expected)


def test_the_loss_of_a_mixture_is_the_mixture_of_losses():
    torch.manual_seed(0)
    logits = torch.randn(4, CLASSES)
    images, labels = batch()
    _, targets = mix(images, labels, CLASSES, phase(mixup=0.5, label_smoothing=0.1), generator(2))
    kept = float((targets[1, 1] - 0.02) / 0.9)
    both = [functional.cross_entropy(logits, each, label_smoothing=0.1) for each in (labels, labels.roll(1))]
    torch.testing.assert_close(cross_entropy(logits, targets), kept * both[0] + (1 - kept) * both[1])


def test_the_loss_is_in_float32():
    logits = torch.tensor([[100.0, 99.9]], dtype=torch.bfloat16)
    assert cross_entropy(logits, torch.tensor([[0.0, 1.0]])).dtype == torch.float32
