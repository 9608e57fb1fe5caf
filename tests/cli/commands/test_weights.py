"""`archdsl weights`: maps printed, tensors written, mistakes told."""

import json
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

import archdsl as library
from archdsl.cli.main import main
from archdsl.folders import specs_folder
from archdsl.weights.peers import build_peer
from tests.cli.conftest import Command, Ran
from tests.peers.zoo import relative_error, settle

SPEC, VARIANT = specs_folder() / "mobilenetv2.arch", "050"
MODEL = "timm:mobilenetv2_050"
NETWORK = (SPEC, "--variant", VARIANT, "--resolution", 64)


@pytest.fixture
def trained() -> nn.Module:
    """timm's module with weights of its own, `theirs.safetensors` in the current folder."""
    module = build_peer(MODEL, library.load(SPEC, VARIANT).architecture)
    settle(module, torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0)))
    save_file(module.state_dict(), "theirs.safetensors")
    return module.eval()


def test_map_to_a_file_that_our_module_loads(archdsl: Command, trained: nn.Module) -> None:
    ran = archdsl(
        "weights", "map", *NETWORK, "--from", MODEL, "--weights", "theirs.safetensors", "--out", "o.safetensors"
    )
    assert (ran.code, ran.err) == (0, "wrote o.safetensors\n")
    lines = ran.out.splitlines()
    assert lines[0].split() == ["mobilenetv2_050", MODEL, "shape"]
    assert " ".join(lines[1].split()) == "stem.conv.weight conv_stem.weight 16 x 3 x 3 x 3"
    assert lines[-1].startswith("314 tensors, proven: outputs on equal random weights differ by ")
    ours = library.load(SPEC, VARIANT).build().eval()
    ours.load_state_dict(load_file("o.safetensors"))
    images = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        assert relative_error(ours(images), trained(images)) < 1e-5


def test_export_to_a_file_that_timm_loads(archdsl: Command) -> None:
    ours = library.load(SPEC, VARIANT).build()
    images = torch.randn(2, 3, 64, 64)
    settle(ours, images)
    save_file(ours.state_dict(), "ours.safetensors")
    ran = archdsl("weights", "export", *NETWORK, "ours.safetensors", "--to", MODEL, "--out", "new/t.safetensors")
    assert (ran.code, ran.err) == (0, "wrote new/t.safetensors\n")
    theirs = build_peer(MODEL, library.load(SPEC, VARIANT).architecture).eval()
    theirs.load_state_dict(load_file("new/t.safetensors"))
    with torch.no_grad():
        assert relative_error(theirs(images), ours.eval()(images)) < 1e-5


def test_json(archdsl: Command) -> None:
    ran = archdsl("weights", "map", *NETWORK, "--from", MODEL, "--output-format", "json")
    document = json.loads(ran.out)
    assert (document["format_version"], document["network"], document["from"]) == ("1.0", "mobilenetv2_050", MODEL)
    assert (document["matched_by"], document["relative_error"] < 1e-6) == ("use", True)
    assert document["pairs"][0] == {
        "ours": "stem.conv.weight",
        "theirs": "conv_stem.weight",
        "shape": [16, 3, 3, 3],
        "their_shape": [16, 3, 3, 3],
    }
    assert len(document["pairs"]) == 314


def test_fresh_weights_are_called_fresh(archdsl: Command) -> None:
    ran = archdsl("weights", "map", *NETWORK, "--from", MODEL, "--out", "o.safetensors")
    assert "are fresh, nobody trained them" in ran.err
    assert Path("o.safetensors").exists()


@pytest.mark.usefixtures("trained")
def test_to_standard_output(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["weights", "map", *map(str, NETWORK), "--from", "theirs.safetensors", "--out", "-"]) == 0
    Path("o.safetensors").write_bytes(capfdbinary.readouterr().out)
    library.load(SPEC, VARIANT).build().load_state_dict(load_file("o.safetensors"))


@pytest.mark.usefixtures("trained")
def test_a_file_without_its_module_is_not_proven(archdsl: Command) -> None:
    ran = archdsl("weights", "map", *NETWORK, "--from", "theirs.safetensors", "--output-format", "json")
    assert (ran.code, ran.err) == (0, "")
    assert (json.loads(ran.out)["matched_by"], json.loads(ran.out)["relative_error"]) == ("definition", None)


