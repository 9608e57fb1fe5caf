"""The tutorial, from top to bottom: its files are written, its commands run and their outputs compared."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

TUTORIAL = Path(__file__).parents[1] / "docs" / "tutorial.md"
_FENCE = re.compile(r"^```(\w+)(?: (file|append)=(\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def changed(text: str, difference: str) -> str:
    """A text with a difference applied: what its lines without `+` say stands in it once, and becomes the others."""
    lines = difference.splitlines(keepends=True)
    before = "".join(line[1:] or "\n" for line in lines if line[0] != "+")
    after = "".join(line[1:] or "\n" for line in lines if line[0] != "-")
    assert text.count(before) == 1, before
    return text.replace(before, after)


def run(transcript: str) -> None:
    """Runs each `$ command` and compares what it prints; `...` stands for any lines, or for a part of its own."""
    for block in re.split(r"^\$ ", transcript, flags=re.MULTILINE)[1:]:
        command, _, expected = block.partition("\n")
        program, *arguments = command.split()
        assert program == "archdsl"
        done = subprocess.run(
            [sys.executable, "-m", "archdsl", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=120,
        )
        pattern = re.escape(expected.strip()).replace(re.escape("\n...\n"), r"\n(?:.*\n)+?")
        pattern = pattern.replace(re.escape("..."), ".*")
        found = "\n".join(line.rstrip() for line in done.stdout.strip().splitlines())
        assert re.fullmatch(pattern, found), f"$ {command}\n{found}"


def test_the_tutorial_is_true(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    namespace: dict[str, object] = {}
    kinds = set()
    for kind, how, name, text in _FENCE.findall(TUTORIAL.read_text(encoding="utf-8")):
        kinds.add(kind)
        if kind == "arch":
            path = tmp_path / name
            path.write_text((path.read_text() if how == "append" else "") + text)
        elif kind == "diff":
            path = tmp_path / name
            path.write_text(changed(path.read_text(), text))
        elif kind == "console":
            run(text)
        else:
            assert kind == "python", kind
            exec(compile(text, f"{TUTORIAL.name}, python", "exec"), namespace)
    assert kinds == {"arch", "diff", "console", "python"}
    for module in [name for name in sys.modules if name == "codegen" or name.startswith("codegen.")]:
        del sys.modules[module]
