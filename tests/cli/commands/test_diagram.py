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


def test_a_folder(small: Path, archdsl: Command) -> None:
    assert archdsl("diagram", small, "--out", "new/").out == "wrote new/small.svg\n"
    assert archdsl("diagram", small, "--out", "new", "--format", "mermaid").out == "wrote new/small.mmd\n"
    assert sorted(path.name for path in Path("new").iterdir()) == ["small.mmd", "small.svg"]


def test_a_figure_of_standard_input_has_no_name_in_a_folder(process: Command) -> None:
    code, out, err = process("diagram", "-", "--out", "new/", stdin=SMALL)
    assert (code, out) == (2, "")
    assert "`--out new/` names a file, and that is a folder's name" in err
    assert "add the file's name: `--out new/NAME.svg`" in err
    assert not Path("new").exists()
