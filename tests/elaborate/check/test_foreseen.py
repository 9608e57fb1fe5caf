"""What an objective comes to for every network: found where it can be known, and nowhere else."""

from __future__ import annotations

import itertools

import pytest

from archdsl.diagnostics import Source
from archdsl.elaborate.check.foreseen import foreseen
from archdsl.elaborate.evaluate.expressions import evaluate
from archdsl.elaborate.evaluate.scope import bare
from archdsl.elaborate.resolve.quantities import answered
from archdsl.language import tree
from archdsl.language.parser import parse_expression
from archdsl.spaces import open_space
from tests.search_space.test_objective import TEXT

OWN = ("width",)


def goal_of(text: str) -> tree.Expression:
    return answered(parse_expression(Source("goal", text)), OWN)


# Each with what it is, whatever the network.
ALIKE = {
    "5": 5,
    "2 * 3 - 1": 5,
    "accuracy * 0": 0,
    "0 / params": 0,
    "params - params": 0,
    "-params + params": 0,
    "sum(params, -params)": 0,
    "(params + 1) * 2 - 2 * params": 2,
    "params * macs - macs * params": 0,
    "2 * params / params": 2,
    "flops / macs": 2,
    "flops - 2 * macs": 0,
    "params ** 0": 1,
    "1 ** params": 1,
    "min(params, 0)": 0,
    "min(5, params + 5)": 5,
    "max(accuracy, 1)": 1,
    "max(0.2, min(accuracy, 1) - accuracy)": 0.2,
    "round(accuracy / 10)": 0,
    "sqrt(accuracy * 0)": 0,
    "latency(phone) * 0 + 1": 1,
    "width - width": 0,
    "if accuracy <= 1 then 3 else params": 3,
    "if params >= 0 and not accuracy > 1 then 1 else 0": 1,
    "if params < 0 or latency(phone) < 0 then params else 7": 7,
    "if params > 5 then 1 else 1": 1,
    "if macs == macs then 4 else accuracy": 4,
}
DIFFERENT = (
    "params", "accuracy", "width", "accuracy - 1", "params - 1.5 * params", "params / macs", "1 / params",
    "params % 1000", "params // 1000", "accuracy ** 2", "synflow ** 2", "round(accuracy)", "min(params, 1)",
    "max(accuracy, 0.95)",
    "max(params - macs, 0)", "divisible(params)", "flops - macs", "latency(phone) - latency(v100)",
    "if params > 5 then 1 else 0", "if width > 5 then params else 0", "accuracy * (latency(phone) / 75ms) ** -0.07",
    "accuracy * (if macs <= 100K then 1 else (macs / 100K) ** -1)", "params * (if naswot > 3 then 1 else 2)",
    "params / (width - width)",
)  # fmt: skip


@pytest.mark.parametrize("text", ALIKE)
def test_what_is_alike_for_all(text: str) -> None:
    assert foreseen(goal_of(text), OWN) == ALIKE[text]


@pytest.mark.parametrize("text", ALIKE)
def test_it_is_what_the_arithmetic_comes_to(text: str) -> None:
    environment = open_space(Source("space.arch", TEXT.replace("OBJECTIVE", ""))).model.variant.definition.environment
    for params, accuracy in itertools.product((1, 700), (0.25, 1.0)):
        numbers = {"params": params, "macs": 3 * params, "flops": 6 * params, "accuracy": accuracy, "width": 8}
        scope = bare(environment, {**numbers, "latency(phone)": 0.1}, {})
        assert evaluate(goal_of(text), scope) == pytest.approx(ALIKE[text])


@pytest.mark.parametrize("text", DIFFERENT)
def test_what_may_differ(text: str) -> None:
    assert foreseen(goal_of(text), OWN) is None


def test_names_of_the_model_come_before_measures() -> None:
    """A parameter called like a measure may be anything."""
    assert foreseen(goal_of("min(params, 0)"), ("params",)) is None
    assert foreseen(goal_of("flops / macs"), ("flops",)) is None
    assert foreseen(goal_of("flops / macs"), ("macs",)) is None
