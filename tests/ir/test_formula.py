"""Formulas: their notation, and that nothing else is taken for one."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from archdsl.compiler import compile_source
from archdsl.diagnostics import Source
from archdsl.ir.architecture import Architecture
from archdsl.ir.formula import (
    Call,
    Comparison,
    Conditional,
    Expression,
    FormulaError,
    Logical,
    Name,
    Operation,
    Tuple,
    Unary,
    constant,
    names,
    notation,
    parse,
)

LEAVES = st.one_of(
    st.sampled_from(["channels", "in_width", "se", "not_", "iffy"]).map(Name),
    st.one_of(st.integers(0, 10**20), st.floats(0, allow_infinity=False), st.booleans(), st.none(), st.text()).map(
        constant
    ),
)


def larger(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    named = st.lists(st.tuples(st.sampled_from(["divisor", "limit"]), inner), max_size=2).map(tuple)
    return st.one_of(
        st.builds(Operation, st.sampled_from(["+", "-", "*", "/", "//", "%", "**"]), inner, inner),
        st.builds(Comparison, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), inner, inner),
        st.builds(Unary, st.sampled_from(["-", "not"]), inner),
        st.builds(Conditional, inner, inner, inner),
        st.builds(Call, st.sampled_from(["min", "divisible"]), st.lists(inner, max_size=3).map(tuple), named),
        st.tuples(inner, inner).map(Tuple),
        st.builds(and_or, st.sampled_from(["and", "or"]), st.lists(inner, min_size=2, max_size=3)),
    )


def and_or(word: str, operands: list[Expression]) -> Expression:
    """An operation that does not begin with another of the same word: that is written as one."""
    first, *others = operands
    if isinstance(first, Logical) and first.operator == word:
        return Logical(word, (*first.operands, *others))
    return Logical(word, tuple(operands))


@settings(deadline=None, max_examples=500, derandomize=True)
@given(st.recursive(LEAVES, larger, max_leaves=15))
def test_what_is_written_is_read_as_the_same(node: Expression) -> None:
    assert parse(notation(node)) == node


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("((a) and (b)) or (not (c))", "a and b or not c"),
        ("a and b and (c and d)", "a and b and (c and d)"),
        ("-x**2 - (y - z)", "-x ** 2 - (y - z)"),
        ("2 ** -x", "2 ** (-x)"),
        ("a if b else c if d else e", "a if b else (c if d else e)"),
        ("( 3 , 5 )", "(3, 5)"),
        ("divisible(x, limit = 1e-05)", "divisible(x, limit=1e-05)"),
        ("'it\\'s' == mode", '"it\'s" == mode'),
    ],
)
def test_notation(text: str, written: str) -> None:
    assert notation(parse(text)) == written


def test_kinds_of_constants_differ() -> None:
    assert len({parse("1"), parse("1.0"), parse("True")}) == 3


def test_functions_are_no_scalars() -> None:
    assert names(parse("min(channels, in_channels * se)")) == {"channels", "in_channels", "se"}


BAD = [
    *("", "a b", "a <", "f(", "f(a, limit=1, b)", "a.b", "a[0]", "(a, b, c)", "a < b < c", "a == not b", "x := 1"),
    *("lambda: 1", "__import__('os').system('true')", "[a for a in b]", "a\nb", "'a", "a; b", "1_000", "f'{a}'"),
    *("(" * 5000 + "a" + ")" * 5000, "9" * 5000, "a if b", "and", "é"),
    *("a" + " + a" * 100_000, "-" * 400 + "a"),
]


@pytest.mark.parametrize("text", BAD, ids=lambda text: text[:20])
def test_nothing_else_is_a_formula(text: str) -> None:
    with pytest.raises(ValueError):
        parse(text)


def test_a_refusal_says_why() -> None:
    with pytest.raises(FormulaError, match=r"cannot go on with `\.`"):
        parse("in.channels")
    with pytest.raises(FormulaError, match="ends too early"):
        parse("a *")


TEXT = """
block b(se = 0.5) {
  hidden = in.channels * 2
  flag = (se < 1) == (hidden > 3)
  out = in -> conv(hidden, 1) -> [relu when flag]
}

model m {
  input = 3 x 8 x 8
  stem = b()
}
"""


def test_comparisons_of_comparisons_keep_their_parentheses() -> None:
    """Python would read `a < 1 == b > 3` as a chain."""
    (architecture,) = compile_source(Source("m.arch", TEXT)).architectures
    (block,) = architecture.blocks.values()
    assert block.formulas["flag"] == "(se < 1) == (hidden > 3)"


@pytest.mark.parametrize(
    "bad",
    [
        "__import__('os').getcwd()",
        "exec('import os')",
        "max(1, exit())",
        "x if f(y) else z",
        "in_channels *",
        "x" + " + x" * 100_000 + " +",
    ],
)
def test_json_with_other_texts_is_refused(bad: str) -> None:
    (architecture,) = compile_source(Source("m.arch", TEXT)).architectures
    record = json.loads(architecture.to_json())
    assert Architecture.from_json(json.dumps(record)) == architecture
    (block,) = record["blocks"].values()
    assert block["formulas"]["hidden"] == "in_channels * 2"
    block["formulas"]["hidden"] = bad
    with pytest.raises(ValidationError, match="a formula"):
        Architecture.from_json(json.dumps(record))
