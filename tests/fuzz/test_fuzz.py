"""A small share of what `python -m fuzz.run` does by the million, and everything that it ever found."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from archdsl.diagnostics import Source
from archdsl.language.parser import parse
from fuzz import run
from fuzz.exercise import exercise
from fuzz.inputs import input_of
from fuzz.large import SHAPES, deep, shaped, squares
from fuzz.walk import walked

FOUND = Path(run.__file__).parent / "found"


@pytest.mark.parametrize("first", range(0, 300, 50))
def test_some_inputs(first: int) -> None:
    kinds = {exercise(input_of(seed).text).kind for seed in range(first, first + 50)}
    assert "refused" in kinds


@pytest.mark.parametrize("path", sorted(FOUND.glob("*.arch")), ids=lambda path: path.stem)
def test_what_was_found(path: Path) -> None:
    exercise(path.read_bytes().decode("utf-8", "surrogatepass"))


@pytest.mark.parametrize("name", SHAPES)
def test_one_thing_again_and_again(name: str) -> None:
    exercise(shaped(name, 1_000))


@pytest.mark.parametrize("seed", [5, 7, 10, 14])
def test_products_of_two_lengths(seed: int) -> None:
    exercise(squares(1_000, Random(seed)))
    exercise(deep(Random(seed)))


def test_a_seed_is_one_text() -> None:
    assert [input_of(seed) for seed in range(100)] == [input_of(seed) for seed in range(100)]


def test_a_walk_is_a_text_of_the_grammar() -> None:
    readable = 0
    for seed in range(50):
        _, problems = parse(Source("walk.arch", walked(Random(seed), 20)))
        # What the grammar cannot see, such as rows of different lengths, is told, but no place is unreadable. A few
        # walks are cut off before they come to their end.
        readable += not [problem for problem in problems if problem.message.startswith("unexpected ")]
    assert readable > 25


def test_figures_and_going_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run.main(["--count", "30", "--out", str(tmp_path)]) == 0
    assert "30 inputs, 0 failures" in capsys.readouterr().out
    (line,) = (tmp_path / "results.jsonl").read_text().splitlines()
    result = json.loads(line)
    assert sum(result["kinds"].values()) == result["count"] == 30
    # What has been run is not run again.
    assert run.main(["--count", "30", "--out", str(tmp_path)]) == 0
    assert (tmp_path / "results.jsonl").read_text().splitlines() == [line]


def test_a_failure_is_told_and_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(text: str, outcome: object) -> None:
        raise KeyError("a bug")

    monkeypatch.setattr("fuzz.exercise.exercise", fail)
    result = run.run_chunk(7, 2, tmp_path / "found")
    assert [failure["seed"] for failure in result["failures"]] == [7, 8]
    assert all("a bug" in failure["problem"] for failure in result["failures"])
    assert {path.name for path in (tmp_path / "found").iterdir()} == {"7.arch", "8.arch"}
    assert "2 failures" in run.figures(result)


def test_the_guide_by_coverage(tmp_path: Path) -> None:
    pytest.importorskip("atheris", reason="of the extra `fuzz`")
    command = [sys.executable, "-m", "fuzz.coverage_guided", "--count", "20", "--out", str(tmp_path)]
    done = subprocess.run(command, cwd=FOUND.parents[1], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Done 20 runs" in done.stderr
    assert list((tmp_path / "corpus").iterdir())
