"""`archdsl space --where --best`: against every network of a space."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

import archdsl
from archdsl.backends.memory import isa_of_this_machine
from archdsl.cli.main import main
from archdsl.search_space.space import Space
from tests.search_space.test_pruning import SPACE

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def spec(tmp_path: Path) -> str:
    path = tmp_path / "small.arch"
    path.write_text(SPACE.replace("CLAIMS", "require k == 3"))
    return str(path)


def asked(capsys: Capture, *arguments: str) -> list[dict[str, float]]:
    assert main(["space", *arguments, "--output-format", "json"]) == 0
    found: list[dict[str, float]] = json.loads(capsys.readouterr().out)["samples"]
    return found


def everything(spec: str) -> tuple[Space, dict[int, archdsl.Network]]:
    space = archdsl.space(spec)
    left = [one for one in map(space.numbered, range(space.size)) if space.pruning.meets(one)]
    return space, {one.index: archdsl.Network(space.architecture(one)) for one in left}


def test_the_best_of_a_small_space_is_the_best_of_all(spec: str, capsys: Capture) -> None:
    _, networks = everything(spec)
    for key, pick in (("macs", min), ("max:macs", max), ("min:activations", min)):
        name = key.rpartition(":")[2]
        (best,) = asked(capsys, spec, "--where", "params <= 12K", "--best", key)
        within = [network for network in networks.values() if network.params <= 12_000]
        assert best[name] == pick(getattr(network.architecture.costs.model(), name) for network in within)


def test_conditions_over_what_is_predicted(spec: str, capsys: Capture) -> None:
    _, networks = everything(spec)
    seconds = {index: network.latency("phone", batch=2).seconds for index, network in networks.items()}
    most = sorted(seconds.values())[5]
    device = ("--device", "phone", "--batch", "2")
    found = asked(
        capsys, spec, *device, "--where", f"latency <= {most!r}s and macs > 0", "--best", "latency", "--top", "99"
    )
    assert [one["latency"] for one in found] == sorted(value for value in seconds.values() if value <= most)
    assert [one["latency"] for one in found] == [seconds[int(one["index"])] for one in found]
    peaks = {index: network.memory().peak.total for index, network in networks.items()}
    (best,) = asked(capsys, spec, "--memory", "--best", "memory")
    assert best["memory"] == min(peaks.values())


def test_samples_meet_the_condition(spec: str, capsys: Capture) -> None:
    found = asked(capsys, spec, "--sample", "20", "--where", "macs >= 5M")
    assert len(found) == 20
    assert all(one["macs"] >= 5_000_000 for one in found)


def test_the_best_is_written_down(spec: str, tmp_path: Path, capsys: Capture) -> None:
    target = tmp_path / "best.arch"
    assert main(["space", spec, "--best", "max:params", "--out", str(target)]) == 0
    assert main(["check", str(target)]) == 0
    _, networks = everything(spec)
    assert archdsl.load(target).params == max(network.params for network in networks.values())


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--where", "parms <= 1"], 2, "did you mean `params`?"),
        (["--where", "latency <= 1ms"], 2, "add `--device NAME`"),
        (["--where", "memory <= 1GB"], 2, "add `--memory`"),
        (["--where", "params"], 2, "a constraint must be a comparison"),
        (["--where", "params <="], 2, "error[ARC101]"),
        (["--where", "params / 0 <= 1"], 2, "divides by zero"),
        (["--where", "params <= 1"], 1, "error[ARC914]: none of the 96 networks of `small` meets `params <= 1`"),
        (["--best", "mcs"], 2, "did you mean `macs`?"),
        (["--best", "least:macs"], 2, "`min:macs` or `max:macs`"),
        (["--best", "latency"], 2, "add `--device NAME`"),
        (["--top", "3"], 2, "add `--best macs`"),
        (["--at", "3", "--best", "macs"], 2, "`--at` names one network"),
    ],
)
def test_what_makes_no_sense(spec: str, capsys: Capture, arguments: list[str], code: int, message: str) -> None:
    assert main(["space", spec, *arguments]) == code
    assert message in capsys.readouterr().err


def test_every_command_calls_a_column_by_one_name(spec: str, tmp_path: Path, capsys: Capture) -> None:
    """Table, CSV, JSON and options of space, compare and estimate; JSON names the units."""
    net = tmp_path / "net.arch"
    assert main(["space", spec, "--best", "macs", "--out", str(net)]) == 0
    capsys.readouterr()
    device = ("--device", "phone")
    rows, documents = {}, {}
    for command in (["space", spec, "--sample", "1"], ["compare", str(net)], ["estimate", str(net), "--per", "model"]):
        assert main([*command, *device, "--output-format", "csv"]) == 0
        rows[command[0]] = next(csv.DictReader(io.StringIO(capsys.readouterr().out)))
        assert main([*command, *device, "--output-format", "json"]) == 0
        documents[command[0]] = json.loads(capsys.readouterr().out)
    for name, list_of in (("space", "samples"), ("compare", "networks"), ("estimate", "models")):
        assert {"params", "macs", "flops", "activations", "latency", "images_per_second"} <= set(rows[name])
        (network,) = documents[name][list_of]
        assert {"params", "macs", "flops", "activations", "latency", "images_per_second"} <= set(network)
        assert documents[name]["units"]["latency"] == "seconds"
    assert documents["estimate"]["models"][0]["latency"] == documents["estimate"]["models"][0]["latency_seconds"]
    capsys.readouterr()


def test_csv_has_words_without_quotes_and_options_on_one_line(tmp_path: Path, capsys: Capture) -> None:
    path = tmp_path / "words.arch"
    path.write_text(
        "block b(channels) {\n  out = in -> conv(channels, 3)\n}\n"
        'model words(mode = {"fast", "slow"}) {\n  input = 3 x 16 x 16\n'
        '  stem = {[conv(8) ->\n    relu], conv(8, if mode == "fast" then 1 else 3)}\n}\n'
    )
    assert main(["space", str(path), "--sample", "12", "--output-format", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert {row["mode"] for row in rows} == {"fast", "slow"}
    assert not any("\n" in row["stem"] for row in rows)
    assert "[conv(8) -> relu]" in {row["stem"] for row in rows}


def test_memory_beside_latency_is_that_of_the_device(capsys: Capture) -> None:
    def how(*options: str) -> dict[str, dict[str, object]]:
        spec = "archdsl:mnasnet_space.arch"
        assert main(["space", spec, "--sample", "1", "--memory", *options, "--output-format", "json"]) == 0
        found: dict[str, dict[str, object]] = json.loads(capsys.readouterr().out)["how"]
        return found

    isa = isa_of_this_machine()
    assert how("--device", "v100")["memory"] == {"dtype": "float16", "training": False, "on": "cuda"}
    assert how("--device", "phone")["memory"] == {"dtype": "float32", "training": False, "on": "cpu", "isa": isa}
    # What is said counts, and without a device nothing has changed.
    asked = how("--device", "v100", "--on", "cpu", "--dtype", "float32")
    assert (asked["memory"]["on"], asked["memory"]["dtype"], asked["latency"]["dtype"]) == ("cpu", "float32", "float32")
    assert how()["memory"] == {"dtype": "float32", "training": False, "on": "cpu", "isa": isa}


@pytest.mark.parametrize("command", ["estimate", "build", "check", "diagram", "space", "fit"])
def test_a_variant_behind_a_colon_is_explained(command: str, capsys: Capture) -> None:
    further = ["--macs", "1G"] if command == "fit" else []
    assert main([command, f"{archdsl.specs_folder() / 'efficientnet.arch'}:b1", *further]) == 2
    assert "efficientnet.arch --variant b1`" in capsys.readouterr().err
