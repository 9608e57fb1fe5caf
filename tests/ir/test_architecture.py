"""JSON of an architecture: what cannot be seen stands in it as an escape, and it is given back as it was."""

from __future__ import annotations

import pytest

import archdsl
from archdsl.ir.architecture import Architecture

PLAIN = archdsl.loads("model m {\n  input = 8 x 8 x 8\n  stem = relu\n}\n").architecture


@pytest.mark.parametrize(
    ("doc", "written"),
    [
        ("as it is", "as it is"),
        ("é, 图", "é, 图"),
        ("right \u202e to left", "right \\u202e to left"),
        ("deleted \x7f", "deleted \\u007f"),
        ("far \U000e0041 away", "far \\udb40\\udc41 away"),
        ("é \x7f \u2066", "é \\u007f \\u2066"),
    ],
)
def test_what_cannot_be_seen_is_escaped(doc: str, written: str) -> None:
    architecture = PLAIN.model_copy(update={"doc": doc})
    text = architecture.to_json()
    assert f'"doc": "{written}"' in text
    assert Architecture.from_json(text) == architecture
