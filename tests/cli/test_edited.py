"""A file that somebody has edited is not written over, and nothing else is written then either."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from archdsl.api import load
from archdsl.digests import has_digest, is_as_written, with_digest
from archdsl.limits import Limits
from tests.cli.commands.test_watch import watching
from tests.cli.conftest import SMALL, Command

ENDINGS = ("py", "svg", "json")


def change(small: Path) -> None:
    """Makes all of the outputs others."""
    small.write_text(SMALL.replace("16 ", "24 "))


def contents() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in Path("codegen").iterdir()}


def edit(name: str) -> None:
    text = Path("codegen", name).read_text()
    Path("codegen", name).write_text(text.replace("10", "11", 1))


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_edited_file_stays(ending: str, small: Path, archdsl: Command) -> None:
    assert archdsl("build", small).code == 0
    edit(f"small.{ending}")
    change(small)
    before = contents()
    code, out, err = archdsl("build", small)
    assert (code, out) == (2, "")
    assert f"error[ARC906]: codegen/small.{ending} was edited since it was written" in err
    assert "no file was changed" in err
    assert "`--force`" in err
    assert contents() == before
    assert archdsl("build", small, "--out", "elsewhere").code == 0
    assert archdsl("build", small, "--force").code == 0
    assert all(data != before[name] for name, data in contents().items())
    assert archdsl("build", small).code == 0


def test_all_edited_files_are_named_and_none_is_written(small: Path, archdsl: Command) -> None:
    Path("other.arch").write_text(SMALL.replace("model small", "model other"))
    archdsl("build", small, "other.arch")
    edit("small.py")
    edit("small.json")
    change(small)
    before = contents()
    err = archdsl("build", "other.arch", small).err
    assert [line.split()[1] for line in err.splitlines() if "ARC906" in line] == [
        "codegen/small.py",
        "codegen/small.json",
    ]
    assert contents() == before


@pytest.mark.parametrize("ending", ENDINGS)
def test_line_ends_are_no_edit(ending: str, small: Path, archdsl: Command) -> None:
    archdsl("build", small)
    path = Path("codegen", f"small.{ending}")
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    change(small)
    assert archdsl("build", small).code == 0
    assert b"\r" not in path.read_bytes()


@pytest.mark.parametrize("edited", [b"", b"\n", b"import torch\n", b"\xff\xfe", b"# sha256:0123456789abcdef\nx = 1\n"])
@pytest.mark.parametrize("ending", ENDINGS)
def test_a_file_of_somebody_else_stays(ending: str, edited: bytes, small: Path, archdsl: Command) -> None:
    Path(f"small.{ending}").write_bytes(edited)
    code, _, err = archdsl("build", small, "--out", ".")
    assert code == 2
    assert f"error[ARC906]: small.{ending} was " in err
    assert Path(f"small.{ending}").read_bytes() == edited


def test_a_file_of_an_earlier_version(small: Path, archdsl: Command) -> None:
    """It has no digest: what would be written now is nobody's edit, anything else may be."""
    archdsl("build", small)
    for ending in ENDINGS:
        path = Path("codegen", f"small.{ending}")
        path.write_text("".join(line for line in path.read_text().splitlines(True) if "sha256:" not in line))
        assert not has_digest(path.read_bytes())
    assert archdsl("build", small).code == 0
    assert all(has_digest(data) for data in contents().values())
    path = Path("codegen", "small.py")
    path.write_text("".join(line for line in path.read_text().splitlines(True) if "sha256:" not in line))
    change(small)
    err = archdsl("build", small).err
    assert "codegen/small.py was not written by archdsl, or edited, or written by an earlier version" in err


def test_the_digest_is_in_the_header_of_every_source(small: Path, archdsl: Command) -> None:
    archdsl("build", small)
    source = Path("codegen/small.py").read_text()
    assert load(small).source == source
    assert "sha256:" in source.splitlines()[2]
    assert ast.get_docstring(ast.parse(source)) == (
        "small: compiled by archdsl from small.arch. Standalone: edit and ship it as it is."
    )
    assert "digest" in json.loads(Path("codegen/small.json").read_text())


def test_the_same_files_again(small: Path, archdsl: Command) -> None:
    archdsl("build", small)
    before = contents()
    assert archdsl("build", small).code == 0
    assert contents() == before


