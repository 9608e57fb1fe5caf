"""When the tensors of a block are read: of those that not every call reads, the condition."""

from __future__ import annotations

import pytest

from archdsl.compiler import link_source
from archdsl.diagnostics import Source

TEXT = "block b(stride, groups) {{\n  x = in -> conv(8)\n  out = {}\n}}\n"


@pytest.mark.parametrize(
    ("out", "condition"),
    [
        ("if stride == 1 then x else in", "((stride == 1))"),
        ("if stride == 1 then in else x", "((not (stride == 1)))"),
        ("if stride == 1 then concat(in, x) else in", "((stride == 1))"),
        ("if stride == 1 then in + x * x else in", "((stride == 1))"),
        ("if stride == 1 then -x else in", "((stride == 1))"),
        ("if stride == 1 then x -> relu else in", "((stride == 1))"),
        ("in -> resize(like = x) when stride == 1", "((stride == 1))"),
    ],
)
def test_conditions(out: str, condition: str) -> None:
    definition = link_source(Source("net.arch", TEXT.format(out))).environment.block("b")
    assert definition is not None
    assert definition.conditions == {"x": condition}


@pytest.mark.parametrize("out", ["in + x", "concat(in, x)", "x -> resize(like = x)"])
def test_a_tensor_that_is_read_anyway(out: str) -> None:
    definition = link_source(Source("net.arch", TEXT.format(out))).environment.block("b")
    assert definition is not None
    assert "x" not in definition.conditions
