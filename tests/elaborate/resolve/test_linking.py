"""Tables of variants and the models that they are of."""

from __future__ import annotations

from archdsl.compiler import link_source
from archdsl.diagnostics import Source

MODEL = "model net(width = 1.0, depth = 1) {\n  input = 3 x 8 x 8\n  stem = conv(8)\n}\n"


def test_a_table_without_names_is_marked_from_its_first_column_to_its_last() -> None:
    text = MODEL + "variants net {\n  | width | depth |\n  | 1.0   | 2     |\n}\n"
    (problem,) = link_source(Source("net.arch", text)).problems
    assert problem.problem == "NoNameColumn"
    assert problem.span is not None
    assert problem.span.text == "width | depth"
