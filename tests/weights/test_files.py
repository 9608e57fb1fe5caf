"""Files of weights: which are read, which maps they give without any code, and what is refused."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

import archdsl
from archdsl.diagnostics.codes import CANNOT_READ, NOT_WEIGHTS, SEVERAL_STATES, Code
from archdsl.weights import MismatchError, as_file, as_safetensors, map_weights, read_checkpoint
from archdsl.weights.key_map import Pair
from archdsl.weights.peers import build_peer

STATE = {"a.weight": torch.arange(6.0).reshape(2, 3), "a.bias": torch.ones(2)}


def same(found: dict[str, Tensor]) -> bool:
    return found.keys() == STATE.keys() and all(torch.equal(found[key], STATE[key]) for key in STATE)


# Reading -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "saved",
    [
        STATE,
        {"state_dict": STATE, "epoch": 3, "name": "x"},
        {"checkpoint": {"model": STATE}},
        {f"module.{key}": tensor for key, tensor in STATE.items()},
        {f"_orig_mod.module.{key}": tensor for key, tensor in STATE.items()},
    ],
)
def test_what_people_save(saved: object, tmp_path: Path) -> None:
    torch.save(saved, tmp_path / "x.pth")
    assert same(dict(read_checkpoint(tmp_path / "x.pth").tensors))


def test_safetensors_there_and_back(tmp_path: Path) -> None:
    (tmp_path / "x.safetensors").write_bytes(as_safetensors(STATE))
    checkpoint = read_checkpoint(tmp_path / "x.safetensors")
    assert same(dict(checkpoint.tensors))
    assert not checkpoint.is_ordered


class Evil:
    """Writes a file when it is unpickled."""

    def __reduce__(self) -> tuple[Callable[[str, int], None], tuple[str, int]]:
        return os.mkdir, ("evil", 0o700)  # type: ignore[return-value]


def _garbage(path: Path) -> None:
    path.write_bytes(b"\x00garbage" * 100)


def _truncated(path: Path) -> None:
    torch.save(STATE, path)
    path.write_bytes(path.read_bytes()[:200])


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _evil(path: Path) -> None:
    torch.save({"state_dict": STATE, "extra": Evil()}, path)


def _evil_old(path: Path) -> None:
    path.write_bytes(pickle.dumps(Evil()))


def _module(path: Path) -> None:
    torch.save(nn.Linear(2, 2), path)


def _two(path: Path) -> None:
    torch.save({"state_dict": STATE, "state_dict_ema": dict(STATE)}, path)


def _loop(path: Path) -> None:
    loop: dict[str, object] = {}
    loop |= {f"k{index}": loop for index in range(1000)}
    torch.save(loop, path)


def _none(path: Path) -> None:
    torch.save({"epoch": 3, "weights": [STATE]}, path)


def _folder(path: Path) -> None:
    path.mkdir()


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _absent(path: Path) -> None:
    pass


@pytest.mark.parametrize(
    ("make", "name", "code", "says"),
    [
        (_garbage, "x.pth", NOT_WEIGHTS, "not hold tensors alone"),
        (_truncated, "x.pth", NOT_WEIGHTS, "not hold tensors alone"),
        (_empty, "x.pth", NOT_WEIGHTS, "not hold tensors alone"),
        (_evil, "x.pth", NOT_WEIGHTS, "not hold tensors alone"),
        (_evil_old, "x.pth", NOT_WEIGHTS, "not hold tensors alone"),
        (_module, "x.pt", NOT_WEIGHTS, "not hold tensors alone"),
        (_two, "x.pth", SEVERAL_STATES, "2 state dicts: `state_dict`, `state_dict_ema`"),
        (_loop, "x.pth", NOT_WEIGHTS, "no state dict"),
        (_none, "x.pth", NOT_WEIGHTS, "no state dict"),
        (_garbage, "x.safetensors", NOT_WEIGHTS, "not a safetensors file"),
        (_empty, "x.safetensors", NOT_WEIGHTS, "not a safetensors file"),
        (_garbage, "x.onnx", NOT_WEIGHTS, "neither `.safetensors` nor `.pth`"),
        (_folder, "x.pth", CANNOT_READ, "is a folder"),
        (_pipe, "x.safetensors", CANNOT_READ, "is not a file"),
        (_absent, "x.pth", CANNOT_READ, "does not exist"),
    ],
)
def test_files_that_are_refused(
    make: Callable[[Path], None], name: str, code: Code, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    make(tmp_path / name)
    with pytest.raises(archdsl.DiagnosticError) as refused:
        read_checkpoint(tmp_path / name)
    (diagnostic,) = refused.value.diagnostics
    assert diagnostic.code is code
    assert says in diagnostic.message
    assert not (tmp_path / "evil").exists()


def _with_zeros(path: Path, record: str, megabytes: int) -> None:
    """A checkpoint with a record that is all zeros, compressed."""
    torch.save({"weight": torch.ones(4)}, path)
    with zipfile.ZipFile(path) as archive:
        records = {info.filename: archive.read(info) for info in archive.infolist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in records.items():
            archive.writestr(name, bytes(megabytes << 20) if name.endswith(record) else data)


@pytest.mark.parametrize("record", ["data.pkl", "data/0"])
def test_a_checkpoint_that_unfolds_too_far_is_not_loaded(record: str, tmp_path: Path) -> None:
    _with_zeros(tmp_path / "x.pth", record, 100)
    with pytest.raises(archdsl.DiagnosticError, match=r"unfolds to 10\d,\d{3},\d{3} bytes"):
        read_checkpoint(tmp_path / "x.pth")


def test_a_compressed_checkpoint_is_a_checkpoint(tmp_path: Path) -> None:
    _with_zeros(tmp_path / "x.pth", "none", 0)
    assert read_checkpoint(tmp_path / "x.pth").tensors["weight"].tolist() == [1, 1, 1, 1]


def test_the_command_that_a_note_gives_is_one_of_the_shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a file is called."""
    monkeypatch.chdir(tmp_path)
    path = Path("$(touch pwned) '`touch pwned`\".pth")
    torch.save({"model": {"weight": torch.ones(2)}, "of": Path("x")}, path)
    with pytest.raises(archdsl.DiagnosticError) as refused:
        read_checkpoint(path)
    note = refused.value.diagnostics[0].notes[0].text
    assert "\n" not in note
    command = note.partition("weights: ")[2].replace("python", sys.executable, 1)
    subprocess.run(["sh", "-c", command], check=True)
    assert read_checkpoint("weights.pth").tensors["weight"].tolist() == [1, 1]
    assert not Path("pwned").exists()


