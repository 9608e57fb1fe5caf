"""`archdsl estimate --device` and what `archdsl calibrate` refuses."""

import csv
import io
import json
import subprocess
import sys

import pytest

from archdsl.folders import specs_folder
from tests.cli.conftest import Command

V2_S = specs_folder() / "v2_s.arch"


def test_a_table_by_stage_with_what_bounds_it(archdsl: Command) -> None:
    code, out, err = archdsl("estimate", V2_S, "--device", "a100", "--batch", 32, "--explain")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].endswith("batch 32, inference in float16 on NVIDIA A100 SXM 80 GB")
    assert lines[1].split()[5:] == ["latency", "share", "bound", "FLOPs/byte", "kernels", "compute", "memory", "launch"]
    assert lines[-1].endswith("images/s")


@pytest.mark.parametrize("level", ["model", "stage", "block", "operator"])
def test_json_only_gains_fields_and_parts_add_up(level: str, archdsl: Command) -> None:
    argv = ("estimate", V2_S, "--output-format", "json", "--per", level)
    (plain,) = json.loads(archdsl(*argv).out)["models"]
    (found,) = json.loads(archdsl(*argv, "--device", "v100", "--training").out)["models"]
    assert {name: found[name] for name in plain if name != "stages"} == {
        name: value for name, value in plain.items() if name != "stages"
    }
    parts = sum(stage["latency_seconds"] for stage in found["stages"])
    assert parts + found["optimizer"]["latency_seconds"] == pytest.approx(found["latency_seconds"], rel=1e-4)
    for stage in found["stages"]:
        for inner in (stage.get("blocks"), *(block.get("operators") for block in stage.get("blocks", ()))):
            assert inner is None or all("latency_seconds" in each for each in inner)
        if "blocks" in stage:
            blocks = sum(block["latency_seconds"] for block in stage["blocks"])
            assert blocks == pytest.approx(stage["latency_seconds"], rel=1e-3)
    assert found["device"] == {
        "name": "v100", "title": "NVIDIA V100 SXM2", "backend": "eager", "dtype": "float16", "training": True,
    }  # fmt: skip


def test_csv_gains_a_column(archdsl: Command) -> None:
    _, out, _ = archdsl("estimate", V2_S, "--device", "phone", "--output-format", "csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert all(float(row["latency_seconds"]) > 0 for row in rows)


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (("--device", "v1000"), "did you mean `v100`?"),
        (("--training",), "add `--memory` or `--device NAME`"),
        (("--explain",), "add `--device NAME`"),
        (("--device", "v100", "--dtype", "bfloat16"), "does not have bfloat16"),
    ],
)
def test_what_cannot_be_told(argv: tuple[str, ...], message: str, archdsl: Command) -> None:
    code, out, err = archdsl("estimate", V2_S, *argv)
    assert (code, out) == (2, "")
    assert message in err


def test_a_device_needs_no_torch() -> None:
    program = (
        "import sys; from archdsl.cli.main import main\n"
        f"code = main(['estimate', {str(V2_S)!r}, '--device', 'h100', '--training'])\n"
        "assert 'torch' not in sys.modules; sys.exit(code)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)


def test_calibration_counts_are_checked(archdsl: Command) -> None:
    code, _, err = archdsl("calibrate", "--rounds", "0")
    assert code == 2
    assert "not a number from 1" in err
