"""The folder of a run: nothing of another run is lost, and one training writes to it at a time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import archdsl
from archdsl.diagnostics import DiagnosticError
from archdsl.training.run_facts import Used
from archdsl.training.run_folder import RunFolder, revision, versions
from tests.training.recipes import recipe

TEXT = """\
model tiny {
  input = 1 x 8 x 8
  stem = conv_norm_act(8, kernel = 3)
  head = global_avg_pool -> linear(10)
}
"""


def started(path: Path, facts: Mapping[str, Any] | None = None, *, force: bool = False) -> RunFolder:
    folder = RunFolder(path)
    folder.begin(force=force)
    network = archdsl.loads(TEXT)
    folder.write(recipe(), network.architecture, network.source, {"tiny.arch": TEXT}, facts or {"sessions": []})
    return folder


def refused(call: Any) -> str:
    with pytest.raises(DiagnosticError) as failure:
        call()
    return failure.value.diagnostics[0].message


def test_a_run_has_all_that_it_is_of(tmp_path: Path) -> None:
    folder = started(tmp_path / "runs" / "a")
    folder.add_session({"step": 0})
    folder.add_session({"step": 7})
    again = RunFolder(tmp_path / "runs" / "a")
    assert again.is_run
    assert not again.is_finished
    assert again.recipe() == recipe()
    assert again.architecture() == archdsl.loads(TEXT).architecture
    assert [session["step"] for session in again.facts()["sessions"]] == [0, 7]
    assert (folder / "spec" / "tiny.arch").read_text() == TEXT
    assert "class Tiny" in (folder / "tiny.py").read_text()
    folder.unlock()


def test_a_run_is_replaced_only_by_force(tmp_path: Path) -> None:
    first = started(tmp_path / "run")
    first.unlock()
    (tmp_path / "run" / "mine.txt").write_text("notes")
    (tmp_path / "run" / "metrics.csv").write_text("old")
    assert refused(lambda: RunFolder(tmp_path / "run").begin()).endswith(
        "holds a run already: `tiny by quick`, unfinished"
    )
    RunFolder(tmp_path / "run").begin(force=True)
    assert (tmp_path / "run" / "mine.txt").read_text() == "notes"
    assert not (tmp_path / "run" / "metrics.csv").exists()
    assert not RunFolder(tmp_path / "run").is_run


def test_a_finished_run_says_so(tmp_path: Path) -> None:
    folder = started(tmp_path / "run")
    folder.save("weights.safetensors", b"")
    folder.unlock()
    assert refused(lambda: RunFolder(tmp_path / "run").begin()).endswith("finished")


@pytest.mark.parametrize("force", [False, True])
def test_a_folder_of_other_things_is_left_alone(force: bool, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("")
    assert "not empty" in refused(lambda: RunFolder(tmp_path).begin(force=force))
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_start_that_was_killed_is_no_run(tmp_path: Path) -> None:
    """Whatever it wrote: `run.json` comes last."""
    folder = started(tmp_path / "run")
    folder.unlock()
    (folder / "run.json").unlink()
    started(tmp_path / "run").unlock()
    assert RunFolder(tmp_path / "run").is_run


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 2}'])
def test_a_run_of_another_format_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(text)
    assert "is not the folder of a run" in refused(RunFolder(tmp_path).open)


def test_no_run_is_refused(tmp_path: Path) -> None:
    assert refused(RunFolder(tmp_path / "none").open).endswith("is not the folder of a run: it does not exist")
    assert refused(RunFolder(tmp_path).open).endswith("run.json: no such file or directory")


def test_a_file_in_the_way_is_a_diagnostic(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("")
    assert refused(lambda: RunFolder(tmp_path / "run").begin()).startswith(f"cannot write {tmp_path}/run of the run: ")


HOLDER = """
import sys
from archdsl.training.run_folder import RunFolder
RunFolder(sys.argv[1]).lock()
print("locked", flush=True)
sys.stdin.read()
"""


def test_two_trainings_do_not_write_to_one_folder(tmp_path: Path) -> None:
    started(tmp_path).unlock()
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        message = refused(RunFolder(tmp_path).open)
        assert f"another training writes to {tmp_path} (process {holder.pid} on " in message
        assert f"(process {holder.pid} on " in refused(lambda: RunFolder(tmp_path).begin(force=True))
        holder.kill()
    RunFolder(tmp_path).open()


def test_what_a_killed_writer_left_goes(tmp_path: Path) -> None:
    folder = started(tmp_path)
    folder.unlock()
    (tmp_path / "checkpoints" / ".00000007.new").mkdir()
    (tmp_path / "checkpoints" / ".00000007.new" / "state.pt").write_bytes(b"half")
    (tmp_path / ".run.json.new").write_bytes(b"half")
    RunFolder(tmp_path).open()
    assert list((tmp_path / "checkpoints").iterdir()) == []
    assert not (tmp_path / ".run.json.new").exists()


def test_facts(tmp_path: Path) -> None:
    assert {"archdsl", "python", "torch"} <= versions().keys()
    json.dumps(versions())
    assert revision(tmp_path) is None
    for words in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "empty"]):
        identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(["git", *identity, *words], cwd=tmp_path, check=True, env={**os.environ, "HOME": str(tmp_path)})
    found = revision(tmp_path)
    assert found is not None
    assert len(found) == 40


PREPROCESSING = {"channels": 1, "resolution": 8, "crop": 1.0, "normalization": "unit"}
COMPLETE = {"classes": ["a", "b"], "preprocessing": PREPROCESSING, "settings": {"data": "sklearn:digits"}}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"classes": None}, "run.json: classes: Input should be a valid list"),
        ({"classes": []}, "run.json: classes: "),
        ({"network": "../../victim"}, "run.json: network: "),
        ({"settings": {}}, "run.json: settings.data: Field required"),
        ({"preprocessing": {**PREPROCESSING, "resolution": 10**9}}, "run.json: preprocessing.resolution: "),
        ({"preprocessing": {**PREPROCESSING, "crop": 0}}, "run.json: preprocessing.crop: "),
        ({"preprocessing": {**PREPROCESSING, "normalization": "none"}}, "run.json: preprocessing.normalization: "),
    ],
)
def test_what_a_run_says_of_itself_is_checked(change: Mapping[str, Any], reason: str, tmp_path: Path) -> None:
    started(tmp_path, COMPLETE).unlock()
    RunFolder(tmp_path).facts(Used)
    facts = json.loads((tmp_path / "run.json").read_text())
    (tmp_path / "run.json").write_text(json.dumps({**facts, **change}))
    assert reason in refused(lambda: RunFolder(tmp_path).facts(Used))


@pytest.mark.parametrize("name", ["run.json", "recipe.json", "architecture.json"])
@pytest.mark.parametrize("text", ["{", "[" * 100_000, "{}", "[]", '{"format": ' + "9" * 5000 + "}", '"\\ud800"'])
def test_files_of_a_run_may_hold_anything(name: str, text: str, tmp_path: Path) -> None:
    started(tmp_path, COMPLETE).unlock()
    (tmp_path / name).write_text(text)
    folder = RunFolder(tmp_path)
    read = {"run.json": folder.facts, "recipe.json": folder.recipe, "architecture.json": folder.architecture}[name]
    assert f"is not the folder of a run: its {name} " in refused(read) or f"of a run: {name}: " in refused(read)


@pytest.mark.parametrize("name", ["run.json", "recipe.json", "architecture.json"])
def test_files_of_a_run_are_plain_ones(name: str, tmp_path: Path) -> None:
    started(tmp_path, COMPLETE).unlock()
    folder = RunFolder(tmp_path)
    read = {"run.json": folder.facts, "recipe.json": folder.recipe, "architecture.json": folder.architecture}[name]
    (tmp_path / name).unlink()
    os.mkfifo(tmp_path / name)
    assert refused(read).endswith(f"{name}: it is a pipe, not a plain file")
    (tmp_path / name).unlink()
    (tmp_path / name).symlink_to("/dev/zero")
    assert refused(read).endswith(f"{name}: it is a device, not a plain file")


def test_force_removes_nothing_outside_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "victim.py").write_text("precious")
    started(tmp_path / "run", COMPLETE).unlock()
    facts = json.loads((tmp_path / "run" / "run.json").read_text())
    (tmp_path / "run" / "run.json").write_text(json.dumps({**facts, "network": "../victim"}))
    refused(lambda: RunFolder(tmp_path / "run").begin(force=True))
    assert (tmp_path / "victim.py").read_text() == "precious"
