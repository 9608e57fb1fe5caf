"""Predicted peaks against real ones: every allocation of a real forward pass and of a real step of training."""

from collections.abc import Iterator

import pytest
import torch

import archdsl
from archdsl.api import Network
from benchmarks.allocations import checkpoint_parts, inference_peak, training_peak

# From 16 images on PyTorch gives all convolutions to oneDNN, on a single thread, too.
BATCH = 16
WITHIN = 0.01


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def images(found: Network) -> torch.Tensor:
    return torch.randn(BATCH, *found.architecture.input.sizes)


@pytest.mark.parametrize("name", ["mobilenetv2_100", "shufflenet_g3", "resattnet_56", "efficientnet_b0"])
def test_inference(name: str) -> None:
    found = archdsl.find(name, resolution=32)
    measured = inference_peak(found.build(), images(found))
    assert found.memory(BATCH, threads=1).peak.total == pytest.approx(measured, rel=WITHIN)


@pytest.mark.parametrize(
    ("name", "resolution", "setting"),
    [
        ("mobilenetv2_100", 64, {}),
        ("shufflenet_g3", 64, {"optimizer": "adam"}),
        ("efficientnet_b0", 64, {"optimizer": "rmsprop_momentum", "ema": True}),
        ("mobilenetv2_100", 64, {"checkpoint": "block", "optimizer": "sgd"}),
        ("shufflenet_g3", 64, {"checkpoint": "stage"}),
    ],
)
def test_training(name: str, resolution: int, setting: dict[str, object]) -> None:
    found = archdsl.find(name, resolution=resolution)
    model = found.build()
    checkpoint_parts(model, setting.get("checkpoint", "none"))  # type: ignore[arg-type]
    measured = training_peak(
        model, images(found), optimizer=str(setting.get("optimizer", "momentum")), ema=bool(setting.get("ema"))
    )
    assert found.memory(BATCH, training=True, threads=1, **setting).peak.total == pytest.approx(measured, rel=WITHIN)


def test_series() -> None:
    found = archdsl.load("examples/m5.arch")
    measured = inference_peak(found.build(), images(found))
    assert found.memory(BATCH, threads=1).peak.total == pytest.approx(measured, rel=WITHIN)
    measured = training_peak(found.build(), images(found), optimizer="adam")
    predicted = found.memory(BATCH, training=True, optimizer="adam", threads=1).peak.total
    assert predicted == pytest.approx(measured, rel=WITHIN)


def test_channels_last() -> None:
    """Layer normalization leaves channels last in memory, and what follows takes less room for itself."""
    found = archdsl.load("examples/convnext.arch", "tiny", resolution=32)
    measured = inference_peak(found.build(), images(found))
    assert found.memory(BATCH, threads=1).peak.total == pytest.approx(measured, rel=WITHIN)


def test_the_optimizer_can_be_the_peak() -> None:
    """Where images are small, the most memory is held when all gradients are there and Adam computes its step."""
    found = archdsl.find("shufflenet_g3", resolution=32)
    predicted = found.memory(BATCH, training=True, optimizer="adam", threads=1).peak
    assert predicted.phase == "optimizer"
    measured = training_peak(found.build(), images(found), optimizer="adam")
    assert predicted.total == pytest.approx(measured, rel=WITHIN)
