"""The Python interface: models by name, what can be done with them, and what a mistake looks like."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import torch

import archdsl
from archdsl.catalogue import aliases, models
from archdsl.cli.main import main
from tests.meta import on_meta
from tests.peers.zoo import peer


def test_list_models() -> None:
    assert archdsl.list_models("efficientnet_b*") == [f"efficientnet_b{n}" for n in range(8)]
    assert archdsl.list_models("no_such_*") == []
    everything = archdsl.list_models()
    assert len(everything) == len(set(everything)) > 100
    for path in archdsl.specs_folder().glob("*.arch"):
        assert set(archdsl.load_all(path)) <= set(everything)


def test_aliases_are_other_names_of_models() -> None:
    assert set(aliases().values()) <= set(models())
    assert not set(aliases()) & set(models())


@pytest.mark.parametrize("alias", ["efficientnet_v2_s", "mobilenet_v2", "mnasnet1_3", "resnet50", "resnext50_32x4d"])
def test_aliases_mean_the_same_network(alias: str) -> None:
    with on_meta():
        theirs, ours = peer(f"torchvision {alias}"), archdsl.create_model(alias)
    assert sorted(p.shape for p in ours.parameters()) == sorted(p.shape for p in theirs.parameters())


def test_spellings() -> None:
    assert archdsl.find("efficientnetv2-b0").name == "tf_efficientnetv2_b0"
    assert archdsl.find("ResNext50-32x4d").name == "resnext50_32x4d"


def test_create_model_for_another_task() -> None:
    model = archdsl.create_model("efficientnetv2_s", num_classes=10, in_channels=1).eval()
    images = torch.randn(2, 1, 64, 64)
    with torch.no_grad():
        assert model(images).shape == (2, 10)
        model.reset_classifier(3)
        assert model(images).shape == (2, 3)
        model.reset_classifier(0)
        assert model(images).shape == (2, 1280)


def test_create_model_for_features() -> None:
    model = archdsl.create_model("mobilenetv2_100", features_only=True).eval()
    with torch.no_grad():
        features = model(torch.randn(1, 3, 64, 64))
    assert [f.shape[1] for f in features] == [info["num_chs"] for info in model.feature_info]
    assert [64 // f.shape[2] for f in features] == [info["reduction"] for info in model.feature_info]


def test_parameters_of_the_spec() -> None:
    network = archdsl.find("efficientnet_b0", resolution=192, parameters={"width": 0.5})
    assert network.architecture.input == (3, 192, 192)
    assert network.params < archdsl.find("efficientnet_b0").params / 2


def test_a_notebook_shows_the_figure() -> None:
    picture = archdsl.find("resnet50")._repr_svg_()
    assert ElementTree.fromstring(picture).tag == "{http://www.w3.org/2000/svg}svg"


def test_a_model_of_features_has_no_classifier() -> None:
    model = archdsl.create_model("mobilenetv2_050", features_only=True)
    assert not hasattr(model, "reset_classifier")


def test_unknown_options_are_told_with_those_there_are() -> None:
    with pytest.raises(TypeError, match=r"resnet_18 has no option channels; it has num_classes, in_channels"):
        archdsl.create_model("resnet18", channels=1)
    with pytest.raises(TypeError, match="weights map"):
        archdsl.create_model("resnet18", pretrained=True)


def test_variants_of_the_same_label_are_told_apart() -> None:
    with pytest.raises(archdsl.DiagnosticError, match="choose a variant: resnet_50, resnet_d_50"):
        archdsl.load(archdsl.specs_folder() / "resnet.arch", "50")


def test_shipped_files_can_be_used_from_anywhere(tmp_path: Path) -> None:
    path = tmp_path / "wide.arch"
    path.write_text('use "archdsl:resnet.arch"\nmodel wide extends resnet.50 {}\n', encoding="utf-8")
    assert archdsl.load(path).params == archdsl.find("resnet50").params
    assert archdsl.load("archdsl:mobilenetv2.arch", "050").name == "mobilenetv2_050"
    path.write_text('use "archdsl:../pyproject.toml"\nmodel wide extends resnet.50 {}\n', encoding="utf-8")
    with pytest.raises(archdsl.DiagnosticError, match="does not exist"):
        archdsl.load(path)
    path.write_text('use "resnet.arch"\nmodel wide extends resnet.50 {}\n', encoding="utf-8")
    with pytest.raises(archdsl.DiagnosticError, match=r'`use "archdsl:resnet.arch"` brings in the shipped file'):
        archdsl.load(path)


@pytest.mark.parametrize(
    ("name", "help"),
    [
        ("resnet_51", "did you mean `resnet_50`"),
        ("efficientnet-b00", "did you mean `efficientnet_b0`"),
        ("efficientnet-b9", "did you mean `efficientnet_b"),
        ("mobilenet_v3", "did you mean `mobilenet"),
        ("nothing_like_it", "`archdsl.list_models()` lists them all"),
    ],
)
def test_an_unknown_model(name: str, help: str) -> None:
    """Names of ours come first, before those of other libraries."""
    with pytest.raises(archdsl.DiagnosticError, match=f"there is no model `{name}`\n.*{re.escape(help)}"):
        archdsl.create_model(name)


def test_a_failure_reads_like_the_command_line() -> None:
    with pytest.raises(archdsl.DiagnosticError) as caught:
        archdsl.loads("model m {\n  input = 3 x 4 x 4\n  stem = cov(3)\n}\n")
    assert "<text>:3:10: error[ARC202]: unknown block or function `cov`" in str(caught.value)
    assert "did you mean `conv`?" in str(caught.value)


def test_a_diagram_has_the_options_of_the_command(tmp_path: Path) -> None:
    network = archdsl.load(archdsl.specs_folder() / "v2_s.arch")
    asked = ["--layout", "lr", "--no-costs", "--level", "block"]
    for format, width in (("svg", "3.3in"), ("dot", None), ("mermaid", None)):
        out = tmp_path / f"x.{format}"
        wide = ["--width", width] if width else []
        assert (
            main(
                [
                    "diagram",
                    str(archdsl.specs_folder() / "v2_s.arch"),
                    *asked,
                    *wide,
                    "--out",
                    str(out),
                    "--format",
                    format,
                ]
            )
            == 0
        )
        drawn = network.diagram("block", format, layout="lr", width=width, costs=False)
        lines = out.read_bytes().splitlines()
        assert [line for line in lines if b"sha256:" not in line] == drawn.splitlines()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"level": "layer"}, "`level` is one of stage, block, operator, not 'layer'"),
        ({"format": "gif"}, "`format` is one of"),
        ({"layout": "rl"}, "`layout` is one of tb, lr, not 'rl'"),
        ({"width": "3"}, "`width` is a text"),
        ({"width": 3.3}, "`width` is a text"),
        ({"width": "3in", "format": "dot"}, "`width` is for svg, pdf, png and tikz, not dot"),
    ],
)
def test_a_diagram_refuses_what_is_no_option(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        archdsl.load(archdsl.specs_folder() / "v2_s.arch").diagram(**options)


UNUSED = """\
model net {
  input = 3 x 8 x 8
  stem = conv(4)
  nrom = batch_norm
  num_classes = 5
}
"""


def test_what_the_command_line_warns_of_is_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "net.arch"
    path.write_text(UNUSED)
    for load in (lambda: archdsl.load(path), lambda: archdsl.load_all(path), lambda: archdsl.loads(UNUSED)):
        with pytest.warns(archdsl.ArchWarning) as caught:
            load()
        (warning,) = caught  # one a load, however many there are
        assert warning.filename == __file__
        text = str(warning.message)
        assert "4:3: warning[ARC213]: unused name `nrom`" in text
        assert "the binding is `classes`: `classes = 5`" in text
    assert issubclass(archdsl.ArchWarning, UserWarning)
    archdsl.loads("model net {\n  input = 3 x 8 x 8\n  stem = conv(4)\n  _spare = 5\n}\n")


def test_an_amount_of_memory_has_a_unit() -> None:
    with pytest.raises(ValueError, match="'16' is not an amount of memory; write 16GB or 16GiB"):
        archdsl.load(archdsl.specs_folder() / "v2_s.arch").largest_batch("16")
