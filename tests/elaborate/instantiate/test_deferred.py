"""Tensors of a block that applies itself are made where they are read, and looked for ahead of it."""

from __future__ import annotations

import pytest

from archdsl.compiler import compile_source
from archdsl.diagnostics import Source

TEXT = """block again(n) {{
  deeper = in -> again(n - 1)
  out = {}
}}
model m {{
  input = 8 x 8 x 8
  stem = again(3)
}}
"""


def compiled(out: str) -> tuple[list[str], int]:
    found = compile_source(Source("net.arch", TEXT.format(out)))
    return [problem.message for problem in found.problems], len(found.architectures)


@pytest.mark.parametrize("out", ["if n > 0 then deeper else in", "in + (if n == 0 then in else deeper) -> relu"])
def test_the_side_that_is_not_taken_is_not_made(out: str) -> None:
    assert compiled(out) == ([], 1)


@pytest.mark.parametrize(
    ("out", "message"),
    [
        ("if n / 0 > 1 then deeper else in", "`/` divides by zero"),
        ("in + (if n > zero then deeper else in)", "unknown name `zero`"),
    ],
)
def test_a_condition_that_is_a_mistake_is_reported_once(out: str, message: str) -> None:
    problems, _ = compiled(out)
    assert problems == [message]
