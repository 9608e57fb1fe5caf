"""The formulas of the reference give what the operators compute."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from archdsl.ir.base import Shape
from archdsl.ir.operators import CLASSES, Operator
from archdsl.ir.operators.base import sides, window
from tests.operators import SAMPLES, TEXTS, made

SHAPES = [Shape(12, 17, 20), Shape(24, 8, 9)]


def evaluated(formula: str, operator: Operator, shape: Shape, out: Shape) -> int:
    attributes = dict(operator)
    if "kernel" in attributes:
        attributes["kernel"] = sides(attributes["kernel"])
    stride = sides(attributes.get("stride") or attributes.get("kernel") or 1)
    dilation, padding = attributes.get("dilation", 1), attributes.get("padding", "valid")

    def positions(length: int, kernel: int) -> int:
        """The table of the reference, which knows no more than the formulas do."""
        along = stride.height if length == shape.height else stride.width
        if padding == "same":
            return -(-length // along)
        zeros = {"symmetric": dilation * (kernel - 1) // 2, "valid": 0}.get(padding, padding)
        assert window(length, kernel, along, padding, dilation) > 0
        return (length + 2 * zeros - dilation * (kernel - 1) - 1) // along + 1

    names = {**attributes, "input": SimpleNamespace(**shape._asdict(), elements=shape.elements), "out": out}
    value = eval(formula.replace("in.", "input."), {"window": positions, **names})
    assert isinstance(value, int)
    return value


@pytest.mark.parametrize(("kind", "arguments"), SAMPLES, ids=TEXTS)
def test_the_formulas_are_the_code(kind: str, arguments: dict[str, Any]) -> None:
    operator = made(kind, arguments)
    rules = operator.rules
    for shape in SHAPES:
        out = operator.output(shape)
        shown = (rules.channels, rules.height, rules.width)
        assert tuple(evaluated(text, operator, shape, out) for text in shown) == out
        assert evaluated(rules.parameters, operator, shape, out) == operator.parameters(shape)
        assert evaluated(rules.macs, operator, shape, out) == operator.macs(shape)


def test_every_operator_is_tried() -> None:
    assert {type(made(kind, arguments)) for kind, arguments in SAMPLES} == set(CLASSES)
