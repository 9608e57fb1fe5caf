"""Weights that a training begins with."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

import archdsl
from archdsl.diagnostics import DiagnosticError
from archdsl.training.init import initialize_from
from archdsl.weights import as_file
from archdsl.weights.peers import build_peer
from tests.training.nets import SMALL, network


def saved(model: nn.Module, folder: Path, name: str = "weights.safetensors") -> str:
    path = folder / name
    path.write_bytes(as_file(model.state_dict(), "safetensors" if name.endswith(".safetensors") else "pth"))
    return str(path)


def made(classes: int = 10, seed: int = 0, text: str = SMALL) -> nn.Module:
    torch.manual_seed(seed)
    return network(text).build(num_classes=classes)


def differing(one: nn.Module, two: nn.Module) -> set[str]:
    other = two.state_dict()
    return {key for key, value in one.state_dict().items() if not torch.equal(value, other[key])}


def test_all_weights_of_the_same_network(tmp_path: Path):
    model, other = made(seed=1), made()
    done = initialize_from(model, network(), saved(other, tmp_path))
    assert not differing(model, other)
    assert done.fresh == ()
    assert done.loaded == len(model.state_dict())


def test_another_number_of_classes_has_a_fresh_classifier(tmp_path: Path):
    model, fresh, other = made(3, seed=1), made(3, seed=1), made(10)
    done = initialize_from(model, network(), saved(other, tmp_path))
    assert done.fresh == ("classifier.weight", "classifier.bias")
    assert "not loaded, and fresh: `classifier.weight`, `classifier.bias`" in done.lines()
    assert torch.equal(model.classifier.weight, fresh.classifier.weight)
    assert torch.equal(model.stages[1][2].main.conv.weight, other.stages[1][2].main.conv.weight)


def test_a_classifier_for_the_classes_of_the_training_is_taken(tmp_path: Path):
    """Of weights that were trained on them, though the text has another number."""
    model, other = made(3, seed=1), made(3)
    done = initialize_from(model, network(), saved(other, tmp_path))
    assert not differing(model, other)
    assert done.fresh == ()


@pytest.mark.parametrize("classes", [10, 1000])
def test_weights_of_another_library(tmp_path: Path, classes: int):
    found = archdsl.find("mobilenetv2_050")
    torch.manual_seed(0)
    theirs = build_peer("timm:mobilenetv2_050", found.architecture).eval()
    model = found.build(num_classes=classes).eval()
    done = initialize_from(model, found, saved(theirs, tmp_path, "theirs.pth"))
    images = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        theirs_features = theirs.forward_head(theirs.forward_features(images), pre_logits=True)
        ours = model.forward_head(model.forward_features(images), pre_logits=True)
        torch.testing.assert_close(ours, theirs_features)
        if classes == 1000:
            torch.testing.assert_close(model(images), theirs(images))
    assert bool(done.fresh) == (classes != 1000)


def test_images_of_another_number_of_channels(tmp_path: Path):
    colour, grey = SMALL.replace("1 x 16 x 16", "3 x 16 x 16"), made(seed=1)
    done = initialize_from(grey, network(), saved(made(text=colour), tmp_path))
    assert list(done.adapted) == ["stem.conv.weight"]


@pytest.mark.parametrize("classes", [10, 3])
def test_weights_of_another_network_are_refused(tmp_path: Path, classes: int):
    wider = SMALL.replace("| 16       | 3 ", "| 24       | 3 ")
    model = made(classes)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    with pytest.raises(DiagnosticError):
        initialize_from(model, network(), saved(made(text=wider), tmp_path))
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


@pytest.mark.parametrize("origin", ["nowhere.safetensors", "nowhere", "timm:no_such_model"])
def test_what_cannot_be_had_is_refused(origin: str):
    with pytest.raises(DiagnosticError):
        initialize_from(made(), network(), origin)


def test_what_there_is_to_begin_with_is_listed():
    with pytest.raises(DiagnosticError, match=r"write timm:NAME, .* the path of a checkpoint, or the folder of a run"):
        initialize_from(made(), network(), "nowhere")


ON_A_PART = """
use "archdsl:mobilenetv2.arch"
model net {
  input    = 3 x 64 x 64
  backbone = mobilenetv2.050
  head     = backbone.stage7 -> conv_norm_act(8) -> conv(5)
}
"""


def test_a_part_has_the_weights_of_its_own_network(tmp_path: Path):
    """From another library's file, with a classifier that has no place here; what is not of the part stays fresh."""
    found = archdsl.loads(ON_A_PART)
    theirs = build_peer("timm:mobilenetv2_050", archdsl.find("mobilenetv2_050").architecture).eval()
    model = found.build().eval()
    done = initialize_from(model, found, saved(theirs, tmp_path, "theirs.pth"))
    images = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        expected = theirs.blocks(theirs.bn1(theirs.conv_stem(images)))
        torch.testing.assert_close(model.backbone(images)[-1], expected)
    assert {key.split(".")[0] for key in done.fresh} == {"head"}
    assert "classifier.weight" in done.unused
    assert done.loaded == sum(key.startswith("backbone.") for key in model.state_dict())


def test_a_part_of_another_width_is_refused(tmp_path: Path):
    found = archdsl.loads(ON_A_PART.replace("050", "100"))
    theirs = build_peer("timm:mobilenetv2_050", archdsl.find("mobilenetv2_050").architecture)
    with pytest.raises(DiagnosticError):
        initialize_from(found.build(), found, saved(theirs, tmp_path, "theirs.pth"))


ON_OUR_OWN = f"""
{SMALL}
model larger {{
  input   = 1 x 16 x 16
  classes = 10
  trunk   = small
  head    = conv_norm_act(24) -> global_avg_pool -> linear(classes)
}}
"""


def test_a_part_has_the_weights_of_a_file_of_ours(tmp_path: Path):
    """By its own names; a classifier of the same shape, which is beside the part, stays fresh."""
    other, found = made(), archdsl.loads(ON_OUR_OWN, "larger")
    model = found.build()
    fresh = {key: value.clone() for key, value in model.state_dict().items()}
    done = initialize_from(model, found, saved(other, tmp_path))
    theirs = other.state_dict()
    own = {key: value for key, value in model.state_dict().items() if key.startswith("trunk.")}
    assert all(torch.equal(value, theirs[key.removeprefix("trunk.")]) for key, value in own.items())
    assert done.loaded == len(own)
    beside = model.state_dict().keys() - own.keys()
    assert beside == set(done.fresh)
    assert all(torch.equal(model.state_dict()[key], fresh[key]) for key in beside)
    assert set(done.unused) == {key for key in theirs if f"trunk.{key}" not in own}
