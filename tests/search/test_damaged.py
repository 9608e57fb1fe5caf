"""Studies whose folder or storage is not as a search left it: refused with a reason, by every command."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from archdsl.cli.main import main

SPACE = """model tiny {
  input     = 3 x 16 x 16
  classes   = 10
  objective = front(params, maximize(activations))
  stem = conv_norm_act({8, 16, 24}, kernel = {1, 3})
  head = global_avg_pool -> linear(classes)
}
"""
COMMANDS = (["status", "study"], ["status", "study", "--output-format", "json"], ["page", "study"])
JOIN = ["--join", "--out", "study"]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a search that is over."""
    root = tmp_path_factory.mktemp("sound")
    (root / "tiny.arch").write_text(SPACE)
    words = [str(root / "tiny.arch"), "--out", str(root / "study"), "--trials", "6", "--algorithm", "random", "--quiet"]
    assert main(["search", *words]) == 0
    return root / "study"


@pytest.fixture
def study(sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(sound, "study")
    return Path("study")


def ask(study: Path, query: str, *given: str) -> list[Any]:
    with closing(sqlite3.connect(study / "study.db")) as file, file:
        return file.execute(query, given).fetchall()


def facts(**said: object) -> Callable[[Path], object]:
    text = json.dumps({"format": 1, "storage": None, "study": "tiny", **said})
    return lambda study: (study / "study.json").write_text(text)


def says(**said: object) -> Callable[[Path], object]:
    """What its storage says of a study, with something else in it, or nothing at all where that is None."""

    def change(study: Path) -> None:
        ((text,),) = ask(study, "select value_json from study_user_attributes where key = 'archdsl'")
        known = {**json.loads(text), **said}
        written = json.dumps({name: value for name, value in known.items() if value is not None})
        ask(study, "update study_user_attributes set value_json = ? where key = 'archdsl'", written)

    return change


def settings(**said: object) -> Callable[[Path], object]:
    def change(study: Path) -> None:
        ((text,),) = ask(study, "select value_json from study_user_attributes where key = 'archdsl'")
        says(settings={**json.loads(text)["settings"], **said})(study)

    return change


def trials(query: str) -> Callable[[Path], object]:
    return lambda study: ask(study, query)


def result(written: str) -> Callable[[Path], object]:
    return trials(f"update trial_user_attributes set value_json = '{written}' where key = 'result'")


def cut(study: Path) -> None:
    (study / "study.db").write_bytes((study / "study.db").read_bytes()[:20_000])


CASES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a storage that is no address": (facts(storage=5), "study.json"),
    "a name that is none": (facts(study=["tiny"]), "study.json"),
    "facts of the future": (facts(format=2), "of format 2"),
    "facts that are no text": (lambda study: (study / "study.json").write_bytes(b"\xff\x00"), "study.json"),
    "facts without an end": (lambda study: (study / "study.json").write_text("[" * 100_000), "study.json"),
    "another space": (lambda study: (study / "spec/tiny.arch").write_text(SPACE.replace("24", "32")), "edited since"),
    "no settings": (says(settings=None), "`settings`"),
    "an unknown algorithm": (settings(algorithm="magic"), "`settings.algorithm`"),
    "a space elsewhere": (settings(spec="../../../../../../../../etc/passwd"), "its space"),
    "no goals": (says(goals=None), "`goals`"),
    "other goals": (says(goals=["least params"]), "its goals"),
    "texts that are none": (says(texts=[1]), "`texts`"),
    "a study of the future": (says(format=2, version="9.9"), "9.9"),
    "a file that was cut": (cut, "malformed"),
    "a network that is no number": (result('{"network": "x", "numbers": {}}'), "trial 0"),
    "a size that is no number": (result('{"network": "1", "numbers": {"params": "many"}}'), "trial 0"),
    "a result that is none": (result("[1]"), "its trials"),
    "a result that was cut": (result("{"), "its trials"),
    "no values": (trials("delete from trial_values"), "its trials"),
    "the value of one goal": (trials("delete from trial_values where objective = 1"), "trial 0"),
    "a state that is none": (trials("update trials set state = 'ASLEEP'"), "its trials"),
    "a trial twice": (trials("update trials set number = 0 where number = 1"), "is damaged: trial"),
}


@pytest.mark.parametrize("name", CASES)
def test_it_is_refused_with_a_reason(name: str, study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    damage, reason = CASES[name]
    damage(study)
    for words in (*COMMANDS, JOIN):
        assert main(["search", *words]) == 2, words
        errors = capsys.readouterr().err
        assert errors.startswith("error[ARC9"), errors
        assert reason in errors


def test_options_that_are_none_are_seen_where_they_are_looked_at(
    study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ask(study, "update trial_params set param_value = 7")
    assert main(["search", *COMMANDS[0]]) == 0
    assert main(["search", *COMMANDS[1]]) == 2
    assert "its trials" in capsys.readouterr().err


def test_files_of_the_space_that_are_gone_are_written_again(study: Path) -> None:
    shutil.rmtree(study / "spec")
    assert main(["search", *COMMANDS[0]]) == 0
    assert (study / "spec/tiny.arch").read_text() == SPACE
