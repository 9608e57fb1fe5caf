"""The hooks for pre-commit, and the workflow of docs/hooks.md: what they run, run as they run it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.metadata import requires
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.cli.conftest import SMALL
from tests.diagnostics.test_github import read_back

ROOT = Path(__file__).parents[1]
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
# Runs a command where nothing can be imported but the standard library, archdsl and the distributions that are named.
ALONE = """
import sys
from importlib.metadata import packages_distributions
allowed = {*sys.argv[1].split(","), "archdsl"}
def is_allowed(owners):
    return any(owner.lower().replace("_", "-") in allowed for owner in owners)
refused = {name for name, owners in packages_distributions().items() if not is_allowed(owners)}
class Refusing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in refused:
            raise ImportError(f"{name} is not installed")
sys.meta_path.insert(0, Refusing())
from archdsl.cli.main import main
sys.exit(main(sys.argv[2:]))
"""


def pinned(hook: dict[str, list[str]]) -> dict[str, str]:
    options, *pins = hook["additional_dependencies"]
    assert options == "--no-deps"
    return dict(pin.split("==") for pin in pins)


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_what_a_hook_installs_is_what_the_compiler_imports_and_all_that_it_needs(hook: dict[str, list[str]]) -> None:
    needed, waiting = set(), ["pydantic", "msgspec", "lark"]
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name not in needed:
            needed.add(name)
            found = map(Requirement, requires(name) or [])
            waiting += [one.name for one in found if one.marker is None or one.marker.evaluate({"extra": ""})]
    assert {canonicalize_name(name) for name in pinned(hook)} == needed
    constraints = (ROOT / "constraints.txt").read_text().splitlines()
    assert {f"{name}=={version}" for name, version in pinned(hook).items()} <= set(constraints)


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: hook["id"])
def test_a_hook_runs_on_that_alone(hook: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "good.arch").write_text(SMALL)
    (tmp_path / "bad.arch").write_text(SMALL.replace("| mbconv ", "| mbconw ").replace("model small", "model  small"))
    (tmp_path / "notes.txt").write_text("")
    program, command = hook["entry"].split()
    assert program == "archdsl"
    files = sorted(path.name for path in tmp_path.iterdir() if re.search(hook["files"], path.name))
    assert files == ["bad.arch", "good.arch"]
    names = ",".join(canonicalize_name(name) for name in pinned(hook))  # type: ignore[arg-type]
    done = subprocess.run(
        [sys.executable, "-c", ALONE, names, command, *files],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if command == "check":
        assert done.returncode == 1
        assert "bad.arch:10:7: error[ARC202]" in done.stderr
        assert "good.arch: 1 model, 1 claim holds" in done.stdout
    else:
        assert (done.returncode, done.stdout, done.stderr) == (0, "reformatted bad.arch\n", "")


def workflow(mark: str) -> dict[str, Any]:
    """A workflow of the page."""
    page = (ROOT / "docs" / "hooks.md").read_text()
    text = page.partition(f"<!-- {mark} -->\n```yaml\n")[2].partition("```")[0]
    found = yaml.safe_load(text)
    assert isinstance(found, dict)
    return found


def commands(mark: str) -> list[str]:
    """What the steps of a workflow run, after archdsl is installed."""
    steps = workflow(mark)["jobs"]["archdsl"]["steps"]
    return [step["run"] for step in steps if "archdsl" in step.get("run", "") and "pip" not in step["run"]]


def test_what_the_page_names_is_there() -> None:
    """No package index has archdsl and no tag names a version, so that a commit is all that a page can pin."""
    page = (ROOT / "docs" / "hooks.md").read_text()
    (repository,) = workflow("hooks")["repos"]
    assert repository["rev"] == "COMMIT"
    assert [hook["id"] for hook in repository["hooks"]] == [hook["id"] for hook in HOOKS]
    installs = re.findall(r"pip install (?:--no-deps )?(\S*archdsl\S*)", page)
    assert installs
    assert set(installs) == {f"git+{repository['repo']}@COMMIT"}
    pages = "".join(path.read_text() for path in (ROOT / "docs").glob("*.md"))
    assert len(set(re.findall(r"actions/checkout@\S+", pages))) == 1


def test_who_uploads_may_do_so() -> None:
    for mark in ("workflow", "sarif workflow"):
        uses = [step.get("uses", "") for step in workflow(mark)["jobs"]["archdsl"]["steps"]]
        uploads = any("upload-sarif" in use for use in uses)
        expected = {"contents": "read"} | ({"security-events": "write"} if uploads else {})
        assert workflow(mark)["permissions"] == expected


def test_the_workflow(tmp_path: Path) -> None:
    formatting, checking = commands("workflow")
    (scanning,) = commands("sarif workflow")
    (tmp_path / "nets").mkdir()
    (tmp_path / "nets" / "a, b: 100%.arch").write_text(SMALL.replace("| mbconv ", "| mbconw "))
    (tmp_path / "nets" / "good.arch").write_text(SMALL)
    (tmp_path / "archdsl").write_text(f'#!/bin/sh\nexec {sys.executable} -m archdsl "$@"\n')
    (tmp_path / "archdsl").chmod(0o755)
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", "."], cwd=tmp_path, check=True)

    def run(step: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
        # As GitHub runs a step.
        return subprocess.run(
            ["bash", "-e", "-c", step],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    assert run(formatting).returncode == 0
    done = run(checking)
    assert done.returncode == 1
    (line,) = done.stdout.splitlines()
    command, properties, message = read_back(line)
    assert command == "error"
    assert properties == {
        "file": "nets/a, b: 100%.arch",
        "line": "10",
        "col": "7",
        "endLine": "10",
        "endColumn": "13",
        "title": "ARC202",
    }
    assert message.splitlines()[0].startswith("unknown block `mbconw`")
    assert "help: did you mean `mbconv`?" in message
    assert run(scanning).returncode == 1
    (result,) = json.loads((tmp_path / "archdsl.sarif").read_text())["runs"][0]["results"]
    assert result["ruleId"] == "ARC202"
