"""Images for int8 are prepared as for the network, and what int8 does to outputs is said."""

from __future__ import annotations

from pathlib import Path

import numpy
import onnx
import pytest
import torch
from PIL import Image

import archdsl
from archdsl.diagnostics import DiagnosticError
from archdsl.exporting.calibration import calibration_images
from archdsl.exporting.subject import subject_of

NET = """
model net {
  input = 3 x 8 x 8
  classes = 4
  act = relu
  head = conv(8, 3) -> act -> conv(8, 3) -> act -> global_avg_pool -> linear(classes)
}
"""


@pytest.fixture
def images(tmp_path: Path) -> Path:
    generator = numpy.random.default_rng(0)
    for index in range(12):
        path = tmp_path / "images" / f"class{index % 3}" / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = generator.integers(0, 256, (9 + index, 12, 3), dtype=numpy.uint8)
        Image.fromarray(pixels).save(path)
    (tmp_path / "images" / "notes.txt").write_text("not one")
    return tmp_path / "images"


def test_they_are_normalized_and_cropped(tmp_path: Path) -> None:
    subject = subject_of(archdsl.loads(NET), None, "imagenet")
    Image.new("RGB", (40, 20), (255, 0, 0)).save(tmp_path / "red.png")
    found = calibration_images(subject, str(tmp_path), 8, 8)
    assert found.shape == (1, 3, 8, 8)
    expected = torch.tensor([(1 - 0.485) / 0.229, -0.456 / 0.224, -0.406 / 0.225])
    torch.testing.assert_close(found[0], expected[:, None, None].expand(3, 8, 8))


def test_they_are_those_of_an_evaluation(images: Path) -> None:
    transforms = pytest.importorskip("archdsl.training.data.transforms")
    subject = subject_of(archdsl.loads(NET), None, "centered")
    found = calibration_images(subject, str(images), 8, 8)
    transform = transforms.evaluation_transform(8, 1.0, "centered")
    for one, path in zip(found, sorted(images.rglob("*.png")), strict=True):
        assert (transform(Image.open(path)) - one).abs().max() < 0.02


def test_int8_says_how_far_it_is_off(images: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    made = archdsl.export(
        archdsl.loads(NET), tmp_path / "net.onnx", to="onnx", int8=True, calibration=images, normalization="unit",
        batch="dynamic",
    )  # fmt: skip
    assert 1e-4 < made.difference < 0.3
    (compared,) = made.compared
    assert compared.shape == (12, 3, 8, 8)
    assert compared.agreement is not None
    kinds = {node.op_type for node in onnx.load(made.path).graph.node}
    assert "DequantizeLinear" in kinds
    assert made.facts["dtype"] == "int8"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["images", "net.onnx"]


def test_damaged_images_are_named(images: Path) -> None:
    (images / "broken.png").write_bytes(b"no picture")
    subject = subject_of(archdsl.loads(NET), None, "unit")
    with pytest.raises(DiagnosticError, match=r"broken\.png: it is not an image of a known format") as failure:
        calibration_images(subject, str(images), 8, 8)
    assert failure.value.diagnostics[0].code.name == "ARC804"
