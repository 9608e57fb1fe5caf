"""The extension of an output says what is written, or contradicts it with an error."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from archdsl.cli.formats import chosen
from archdsl.diagnostics import DiagnosticError
from tests.cli.conftest import Command

SPACE = "model net {\n  input = 3 x 8 x 8\n  head = conv({8, 16})\n}\n"
STARTS = {"svg": b"<svg", "png": b"\x89PNG", "dot": b"digraph"}


@pytest.mark.parametrize(
    ("name", "found"), [("x.svg", "svg"), ("x.png", "png"), ("x.PNG", "png"), ("x.dot", "dot"), ("x.gv", "dot")]
)
def test_the_extension_of_a_figure_decides(name: str, found: str, small: Path, archdsl: Command) -> None:
    assert archdsl("diagram", small, "--out", name) == (0, f"wrote {name}\n", "")
    assert Path(name).read_bytes().startswith(STARTS[found])
    assert archdsl("diagram", small, "--out", name, "--format", found).code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("diagram", "--out", "x.png", "--format", "svg"), "is png by its extension, and svg was asked for"),
        (("diagram", "--out", "x.svg", "--format", "dot"), "call it `x.dot`, or ask for svg"),
        (("diagram", "--out", "x.jpeg"), "nothing is written as `.jpeg` here"),
        (("diagram", "--out", "x.txt"), "nothing is written as `.txt` here"),
        (("diagram", "--out", "x.arch"), "nothing is written as `.arch` here"),
        (("fit", "--params", "1M", "--out", "x.csv"), "the extension is one of `.arch`, `.json`, or none"),
        (("fit", "--params", "1M", "--out", "x.arch", "--output-format", "json"), "x.arch` is arch by its extension"),
        (("weights", "map", "--from", "timm:resnet18", "--out", "d.onnx"), "nothing is written as `.onnx` here"),
    ],
)
def test_another_one_is_an_error(arguments: tuple[str, ...], said: str, small: Path, archdsl: Command) -> None:
    before = set(Path().iterdir())
    at = 2 if arguments[0] == "weights" else 1
    code, out, err = archdsl(*arguments[:at], small, *arguments[at:])
    assert (code, out) == (2, "")
    assert said in err
    assert set(Path().iterdir()) == before


def test_no_extension_and_plain_text(small: Path, archdsl: Command) -> None:
    assert archdsl("diagram", small, "--out", "figure").code == 0
    assert Path("figure").read_bytes().startswith(b"<svg")
    assert archdsl("diagram", small, "--out", "graph.txt", "--format", "dot").code == 0
    assert Path("graph.txt").read_bytes().startswith(b"digraph")
    assert archdsl("diagram", small, "--out", "-", "--format", "dot").out.startswith("digraph")


def test_a_space(archdsl: Command) -> None:
    Path("net.arch").write_text(SPACE)
    assert archdsl("space", "net.arch", "--sample", "2", "--out", "two.csv").code == 0
    assert Path("two.csv").read_text().count("\n") > 2
    assert archdsl("space", "net.arch", "--out", "size.json").code == 0
    assert json.loads(Path("size.json").read_text())
    assert archdsl("space", "net.arch", "--at", "1", "--out", "one.arch").code == 0
    assert "model" in Path("one.arch").read_text()
    assert archdsl("space", "net.arch", "--sample", "2", "--out", "two.json", "--output-format", "csv").code == 2
    assert archdsl("space", "net.arch", "--sample", "2", "--out", "two.xlsx").code == 2


def test_an_import_is_text_of_the_language(archdsl: Command) -> None:
    Path("blocks.txt").write_text("ds_r1_k3_s1_c16\n")
    assert archdsl("import", "blocks.txt", "--out", "net.json").code == 2
    assert archdsl("import", "blocks.txt", "--out", "net.arch").code == 0


def test_a_profile_is_json(archdsl: Command) -> None:
    code, _, err = archdsl("calibrate", "--quick", "--out", "laptop.toml")
    assert code == 2
    assert "a profile is a .json file" in err


def test_files_that_are_read(small: Path, archdsl: Command) -> None:
    Path("top1.tsv").write_text("name\ttop1\nsmall\t70.5\n")
    assert "70.5" in archdsl("compare", small, "--data", "top1.tsv").out
    Path("top1.xlsx").write_text("name,top1\nsmall,70.5\n")
    assert "a table is a .csv or a .tsv file" in archdsl("compare", small, "--data", "top1.xlsx").err
    Path("laptop.yaml").write_text("name: laptop\n")
    assert "neither `.json` nor `.toml`" in archdsl("estimate", small, "--device", "laptop.yaml").err


@pytest.mark.parametrize("name", ["net.py", "net.svg", "net.json", "net.arch"])
def test_the_folder_of_a_build_is_no_file(name: str, small: Path, archdsl: Command) -> None:
    code, _, err = archdsl("build", small, "--out", name)
    assert code == 2
    assert "names a folder, and that is a file's name" in err
    Path(name).mkdir()
    assert archdsl("build", small, "--out", name).code == 0


def test_chosen() -> None:
    known = {".json": "json", ".csv": "csv"}
    assert chosen("--out", None, None, known, "csv") == "csv"
    assert chosen("--out", "-", "json", known, "csv") == "json"
    assert chosen("--out", "a.b/c", "json", known, "csv") == "json"
    assert chosen("--out", "a.txt", None, known, "csv", text=("csv",)) == "csv"
    with pytest.raises(DiagnosticError, match=r"written as `\.txt`"):
        chosen("--out", "a.txt", "json", known, "csv", text=("csv",))
    with pytest.raises(DiagnosticError, match=r"written as `\.gz`"):
        chosen("--out", "a.json.gz", "json", known, "csv")
