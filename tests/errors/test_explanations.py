"""The page of each code is true: its wrong example gives that very code, its right one none."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from archdsl.cli.main import main
from archdsl.compiler import compile_file
from archdsl.diagnostics import Diagnostic, codes
from archdsl.diagnostics.explanation import Example, explanation

ROOT = Path(__file__).parents[2]
NAMES = [code.name for code in codes.ALL]
BY_NAME = {code.name: code for code in codes.ALL}

# Codes whose example takes more than a text or a command line, and the test that meets them.
ELSEWHERE = {
    "ARC106": "tests/errors/not_text.err",  # bytes that are not text
    "ARC107": "tests/errors/hidden_characters.err",  # characters that no page should hold
    "ARC504": "tests/errors/space_pruned.err",  # a search space, which is not a network either
    "ARC506": "tests/search_space/test_pruning.py",  # a space of one's own
    "ARC701": "tests/cli/commands/test_weights.py",
    "ARC702": "tests/cli/commands/test_weights.py",
    "ARC703": "tests/cli/commands/test_weights.py",
    "ARC704": "tests/cli/commands/test_weights.py",
    "ARC801": "tests/exporting/test_export.py",  # exports, which take a while
    "ARC802": "tests/exporting/test_export.py",
    "ARC803": "tests/exporting/test_export.py",
    "ARC804": "tests/exporting/test_calibration.py",
    "ARC902": "tests/cli/commands/test_build.py",  # a file system that refuses
    "ARC906": "tests/cli/test_edited.py",  # a file that somebody has edited
    "ARC903": "tests/cli/commands/test_weights.py",  # a machine without a program
    "ARC913": "tests/calibration/test_scatter.py",  # a machine that is busy
    "ARC914": "tests/search_space/test_pruning.py",  # thousands of networks
    "ARC920": "tests/training/data/test_source.py",  # images
    "ARC921": "tests/training/test_loop.py",  # a training
    "ARC922": "tests/training/test_loop.py",
    "ARC915": "tests/backends/diagram/test_diagram.py",  # a warning, and a file that is written
}


def diagnose(examples: tuple[Example, ...]) -> tuple[Diagnostic, ...]:
    """What archdsl says about the last of some files, each called as its first line, a comment, says."""
    for example in examples:
        first = example.text.partition("\n")[0]
        Path(first.removeprefix("# ") if first.endswith(".arch") else "net.arch").write_text(example.text)
    compiled = compile_file("net.arch")
    return (*compiled.found, *(space.is_open() for space in compiled.spaces))


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ELSEWHERE])
def test_the_wrong_example_is_this_mistake(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = explanation(BY_NAME[name]).wrong
    if wrong[0].language == "arch":
        monkeypatch.chdir(tmp_path)
        assert {diagnostic.code.name for diagnostic in diagnose(wrong)} == {name}
    else:
        monkeypatch.chdir(ROOT)
        assert main(command(wrong)) != 0
        assert f"error[{name}]" in capsys.readouterr().err


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ELSEWHERE])
def test_the_right_example_is_right(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    right = explanation(BY_NAME[name]).right
    if right[0].language == "arch":
        monkeypatch.chdir(tmp_path)
        assert diagnose(right) == ()
    else:
        monkeypatch.chdir(ROOT)
        words = command(right)
        assert main([*words, "--out", str(tmp_path)] if words[0] == "build" else words) == 0


def command(examples: tuple[Example, ...]) -> list[str]:
    """The one command of a console, without its program."""
    (example,) = examples
    (line,) = example.text.splitlines()
    prompt, program, *words = shlex.split(line)
    assert (prompt, program) == ("$", "archdsl")
    return words


@pytest.mark.parametrize("name", NAMES)
def test_a_page_has_all_its_parts(name: str) -> None:
    page = explanation(BY_NAME[name])
    assert page.meaning
    assert page.why
    assert page.wrong
    assert page.right
    assert all(len(line) <= 120 for line in page.markdown.splitlines())


def test_every_page_has_a_code() -> None:
    folder = ROOT / "archdsl" / "diagnostics" / "explanations"
    assert {path.name for path in folder.iterdir()} == {f"{name}.md" for name in NAMES}


def test_every_code_has_a_golden_report_or_a_test_that_is_named() -> None:
    reports = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("*.err"))
    for name in NAMES:
        if name in ELSEWHERE:
            assert name in (ROOT / ELSEWHERE[name]).read_text(encoding="utf-8")
        elif name.startswith("ARC9"):
            assert explanation(BY_NAME[name]).wrong[0].language == "console", "run above"
        else:
            assert f"[{name}]" in reports
