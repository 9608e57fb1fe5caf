"""`archdsl estimate` at any level, size and batch."""

import csv
import io
import json
from pathlib import Path

import pytest

from archdsl.folders import specs_folder
from tests.cli.conftest import Command

V2_L = specs_folder() / "v2_l.arch"
EFFICIENTNET = specs_folder() / "efficientnet.arch"


def test_table_by_stage(archdsl: Command) -> None:
    code, out, err = archdsl("estimate", V2_L)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "efficientnetv2_l, input 3 x 480 x 480, batch 1"
    assert len(lines) == 2 + 9 + 1
    assert lines[-1].split()[-4:] == ["118.5M", "56.1G", "112.2G", "158.0M"]


def test_json(archdsl: Command) -> None:
    code, out, _ = archdsl("estimate", EFFICIENTNET, "--output-format", "json")
    assert code == 0
    document = json.loads(out)
    assert [model["variant"] for model in document["models"]] == [f"b{index}" for index in range(8)]
    assert document["models"][0]["macs"] == 385814752


@pytest.mark.parametrize("variant", ["b1", "efficientnet_b1"])
def test_variant_resolution_and_batch(variant: str, archdsl: Command) -> None:
    code, out, _ = archdsl(
        "estimate", EFFICIENTNET, "--variant", variant, "--resolution", "64x96", "--batch", 8, "--output-format", "csv",
        "--per", "model",
    )  # fmt: skip
    assert code == 0
    (row,) = csv.DictReader(io.StringIO(out))
    assert (row["model"], row["batch"]) == ("efficientnet_b1", "8")
    assert (row["input_height"], row["input_width"]) == ("64", "96")
    assert row["params"] == "7794184"
    assert int(row["flops"]) == 2 * int(row["macs"])


def test_unknown_variant(archdsl: Command) -> None:
    code, out, err = archdsl("estimate", EFFICIENTNET, "--variant", "b9")
    assert (code, out) == (2, "")
    assert "did you mean `b0` or `b1` or `b2`?" in err


def test_variants_whose_labels_repeat_are_told_in_full(archdsl: Command) -> None:
    _, _, err = archdsl("estimate", specs_folder() / "mnasnet.arch", "--variant", "large")
    assert "it has mnasnet_a1_050, " in err
    assert "mnasnet_small_140" in err


@pytest.mark.parametrize("option", [("--resolution", "0"), ("--resolution", "2x"), ("--resolution", "9" * 30),
                                    ("--batch", "0"), ("--batch", "-1"), ("--batch", "1.5")])  # fmt: skip
def test_sizes_that_make_no_sense(option: tuple[str, str], archdsl: Command) -> None:
    code, out, err = archdsl("estimate", V2_L, *option)
    assert (code, out) == (2, "")
    assert err.startswith(f"error[ARC904]: `{option[0]}`: ")


def test_a_resolution_that_is_too_small_is_a_finding(archdsl: Command) -> None:
    Path("valid.arch").write_text(
        "model m {\n  input = 3 x 32 x 32\n  padding = valid\n  stem = conv(8, kernel = 7)\n}\n"
    )
    code, _, err = archdsl("estimate", "valid.arch", "--resolution", 4)
    assert code == 1
    assert "valid.arch:4:" in err


@pytest.mark.parametrize(("level", "rows"), [("block", 1 + 79 + 4), ("operator", None)])
def test_finer_levels(level: str, rows: int | None, archdsl: Command) -> None:
    code, out, _ = archdsl("estimate", V2_L, "--per", level, "--output-format", "csv")
    assert code == 0
    found = list(csv.DictReader(io.StringIO(out)))
    assert sum(int(row["macs"]) for row in found) == 56079699008
    assert rows is None or len(found) == rows
    assert len(archdsl("estimate", V2_L, "--per", level).out.splitlines()) == len(found) + 3
