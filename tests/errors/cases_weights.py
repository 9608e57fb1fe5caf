"""Files that hold no weights, and networks that they do not fit."""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from tests.errors.showing import Case, command

WEIGHTS = "model net {\n input = 3 x 8 x 8\n classes = 4\n head = global_avg_pool -> linear(classes)\n}\n"

NORM = "model net {\n input = 3 x 8 x 8\n stem = conv(4, 3) -> batch_norm\n}\n"


def checkpoint(value: object, line: str = "weights map w.arch --from x.pth", name: str = "x.pth") -> Case:
    """A command line about a checkpoint; a value that can be called is called with torch."""

    def run() -> object:
        import torch

        torch.save(value(torch) if callable(value) else value, name)
        return command(line, w_arch=WEIGHTS, n_arch=NORM)()

    return run


def tensors(**shapes: tuple[int, ...]) -> Callable[[ModuleType], dict[str, object]]:
    return lambda torch: {key: torch.ones(*shape) for key, shape in shapes.items()}


def two_states(torch: ModuleType) -> dict[str, object]:
    state = {"weight": torch.ones(4, 3), "bias": torch.ones(4)}
    return {"model": state, "model_ema": {key: tensor + 1 for key, tensor in state.items()}}


def two_beginnings(torch: ModuleType) -> dict[str, object]:
    return {f"{one}.{key}": tensor for one, state in two_states(torch).items() for key, tensor in state.items()}


def key_map(key: str = "a", theirs: str = "b", **state: tuple[int, ...]) -> Case:
    def run() -> object:
        import torch

        from archdsl.weights.key_map import KeyMap, Pair

        pairs = (Pair("a", "b", (2,), (2,)), Pair("c", theirs, (2,), (2,)))
        tensors = {name: torch.rand(*shape) for name, shape in state.items()}
        return KeyMap("net", "peer", pairs).to_theirs(tensors)

    return run


def selection(*parts: str, tensors: tuple[tuple[str, str], ...] = (("a.x", "b.x"),)) -> Case:
    def run() -> object:
        from archdsl.weights.selection import Selection

        return Selection.of(parts).require_meaning(tensors)

    return run


def broken_library(monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setitem(sys.modules, "timm", ModuleType("timm"))
    return command("weights map net.arch --from timm:resnet18")()


def absent(package: str, line: str) -> Callable[[pytest.MonkeyPatch], object]:
    def run(monkeypatch: pytest.MonkeyPatch) -> object:
        monkeypatch.setitem(sys.modules, package, None)
        Path("x.safetensors").write_bytes(b"")
        return command(line)()

    return run


def other_library(make: Callable[[str, int, int], object], line: str) -> Callable[[pytest.MonkeyPatch], object]:
    """A library with one model, in the place of timm."""

    def run(monkeypatch: pytest.MonkeyPatch) -> object:
        from archdsl.weights.peers import LIBRARIES, Library

        library = Library(lambda: ["one"], lambda *options: make(*options[:3]), lambda name: make(name, 4, 3))
        monkeypatch.setitem(LIBRARIES, "timm", library)
        return checkpoint(tensors(**{"classifier.weight": (4, 3), "classifier.bias": (4,)}), line)()

    return run


def more_than_ours(name: str, classes: int, channels: int) -> object:
    """Our network, and a layer that it never applies."""
    import torch

    import archdsl

    module = archdsl.loads(WEIGHTS).build()
    module.extra = torch.nn.Linear(2, 2)
    return module


def text_as(name: str) -> Case:
    def run() -> object:
        Path(name).write_text("text")
        return command(f"weights map net.arch --from {name}")()

    return run


def folder() -> object:
    Path("run").mkdir()
    return command("weights map net.arch --from run")()


def compressed() -> object:
    with zipfile.ZipFile("x.pth", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x/data.pkl", b"N" * (80 << 20))
    return command("weights map net.arch --from x.pth")()


def without_tensors() -> object:
    Path("x.safetensors").write_bytes(b"\x02\0\0\0\0\0\0\0{}")
    return command("weights map net.arch --from x.safetensors")()


CASES: dict[str, Case] = {
    # Files
    "UnknownSuffix": text_as("x.npz"),
    "FolderOfWeights": folder,
    "TensorCount": without_tensors,
    "NotSafetensors": text_as("x.safetensors"),
    "NotTensorsAlone": text_as("x.pth"),
    "Unfolds": compressed,
    "NoStateDict": checkpoint({"epoch": 3}),
    "SeveralStateDicts": checkpoint(two_states),
    "SeveralNetworksInside": checkpoint(two_beginnings),
    "UnknownState": checkpoint(two_states, "weights map w.arch --from x.pth --state other"),
    "StateWithoutFile": command("weights map net.arch --from timm:resnet18 --state ema"),
    # Models of other libraries
    "NeitherModelNorFile": command("weights map net.arch --from resnet18"),
    "WeightsOfFile": checkpoint(tensors(a=(3,)), "weights map w.arch --from x.pth --pretrained"),
    "UnknownPeer": command("weights map net.arch --from timm:resnte18"),
    # Parts
    "NotModulePath": selection("stages.2..1"),
    "UnknownWeights": selection("z"),
    "AmbiguousPath": selection("a", tensors=(("a.x", "b.x"), ("b.x", "a.x"))),
    # Tensors that do not fit
    "WeightsDoNotFit": checkpoint(
        lambda torch: {"classifier.weight": torch.ones(9, 3), "classifier.bias": torch.ones(9)}
    ),
    "OneTensorForSeveral": key_map(theirs="b", a=(2,), c=(2,)),
    "OtherSize": key_map(theirs="d", a=(3,), c=(2,)),
    "MissingTensors": key_map(theirs="d", a=(2,)),
    "IndistinctTensors": checkpoint(
        tensors(**{"a.weight": (4, 3, 3, 3), "b.p": (4,), "b.q": (4,), "b.r": (4,), "b.s": (4,)}),
        "weights map n.arch --from x.pth",
    ),
    "OtherWeights": checkpoint(tensors(a=(7, 3), b=(5, 7))),
}
PATCHED: dict[str, Callable[[pytest.MonkeyPatch], object]] = {
    "NoSafetensors": absent("safetensors.torch", "weights map net.arch --from x.safetensors"),
    "NoLibrary": absent("timm", "weights map net.arch --from timm:resnet18"),
    "BrokenLibrary": broken_library,
    "PeerFails": other_library(lambda name, classes, channels: 1 / 0, "weights map w.arch --from timm:one"),
    "UnusedByTheirs": other_library(more_than_ours, "weights export w.arch x.pth --to timm:one --out y.pth"),
}
