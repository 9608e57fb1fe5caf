"""`archdsl estimate --memory` and `--receptive-field`."""

import csv
import io
import json
from pathlib import Path

import pytest

import archdsl as library
from archdsl.backends.memory import isa_of_this_machine
from archdsl.folders import specs_folder
from tests.cli.conftest import Command

SPEC = specs_folder() / "mobilenetv2.arch"
ONE = ("estimate", SPEC, "--variant", "100", "--memory")


def test_table_by_stage(archdsl: Command) -> None:
    code, out, err = archdsl(*ONE, "--training", "--batch", 32, "--fits", "4GB")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    how = f"float32, training on cpu ({isa_of_this_machine()}) with momentum"
    assert lines[0] == f"mobilenetv2_100, input 3 x 224 x 224, batch 32, {how}; MB"
    peak = library.find("mobilenetv2_100").memory(32, training=True).peak
    assert f"peak {peak.total / 1e9:.2f} GB" in out
    assert f"on the way back, at {peak.path}" in out
    batch = library.find("mobilenetv2_100").largest_batch("4GB", training=True)
    assert lines[-1] == f"largest batch within 4.00 GB (3.73 GiB): {batch}"


def test_table_by_model(archdsl: Command) -> None:
    code, out, _ = archdsl("estimate", SPEC, "--memory", "--per", "model", "--fits", "1GiB")
    assert code == 0
    assert len(out.splitlines()) == 2 + 4
    assert out.splitlines()[1].endswith("largest batch")


def test_json(archdsl: Command) -> None:
    code, out, _ = archdsl(*ONE, "--training", "--optimizer", "adam", "--output-format", "json", "--fits", "1GB")
    assert code == 0
    (model,) = json.loads(out)["models"]
    found = model["memory"]
    assert found["optimizer"] == 2 * found["weights"] == 2 * 4 * model["params"]
    parts = ("weights", "optimizer", "ema", "gradients", "images", "activations", "workspace")
    assert found["peak"]["total"] == sum(found["peak"][part] for part in parts)
    assert found["setting"]["optimizer"] == "adam"
    assert found["fits"]["budget"] == 10**9
    assert sum(stage["memory"]["weights"] for stage in model["stages"]) == found["weights"]


def test_cpu(archdsl: Command) -> None:
    """The vectors of its kernels decide what convolutions copy, and the threads who computes small ones."""

    def peak(*how: object) -> int:
        code, out, _ = archdsl(*ONE, *how, "--per", "model", "--output-format", "csv")
        assert code == 0
        return int(next(csv.DictReader(io.StringIO(out)))["memory_peak"])

    network = library.find("mobilenetv2_100")
    assert peak("--isa", "avx2") == network.memory(isa="avx2").peak.total
    assert peak("--isa", "avx512") == network.memory(isa="avx512").peak.total
    assert peak("--threads", 1) == network.memory(threads=1).peak.total


@pytest.mark.parametrize("level", ["model", "stage"])
def test_csv(level: str, archdsl: Command) -> None:
    code, out, _ = archdsl(*ONE, "--per", level, "--output-format", "csv")
    assert code == 0
    rows = list(csv.DictReader(io.StringIO(out)))
    assert max(int(row["memory_peak"]) for row in rows) == library.find("mobilenetv2_100").memory().peak.total


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--optimizer", "adam"), "add `--memory`"),
        (("--fits", "16GB"), "add `--memory`"),
        (("--memory", "--checkpoint", "block"), "add `--training`"),
        (("--memory", "--per", "block"), "memory is estimated for models and stages"),
        (("--memory", "--on", "cuda", "--threads", "1"), "`--threads` is about a CPU"),
        (("--memory", "--dtype", "int8"), "not int8"),
        (("--memory", "--fits", "plenty"), "not an amount of memory"),
        (("--memory", "--fits", "0GB"), "not an amount of memory"),
    ],
)
def test_what_does_not_fit_together(arguments: tuple[str, ...], message: str, archdsl: Command) -> None:
    code, out, err = archdsl("estimate", SPEC, *arguments)
    assert (code, out) == (2, "")
    assert message in err


def test_receptive_field(archdsl: Command) -> None:
    code, out, _ = archdsl("estimate", specs_folder() / "efficientnet.arch", "--variant", "b0", "--receptive-field")
    assert code == 0
    header, stem, first, *_, head, _ = out.splitlines()[1:]
    assert "reduction   receptive field" in header
    assert " 2             3 x 3 " in stem
    assert " 7 x 7 + all " in first
    assert " all " in head


@pytest.mark.parametrize(
    ("more", "way_out"),
    [
        (["--memory"], "leave out `--memory`"),
        (["--device", "a100"], "leave out `--device`"),
        (["--per", "model"], "leave out `--per model`"),
        (["--per", "operator"], "leave out `--per operator`"),
        (["--output-format", "csv"], "leave out `--output-format csv`"),
    ],
)
def test_receptive_fields_are_not_left_out_silently(more: list[str], way_out: str, archdsl: Command) -> None:
    argv = ("estimate", specs_folder() / "v2_s.arch", "--receptive-field", *more)
    code, out, err = archdsl(*argv)
    assert (code, out) == (2, "")
    assert way_out in err
    if "csv" not in more:
        code, out, _ = archdsl(*argv, "--output-format", "json")
        assert json.loads(out)["models"][0]["stages"][0]["receptive_field"] == [3, 3]


def test_receptive_field_in_json(archdsl: Command) -> None:
    code, out, _ = archdsl("estimate", SPEC, "--variant", "100", "--output-format", "json")
    assert code == 0
    stages = json.loads(out)["models"][0]["stages"]
    assert (stages[0]["reduction"], stages[0]["receptive_field"], stages[0]["sees_all"]) == ([2, 2], [3, 3], False)
    assert (stages[-1]["reduction"], stages[-1]["receptive_field"], stages[-1]["sees_all"]) == (None, None, True)


def test_what_unfolds_to_more_than_can_be_followed(archdsl: Command, tmp_path: Path) -> None:
    """Its costs are counted all the same, in JSON too; memory and receptive fields are refused."""
    doubled = [f"block b{n}() {{ out = in -> b{n - 1} -> b{n - 1} }}" for n in range(1, 17)]
    text = "\n".join(["block b0() { out = in -> relu }", *doubled, "model m { input = 3 x 8 x 8", "stem = b16 }"])
    (tmp_path / "m.arch").write_text(text)
    code, out, _ = archdsl("estimate", tmp_path / "m.arch", "--output-format", "json")
    assert code == 0
    assert "receptive_field" not in json.loads(out)["models"][0]["stages"][0]
    for option in ("--memory", "--receptive-field"):
        code, out, err = archdsl("estimate", tmp_path / "m.arch", option)
        assert (code, out) == (2, "")
        assert "ARC602" in err


def test_memory_beside_a_device_is_what_compare_has(archdsl: Command) -> None:
    code, _, err = archdsl("estimate", "archdsl:mobilenetv2.arch", "--memory", "--device", "h100")
    assert code == 2
    assert "`archdsl compare archdsl:mobilenetv2.arch --device h100 --memory` has both" in err
    code, out, _ = archdsl("compare", "archdsl:mobilenetv2.arch", "--device", "h100", "--memory")
    assert code == 0
    assert {"memory", "latency"} <= set(out.partition("\n")[0].split())