def test_watch_keeps_it_too(small: Path, archdsl: Command) -> None:
    archdsl("build", small)
    edit("small.svg")
    before = contents()
    with watching("small.arch") as watch:
        watch.until("ARC906")
    assert contents() == before


def test_names_that_differ_in_capitals_alone(small: Path, archdsl: Command) -> None:
    Path("Small.arch").write_text(SMALL)
    code, _, err = archdsl("build", small, "Small.arch")
    assert code == 2
    assert (
        "small.arch and Small.arch would both write Small.py, which many systems do not distinguish from small.py"
        in err
    )
    assert not Path("codegen").exists()
    assert archdsl("build", small).code == 0
    before = contents()
    code, _, err = archdsl("build", "Small.arch")  # one after the other is no better
    assert code == 2
    assert "codegen/small.py exists, and many systems do not distinguish it from Small.py" in err
    assert contents() == before


@pytest.mark.parametrize("name", ["small.svg", "x.svg", "x.dot", "x.mmd"])
def test_an_edited_figure_stays(name: str, small: Path, archdsl: Command) -> None:
    arguments = ("diagram", small, *(() if name == "small.svg" else ("--out", name)))
    assert archdsl(*arguments).code == 0
    change(small)
    assert archdsl(*arguments).code == 0  # as it was written
    path = Path(name)
    edited = path.read_text().replace("conv", "Conv", 1)
    path.write_text(edited)
    code, out, err = archdsl(*arguments)
    assert (code, out) == (2, "")
    assert f"error[ARC906]: {name} was edited since it was written" in err
    assert "`--out FILE`" in err
    assert path.read_text() == edited
    assert archdsl(*arguments, "--force").code == 0
    assert path.read_text() != edited
    path.write_text("mine")
    assert "was not written by archdsl" in archdsl(*arguments).err
    assert path.read_text() == "mine"


def test_build_and_diagram_know_each_other_s_figures(small: Path, archdsl: Command) -> None:
    assert archdsl("build", small, "--out", ".").code == 0
    assert archdsl("diagram", small, "--no-costs").code == 0
    assert archdsl("build", small, "--out", ".").code == 0


def test_a_figure_on_standard_output_has_no_digest_and_pixels_have_none(small: Path, archdsl: Command) -> None:
    assert "sha256" not in archdsl("diagram", small, "--out", "-", "--format", "dot").out
    Path("x.png").write_bytes(b"mine")
    assert archdsl("diagram", small, "--out", "x.png").code == 0


def test_an_edited_plot_stays(small: Path, archdsl: Command) -> None:
    for _ in range(2):
        assert archdsl("compare", small, "--plot", "p.svg").code == 0
    path = Path("p.svg")
    path.write_text(path.read_text().replace("Pareto", "My"))
    before = path.read_text()
    code, out, err = archdsl("compare", small, "--plot", "p.svg")
    assert (code, out) == (2, "")
    assert "p.svg was edited since it was written" in err
    assert "`--plot FILE`" in err
    assert path.read_text() == before
    assert archdsl("compare", small, "--plot", "p.svg", "--force").code == 0


def test_what_is_too_much_for_a_figure_is_built_without(archdsl: Command) -> None:
    with Limits(drawn_stages=1):
        code, out, err = archdsl("build", "archdsl:v2_s.arch")
    assert code == 0
    assert "warning[ARC602]" in err
    assert "codegen/v2_s.svg is not written" in err
    assert {path.name for path in Path("codegen").iterdir()} == {"v2_s.py", "v2_s.json"}
    assert "v2_s.svg" not in out


def test_digests() -> None:
    text = with_digest("one\ntwo\n", "# {}\n", at=1)
    assert text.splitlines()[0] == "one"
    assert is_as_written(text.encode(), b"anything")
    assert is_as_written(text.replace("\n", "\r\n").encode(), b"anything")
    assert not is_as_written(text.replace("two", "2").encode(), b"anything")
    assert not is_as_written(text.encode() + b"\n", b"anything")
    assert is_as_written(b"one\ntwo\n", text.encode())
    # A digest in the text of a file is none of it.
    late = "1\n2\n3\n4\n# sha256:0123456789abcdef\n"
    assert not has_digest(late.encode())
    assert is_as_written(with_digest(late, "# {}\n").encode(), b"anything")
