"""Profiles: those that ship, and what is wrong with one told as a diagnostic."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from archdsl import load
from archdsl.backends.latency import Latencies, profile, read_profile
from archdsl.backends.latency.kernel import Kernel
from archdsl.backends.latency.profile import Whole, shipped_profiles, stored_kernel
from archdsl.backends.latency.roofline import Roofline
from archdsl.backends.latency.table import Table, features
from archdsl.diagnostics import DiagnosticError
from archdsl.folders import specs_folder
from archdsl.ir.base import Shape

DATA_SHEET = {
    "format_version": "1.0",
    "name": "d",
    "title": "a device",
    "peaks": {"float32": {"value": 1e12, "source": "s"}},
    "bandwidth": {"value": 1e11, "source": "s"},
    "launch": {"value": 1e-6, "source": "s"},
    "efficiency": {"other": {"compute": 0.5, "memory": 0.5, "source": "assumed"}},
}


def written(folder: Path, **changes: Any) -> Path:
    path = folder / "device.json"
    path.write_text(json.dumps({**DATA_SHEET, **changes}))
    return path


@pytest.mark.parametrize("name", shipped_profiles())
def test_every_profile_that_ships_can_be_read_and_says_where_its_numbers_are_from(name: str) -> None:
    found = profile(name)
    assert found.name == name
    if not found.measured:
        assert found.bandwidth is not None
        numbers = [*found.peaks.values(), *found.matrix_peaks.values(), found.bandwidth, found.launch]
        assert all(number is not None and number.source for number in numbers)
        assert all(
            "assumed" in efficiency.source or "measured on" in efficiency.source
            for efficiency in found.efficiency.values()
        )


def test_a_kernel_on_a_data_sheet(tmp_path: Path) -> None:
    kernel = Kernel("conv", Shape(64, 56, 56), Shape(64, 56, 56))
    time = read_profile(written(tmp_path)).time(kernel, "float32")
    compute = 2 * 64 * 64 * 56 * 56 / 0.5e12
    memory = 4 * (2 * 64 * 56 * 56 + 64 * 64) / 0.5e11
    assert time.seconds == pytest.approx(max(compute, memory) + 1e-6)
    assert time.bound == "compute"


def test_half_the_bytes_in_half_precision(tmp_path: Path) -> None:
    path = written(tmp_path, peaks={kind: {"value": 1e12, "source": "s"} for kind in ("float32", "float16")})
    kernel = Kernel("add", Shape(64, 56, 56), Shape(64, 56, 56), operands=2)
    found = read_profile(path)
    whole, half = (found.time(kernel, dtype).seconds - 1e-6 for dtype in ("float32", "float16"))
    assert whole == pytest.approx(2 * half)


def test_matrix_peaks_are_for_products_of_matrices(tmp_path: Path) -> None:
    found = read_profile(written(tmp_path, matrix_peaks={"float32": {"value": 1e15, "source": "s"}}))
    conv = Kernel("conv", Shape(512, 7, 7), Shape(512, 7, 7))
    depthwise = Kernel("depthwise", Shape(512, 7, 7), Shape(512, 7, 7), groups=512)
    plain = read_profile(written(tmp_path))
    assert found.time(conv, "float32").seconds < plain.time(conv, "float32").seconds
    assert found.time(depthwise, "float32").seconds == plain.time(depthwise, "float32").seconds


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"bandwidth": {"value": -1, "source": "s"}}, "`bandwidth.value`"),
        ({"bandwith": 3}, "`bandwith`"),
        ({"dtype": "float12"}, "no type `float12`"),
        ({"efficiency": {"conv": {"compute": 0.5, "memory": 0.5, "source": "s"}}}, "needs `other`"),
        ({"efficiency": {**DATA_SHEET["efficiency"], "cnov": {"compute": 0.5, "memory": 0.5, "source": "s"}}}, "cnov"),  # type: ignore[dict-item]
        ({"peaks": {}}, "needs `peaks`"),
        ({"measured": {"conv": {"operations": 1, "bytes": 1, "launch": 0, "seconds": [1.0]}}}, "as many `seconds`"),
    ],
)
def test_a_mistake_in_a_profile_names_its_field(changes: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(DiagnosticError, match="is not a device profile") as failure:
        read_profile(written(tmp_path, **changes))
    assert message in str(failure.value)


@pytest.mark.parametrize("text", ["", "{", '{"name": "x"}', "[1]"])
def test_a_file_that_is_no_profile(text: str, tmp_path: Path) -> None:
    path = tmp_path / "device.json"
    path.write_text(text)
    with pytest.raises(DiagnosticError, match="is not a device profile"):
        read_profile(path)


def test_a_device_that_is_not_there() -> None:
    with pytest.raises(DiagnosticError, match="did you mean `a100`"):
        profile("a10")
    with pytest.raises(DiagnosticError, match="cannot read"):
        profile("nowhere.toml")


def test_sizes_of_measured_kernels_are_bounded() -> None:
    whole = TypeAdapter(Whole)
    assert whole.validate_python(2**40 - 1) == 2**40 - 1
    for number in (0, 2**40):
        with pytest.raises(ValidationError):
            whole.validate_python(number)


# Tables --------------------------------------------------------------------------------------------------------------


def test_a_table_gives_the_measurement_at_a_measured_kernel_and_the_roofline_far_away() -> None:
    near = Kernel("relu", Shape(64, 14, 14), Shape(64, 14, 14))
    far = Kernel("relu", Shape(64, 1792, 1792), Shape(64, 1792, 1792))
    scales = (1.0,) * len(features(near))
    table = Table(Roofline(1e9, 1e9, 0.0), scales, (features(near),), (0.25,))
    assert table.factor(near) == pytest.approx(2.718281828459045**0.25)
    assert table.factor(far) == pytest.approx(1.0, abs=1e-3)


def test_between_two_measurements_lies_what_is_between_them() -> None:
    small, middle, large = (Kernel("relu", Shape(c, 14, 14), Shape(c, 14, 14)) for c in (64, 128, 256))
    scales = (4.0,) * len(features(small))
    table = Table(Roofline(1e9, 1e9, 0.0), scales, (features(small), features(large)), (0.5, -0.5))
    assert table.factor(small) > table.factor(middle) > table.factor(large)
    assert table.factor(middle) == pytest.approx(1.0)


def test_a_calibrated_profile_reads_its_tables(tmp_path: Path) -> None:
    kernel = Kernel("conv", Shape(16, 8, 8), Shape(16, 8, 8))
    measured = {
        "operations": 1e9, "bytes": 1e9, "launch": 0.0, "scales": [1.0] * len(features(kernel)),
        "kernels": [stored_kernel(kernel)], "seconds": [1e-3], "weights": [0.5],
    }  # fmt: skip
    other = {"operations": 1e9, "bytes": 1e9, "launch": 0.0}
    found = read_profile(written(tmp_path, measured={"conv": measured, "other": other}, overhead=1e-6))
    roofline = max(kernel.operations / 1e9, kernel.traffic(4) / 1e9)
    assert found.time(kernel, "float32").seconds == pytest.approx(roofline * 2.718281828459045**0.5 + 1e-6)
    assert found.time(kernel._replace(kind="silu"), "float32").bound == "memory"
    assert found.dtypes == ["float32"]


# Networks ------------------------------------------------------------------------------------------------------------


def test_parts_add_up_to_the_network_and_a_batch_takes_longer() -> None:
    architecture = load(specs_folder() / "efficientnet.arch", "b0").architecture
    latencies = Latencies(architecture, profile("a100"), batch=8)
    assert sum(time.seconds for _, time in latencies.stages()) == pytest.approx(latencies.model().seconds)
    assert latencies.model().seconds > Latencies(architecture, profile("a100"), batch=1).model().seconds
    assert Latencies(architecture, profile("a100"), training=True).stages()[-1].path == "optimizer"


def test_fusing_the_first_stages_of_b4_trains_faster_on_gpus_and_fusing_all_slower() -> None:
    """EfficientNetV2, Table 3: 155, 216, 223 and 206 images a second on a V100."""
    files = {"efficientnet_b4": "efficientnet.arch", "b4_fused_1_3": "ablations.arch", "b4_fused_1_7": "ablations.arch"}
    for device in ("v100", "a100"):
        none, three, every = (
            load(specs_folder() / file, name).latency(device, batch=64, training=True).seconds
            for name, file in files.items()
        )
        assert three < none
        assert every > three


def test_what_a_profile_cannot_tell() -> None:
    network = load(specs_folder() / "v2_s.arch")
    with pytest.raises(DiagnosticError, match="does not have float64"):
        network.latency("a100", dtype="float64")
    for batch in (0, -4, 1.5, "8"):
        with pytest.raises(DiagnosticError, match="a batch must be a whole number from 1"):
            network.latency("a100", batch=batch)  # type: ignore[arg-type]


# Numbers ------------------------------------------------------------------------------------------------------------

EXTREMES = [
    "1e-320",
    "1e-18",
    "1e-9",
    "0",
    "-1",
    "-0.001",
    "1",
    "1e6",
    "-1e6",
    "1e24",
    "1e308",
    "1e400",
    f"1{'0' * 400}",
]


def numbers(part: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where a document has numbers; one of each list."""
    if isinstance(part, dict | list):
        items = part.items() if isinstance(part, dict) else enumerate(part[:1])
        for key, value in items:
            yield from numbers(value, (*path, key))
    elif isinstance(part, int | float):
        yield path