def test_what_does_not_match_is_a_table(archdsl: Command) -> None:
    ran = archdsl("weights", "map", *NETWORK, "--from", "timm:mobilenetv2_100", "--out", "o.safetensors")
    assert ran.code == 1
    assert "error[ARC701]: mobilenetv2_050 and timm:mobilenetv2_100 do not have the same weights" in ran.err
    lines = ran.out.splitlines()
    assert lines[0].split() == ["#", "mobilenetv2_050", "#", "timm:mobilenetv2_100"]
    assert "stem.conv.weight: convolution 16 x 3 x 3 x 3" in lines[1]
    assert "conv_stem.weight: convolution 32 x 3 x 3 x 3" in lines[1]
    assert not Path("o.safetensors").exists()


def test_what_does_not_match_as_json(archdsl: Command) -> None:
    ran = archdsl("weights", "map", *NETWORK, "--from", "timm:mobilenetv2_100", "--output-format", "json")
    document = json.loads(ran.out)
    assert ran.code == 1
    assert document["problem"] == "mobilenetv2_050 and timm:mobilenetv2_100 do not have the same weights"
    assert document["mismatches"][0]["our_position"] == 1


def test_padding_that_differs_is_found_by_the_outputs(archdsl: Command) -> None:
    spec = specs_folder() / "efficientnet.arch"
    ran = archdsl("weights", "map", spec, "--variant", "b0", "--resolution", 64, "--from", "timm:tf_efficientnet_b0")
    assert ran.code == 1
    assert "error[ARC702]" in ran.err
    assert "eps 0.001" in ran.out
    # Forced, it is written, and reported all the same.
    command = ("weights", "map", spec, "--variant", "b0", "--resolution", 64, "--from", "timm:tf_efficientnet_b0")
    ran = archdsl(*command, "--force", "--out", "forced.safetensors")
    assert (ran.code, Path("forced.safetensors").exists()) == (1, True)
    assert "NOT PROVEN, for debugging only" in ran.err
    assert "error[ARC702]" in ran.err
    assert "first `stem.conv.weight` and `conv_stem.weight`" in ran.err


@pytest.mark.parametrize(
    ("argv", "code", "says"),
    [
        (("map", SPEC, "--from", MODEL), 2, "has 4 networks"),
        (("map", "none.arch", "--from", MODEL), 2, "cannot read none.arch"),
        (("map", *NETWORK, "--from", "timm:mobilenetv2_50"), 2, "did you mean `mobilenetv2_050`"),
        (("map", *NETWORK, "--from", "keras:mobilenet"), 2, "neither a model nor a file"),
        (("map", *NETWORK, "--from", "none.pth"), 2, "does not exist"),
        (("map", *NETWORK, "--from", MODEL, "--weights", "none.pth"), 2, "does not exist"),
        (("map", *NETWORK, "--from", "x.pth", "--weights", "y.pth"), 2, "--weights goes with a model of a library"),
        (("map", *NETWORK), 2, "--from"),
        (("export", *NETWORK, "none.pth", "--to", MODEL, "--out", "t.safetensors"), 2, "does not exist"),
        (
            ("export", *NETWORK, "none.pth", "--to", "x.pth", "--out", "t.safetensors"),
            2,
            "is not a model of another library",
        ),
        ((), 2, "map|export"),
    ],
)
def test_mistakes(argv: tuple[object, ...], code: int, says: str, archdsl: Command) -> None:
    ran = archdsl("weights", *argv)
    assert (ran.code, ran.out) == (code, "")
    assert says in ran.err


def test_a_broken_file_is_a_finding(archdsl: Command) -> None:
    Path("x.pth").write_bytes(b"broken")
    ran: Ran = archdsl("weights", "map", *NETWORK, "--from", MODEL, "--weights", "x.pth")
    assert (ran.code, ran.out) == (1, "")
    assert "error[ARC703]: x.pth does not hold tensors alone" in ran.err