@pytest.mark.filterwarnings("ignore")  # torch calls some of these kinds prototypes
def test_tensors_that_are_no_arrays_are_left_out(tmp_path: Path) -> None:
    odd = {
        "sparse": torch.eye(3).to_sparse(),
        "empty": torch.zeros(3, device="meta"),
        "quantized": torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8),
        "nested": torch.nested.nested_tensor([torch.ones(1), torch.ones(2)]),
        "complex": torch.ones(3, dtype=torch.complex64),
    }
    torch.save({**STATE, **odd}, tmp_path / "x.pth")
    assert same(dict(read_checkpoint(tmp_path / "x.pth").tensors))


def test_tensors_that_claim_more_than_the_file_holds(tmp_path: Path) -> None:
    """A few bytes can claim a shape of terabytes; nothing of that size is ever made."""
    state = {"a.weight": torch.zeros(1).expand(1 << 40), "a.bias": torch.zeros(2)}
    torch.save(state, tmp_path / "x.pth")
    with pytest.raises(MismatchError):
        map_weights(
            archdsl.loads("model m {\n  input = 3 x 4 x 4\n  stem = conv(2, bias = true)\n}\n"), f"{tmp_path}/x.pth"
        )


# Maps without code ---------------------------------------------------------------------------------------------------


def _saved(module: nn.Module, path: Path) -> Path:
    if path.suffix == ".pth":
        torch.save(module.state_dict(), path)
    else:
        save_file(module.state_dict(), path)
    return path


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize(
    ("spec", "name", "origin"),
    [
        ("efficientnet", "efficientnet_b0", "timm:efficientnet_b0"),
        ("mobilenetv2", "mobilenetv2_100", "torchvision:mobilenet_v2"),
        ("shufflenet", "shufflenet_g3_025", "pytorchcv:shufflenet_g3_wd4"),
    ],
)
def test_files_whose_order_is_certain(spec: str, name: str, origin: str, suffix: str, tmp_path: Path) -> None:
    """The map that names, shapes and order give is the one that the module gives."""
    network = archdsl.load(archdsl.specs_folder() / f"{spec}.arch", name)
    path = _saved(build_peer(origin, network.architecture), tmp_path / f"x{suffix}")
    read = map_weights(network, str(path)).key_map
    assert not read.is_proven
    assert read.pairs == _pairs_by_module(spec, name, origin)


