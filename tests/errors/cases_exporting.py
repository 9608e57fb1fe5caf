"""Networks that a target cannot be written for, and files in the way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import archdsl
from tests.errors.cases_cli import without
from tests.errors.showing import Case, command
from tests.operators import loads

EXPORT = "export net.arch --to source"
FLAT = "model net {\n input = 3 x 8 x 8\n classes = 4\n head = conv(2) -> flatten -> linear(classes)\n}\n"
EACH = "model net {\n input = 3 x 8 x 8\n head = cond_conv_of_experts(channels = 4, experts = 2)\n}\n"
POOLED = "model net {\n input = 3 x 8 x 8\n head = adaptive_avg_pool(3)\n}\n"
VALID = "model net {\n input = 3 x 8 x 8\n stem = conv(4, 3, padding = valid)\n}\n"
TWO = "model net {\n inputs {\n a = 3 x 8 x 8\n b = 1 x 8 x 8\n }\n head = concat(a, b) -> conv(4)\n}\n"
SOUND = "model net {\n input = 1 x 64\n stem = conv(4, 3)\n}\n"


def export(text: str = VALID, **options: Any) -> Case:
    return lambda: archdsl.export(archdsl.loads(text), "net.py", **{"to": "source", **options})


def with_files(line: str, *names: str) -> Case:
    def run() -> object:
        for name in names:
            Path(name).write_bytes(b"")
        return command(line)()

    return run


def diverged() -> object:
    import torch

    module = archdsl.loads(VALID).build()
    torch.save({key: tensor * float("nan") for key, tensor in module.state_dict().items()}, "x.pth")
    return export(weights="x.pth")()


def no_images() -> object:
    Path("empty").mkdir()
    return command("export net.arch --to onnx --int8 --calibration empty --normalization unit")()


def failing(function: str) -> Callable[[pytest.MonkeyPatch], object]:
    """The target's tool fails in its own words."""

    def run(monkeypatch: pytest.MonkeyPatch) -> object:
        from archdsl.exporting import source

        def fail(*_: object) -> None:
            raise ValueError("the tool has failed\nat length")

        monkeypatch.setattr(source, function, fail)
        return export()()

    return run


def differing(monkeypatch: pytest.MonkeyPatch) -> object:
    from archdsl.exporting import export as module

    monkeypatch.setattr(module, "TOLERANCES", {"float32": -1.0})
    monkeypatch.setattr(module, "rounding", lambda *_: -1.0)
    return export()()


def without_compiler(monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setenv("CXX", "no-such-compiler")
    return command("export net.arch --to aotinductor")()


CASES: dict[str, Case] = {
    "FreeSizeFails": lambda: archdsl.export(archdsl.loads(FLAT), "net.pt2", to="torch", resolution="dynamic"),
    "FiltersOfEachImage": lambda: archdsl.export(loads(EACH), to="onnx", batch="dynamic"),
    "WindowsOfResolution": lambda: archdsl.export(archdsl.loads(POOLED), to="onnx", resolution="dynamic"),
    "OneInputAlone": export(TWO, to="fused"),
    "NotImportable": command(f"{EXPORT} --out 7-net.py"),
    "SeriesNotCalibrated": export(SOUND, to="onnx", int8=True, calibration="."),
    "NotInType": command("export net.arch --to onnx --dtype bf16"),
    "NotWithFreeSizes": command("export net.arch --to aotinductor --batch dynamic"),
    "NotFinite": diverged,
    "ImagesDoNotFit": export(resolution=2),
    "OutputExists": with_files(EXPORT, "net.py"),
    "NotSuffix": command(f"{EXPORT} --out net.onnx"),
    "CannotWriteExport": with_files(f"{EXPORT} --out file/net.py", "file"),
    "NotQuantized": command(f"{EXPORT} --int8"),
    "NoCalibration": command("export net.arch --to onnx --int8"),
    "NoImagesToCalibrate": no_images,
    "UnknownPreprocessing": command("export net.arch --to onnx --int8 --calibration ."),
    "CalibrationAlone": command(f"{EXPORT} --calibration ."),
}
PATCHED: dict[str, Callable[[pytest.MonkeyPatch], object]] = {
    "MissingOfExport": without("openvino", "export net.arch --to openvino"),
    "NoCompiler": without_compiler,
    "ExportFails": failing("function_name"),
    "CannotRunExported": failing("_opened"),
    "ExportDiffers": differing,
}
