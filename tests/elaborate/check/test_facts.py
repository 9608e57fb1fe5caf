"""Facts: those that every tensor has, and those that some file sets."""

from __future__ import annotations

import pytest

from archdsl.compiler import link_source
from archdsl.diagnostics import Source

TEXT = """block b(channels) {{
  x = in -> conv(channels)
  x.gain = 2
  out = x -> conv({})
}}
model m {{
  input = 3 x 8 x 8
  stem = b(8)
}}
"""


def messages(value: str) -> list[str]:
    return [one.message for one in link_source(Source("net.arch", TEXT.format(value))).problems]


@pytest.mark.parametrize("value", ["in.channels", "x.height", "in.width + x.channels", "x.gain"])
def test_known(value: str) -> None:
    assert messages(value) == []


def test_unknown() -> None:
    (message,) = messages("x.gian")
    assert "`gian`" in message


def test_without_a_file_that_cannot_be_read_nothing_is_said_of_facts() -> None:
    text = 'use "nowhere.arch"\n' + TEXT.format("x.gian")
    (problem,) = link_source(Source("net.arch", text)).problems
    assert "nowhere.arch" in problem.message
