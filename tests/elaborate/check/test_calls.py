"""What is called, and with what: names of models, words and functions where a block stands, and arguments."""

from __future__ import annotations

import pytest

from archdsl.compiler import link_source
from archdsl.diagnostics import Source

TEXT = """model other {{
  input = 3 x 8 x 8
  stem = relu
}}
block b(channels, op = relu) {{
  out = in -> {}
}}
model m {{
  input = 3 x 8 x 8
  stem = b(8)
}}
"""


@pytest.mark.parametrize(
    ("layer", "code", "message"),
    [
        ("same(3)", "ARC202", "unknown block or function `same`"),
        ("True(3)", "ARC202", "unknown block or function `True`"),
        ("classes(3)", "ARC202", "unknown block or function `classes`"),
        ("other(3)", "ARC202", "`other` is a model; a block is needed here"),
        ("other", "ARC201", "`other` is a model; a value is needed here"),
        ("out(3)", "ARC201", "`out` is used before it is bound"),
        ("conv", "ARC208", "`conv` needs `channels`"),
        ("conv()", "ARC208", "`conv` needs `channels`"),
        ("conv(kernel = 3)", "ARC208", "`conv` needs `channels`"),
        ("conv(3, kernel = 1, kernel = 2)", "ARC207", "`kernel` of `conv` is given twice"),
        ("conv(3, channels = 2)", "ARC207", "`channels` of `conv` is given twice"),
        ("conv(kernle = 3, 8)", "ARC204", "`conv` has no argument `kernle`"),
        ("conv(8, 3, 1, 1, 1, 1, same, 9)", "ARC204", "`conv` takes at most 7 arguments"),
        ("conv(True)", "ARC201", "unknown name `True`"),
        ("conv(classes)", "ARC201", "unknown name `classes`"),
        ("conv(other)", "ARC201", "`other` is a model; a value is needed here"),
        ("max", "ARC301", "`max` is a function, and needs arguments"),
    ],
)
def test_one_problem(layer: str, code: str, message: str) -> None:
    found = link_source(Source("net.arch", TEXT.format(layer))).problems
    assert [(one.code.name, one.message) for one in found] == [(code, message)]


@pytest.mark.parametrize(
    "layer", ["op(3)", "conv(8, 3, 1, 1, 1, 1, same)", "conv(max(channels, 2))", "norm", "conv(same)"]
)
def test_no_problem_of_names(layer: str) -> None:
    assert link_source(Source("net.arch", TEXT.format(layer))).problems == ()
