"""Calibration with the real backends, as small as it can be; no time is asserted."""

import json
from pathlib import Path

import pytest

from archdsl import load, loads
from archdsl.backends.latency import Latencies, read_profile
from archdsl.backends.latency.kernel import Kernel
from archdsl.calibration.calibrate import Plan, calibrate
from archdsl.calibration.design import designs
from archdsl.calibration.fit import fit_roofline, measured
from archdsl.folders import specs_folder
from archdsl.ir.base import Shape
from tests.cli.conftest import Command


def test_the_design_is_the_same_each_time_and_compiles() -> None:
    first, again = designs(12), designs(12)
    assert first == again
    networks = [loads(design.text) for design in first]
    assert len({network.macs for network in networks}) == len(networks)


def test_eager_calibration_makes_a_profile_of_inference_and_training(tmp_path: Path) -> None:
    seen: list[str] = []
    document = calibrate(Plan("eager", 1, networks=2, training=1, rounds=2), "the command", seen.append)
    path = tmp_path / "device.json"
    path.write_text(json.dumps(document))
    device = read_profile(path)
    assert {"conv", "batch_norm", "conv_backward", "optimizer", "other"} <= set(device.measured)
    assert all(table.kernels for name, table in device.measured.items() if name == "conv")
    assert device.facts["command"] == "the command"
    assert device.facts["threads"] == 1
    assert seen
    architecture = load(specs_folder() / "mobilenetv2.arch", "050").architecture
    inference = Latencies(architecture, device).model()
    assert 0 < inference.seconds < Latencies(architecture, device, training=True).model().seconds


def test_onnx_runtime_calibration_makes_a_profile_of_inference(archdsl: Command) -> None:
    pytest.importorskip("onnxscript")
    pytest.importorskip("onnxruntime")
    code, out, _ = archdsl("calibrate", "--backend", "onnxruntime", "--threads", 1, "--networks", 1, "--rounds", 2)
    assert code == 0
    assert out.startswith("device-onnxruntime.json: ")
    device = read_profile(Path("device-onnxruntime.json"))
    assert "blocked_conv" in device.measured or "conv" in device.measured
    code, out, _ = archdsl(
        "estimate", specs_folder() / "mobilenetv2.arch", "--variant", "050", "--device", "device-onnxruntime.json"
    )
    assert code == 0
    assert out.splitlines()[-1].endswith("images/s")


def test_a_roofline_is_found_again_from_times_that_obey_it() -> None:
    kernels = [
        Kernel("relu", Shape(c, side, side), Shape(c, side, side)) for c in (8, 64, 512) for side in (4, 28, 112)
    ]
    seconds = [kernel.traffic(4) / 2e10 + 5e-6 for kernel in kernels]
    import numpy

    _, bandwidth, launch = fit_roofline(kernels, numpy.array(seconds))
    assert bandwidth == pytest.approx(2e10, rel=0.1)
    assert launch == pytest.approx(5e-6, rel=0.1)


def test_interpolation_returns_what_was_measured() -> None:
    kernels = {
        Kernel("conv", Shape(c, side, side), Shape(2 * c, side, side)): 1e-4 * c * side**1.5 / 16
        for c in (16, 32, 64, 128, 256)
        for side in (7, 14, 28, 56)
    }
    from archdsl.backends.latency.profile import Measured

    table = Measured.model_validate_json(json.dumps(measured(kernels))).table()
    for kernel, seconds in kernels.items():
        roofline = table.roofline.seconds(kernel.operations, kernel.traffic(4))
        assert roofline * table.factor(kernel) == pytest.approx(seconds, rel=0.1)
