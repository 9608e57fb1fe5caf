"""Exports are opened as their readers would open them, and put out what the module puts out."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import onnxruntime
import pytest
import torch
from torch import Tensor

import archdsl
from archdsl.diagnostics import DiagnosticError
from archdsl.exporting import export as driver
from archdsl.exporting import source
from archdsl.exporting.settings import TARGETS
from archdsl.weights import MismatchError
from tests.operators import loads

# SAME padding, a batch norm in each place, squeeze-and-excitation, standardized weights, branches, two named outputs.
NET = """
model net {
  input = 3 x 20 x 17
  norm = batch_norm
  act = silu
  padding = same
  stem = conv_norm_act(8, kernel = 3, stride = 2)
  stages {
    | op     | kernel | stride | expansion | channels | layers | se   |
    | mbconv | 3      | 2      | 2         | 16       | 1      | 0.25 |
  }
  stages 1 { name = x }
  outputs {
    maps = x -> ws_conv(4, 3)
    sum  = (x -> conv(4) -> norm) + (x -> conv(4, 3) -> norm) -> global_avg_pool
  }
}
"""
PLAIN = """
model plain {
  input = 3 x 9 x 9
  classes = 4
  head = conv(5, 3) -> relu -> global_avg_pool -> dropout(0.2) -> linear(classes)
}
"""
OTHERS = ((1, 3, 20, 17), (3, 3, 31, 10), (2, 3, 8, 64), (1, 3, 7, 7), (4, 3, 33, 21), (2, 3, 64, 33))


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[torch.nn.Module, Path]:
    """The network with statistics and scales as training leaves them, and a file of its weights."""
    torch.manual_seed(0)
    module = archdsl.loads(NET).build()
    for key, tensor in module.state_dict().items():
        if key.endswith("running_var"):
            tensor.uniform_(0.5, 2.0)
        elif tensor.is_floating_point() and tensor.dim() == 1:
            tensor.uniform_(-0.5, 1.0)
    path = tmp_path_factory.mktemp("weights") / "weights.pth"
    torch.save(module.state_dict(), path)
    return module.eval(), path


def of_onnx(path: Path) -> tuple[Callable[[Tensor], list[Tensor]], dict[str, Any]]:
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    assert [one.dim_param or one.dim_value for one in model.graph.input[0].type.tensor_type.shape.dim] == [
        "batch", 3, "height", "width",
    ]  # fmt: skip
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    names = ["maps", "sum"]
    facts = json.loads(session.get_modelmeta().custom_metadata_map["archdsl"])
    return lambda images: [torch.from_numpy(one) for one in session.run(names, {"images": images.numpy()})], facts


def of_torch(path: Path) -> tuple[Callable[[Tensor], list[Tensor]], dict[str, Any]]:
    files = {"archdsl.json": ""}
    program = torch.export.load(path, extra_files=files)
    return lambda images: list(program.module()(images)), json.loads(files["archdsl.json"])


def of_openvino(path: Path) -> tuple[Callable[[Tensor], list[Tensor]], dict[str, Any]]:
    openvino = pytest.importorskip("openvino")
    model = openvino.Core().compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    facts = openvino.Core().read_model(path).get_rt_info(["archdsl"]).astype(str)

    def run(images: Tensor) -> list[Tensor]:
        found = model({"images": images.numpy()})
        return [torch.from_numpy(found[name]) for name in ("maps", "sum")]

    return run, json.loads(facts)


def of_source(path: Path) -> tuple[Callable[[Tensor], list[Tensor]], dict[str, Any]]:
    module, facts, _ = of_file(path)
    return lambda images: list(module(images)), facts


def of_file(path: Path) -> tuple[torch.nn.Module, dict[str, Any], dict[str, Any]]:
    """The network of a .py with its weights, what is known of its images, and what else the .py has."""
    from safetensors import safe_open
    from safetensors.torch import load_file

    names: dict[str, Any] = {"__name__": "net"}
    exec(compile(path.read_text(), str(path), "exec"), names)
    module = names["net"]().eval()
    module.load_state_dict(load_file(path.with_suffix(".safetensors")))
    with safe_open(path.with_suffix(".safetensors"), "pt") as file:
        facts = json.loads(file.metadata()["archdsl"])
    return module, facts, names


def of_fused(path: Path) -> tuple[Callable[[Tensor], list[Tensor]], dict[str, Any]]:
    module, facts, names = of_file(path)
    fused = names["fuse_model"](module, torch.randn(2, 3, 20, 17))
    return lambda images: list(fused(images)), facts


READERS = {
    "onnx": of_onnx, "torch": of_torch, "openvino": of_openvino, "source": of_source, "fused": of_fused,
}  # fmt: skip


@pytest.mark.parametrize("target", READERS)
def test_an_export_is_the_network_at_any_size(target: str, trained: tuple[torch.nn.Module, Path]) -> None:
    if target == "openvino":
        pytest.importorskip("openvino")
    module, weights = trained
    made = archdsl.export(
        archdsl.loads(NET), to=target, weights=weights, batch="dynamic", resolution="dynamic", normalization="imagenet"
    )
    assert made.difference < 1e-5
    assert len(made.compared) == 3
    assert sorted(os.listdir()) == sorted(path.name for path in made.files)
    run, facts = READERS[target](made.path)
    for shape in OTHERS:
        images = torch.randn(shape)
        with torch.no_grad():
            wanted, found = module(images), run(images)
        for one, other in zip(wanted, found, strict=True):
            torch.testing.assert_close(other, one, rtol=1e-4, atol=1e-5)
    assert facts == made.facts
    assert (facts["network"], facts["weights"], facts["outputs"]) == ("net", "weights.pth", ["maps", "sum"])
    assert facts["preprocessing"]["std"] == [0.229, 0.224, 0.225]
    assert made.as_json()["compared"][0]["images"] == [2, 3, 20, 17]


@pytest.mark.parametrize(
    ("target", "operator"),
    [
        ("torch", "cond_conv_of_experts(channels = 12, experts = 2, groups = 4, bias = true)"),
        ("torch", "dot_product_attention_of_pooled(heads = 4)"),
        ("onnx", "dot_product_attention_of_pooled(heads = 4)"),
    ],
)
def test_a_batch_is_free_where_images_are_counted(target: str, operator: str) -> None:
    text = f"model net {{\n input = 3 x 8 x 8\n stem = conv(24) -> {operator}\n head = global_avg_pool -> linear(4)\n}}"
    made = archdsl.export(loads(text), to=target, batch="dynamic")
    assert len({one.shape[0] for one in made.compared}) > 1
    assert made.difference < 1e-5


@pytest.mark.parametrize("target", ["source", "fused"])
def test_one_size_in_bfloat16(target: str) -> None:
    made = archdsl.export(archdsl.loads(PLAIN), "x/bf.py", to=target, batch=2, dtype="bf16")
    assert 1e-4 < made.difference < 0.1
    assert [one.shape for one in made.compared] == [(2, 3, 9, 9)]
    assert made.facts["dtype"] == "bf16"
    assert {path.name for path in Path("x").iterdir()} == {"bf.py", "bf.safetensors"}


def test_a_run_has_its_classes_and_normalization(tmp_path: Path) -> None:
    network = archdsl.loads(PLAIN)
    module = network.build(num_classes=3)
    run = tmp_path / "run"
    run.mkdir()
    preprocessing = {"resolution": 9, "crop": 0.9, "normalization": "centered", "channels": 3}
    facts = {"format": 1, "network": "plain", "recipe": "quick", "settings": {"data": "x"}}
    facts |= {"classes": ["ant", "bee", "cat"], "preprocessing": preprocessing}
    (run / "run.json").write_text(json.dumps(facts))
    from safetensors.torch import save_file

    save_file(module.state_dict(), run / "weights.safetensors")
    made = archdsl.export(network, to="source", weights=run)
    assert made.facts["classes"] == ["ant", "bee", "cat"]
    assert made.facts["preprocessing"]["mean"] == [0.5, 0.5, 0.5]
    assert made.facts["preprocessing"]["crop"] == 0.9
    assert made.said["function"] == "plain(num_classes=3)"


def test_weights_that_do_not_fit_are_refused(trained: tuple[torch.nn.Module, Path]) -> None:
    with pytest.raises(MismatchError):
        archdsl.export(archdsl.loads(PLAIN), to="source", weights=trained[1])
    assert os.listdir() == []


def test_weights_of_which_a_part_fits_are_told_where_that_can_be_taken() -> None:
    """The options that `archdsl weights map` has are not ours."""
    state = archdsl.loads(PLAIN.replace("classes = 4", "classes = 7")).build().state_dict()
    torch.save(state, "other.pt")
    with pytest.raises(MismatchError) as caught:
        archdsl.export(archdsl.loads(PLAIN), to="source", weights="other.pt")
    help = caught.value.diagnostics[0].help
    assert help is not None
    assert help.startswith("write a file that fits by `archdsl weights map`, where --")
    assert os.listdir() == ["other.pt"]


# Files ----------------------------------------------------------------------------------------------------------------


def refused(**options: Any) -> str:
    with pytest.raises(DiagnosticError) as failure:
        archdsl.export(archdsl.loads(PLAIN), to="source", **options)
    return failure.value.diagnostics[0].code.name


def test_a_file_that_is_there_is_left_alone() -> None:
    Path("plain.safetensors").write_text("mine")
    assert refused() == "ARC803"
    assert os.listdir() == ["plain.safetensors"]
    archdsl.export(archdsl.loads(PLAIN), to="source", force=True)
    assert Path("plain.safetensors").read_bytes() != b"mine"
    Path("other.py").mkdir()
    assert refused(path="other.py", force=True) == "ARC902"
    Path("link.py").symlink_to("elsewhere.py")
    assert refused(path="link.py", force=True) == "ARC902"
    assert not Path("elsewhere.py").exists()


@pytest.mark.parametrize(
    ("function", "error", "code"),
    [
        ("write", OSError(28, "No space left on device"), "ARC902"),
        ("write", RuntimeError("no"), "ARC801"),
        ("_opened", RuntimeError("no"), "ARC801"),
        ("write", KeyboardInterrupt(), None),
    ],
)
def test_nothing_is_left_of_what_fails(
    function: str, error: BaseException, code: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        (next(Path().glob(".plain.py.*")) / "plain.py").write_text("half")
        raise error

    monkeypatch.setattr(source, function, fail)
    Path("plain.py").write_text("before")
    if code is None:
        with pytest.raises(KeyboardInterrupt):
            archdsl.export(archdsl.loads(PLAIN), to="source", force=True)
    else:
        assert refused(force=True) == code
    assert os.listdir() == ["plain.py"]
    assert Path("plain.py").read_text() == "before"


def test_what_differs_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    network = archdsl.loads(PLAIN)
    monkeypatch.setattr(driver, "subject_of", _with_other_weights(driver.subject_of))
    with pytest.raises(DiagnosticError, match="something else: on images of 1 x 3 x 9 x 9 `output` differs") as failure:
        archdsl.export(network, to="source")
    assert failure.value.diagnostics[0].code.name == "ARC802"
    assert os.listdir() == []


def _with_other_weights(subject_of: Callable[..., Any]) -> Callable[..., Any]:
    def made(*arguments: Any) -> Any:
        subject = subject_of(*arguments)
        subject.state["classifier.weight"] = subject.state["classifier.weight"] * 1.01
        return subject

    return made


POOLED = """model net {{
 input = 3 x 16 x 16
 classes = 4
 head = conv(2) -> adaptive_avg_pool({size}) -> flatten -> linear(classes)
}}
"""


def test_windows_that_depend_on_the_resolution(tmp_path: Path) -> None:
    network = archdsl.loads(POOLED.format(size=3))
    message = "`onnx` with a free resolution: windows of `adaptive_avg_pool` depend on it"
    with pytest.raises(DiagnosticError, match=message) as error:
        archdsl.export(network, tmp_path / "net.onnx", to="onnx", resolution="dynamic")
    said = "give a number, as `--resolution 224`, or write it as one of torch, openvino, source, fused"
    assert error.value.diagnostics[0].help == said
    assert archdsl.export(network, tmp_path / "net.pt2", to="torch", resolution="dynamic").difference < 1e-6
    assert archdsl.export(network, tmp_path / "fixed.onnx", to="onnx", batch="dynamic").difference < 1e-5


def test_one_window_is_the_mean_of_any_map(tmp_path: Path) -> None:
    network = archdsl.loads(POOLED.format(size=1))
    assert archdsl.export(network, tmp_path / "net.onnx", to="onnx", resolution="dynamic").difference < 1e-5


def test_targets_are_those_of_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len({target.name for target in TARGETS}) == len({target.writer for target in TARGETS}) == len(TARGETS)
    with pytest.raises(ValueError, match="there is no target 'tflite'; there are onnx"):
        archdsl.export(archdsl.loads(PLAIN), to="tflite")
    with pytest.raises(ValueError, match="there is no type 'float16'"):
        archdsl.export(archdsl.loads(PLAIN), to="onnx", dtype="float16")  # type: ignore[arg-type]


SEVERAL = """
model pair {
  inputs {
    rgb   = 3 x 24 x 20
    depth = 1 x 12 x 10
  }
  classes = 4
  stem = rgb -> conv_norm_act(8, 3, stride = 2)
  head = concat(stem, depth -> conv(4, 3)) -> conv_norm_act(6) -> global_avg_pool -> linear(classes)
}
"""


@pytest.mark.parametrize("target", ["onnx", "torch", "source"])
def test_several_inputs_keep_their_names_and_order(target: str) -> None:
    suffix = {"onnx": "onnx", "torch": "pt2", "source": "py"}[target]
    network = archdsl.loads(SEVERAL)
    torch.manual_seed(0)
    torch.save(network.build().state_dict(), "weights.pth")
    module = network.build().eval()
    module.load_state_dict(torch.load("weights.pth"))
    made = archdsl.export(network, f"pair.{suffix}", to=target, batch="dynamic", weights="weights.pth")
    assert made.difference < 1e-4
    assert made.facts["inputs"] == {"rgb": [2, 3, 24, 20], "depth": [2, 1, 12, 10]}
    images = [torch.randn(3, 3, 24, 20), torch.randn(3, 1, 12, 10)]
    if target == "onnx":
        session = onnxruntime.InferenceSession(str(made.path), providers=["CPUExecutionProvider"])
        given = {name: one.numpy() for name, one in zip(("rgb", "depth"), images, strict=True)}
        assert [one.shape for one in session.get_inputs()] == [["batch", 3, 24, 20], ["batch", 1, 12, 10]]
        found = torch.from_numpy(session.run(["output"], given)[0])
    elif target == "torch":
        (found,) = torch.export.load(made.path).module()(*images)
    else:
        names: dict[str, Any] = {"__name__": "pair"}
        exec(compile(made.path.read_text(), "pair.py", "exec"), names)
        from safetensors.torch import load_file

        copy = names["pair"]().eval()
        copy.load_state_dict(load_file("pair.safetensors"))
        found = copy(*images)
    with torch.no_grad():
        torch.testing.assert_close(found, module(*images), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"to": "onnx", "resolution": 32}, "resolution"),
        ({"to": "torch", "resolution": "dynamic"}, "resolution"),
        ({"to": "onnx", "int8": True, "calibration": "."}, "int8"),
        ({"to": "fused"}, "fused"),
    ],
)
def test_what_takes_one_input_refuses_several(options: dict[str, Any], what: str) -> None:
    with pytest.raises(DiagnosticError, match=f"{what}.* takes networks of one input") as found:
        archdsl.export(archdsl.loads(SEVERAL), **options)
    assert "`rgb` and `depth`" in str(found.value)
