"""A file that somebody has edited is not written over, and nothing else is written then either."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from archdsl.api import load
from archdsl.digests import has_digest, is_as_written, with_digest
from tests.cli.conftest import SMALL, Command
from tests.cli.test_watch import watching

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
    assert "small.arch and Small.arch would both write Small.py, which many systems do not tell from small.py" in err
    assert not Path("codegen").exists()
    assert archdsl("build", small).code == 0
    before = contents()
    code, _, err = archdsl("build", "Small.arch")  # one after the other is no better
    assert code == 2
    assert "codegen/small.py is there, which many systems do not tell from Small.py" in err
    assert contents() == before


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
