"""`archdsl diagram` writes one file, or to standard output."""

from pathlib import Path

from tests.cli.conftest import BROKEN, SMALL, Command


def test_default_name(small: Path, archdsl: Command) -> None:
    assert archdsl("diagram", small) == (0, "wrote small.svg\n", "")
    assert "<svg" in Path("small.svg").read_text()


def test_dot_to_standard_output(process: Command) -> None:
    code, out, err = process("diagram", "-", "--format", "dot", "--level", "block", stdin=SMALL)
    assert (code, err) == (0, "")
    assert out.startswith("digraph")


def test_png(small: Path, archdsl: Command) -> None:
    assert archdsl("diagram", small, "--format", "png", "--out", "x.png").code == 0
    assert Path("x.png").read_bytes().startswith(b"\x89PNG")


def test_a_mistake_writes_nothing(archdsl: Command) -> None:
    Path("broken.arch").write_text(BROKEN)
    assert archdsl("diagram", "broken.arch").code == 1
    assert not Path("broken.svg").exists()
