"""What commands print: nothing of a file, or of its name, commands a terminal, a runner or a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from archdsl.cli import specs
from archdsl.cli.commands import check
from archdsl.cli.main import main
from archdsl.compiler import Compiled, compile_source
from archdsl.diagnostics import Source
from archdsl.diagnostics.codes import HIDDEN_CHARACTER
from archdsl.ir.architecture import Architecture
from archdsl.language.formatter import format_module
from archdsl.language.parser import parse
from tests.injection.places import DOCS, FREE, PAYLOADS, REMARKS, architectures, compiled, meant_for, written

GROUPS = (
    [*DOCS, *REMARKS, *FREE], ["claim"], ["argument"], ["model_name"], ["block_name"], ["column_name"], ["stage_label"]
)  # fmt: skip
PLACE = r"file=[^:,]*,line=\d+,(col=\d+,)?endLine=\d+,(endColumn=\d+,)?"
FORMATS = ("full", "concise", "json", "github", "sarif")


class Ran(NamedTuple):
    """What came of a command."""

    code: int
    out: str
    err: str


class Once:
    """Compiles a text once, however many commands and formats are about it: what is tested here is what they print."""

    def __init__(self) -> None:
        self.known: dict[Hashable, Compiled] = {}

    def __call__(self, source: Source, **options: Any) -> Compiled:
        asked = (source.name, source.original, source.mark, *sorted(options.items()))
        if asked not in self.known:
            self.known[asked] = compile_source(source, **options)
        return self.known[asked]


@pytest.fixture
def archdsl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]):
    """Runs a command in a folder of its own. Whatever it prints is safe to show, and it never confesses to a bug."""
    monkeypatch.chdir(tmp_path)
    once = Once()
    for module in (check, specs):
        monkeypatch.setattr(module, "compile_source", once)

    def run(*words: str) -> Ran:
        capfd.readouterr()
        ran = Ran(main(list(words)), *capfd.readouterr())
        for text in (ran.out, ran.err):
            assert text.replace("\n", "").isprintable(), repr(text)
        assert "bug of archdsl" not in ran.err
        assert not Path("pwned").exists()
        return ran

    return run


def commands(text: str) -> list[str]:
    """The lines that GitHub's runner would obey."""
    return [line for line in text.split("\n") if line.lstrip().startswith(("::", "##["))]


def checked(spec: str, archdsl) -> None:
    """What `check` says of a file in each of its formats."""
    counts = set()
    for style in FORMATS:
        ran = archdsl("check", spec, "--output-format", style, "--color", "never")
        if style == "json":
            found = json.loads(ran.out)["diagnostics"]
            counts.add(len(found))
        elif style == "sarif":
            (made,) = json.loads(ran.out)["runs"]
            for result in made["results"]:
                for location in result["locations"]:
                    uri = location["physicalLocation"]["artifactLocation"]["uri"]
                    assert re.fullmatch(r"[A-Za-z0-9._~!$&'()*+,;=:@/%-]+", uri)
        elif style == "github":
            lines = ran.out.splitlines()
            assert commands(ran.out) == lines
            for line in lines:
                assert re.fullmatch(
                    r"::(?:error|warning) "
                    r"(file=[^:,]*,line=\d+,(col=\d+,)?endLine=\d+,(endColumn=\d+,)?)?title=ARC\d+::.*",
                    line,
                )
            counts.add(len(lines))
        else:
            assert not commands(ran.out + ran.err)
    assert len(counts) == 1


@pytest.mark.parametrize("payload", meant_for("terminal", "data", "bidi", "shell"))
def test_texts_in_files(payload: str, archdsl) -> None:
    for places in GROUPS:
        Path("net.arch").write_text(written(PAYLOADS[payload], *places), encoding="utf-8", newline="")
        checked("net.arch", archdsl)


