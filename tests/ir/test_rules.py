"""The formulas of the reference give what the operators compute."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from archdsl.ir.base import Shape, Size
from archdsl.ir.operators import CLASSES, PRIMITIVES, Operator
from archdsl.ir.operators.base import sides, window

SHAPES = [Shape(12, 17, 20), Shape(24, 8, 9)]
# Arguments for the operators that need some, or whose rules depend on them.
ARGUMENTS: dict[str, list[dict[str, Any]]] = {
    "conv": [
        {"channels": 24},
        {"channels": 36, "kernel": 3, "stride": 2, "groups": 3, "bias": True},
        {"channels": 8, "kernel": Size(1, 7), "padding": "same", "stride": 3},
        {"channels": 8, "kernel": 3, "padding": "valid", "dilation": 2},
        {"channels": 8, "kernel": 5, "padding": 1},
    ],
    "depthwise": [{}, {"kernel": 5, "stride": 2, "multiplier": 3, "bias": True}],
    "ws_conv": [{"channels": 24, "kernel": 3, "stride": 2, "padding": "same"}, {"channels": 12, "groups": 4}],
    "linear": [{"features": 10}, {"features": 7, "bias": False}],
    "batch_norm": [{}, {"affine": False}],
    "group_norm": [{"groups": 4}, {"groups": 12, "affine": False}],
    "layer_norm": [{}, {"affine": False}],
    "max_pool": [{"kernel": 2}, {"kernel": 3, "stride": 2}, {"kernel": 3, "stride": 2, "padding": "same"}],
    "avg_pool": [{"kernel": 2}, {"kernel": Size(3, 1), "stride": 2}],
    "channel_shuffle": [{"groups": 4}],
    "chunk": [{"parts": 3, "index": 1}],
    "pad": [{"size": 2}],
    "resize": [{"factor": 2}],
}
CASES = [
    (operator, {"kind": kind, **arguments})
    for kind, operator in PRIMITIVES.items()
    for arguments in ARGUMENTS.get(kind, [{}])
]


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


@pytest.mark.parametrize(("operator", "arguments"), CASES, ids=[str(arguments["kind"]) for _, arguments in CASES])
def test_the_formulas_are_the_code(operator: type[Operator], arguments: dict[str, Any]) -> None:
    made, rules = operator(**arguments), operator.rules
    for shape in SHAPES:
        out = made.output(shape)
        shown = (rules.channels, rules.height, rules.width)
        assert tuple(evaluated(text, made, shape, out) for text in shown) == out
        assert evaluated(rules.parameters, made, shape, out) == made.parameters(shape)
        assert evaluated(rules.macs, made, shape, out) == made.macs(shape)


def test_every_operator_is_tried() -> None:
    assert {operator for operator, _ in CASES} == set(CLASSES)
