"""The formulas of the reference, which are the rules run on names, give what the rules give on numbers."""

from __future__ import annotations

from math import floor
from types import SimpleNamespace
from typing import Any, Literal

import pytest

from archdsl.ir.base import Shape
from archdsl.ir.operators import CLASSES, PRIMITIVES, Operator
from archdsl.ir.operators.extern import Extern
from archdsl.ir.operators.formulas import formulas
from archdsl.ir.operators.window import Kernel, along, sides, window
from tests.operators import FURTHER, SAMPLES, TEXTS, made

SHAPES = [Shape(12, 17, 20), Shape(24, 8, 9)]


def evaluated(formula: str, operator: Operator, shapes: tuple[Shape, ...], out: Shape) -> int:
    shape, attributes = shapes[0], dict(operator)
    fields = type(operator).model_fields
    attributes |= {name: sides(value) for name, value in attributes.items() if fields[name].annotation == Kernel}
    stride = sides(attributes.get("stride") or attributes.get("kernel") or 1)
    dilation, padding = sides(attributes.get("dilation", 1)), attributes.get("padding", "valid")
    if operator.kind == "blur":
        padding = (attributes["stride"] + attributes["kernel"] - 2) // 2

    def axis(length: int) -> tuple[int, int, Any]:
        """The stride, dilation and padding along an axis, which is known by its length."""
        side = 0 if length == shape.height else 1
        return stride[side], dilation[side], along(padding)[side]

    def zeros_of(kernel: int, gap: int, zeros: Any) -> int:
        return {"symmetric": gap * (kernel - 1) // 2, "valid": 0}.get(zeros, zeros)

    def spread(length: int, kernel: int) -> int:
        step, gap, zeros = axis(length)
        if zeros == "same":
            return length * step
        more = sides(attributes["output_padding"])[0 if length == shape.height else 1]
        longer = (length - 1) * step + gap * (kernel - 1) + 1 + more
        return longer - 2 * zeros_of(kernel, gap, zeros)

    def positions(length: int, kernel: int) -> int:
        """The table of the reference, which knows no more than the formulas do."""
        step, gap, zeros = axis(length)
        if zeros == "same":
            return -(-length // step)
        assert window(length, kernel, step, zeros, gap) > 0
        return (length + 2 * zeros_of(kernel, gap, zeros) - gap * (kernel - 1) - 1) // step + 1

    further = dict(zip(operator.reads, shapes[1:], strict=True))
    names = {**attributes, **further, "input": SimpleNamespace(**shape._asdict(), elements=shape.elements), "out": out}
    value = eval(formula.replace("in.", "input."), {"window": positions, "spread": spread, "floor": floor, **names})
    assert isinstance(value, int)
    return value


@pytest.mark.parametrize(("kind", "arguments"), SAMPLES, ids=TEXTS)
def test_the_formulas_are_the_code(kind: str, arguments: dict[str, Any]) -> None:
    operator = made(kind, arguments)
    rules = formulas(type(operator), *(arguments[name] for name in ("over", "first", "second") if name in arguments))
    for shape in SHAPES:
        shapes = (shape, *(FURTHER[kind](shape, operator) if kind in FURTHER else ()))
        out = operator.output(*shapes)
        shown = (rules.channels, rules.height, rules.width)
        assert tuple(evaluated(text, operator, shapes, out) for text in shown) == out
        assert evaluated(rules.parameters, operator, shapes, out) == operator.parameters(*shapes)
        assert evaluated(rules.macs, operator, shapes, out) == operator.macs(*shapes)


def test_every_operator_is_tried() -> None:
    # What an extern block declares is checked in tests/test_externs.py.
    assert {type(made(kind, arguments)) for kind, arguments in SAMPLES} == set(CLASSES) - {Extern}


def test_a_rule_that_branches_is_refused() -> None:
    class Branching(Operator):
        kind: Literal["branching"] = "branching"
        bias: bool = True

        def parameters(self, *shapes: Shape) -> int:
            return shapes[0].channels if self.bias else 0

    with pytest.raises(TypeError, match="branches on `bias`"):
        formulas(Branching)


def test_formulas_are_grouped_as_they_are_computed() -> None:
    class Grouped(Operator):
        kind: Literal["grouped"] = "grouped"
        parts: int = 1

        def parameters(self, *shapes: Shape) -> int:
            return 2 * (shapes[0].channels + self.parts) - (self.parts - 1) // 2 // self.parts

        def macs(self, *shapes: Shape) -> int:
            return self.output(*shapes).elements * (self.parts // (2 * self.parts)) - (1 - self.parts)

    found = formulas(Grouped)
    assert found.keeps_shape
    assert found.parameters == "2 * (in.channels + parts) - (parts - 1) // 2 // parts"
    assert found.macs == "out.elements * (parts // (2 * parts)) - (1 - parts)"


def test_what_only_trains() -> None:
    assert {name for name, kind in PRIMITIVES.items() if kind.is_for_training} == {"dropout", "drop_path"}