@pytest.mark.usefixtures("trained")
def test_weights_of_another_network_are_not_exported(archdsl: Command) -> None:
    ran = archdsl("weights", "export", *NETWORK, "theirs.safetensors", "--to", MODEL, "--out", "t.safetensors")
    assert (ran.code, ran.out) == (1, "")
    assert "`stem.conv.weight`" in ran.err
    assert "missing from the weights" in ran.err
    assert not Path("t.safetensors").exists()


@pytest.mark.usefixtures("trained")
@pytest.mark.parametrize(
    ("package", "origin", "says"),
    [
        ("safetensors", "theirs.safetensors", "pip install 'archdsl[weights]'"),
        ("timm", MODEL, "pip install timm"),
        ("pytorchcv", "pytorchcv:mobilenetv2_wd2", "pip install pytorchcv"),
    ],
)
def test_packages_that_are_not_installed(
    package: str, origin: str, says: str, archdsl: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)  # as if it were not installed
    ran = archdsl("weights", "map", *NETWORK, "--from", origin)
    assert (ran.code, ran.out) == (2, "")
    assert f"error[ARC903]: {package} is not installed" in ran.err
    assert says in ran.err


@pytest.mark.parametrize("direction", ["map", "export"])
def test_help(direction: str, archdsl: Command) -> None:
    ran = archdsl("weights", direction, "--help")
    assert (ran.code, ran.err) == (0, "")
    assert "SPEC" in ran.out
    assert archdsl("weights", "--help").code == 0


def test_a_part_is_written_and_the_rest_listed(archdsl: Command, trained: nn.Module) -> None:
    state = trained.state_dict()
    state["classifier.weight"], state["classifier.bias"] = torch.zeros(10, 1280), torch.zeros(10)
    torch.save(
        {"model_state_dict": state, "optimizer_state_dict": {"param_groups": [], "state": {0: {"m": torch.ones(1)}}}},
        "x.pth",
    )
    options = ("weights", "map", *NETWORK, "--from", "x.pth", "--out", "o.safetensors")
    refused = archdsl(*options)
    assert refused.code == 1
    assert "error[ARC701]" in refused.err
    assert "--skip classifier carries over the rest" in refused.err
    ran = archdsl(*options, "--skip", "classifier")
    assert ran.code == 0
    assert "`optimizer_state_dict` is not read: of training" in ran.err
    assert "strict=False" in ran.err
    assert "classifier.weight: 1000 x 1280" in ran.out
    assert "classifier.weight: 10 x 1280" in ran.out
    ours = library.load(SPEC, VARIANT).build()
    loaded = ours.load_state_dict(load_file("o.safetensors"), strict=False)
    assert (loaded.missing_keys, loaded.unexpected_keys) == (["classifier.weight", "classifier.bias"], [])
    document = json.loads(archdsl(*options, "--skip", "classifier", "--output-format", "json").out)
    assert document["not_loaded"][0]["ours"] == "classifier.weight"
    assert document["not_loaded"][0]["shape"] == [1000, 1280]
    assert document["not_read"] == {"optimizer_state_dict": "of training"}


def test_several_states_are_a_finding(archdsl: Command, trained: nn.Module) -> None:
    state = trained.state_dict()
    torch.save({"model": state, "model_ema": {key: tensor + 1 for key, tensor in state.items()}}, "x.pth")
    ran = archdsl("weights", "map", *NETWORK, "--from", "x.pth")
    assert (ran.code, ran.out) == (1, "")
    assert "error[ARC704]: x.pth holds 2 state dicts: `model`, `model_ema`" in ran.err
    assert archdsl("weights", "map", *NETWORK, "--from", "x.pth", "--state", "model_ema").code == 0


def test_a_checkpoint_that_does_not_fit_its_model_is_refused_before_any_proof(
    archdsl: Command, trained: nn.Module, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = trained.state_dict()
    state["classifier.weight"] = torch.zeros(10, 1280)
    torch.save(state, "x.pth")
    monkeypatch.setattr("archdsl.weights.mapped.map_module", None)  # a call would fail
    ran = archdsl("weights", "map", *NETWORK, "--from", MODEL, "--weights", "x.pth")
    assert ran.code == 1
    assert "error[ARC701]: x.pth does not have all weights of timm:mobilenetv2_050" in ran.err
    assert "--skip classifier.weight" in ran.err
