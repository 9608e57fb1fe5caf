"""The frame of the command line: help, exit codes, streams, colour, and what happens when things go wrong."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from archdsl.cli.commands import list as list_command
from archdsl.cli.main import COMMANDS
from archdsl.cli.output import wants_color
from archdsl.version import __version__
from tests.cli.conftest import BROKEN, SMALL, Command


def test_version(archdsl: Command) -> None:
    assert archdsl("--version") == (0, f"archdsl {__version__}\n", "")


def test_without_a_command_it_helps(archdsl: Command) -> None:
    assert archdsl() == archdsl("--help")
    code, out, _ = archdsl()
    assert code == 0
    assert all(command in out for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command: str, archdsl: Command) -> None:
    code, out, err = archdsl(command, "--help")
    assert (code, err) == (0, "")
    assert f"archdsl {command}" in out.partition("example")[2]


def test_unknown_command(archdsl: Command) -> None:
    code, out, err = archdsl("biuld", "x.arch")
    assert (code, out) == (2, "")
    assert "did you mean `build`?" in err


@pytest.mark.parametrize(
    ("line", "message", "help"),
    [
        ("estimate", "the following arguments are required: SPEC", "see `archdsl estimate --help`"),
        (
            "estimate --per blok x",
            "`--per` must be one of model, stage, block, operator, not `blok`",
            "did you mean `block`? see `archdsl estimate --help`",
        ),
        ("check --nope x", "`archdsl check` has no option `--nope`", "see `archdsl check --help`"),
        (
            "check --output-formt=json x",
            "`archdsl check` has no option `--output-formt`",
            "did you mean `--output-format`? see `archdsl check --help`",
        ),
        ("estimate --vari b0 x", "`archdsl estimate` has no option `--vari`", None),
        ("space x y", "unexpected argument `y`", "see `archdsl space --help`"),
        ("space x --sample none", "`--sample`: 'none' is not a number of samples; it is a whole number", None),
        ("space x --sample 2 --at 3", "`--at`: not allowed with argument --sample", "see `archdsl space --help`"),
        ("space x --seed 2", "`--seed` chooses which networks are drawn, and none are", "add `--sample N`"),
        ("weights mop x", "`mop` is not one of map, export", "did you mean `map`? see `archdsl weights --help`"),
        ("completion powershell", "`powershell` is not one of bash, zsh, fish", "see `archdsl completion --help`"),
        ("--vresion", "`archdsl` has no option `--vresion`", "did you mean `--version`? see `archdsl --help`"),
    ],
)
def test_wrong_usage_is_2(line: str, message: str, help: str | None, archdsl: Command) -> None:
    code, out, err = archdsl(*line.split())
    assert (code, out) == (2, "")
    assert err.startswith(f"error[ARC904]: {message}")
    if help is not None:
        assert f"  = help: {help}\n" in err
    assert len(err.strip().splitlines()) == 2


def test_results_and_diagnostics_have_streams_of_their_own(small: Path, process: Command) -> None:
    Path("broken.arch").write_text(BROKEN)
    code, out, err = process("estimate", small, "broken.arch", "missing.arch", "--per", "model")
    assert code == 2  # the worst of them
    assert out.splitlines()[1].startswith("small ")
    assert "broken.arch:4:" in err
    assert "cannot read missing.arch" in err
    assert process("estimate", small, "broken.arch").code == 1
    assert process("estimate", small).code == 0


def test_standard_input(process: Command) -> None:
    assert process("check", "-", stdin=SMALL) == (0, "<stdin>: 1 model, 1 claim holds\n", "")
    code, _, err = process("check", "-", stdin=BROKEN)
    assert code == 1
    assert "<stdin>:4:" in err
    code, _, err = process("check", "-", stdin=b"model \xff")
    assert code == 1
    assert "not UTF-8" in err
    assert process("check", "-", stdin=b"\xef\xbb\xbf" + SMALL.encode()).code == 0


@pytest.mark.parametrize("name", ["v2_l", "efficientnetv2_l", "v2l", "efficientnetv2_l.arch"])
def test_a_shipped_name_is_no_file_but_a_hint(name: str, archdsl: Command) -> None:
    code, out, err = archdsl("estimate", name)
    assert (code, out) == (2, "")
    assert "did you mean " in err
    assert "v2_l.arch?" in err


def test_color(small: Path, process: Command) -> None:
    Path("broken.arch").write_text(BROKEN)
    escape = "\033["
    assert escape not in process("check", "broken.arch").err  # no terminal
    assert escape in process("check", "broken.arch", FORCE_COLOR="1").err
    assert escape not in process("check", "broken.arch", FORCE_COLOR="1", NO_COLOR="1").err
    assert escape in process("check", "broken.arch", "--color", "always", NO_COLOR="1").err
    assert escape not in process("check", "broken.arch", "--color", "never", FORCE_COLOR="1").err


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_person_at_a_terminal_sees_color() -> None:
    assert wants_color("auto", _Terminal(), {"TERM": "xterm"})
    assert not wants_color("auto", _Terminal(), {"TERM": "dumb"})
    assert not wants_color("auto", _Terminal(), {"NO_COLOR": "1"})
    assert wants_color("auto", _Terminal(), {"NO_COLOR": "", "FORCE_COLOR": ""})
    assert not wants_color("auto", io.StringIO(), {"FORCE_COLOR": "0"})


# When things go wrong ------------------------------------------------------------------------------------------------


def test_an_exception_is_one_line_and_2(small: Path, archdsl: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ValueError("two\nlines")

    monkeypatch.setattr(list_command, "aligned", fail)
    code, out, err = archdsl("list", small)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert "bug of archdsl" in err
    assert "ValueError: two lines" in err
    monkeypatch.setenv("ARCHDSL_DEBUG", "1")
    assert "Traceback" in archdsl("list", small).err


def test_interrupt_is_quiet(small: Path, archdsl: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(list_command, "aligned", interrupt)
    assert archdsl("list", small) == (130, "", "")


def _shell(command: str) -> tuple[int, str]:
    done = subprocess.run(["bash", "-c", command], stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    return done.returncode, done.stderr


def test_a_closed_pipe_is_quiet(small: Path) -> None:
    # Standard output is a pipe that nobody reads.
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "archdsl", "list", str(small)], stdout=writer, stderr=subprocess.PIPE, check=False
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_is_one_line(small: Path) -> None:
    code, err = _shell(f"{sys.executable} -m archdsl list {small} > /dev/full")
    assert code == 2
    assert err.count("\n") == 1
    assert "No space left" in err


def test_closed_streams(small: Path) -> None:
    assert _shell(f"{sys.executable} -m archdsl list {small} >&-") == (0, "")
    assert _shell(f"{sys.executable} -m archdsl check nope.arch 2>&-") == (2, "")
    code, err = _shell(f"{sys.executable} -m archdsl check - <&-")
    assert code == 2
    assert "cannot read standard input" in err


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize(
    "words", ["--help", "--version", "estimate --help", "check {}", "nonsense", "check nofile.arch"]
)
@pytest.mark.parametrize("stream", [">", "2>", ">/dev/full 2>"])
def test_what_cannot_be_said_is_2(words: str, stream: str, small: Path) -> None:
    code, err = _shell(f"{sys.executable} -m archdsl {words.format(small)} {stream} /dev/full")
    is_fine = stream == "2>" and words not in ("nonsense", "check nofile.arch")
    assert code == (0 if is_fine else 2)
    assert "Traceback" not in err
    assert "bug" not in err


@pytest.mark.parametrize(
    "words",
    [
        "estimate small.arch --memory other.arch --per model",
        "estimate --memory small.arch other.arch --per model",
        "estimate --per model small.arch --memory -- other.arch",
        "compare small.arch --x macs other.arch",
        "check small.arch --color never other.arch",
        "build small.arch --out x other.arch",
        "list small.arch --color=never other.arch",
    ],
)
def test_options_may_stand_between_files(words: str, small: Path, archdsl: Command) -> None:
    Path("other.arch").write_text(small.read_text().replace("model small", "model other"))
    code, out, err = archdsl(*words.split())
    assert (code, err) == (0, "")
    assert "small" in out
    assert "other" in out


def test_what_is_wrong_between_files(small: Path, archdsl: Command) -> None:
    assert "has no option `--memry`" in archdsl("estimate", small, "--memry", small).err
    assert "the following arguments are required: SPEC" in archdsl("estimate", "--memory").err
    assert "unexpected argument `b.arch`" in archdsl("diagram", small, "--level", "block", "b.arch").err
    assert "`explain`" not in archdsl("explain", "ARC401", "--color", "never", "402").err
