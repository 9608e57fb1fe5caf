"""The best networks of a search as files: what they say, and that every command takes them."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

import archdsl
from archdsl.cli.main import main
from archdsl.language.parser import parse
from archdsl.search.outcomes import result_of
from archdsl.search.study import Study
from archdsl.search.winners import frozen
from archdsl.sources import read

NET = """model tiny {
  input   = 3 x 16 x 16
  classes = 10

  stem = conv_norm_act({8, 16}, kernel = 3)

  stages {
    | op                     | channels | kernel | expansion |
    | {mbconv, fused_mbconv} | {8, 16}  | {3, 5} | {1, 2}    |
  }

  head = global_avg_pool -> linear(classes)
}
"""
RECIPE = """
recipe quick for tiny {
  epochs = 1
  batch  = 256
  optimizer = sgd(lr = 0.1)
}
"""
OTHERS = """## The first.
model first {
  input = 3 x 16 x 16
  stem  = conv(8)
}

"""
FAMILY = """## A family.
model tiny(width = 8) {
  input = 3 x 16 x 16
  stem  = conv({width, 2 * width}) -> conv({8, 24})
}

variants tiny {
  | name | width |
  | a    | 8     |
  | b    | 16    |
}
"""
BLOCKS = """block twice(channels, kernel = 3) {
  out = in -> conv(channels, kernel = kernel) -> conv(channels)
}
"""
OPEN_BLOCKS = BLOCKS.replace("kernel = 3)", "kernel = {3, 5})")
USES = """use "blocks.arch"

## Of two files.
model tiny {
  input = 3 x 16 x 16
  stem  = twice({8, 16})
}
"""
CHILD = """use "parent.arch"

model tiny extends base {
  stem = conv({8, 16, 24})
}
"""
PARENT = "model base {\n  input = 3 x 16 x 16\n  stem = conv(8)\n  head = global_avg_pool -> linear(10)\n}\n"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def search(text: str, *options: str, objective: str = "macs", code: int = 0, **files: str) -> Study:
    """A study in `study` of a few networks of a text."""
    Path("space.arch").write_text(text)
    for name, other in files.items():
        Path(f"{name}.arch").write_text(other)
    words = ["search", "space.arch", "--out", "study", "--objective", objective, "--trials", "6", "--quiet"]
    assert main([*words, "--algorithm", "random", *options]) == code
    return Study.join(Path("study"), None, None)


def files(study: Study) -> list[Path]:
    return sorted(study.folder.glob("front/*.arch")) or [study.folder / "best.arch"]


@pytest.mark.parametrize(
    ("text", "options", "others"),
    [
        (f"## What it is.\n{NET}", [], {}),
        (NET, [], {}),
        (f"{OTHERS}{NET}{RECIPE}{OTHERS.replace('first', 'last')}", [], {}),
        (FAMILY, ["--space", "b"], {}),
        (USES, [], {"blocks": BLOCKS}),
        (CHILD, [], {"parent": PARENT}),
    ],
    ids=["documented", "plain", "in the middle", "variant", "two files", "extends"],
)
def test_files_are_checked_built_and_count_what_the_study_says(
    text: str, options: list[str], others: dict[str, str]
) -> None:
    study = search(text, *options, objective="front(params, maximize(macs))", **others)
    best = study.best()
    assert len(files(study)) == len(best)
    for path, trial in zip(files(study), sorted(best, key=lambda one: one.number), strict=True):
        parse(read(path))
        assert main(["check", str(path)]) == 0
        assert main(["build", str(path), "--out", f"built_{trial.number}"]) == 0
        name = study.space.name
        network = archdsl.load_all(path)[name]
        numbers = result_of(trial)["numbers"]
        assert (network.params, network.macs) == (numbers["params"], numbers["macs"])
        lines = path.read_text().splitlines()
        first = next(number for number, line in enumerate(lines) if line.startswith("## Found by"))
        assert f"trial {trial.number}, network {result_of(trial)['network']} of `{name}`" in lines[first]
        after = next(line for line in lines[first:] if not line.startswith("## "))
        assert after.startswith("model tiny")


def test_what_was_said_of_the_model_stays_before_its_lineage() -> None:
    study = search(f"## What it is.\n{NET}")
    text = (study.folder / "best.arch").read_text()
    assert re.search(r"## What it is\.\n## Found by `archdsl search`, study tiny: trial \d, network", text)
    assert "## Objective: macs\n" in text
    assert "## Algorithm: random, seed 0, 6 trials.\n" in text


def test_a_choice_in_another_file_is_said_before_and_the_study_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    """NoFilesOfNetworks."""
    study = search(USES, blocks=OPEN_BLOCKS, code=2)
    errors = " ".join(capsys.readouterr().err.split())
    assert errors.index("will be in the study and its page, but not in .arch files") < errors.index(
        "the choice of `twice kernel` is in another file: study/spec/blocks.arch:1:32"
    )
    assert "There is no .arch file of it: the choice of" in (study.folder / "search.html").read_text()
    assert not (study.folder / "best.arch").exists()
    assert main(["search", "status", "study"]) == 0
    assert "6 of 6 trials" in capsys.readouterr().out


def test_an_earlier_front_goes_but_for_what_was_edited() -> None:
    study = search(NET, objective="front(params, macs)")
    first = files(study)[0]
    later = next(trial for trial in study.trials() if trial.number not in {one.number for one in study.best()})
    text = first.read_text()
    stale = study.folder / "front" / f"trial_{later.number:06d}.arch"
    stale.write_text(frozen(study, later, stale))
    assert main(["search", "page", "study"]) == 0
    assert not stale.exists()
    stale.write_text(text.replace("16 x 16", "32 x 32"))
    first.unlink()
    assert main(["search", "page", "study"]) == 2
    assert stale.exists()
    assert not first.exists(), "all or none"


@pytest.mark.parametrize("name", ["a: trial 99, of", "`x` <b>&</b>", "}} model evil {", "../../x", "\N{SNOWMAN} ü"])
def test_names_of_studies_are_text(name: str) -> None:
    study = search(NET, "--study", name)
    path = study.folder / "best.arch"
    assert f"study {name}: trial" in path.read_text()
    assert main(["check", str(path)]) == 0
    assert list(archdsl.load_all(path)) == ["tiny"]
    assert main(["search", "page", "study"]) == 0, "it is known again as what a search wrote"
    assert sorted(path.name for path in Path().iterdir()) == ["space.arch", "study"]


def test_files_of_a_front_are_compared_by_their_paths(capsys: pytest.CaptureFixture[str]) -> None:
    study = search(NET, objective="front(params, maximize(macs))")
    paths = [str(path) for path in files(study)]
    assert len(paths) > 1
    capsys.readouterr()
    assert main(["compare", *paths]) == 0
    out = capsys.readouterr().out
    assert all(f"{path}:tiny" in out for path in paths)


def test_the_best_network_trains_with_its_recipe() -> None:
    text = NET.replace("3 x 16 x 16", "1 x 16 x 16")
    study = search(f"{text}{RECIPE}")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    words = ["train", str(study.folder / "best.arch"), "--data", "sklearn:digits", "--out", "run", "--device", "cpu"]
    assert main(words) == 0
    assert archdsl.load_run("run").network.name == "tiny"
