"""`archdsl fmt` rewrites files, or says what it would do."""

from pathlib import Path

import pytest

from archdsl.cli.commands import fmt
from tests.cli.conftest import BROKEN, SMALL, Command

UGLY = SMALL.replace("  input   =", "  input=").replace("| 16       |", "|16|")


def test_rewrites(small: Path, archdsl: Command) -> None:
    Path("ugly.arch").write_text(UGLY)
    assert archdsl("fmt", small, "ugly.arch") == (0, "reformatted ugly.arch\n", "")
    assert Path("ugly.arch").read_text() == small.read_text() == SMALL
    assert archdsl("fmt", small, "ugly.arch") == (0, "", "")


def test_check_writes_nothing(small: Path, archdsl: Command) -> None:
    Path("ugly.arch").write_text(UGLY)
    assert archdsl("fmt", "--check", small, "ugly.arch") == (1, "would reformat ugly.arch\n", "")
    assert Path("ugly.arch").read_text() == UGLY
    assert archdsl("fmt", "--check", small) == (0, "", "")


def test_diff(small: Path, archdsl: Command) -> None:
    Path("ugly.arch").write_text(UGLY)
    code, out, err = archdsl("fmt", "--diff", small, "ugly.arch")
    assert (code, err) == (1, "")
    assert "-  input= 3 x 32 x 32\n+  input   = 3 x 32 x 32\n" in out
    assert Path("ugly.arch").read_text() == UGLY
    assert archdsl("fmt", "--diff", small) == (0, "", "")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_line_ends_and_the_byte_order_mark_stay(archdsl: Command, mark: bytes, end: str) -> None:
    """A checkout on Windows is as canonical as another."""
    path = Path("net.arch")
    path.write_bytes(mark + UGLY.replace("\n", end).encode())
    assert archdsl("fmt", "--check", path).code == 1
    assert archdsl("fmt", path) == (0, "reformatted net.arch\n", "")
    assert path.read_bytes() == mark + SMALL.replace("\n", end).encode()
    assert archdsl("fmt", "--check", path) == (0, "", "")
    assert archdsl("fmt", "--diff", path) == (0, "", "")
    assert archdsl("check", path).code == 0


def test_mixed_line_ends_become_those_of_most(archdsl: Command) -> None:
    path = Path("net.arch")
    path.write_bytes(SMALL.replace("\n", "\r\n").replace("\r\n", "\n", 1).encode())
    assert archdsl("fmt", "--check", path).code == 1
    assert archdsl("fmt", path).code == 0
    assert path.read_bytes() == SMALL.replace("\n", "\r\n").encode()


def test_standard_input(process: Command) -> None:
    assert process("fmt", "-", stdin=UGLY) == (0, SMALL, "")
    assert process("fmt", "--check", "-", stdin=UGLY) == (1, "would reformat <stdin>\n", "")


def test_a_file_with_a_syntax_error_is_left_alone(archdsl: Command) -> None:
    Path("broken.arch").write_text(BROKEN)
    Path("ugly.arch").write_text(UGLY)
    code, out, err = archdsl("fmt", "broken.arch", "missing.arch", "ugly.arch")
    assert code == 2
    assert out == "reformatted ugly.arch\n"
    assert "broken.arch:4:" in err
    assert "cannot read missing.arch" in err
    assert Path("broken.arch").read_text() == BROKEN


def test_a_formatter_that_loses_something_is_stopped(archdsl: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("ugly.arch").write_text(UGLY)
    monkeypatch.setattr(fmt, "format_module", lambda module: SMALL.replace("16", "24"))
    code, _, err = archdsl("fmt", "ugly.arch")
    assert code == 2
    assert "bug of archdsl" in err
    assert Path("ugly.arch").read_text() == UGLY
