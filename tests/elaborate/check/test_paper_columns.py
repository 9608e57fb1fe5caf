"""Columns called as papers call them are explained, and renamed where the name alone is another."""

from __future__ import annotations

import pytest

from archdsl.compiler import compile_source
from archdsl.diagnostics import Diagnostic, Source
from archdsl.diagnostics.apply_fixes import apply_fixes

MODEL = "model m {{\n  input = 3 x 32 x 32\n  stages {{\n    | {} |\n    | {} |\n  }}\n}}\n"


def problems(header: str, row: str) -> tuple[Source, tuple[Diagnostic, ...]]:
    source = Source("net.arch", MODEL.format(header, row))
    return source, compile_source(source).problems


@pytest.mark.parametrize(
    ("header", "row", "right"),
    [
        ("Operator | k | s | t | c", "mbconv | 3 | 2 | 6 | 16", "op | kernel | stride | expansion | channels"),
        ("op | out | e", "mbconv | 16 | 6", "op | channels | expansion"),
        ("op | out_channels | num_layers", "mbconv | 16 | 6", "op | channels | layers"),
        ("#Operator | #Channels | #Layers", "mbconv | 16 | 2", "op | channels | layers"),
        ("op | #Channels | #Layers", "mbconv | 16 | 2", "op | channels | layers"),
        ("op | Channels | Kernel", "mbconv | 16 | 3", "op | channels | kernel"),
    ],
)  # fmt: skip
def test_one_meaning(header: str, row: str, right: str) -> None:
    source, found = problems(header, row)
    for _ in range(4):
        safe = [problem for problem in found if problem.fix is not None and problem.fix.is_safe]
        assert len(safe) == len(found)
        source, _ = apply_fixes(source, safe)
        found = compile_source(source).problems
    assert found == ()
    assert source.text == MODEL.format(right, row)


@pytest.mark.parametrize("column", ["exp", "squeeze_ratio"])
def test_a_name_that_is_another_measure_in_some_papers_is_a_suggestion(column: str) -> None:
    _, (problem,) = problems(f"op | channels | {column}", "mbconv | 16 | 64")
    assert problem.fix is not None
    assert not problem.fix.is_safe


def test_a_row_of_dashes_below_a_header() -> None:
    source, (problem,) = problems("op | channels", "- | - |\n    | mbconv | 16")
    assert problem.message == "this row is empty"
    assert problem.fix is not None
    assert problem.fix.is_safe
    assert apply_fixes(source, [problem])[0].text == MODEL.format("op | channels", "mbconv | 16")


@pytest.mark.parametrize(
    ("column", "advice"),
    [
        ("exp_size", "`expansion` is a ratio"),
        ("in", "it follows from the rows before"),
        ("resolution", "it follows from the rows before"),
        ("NL", "a block takes its activation as a parameter"),
    ],
)
def test_what_is_said_in_another_measure_is_explained(column: str, advice: str) -> None:
    _, (problem,) = problems(f"op | channels | {column}", "mbconv | 16 | 72")
    assert problem.code.name == "ARC203"
    assert problem.help is not None
    assert advice in problem.help
    assert problem.fix is None


def test_a_column_that_is_there_twice_is_no_fix() -> None:
    _, (problem,) = problems("op | channels | c", "mbconv | 16 | 32")
    assert problem.fix is None


def test_a_block_of_ones_own_may_call_it_so() -> None:
    block = "block b(c, k = 3) {\n  out = in -> conv(c, k)\n}\n"
    source = Source("net.arch", block + MODEL.format("op | c | k", "b | 16 | 5"))
    assert compile_source(source).problems == ()


@pytest.mark.parametrize("classes", ["1e3", "10.0", "2.5 * 4"])
def test_classes_that_are_whole(classes: str) -> None:
    text = f"model m {{\n  input = 3 x 32 x 32\n  classes = {classes}\n  head = flatten -> linear(classes)\n}}\n"
    (network,) = compile_source(Source("net.arch", text)).checked()
    assert network.classes in (10, 1000)
    assert isinstance(network.classes, int)


@pytest.mark.parametrize(("cell", "means"), [("yes", "true"), ("No", "false"), ("True", "true")])
def test_truths_of_papers(cell: str, means: str) -> None:
    _, (problem,) = problems("op | channels | se", f"mbconv | 16 | {cell}")
    assert problem.message == f"unknown name `{cell}`"
    assert problem.help == f"write `{means}`, or the number that it stands for, such as `0.25` for a ratio"
    assert problem.fix is not None
    assert not problem.fix.is_safe


def test_every_row_of_a_pasted_table_is_reported_at_once() -> None:
    rows = "\n    ".join(("| MBConv1, k3x3 | 1 | 0,25 |", "| mbconv | 6,5 | 0.25 |", "| mbconv | 6 | ✗ |"))
    source = Source("net.arch", MODEL.replace("| {} |\n    | {} |", f"| Operator | Exp. | SE |\n    {rows}").format())
    assert [problem.message for problem in compile_source(source).problems] == [
        "the name of a column has no `.` at its end",
        "a cell that names a block holds nothing else",
        "the decimal point of a number is `.`",
        "a cross is not a value",
    ]