@pytest.mark.parametrize("value", [*EXTREMES, "NaN", "Infinity", "-Infinity", "null"])
def test_every_number_gives_a_time_or_is_refused(value: str, tmp_path: Path) -> None:
    """1e-320 is above zero, and what is divided by it is infinite."""
    network = load(specs_folder() / "mobilenetv2.arch", "050")
    kernel = Kernel("conv", Shape(8, 16, 16), Shape(8, 16, 16), 1)
    table = {"operations": 1e9, "bytes": 1e9, "launch": 1e-6, "offset": 0.1, "scales": [2.0] * 11}
    table |= {"kernels": [stored_kernel(kernel)], "seconds": [1e-5], "weights": [0.5]}
    measured = {**DATA_SHEET, "overhead": 1e-6, "backward_overhead": 1e-6, "measured": {"other": table}}
    path = tmp_path / "device.json"
    for document in (DATA_SHEET, measured):
        for place in numbers(document):
            changed = json.loads(json.dumps(document))
            part = changed
            for key in place[:-1]:
                part = part[key]
            part[place[-1]] = "here"
            path.write_text(json.dumps(changed).replace('"here"', value))
            try:
                device = read_profile(path)
            except DiagnosticError:
                continue
            seconds = Latencies(network.architecture, device).model().seconds
            assert 0 < seconds < float("inf"), (place, value)
            assert 0 < 1 / seconds < float("inf"), (place, value)


@pytest.mark.parametrize("name", ["device.json", "device.toml"])
@pytest.mark.parametrize("text", ["[" * 100_000, "{" * 100_000, "a = " + "[" * 100_000, "", "\xff"])
def test_a_text_that_is_no_profile(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(text.encode("latin1"))
    with pytest.raises(DiagnosticError, match="is not a device profile"):
        read_profile(tmp_path / name)


def test_a_profile_without_end(tmp_path: Path) -> None:
    with (tmp_path / "device.json").open("wb") as file:
        file.truncate(10**11)
    with pytest.raises(DiagnosticError, match="it has more than 64 MB"):
        read_profile(tmp_path / "device.json")


def test_a_key_that_nests_too_deeply(tmp_path: Path) -> None:
    path = tmp_path / "deep.toml"
    path.write_text("a." * 40_000 + "a = 1\n")
    with pytest.raises(DiagnosticError, match="it is nested too deeply"):
        profile(str(path))
