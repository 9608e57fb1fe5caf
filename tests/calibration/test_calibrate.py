"""Calibration with the real backends, as small as it can be; no time is asserted."""

import json
import re
from pathlib import Path

import numpy
import pytest
import torch

from archdsl import load, loads
from archdsl.backends.latency import Latencies, read_profile
from archdsl.backends.latency.kernel import Kernel
from archdsl.backends.latency.profile import Measured
from archdsl.backends.latency.roofline import Roofline
from archdsl.calibration.calibrate import Plan, calibrate
from archdsl.calibration.design import designs
from archdsl.calibration.eager import EagerProbe, Runner
from archdsl.calibration.fit import fit_roofline, measured
from archdsl.calibration.kernel_clock import CpuClock
from archdsl.calibration.sample import Measurements, Sample, merged
from archdsl.cli.main import main
from archdsl.diagnostics import DiagnosticError
from archdsl.folders import specs_folder
from archdsl.ir.base import Shape


def test_the_design_is_the_same_each_time_and_compiles() -> None:
    first, again = designs(12), designs(12)
    assert first == again
    networks = [loads(design.text) for design in first]
    assert len({network.macs for network in networks}) == len(networks)


def test_a_network_of_the_design_has_one_kind_of_block_many_times() -> None:
    for design in designs(40):
        stem = design.text.rpartition("stem = ")[2].partition("\n  head")[0]
        _, *steps = re.split(r"\s*-> ", stem)
        layers = [(step.partition("(")[0], int(step.rpartition(" * ")[2]) if " * " in step else 1) for step in steps]
        blocks = {name for name, _ in layers if name not in ("max_pool", "avg_pool")}
        assert len(blocks) == 1
        assert sum(count for name, count in layers if name in blocks) >= 10


def test_running_operator_by_operator_computes_what_the_module_does() -> None:
    probe = EagerProbe(load(specs_folder() / "mobilenetv2.arch", "050", resolution=64), 2)
    runner = Runner(probe.graph, CpuClock())
    with torch.inference_mode():
        assert torch.equal(runner.run(probe.images), probe.module(probe.images))
    assert len(runner.times) > 100


def test_what_comes_once_in_a_network_counts_only_where_there_is_little_else() -> None:
    def activations(channels: range) -> Measurements:
        kernels = [Kernel("relu", Shape(c, 8, 8), Shape(c, 8, 8)) for c in channels]
        return Measurements(tuple(Sample(kernel, 1e-5) for kernel in kernels), ())

    lone, few, many = activations(range(1, 2)), activations(range(10, 20)), activations(range(10, 60))
    assert len(merged([lone, few]).tables()["relu"]) == 11
    assert len(merged([lone, many]).tables()["relu"]) == 50


def test_eager_calibration_makes_a_profile_of_inference_and_training(tmp_path: Path) -> None:
    seen: list[str] = []
    beside: list[int] = []
    plan = Plan("eager", 1, networks=2, training=1, rounds=2)
    document = calibrate(plan, "the command", seen.append, lambda: beside.append(len(beside)))
    path = tmp_path / "device.json"
    path.write_text(json.dumps(document))
    device = read_profile(path)
    assert {"conv", "batch_norm", "conv_backward", "optimizer", "other"} <= set(device.measured)
    assert all(table.kernels for name, table in device.measured.items() if name == "conv")
    assert device.facts["command"] == "the command"
    assert device.facts["threads"] == 1
    assert seen
    assert beside == [0, 1]
    architecture = load(specs_folder() / "mobilenetv2.arch", "050").architecture
    inference = Latencies(architecture, device).model()
    assert 0 < inference.seconds < Latencies(architecture, device, training=True).model().seconds


def test_onnx_runtime_calibration_makes_a_profile_of_inference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("onnxscript")
    pytest.importorskip("onnxruntime")
    monkeypatch.chdir(tmp_path)
    assert (
        main(["calibrate", "--backend", "onnxruntime", "--threads", "1", "--networks", "1", "--rounds", "2", "--force"])
        == 0
    )
    assert capsys.readouterr().out.startswith("device-onnxruntime.json: ")
    device = read_profile(Path("device-onnxruntime.json"))
    assert device.backend == "onnxruntime"
    assert {"blocked_conv", "conv"} & set(device.measured)
    architecture = load(specs_folder() / "mobilenetv2.arch", "050").architecture
    assert Latencies(architecture, device).model().seconds > 0
    with pytest.raises(DiagnosticError, match="which does not train"):
        Latencies(architecture, device, training=True)


def test_a_roofline_is_found_again_from_times_that_obey_it() -> None:
    kernels = [
        Kernel("relu", Shape(c, side, side), Shape(c, side, side)) for c in (8, 64, 512) for side in (4, 28, 112)
    ]
    seconds = [kernel.traffic(4) / 2e10 + 5e-6 for kernel in kernels]
    found = Roofline(*map(float, fit_roofline(kernels, numpy.array(seconds))))
    assert found.launch == pytest.approx(5e-6, rel=0.1)
    for kernel, taken in zip(kernels, seconds, strict=True):
        assert found.seconds(kernel.operations, kernel.traffic(4)) == pytest.approx(taken, rel=0.1)


def test_interpolation_returns_what_was_measured() -> None:
    kernels = {
        Kernel("conv", Shape(c, side, side), Shape(2 * c, side, side)): 1e-4 * c * side**1.5 / 16
        for c in (16, 32, 64, 128, 256)
        for side in (7, 14, 28, 56)
    }
    table = Measured.model_validate_json(json.dumps(measured(kernels))).table()
    for kernel, seconds in kernels.items():
        roofline = table.roofline.seconds(kernel.operations, kernel.traffic(4))
        assert roofline * table.factor(kernel) == pytest.approx(seconds, rel=0.1)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--device", "gpu"], "`--device` must be one of cpu, cuda, not `gpu`"),
        (["--device", "cuda", "--backend", "onnxruntime"], "ONNX Runtime is calibrated on the CPU"),
        pytest.param(
            ["--device", "cuda"],
            "there is no CUDA device here",
            marks=pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here"),
        ),
    ],
)
def test_what_cannot_be_calibrated(options: list[str], reason: str, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("onnxscript")
    pytest.importorskip("onnxruntime")
    assert main(["calibrate", *options]) == 2
    assert reason in capsys.readouterr().err