@pytest.mark.parametrize("payload", meant_for("data", "terminal"))
def test_results(payload: str, archdsl) -> None:
    """What commands print about a network that the language lets in."""
    places = (*DOCS, *REMARKS, *FREE)
    found = compiled(PAYLOADS[payload], *places)
    if found.problems:
        assert {problem.code for problem in found.problems} == {HIDDEN_CHARACTER}
        return
    Path("net.arch").write_text(written(PAYLOADS[payload], *places), encoding="utf-8", newline="")
    for level in ("model", "stage", "block", "operator"):
        command = ("estimate", "net.arch", "--per", level)
        archdsl(*command)
        table = list(csv.reader(io.StringIO(archdsl(*command, "--output-format", "csv").out)))
        assert len({len(row) for row in table}) == 1
        assert not any(cell.startswith(("=", "+", "-", "@", "\t")) for row in table for cell in row)
        json.loads(archdsl(*command, "--output-format", "json").out)
    networks = json.loads(archdsl("ir", "net.arch").out)
    assert tuple(map(Architecture.model_validate, networks)) == found.architectures
    assert archdsl("build", "net.arch").code == 0
    assert archdsl("diff", "net.arch:wide", "net.arch:variant_label").code in (0, 1)
    assert archdsl("fmt", "--diff", "net.arch").code in (0, 1)
    assert archdsl("fit", "net.arch", "--variant", "wide", "--grid", "width=1..2:1").code == 0
    fitting = ("--variant", "wide", "--vary", "width=1..2:0.5", "--params", "1M")
    assert archdsl("fit", "net.arch", *fitting, "--output-format", "arch").code == 0
    assert sorted(path.name for path in Path().rglob("*")) == ["codegen", "net.arch", "net.json", "net.py", "net.svg"]


@pytest.mark.parametrize("payload", meant_for("data", "terminal", "bidi", "shell"))
def test_json_carries_a_text_as_it_is(payload: str) -> None:
    for network in architectures(PAYLOADS[payload], *DOCS, *FREE):
        text = network.to_json()
        assert text.replace("\n", "").isprintable()
        assert Architecture.from_json(text) == network


@pytest.mark.parametrize("payload", PAYLOADS)
def test_the_formatter_changes_no_text(payload: str) -> None:
    source = Source("net.arch", written(PAYLOADS[payload], *DOCS, *REMARKS, *FREE))
    module, problems = parse(source)
    if problems:
        assert {problem.code for problem in problems} == {HIDDEN_CHARACTER}
        return
    again, problems = parse(Source("net.arch", format_module(module)))
    assert (again, problems) == (module, ())


def file_name(payload: str) -> str:
    """A payload as a file can be called."""
    return os.fsdecode(payload.encode("utf-8", "surrogateescape").replace(b"\0", b"").replace(b"/", b"")[:120])


# All that matters of it is what it is called: networks as small as can be, with all that commands say more of.
GOOD = """\
model m(width = 1) {
  input  = 3 x 8 x 8
  unused = 1
  stem   = conv(8 * width, kernel = 3) -> relu
}
variants m {
  | name | width |
  | wide | 2     |
}
model other extends m.wide {
}
recipe quick for m {
  epochs    = 350
  batch     = 64
  optimizer = sgd(0.1)
}
"""


@pytest.mark.parametrize("payload", [*meant_for("terminal", "paths", "shell", "bidi"), "bytes"])
def test_names_of_files(payload: str, archdsl) -> None:
    name = file_name(PAYLOADS.get(payload, "no UTF-8: \udcff"))
    folder = Path(name or "empty").absolute()
    if name in ("..", "."):
        return
    folder.mkdir()
    good, bad, missing = (str(folder / f"{kind}{name}.arch") for kind in ("good", "bad", "missing"))
    Path(good).write_text(GOOD, encoding="utf-8")
    Path(bad).write_text("model m {\n  act = rleu\n  input = 3 x 8 x 8\n  stem = conv(8, kernel = 9 9)\n}\n")
    for spec in (good, bad, missing, str(folder)):
        checked(spec, archdsl)
        archdsl("fmt", "--check", spec)
        archdsl("fmt", "--diff", spec)
        archdsl("estimate", spec)
        archdsl("build", spec, "--out", "out")
        archdsl("diff", spec, good)
        archdsl("ir", spec)
        archdsl("fit", spec, "--params", "1M")
        archdsl("import", spec)
    archdsl("diagram", good)
    archdsl("diagram", good, "--out", str(folder / f"{name}.dot"), "--format", "dot")
    archdsl("import", str(folder), "--name", name)
    archdsl("check", "--fix", bad)
    inside = {folder, Path.cwd(), Path("out").absolute()}
    assert {path.absolute().parent for path in Path().rglob("*")} <= inside
    assert not Path("pwned").exists()
