"""Where the values of a model's parameters come from, and which other parameters they may speak of."""

from __future__ import annotations

import pytest

from archdsl.compiler import compile_source
from archdsl.diagnostics import Source

BASE = """\
model net(width = 1, depth = width) {
  input = 3 x 32 x 32
  head  = global_avg_pool -> linear(10)
}
"""


def parameters(text: str, variant: str, **given: float) -> dict[str, object]:
    """The parameters of one network of a text, in their order."""
    (network,) = compile_source(Source("test.arch", BASE + text), variant=variant, parameters=given).checked()
    return dict(network.parameters)


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("model m extends net { }", {"width": 1, "depth": 1}),
        ("model m extends net(width = 2) { }", {"width": 2, "depth": 2}),
        ("model m(phi = 2) extends net(width = 3 ** phi) { }", {"width": 9, "depth": 9, "phi": 2}),
        ("model m(phi = 2, rate = phi + 1) extends net(depth = rate) { }", {"width": 1, "depth": 3, "phi": 2,
         "rate": 3}),
        # Of those that it inherits, too, in whatever order they were declared.
        ("model m extends net(width = depth, depth = 4) { }", {"width": 4, "depth": 4}),
        # A parameter of the model's own takes the place of the inherited one.
        ("model m(rate = 5, width = rate) extends net { }", {"width": 5, "depth": 5, "rate": 5}),
    ],
    ids=str,
)  # fmt: skip
def test_values(model: str, expected: dict[str, object]) -> None:
    assert parameters(model, "m") == expected


def test_a_rule_follows_the_parameters_that_it_speaks_of() -> None:
    rule = "model m(phi = 0) extends net(width = 2 ** phi) { }\n"
    assert parameters(rule, "m", phi=3) == {"width": 8, "depth": 8, "phi": 3}
    assert parameters(rule, "m", width=5)["depth"] == 5  # a value from outside comes before the rule
    table = "variants m {\n  | name | phi |\n  | a    | 4   |\n}\n"
    assert parameters(rule + table, "a") == {"width": 16, "depth": 16, "phi": 4}
    assert parameters(rule + "model child(phi = 5) extends m { }", "child")["width"] == 32
    assert parameters(rule + "model child extends m(phi = 6) { }", "child")["width"] == 64


def test_defaults_and_values_come_down_from_a_grandparent() -> None:
    """Each model in a line may declare a parameter anew; what it does not mention stays as it was."""
    line = """\
model child extends net(depth = 7) { }
model grandchild(width = 3) extends child { }
model last extends grandchild { }
model other(depth = 2) extends last { }
"""
    assert parameters(line, "child") == {"width": 1, "depth": 7}
    assert parameters(line, "grandchild") == {"width": 3, "depth": 7}
    assert parameters(line, "last") == {"width": 3, "depth": 7}
    assert parameters(line, "other") == {"width": 3, "depth": 2}