@cache
def _pairs_by_module(spec: str, name: str, origin: str) -> tuple[Pair, ...]:
    network = archdsl.load(archdsl.specs_folder() / f"{spec}.arch", name)
    return map_weights(network, origin).key_map.pairs


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_branches_of_equal_shapes_are_refused_without_code(suffix: str, tmp_path: Path) -> None:
    network = archdsl.load(archdsl.specs_folder() / "resnet.arch", "resnet_50", resolution=64)
    origin = "torchvision:resnet50"
    path = _saved(build_peer(origin, network.architecture), tmp_path / f"x{suffix}")
    with pytest.raises(MismatchError) as refused:
        map_weights(network, str(path))
    assert refused.value.diagnostics[0].problem == "SeveralReadings"
    assert "--weights FILE" in (refused.value.diagnostics[0].help or "")
    rows = [(row.ours, row.theirs) for row in refused.value.rows]
    assert any("stages.0.0.shortcut" in ours for ours, _ in rows)
    assert any("layer1.0.downsample.0" in theirs for _, theirs in rows)
    # With the module, the same file is not a riddle.
    mapped = map_weights(network, origin, weights=path)
    assert mapped.key_map.is_proven
    (name,) = (pair.ours for pair in mapped.key_map.pairs if pair.theirs == "layer1.0.downsample.0.weight")
    assert name.startswith("stages.0.0.shortcut.")
    assert torch.equal(mapped.ours[name], mapped.tensors["layer1.0.downsample.0.weight"])


def test_a_file_in_another_order_is_refused(tmp_path: Path) -> None:
    chain = "model m {\n  input = 3 x 8 x 8\n  stem = conv(4, 3) -> act -> conv(4, 3) -> act -> conv(4, 3)\n}\n"
    network = archdsl.loads(chain)
    state = {key.replace("conv", "layer"): tensor for key, tensor in reversed(network.build().state_dict().items())}
    torch.save(state, tmp_path / "x.pth")
    with pytest.raises(MismatchError, match="in the order in which") as refused:
        map_weights(network, f"{tmp_path}/x.pth")
    assert refused.value.diagnostics[0].problem == "OtherOrder"


def test_our_own_file_is_known_by_its_names(tmp_path: Path) -> None:
    network = archdsl.load(archdsl.specs_folder() / "resnet.arch", "resnet_18")
    path = _saved(network.build(), tmp_path / "x.safetensors")
    assert all(pair.ours == pair.theirs for pair in map_weights(network, str(path)).key_map.pairs)


def test_an_old_checkpoint_has_no_counters(tmp_path: Path) -> None:
    network = archdsl.load(archdsl.specs_folder() / "mobilenetv2.arch", "mobilenetv2_050")
    state = build_peer("timm:mobilenetv2_050", network.architecture).state_dict()
    torch.save({key: tensor for key, tensor in state.items() if "num_batches" not in key}, tmp_path / "x.pth")
    ours = map_weights(network, f"{tmp_path}/x.pth").ours
    network.build().load_state_dict(ours)
    assert ours["stem.norm.num_batches_tracked"] == 0


def test_a_file_of_another_network_is_shown(tmp_path: Path) -> None:
    network = archdsl.load(archdsl.specs_folder() / "mobilenetv2.arch", "mobilenetv2_050")
    other = archdsl.load(archdsl.specs_folder() / "mobilenetv2.arch", "mobilenetv2_100")
    path = _saved(build_peer("timm:mobilenetv2_100", other.architecture), tmp_path / "x.pth")
    with pytest.raises(MismatchError) as refused:
        map_weights(network, str(path))
    first = refused.value.rows[0]
    assert (first.our_position, first.ours) == (1, "stem.conv: weight 16 x 3 x 3 x 3")
    assert (first.their_position, first.theirs) == (1, "conv_stem: weight 32 x 3 x 3 x 3")


# Writing -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("style", "extension"), [("safetensors", ".safetensors"), ("pth", ".pth")])
def test_what_is_written_is_what_its_extension_says(style: str, extension: str, tmp_path: Path) -> None:
    path = tmp_path / f"weights{extension}"
    path.write_bytes(as_file(STATE, style))
    assert same(dict(read_checkpoint(path).tensors))
    if style == "pth":
        assert same(torch.load(path, weights_only=True))
