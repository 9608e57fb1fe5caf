"""`archdsl search`: a study from its first trial to the file of the best network."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import archdsl as package
from tests.cli.conftest import Command

SPACE = """## Something small.
model tiny(width = {1, 2}) {
  input     = 3 x 16 x 16
  classes   = 10
  objective = front(params, maximize(activations))

  stem = conv_norm_act(8 * width, kernel = {1, 3})

  stages {
    | op                     | channels | kernel | layers | expansion |
    | {mbconv, fused_mbconv} | {8, 16}  | {3, 5} | 1      | 1         |
  }

  head = global_avg_pool -> linear(classes)
}
"""


@pytest.fixture
def spec() -> Path:
    path = Path("tiny.arch")
    path.write_text(SPACE)
    return path


def trials(folder: str, archdsl: Command) -> list[dict[str, object]]:
    code, out, _ = archdsl("search", "status", folder, "--output-format", "json")
    assert code == 0
    found: list[dict[str, object]] = json.loads(out)["trials"]
    return found


def test_a_front_is_written_as_files_that_check_and_build(archdsl: Command, spec: Path) -> None:
    code, out, err = archdsl("search", spec, "--out", "study", "--trials", "12", "--algorithm", "nsga2")
    assert (code, err) == (0, "")
    assert out.startswith("tiny: least params, most activations among 32 networks; 12 trials, by nsga2\ntrial 1/12  ")
    files = sorted(Path("study/front").glob("*.arch"))
    assert files
    assert archdsl("check", *files)[0] == 0
    known = {f"trial_{one['number']:06d}.arch": one for one in trials("study", archdsl)}
    for file in files:
        numbers = known[file.name]["numbers"]
        assert isinstance(numbers, dict)
        assert package.load(file).params == numbers["params"]
        assert known[file.name]["is_best"]


def test_the_same_seed_is_the_same_search(archdsl: Command, spec: Path) -> None:
    networks = []
    for folder, seed in (("a", "3"), ("b", "3"), ("c", "4")):
        assert archdsl("search", spec, "--out", folder, "--trials", "4", "--objective", "macs", "--seed", seed)[0] == 0
        networks.append([one["network"] for one in trials(folder, archdsl)])
    assert networks[0] == networks[1] != networks[2]


def test_a_grid_tries_every_network_and_finds_the_least(archdsl: Command, spec: Path) -> None:
    assert archdsl("search", spec, "--out", "study", "--objective", "macs", "--algorithm", "grid", "--quiet")[0] == 0
    found = trials("study", archdsl)
    assert sorted(int(str(one["network"])) for one in found) == list(range(32))
    space = package.space(spec)
    least = min(space.cost(space.at(index)).macs for index in range(32))
    assert min(one["values"] for one in found) == [least]  # type: ignore[type-var]


def test_a_study_is_not_started_twice_but_joined(archdsl: Command, spec: Path) -> None:
    options = ["--objective", "params", "--algorithm", "random", "--quiet"]
    assert archdsl("search", spec, "--out", "study", "--trials", "3", *options)[0] == 0
    code, _, err = archdsl("search", spec, "--out", "study", "--trials", "3", *options)
    assert (code, "there is a study in study already, with 3 trials" in err) == (2, True)
    assert archdsl("search", "--join", "--out", "study", "--quiet")[0] == 0
    assert len(trials("study", archdsl)) == 3


def test_what_is_pruned_is_no_trial(archdsl: Command, spec: Path) -> None:
    spec.write_text(SPACE.replace("  head", "  require params <= 2K\n  head"))
    assert archdsl("search", spec, "--out", "study", "--trials", "5", "--algorithm", "tpe", "--quiet")[0] == 0
    found = trials("study", archdsl)
    complete = [one for one in found if one["state"] == "complete"]
    assert len(complete) == 5
    assert all(one["numbers"]["params"] <= 2000 for one in complete)  # type: ignore[index]
    pruned = [one for one in found if one["state"] == "pruned"]
    assert pruned
    assert {str(one["why"]) for one in pruned} == {"`require params <= 2K`"}


def test_nothing_is_written_where_something_is_wrong(archdsl: Command, spec: Path) -> None:
    for options in (
        ["--objective", "acuracy"],
        ["--algorithm", "evolution"],
        ["--device", "fone", "--objective", "latency"],
    ):
        code, _, err = archdsl("search", spec, "--out", "study", *options)
        assert (code, "error" in err) in ((1, True), (2, True))
        assert not Path("study").exists()


@pytest.mark.parametrize("algorithm", ["tpe", "controller", "grid"])
def test_a_space_without_a_network_is_not_searched(archdsl: Command, spec: Path, algorithm: str) -> None:
    """One trial after the other would be pruned."""
    spec.write_text(f"{SPACE.rstrip().removesuffix('}')}  require params <= 3\n}}\n")
    code, _, err = archdsl("search", spec, "--out", "study", "--objective", "macs", "--algorithm", algorithm)
    assert code == 1
    assert "networks drawn from `tiny` meets its `require` lines" in err
    assert not Path("study").exists()


@pytest.mark.parametrize(
    "options",
    [
        ["--share-weights"], ["--keep"], ["--recipe", "quick"], ["--set", "epochs=3"], ["--data", "sklearn:digits"],
        ["--validation", "0.2"], ["--skip-corrupt"],
    ],
)  # fmt: skip
def test_options_of_trainings_are_for_trainings(archdsl: Command, spec: Path, options: list[str]) -> None:
    code, _, err = archdsl("search", spec, "--out", "study", *options)
    assert code == 2
    assert f"`{options[0]}` is for training" in err
    assert not Path("study").exists()


# Options with a value, of everything that `archdsl search` has.
OPTIONS = {
    "--space": "tiny", "--objective": "macs", "--trials": "5", "--algorithm": "random", "--seed": "1",
    "--recipe": "quick", "--set": "epochs=1", "--data": "images", "--validation": "0.3", "--skip-corrupt": None,
    "--stop-early": "none", "--device": "phone", "--measure": "cpu", "--share-weights": None, "--keep": None,
    "--jobs": "0", "--grace": "9", "--quiet": None, "--join": None, "--output-format": "json",
}  # fmt: skip
USES = {
    "status": (["status", "study"], {"--output-format"}),
    "page": (["page", "study"], set[str]()),
    "--join": (["--join", "--out", "study"], {"--data", "--jobs", "--quiet", "--join"}),
    "": (["tiny.arch", "--out", "study"], set(OPTIONS) - {"--join", "--output-format"}),
}


@pytest.mark.parametrize("use", USES)
def test_no_option_is_passed_over(archdsl: Command, spec: Path, use: str) -> None:
    """What a use of the command does not look at, it refuses."""
    words, taken = USES[use]
    command = f"archdsl search {use}".strip()
    for option, value in OPTIONS.items():
        if option in taken or (use == "" and option == "--join"):
            continue
        code, _, err = archdsl("search", *words, option, *([value] if value is not None else []))
        assert code == 2
        assert f"`{command}` has no use for `{option}`" in err or f"{option}` cannot change it" in err
