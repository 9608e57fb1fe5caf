"""What an objective comes to for every network: found where it can be known, and nowhere else."""

from __future__ import annotations

import itertools

import pytest

from archdsl.diagnostics import Source
from archdsl.elaborate.check.foreseen import Foresight
from archdsl.elaborate.evaluate.expressions import evaluate
from archdsl.elaborate.evaluate.scope import bare
from archdsl.elaborate.problems import ElaborationError
from archdsl.elaborate.resolve.quantities import answered
from archdsl.language import tree
from archdsl.language.parser import parse_expression
from archdsl.spaces import open_space
from tests.search_space.test_objective import TEXT

OWN = ("width",)


def foreseen(text: str, own: tuple[str, ...] = OWN) -> float | None:
    """What a goal is for every network; None where that depends on it, or it has no value."""
    foresight = Foresight(own)
    found = foresight.of(answered(parse_expression(Source("goal", text)), own))
    return found.constant if not found.terms and not foresight.without_value else None


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
    "7 // 2 + params - params": 3,
    "params % 1000 - params % 1000": 0,
    "(if params > 5 then 1 else 0) - (if params > 5 then 1 else 0)": 0,
    "if params < 0 then params / 0 else 7": 7,
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
    assert foreseen(text) == ALIKE[text]


@pytest.mark.parametrize("text", ALIKE)
def test_it_is_what_the_arithmetic_comes_to(text: str) -> None:
    environment = open_space(Source("space.arch", TEXT.replace("OBJECTIVE", ""))).model.variant.definition.environment
    for params, accuracy in itertools.product((1, 700), (0.25, 1.0)):
        numbers = {"params": params, "macs": 3 * params, "flops": 6 * params, "accuracy": accuracy, "width": 8}
        scope = bare(environment, {**numbers, "latency(phone)": 0.1}, {})
        assert evaluate(goal_of(text), scope) == pytest.approx(ALIKE[text])


@pytest.mark.parametrize("text", DIFFERENT)
def test_what_may_differ(text: str) -> None:
    assert foreseen(text) is None


def test_names_of_the_model_come_before_measures() -> None:
    """A parameter called like a measure may be anything."""
    assert foreseen("min(params, 0)", ("params",)) is None
    assert foreseen("flops / macs", ("flops",)) is None
    assert foreseen("flops / macs", ("macs",)) is None


# Each with the part that has no value, for any network, and the place of what is wrong with it.
WITHOUT_VALUE = {
    "params / 0": ("params / 0", "0"),
    "accuracy / (params - params)": ("accuracy / (params - params)", "params - params"),
    "accuracy - macs / (flops - 2 * macs)": ("macs / (flops - 2 * macs)", "flops - 2 * macs"),
    "params // 0": ("params // 0", "0"),
    "macs % (1 - 1)": ("macs % (1 - 1)", "1 - 1"),
    "accuracy * 0 ** -1": ("0 ** -1", "0"),
    "(accuracy * 0) ** -0.5": ("(accuracy * 0) ** -0.5", "accuracy * 0"),
    "accuracy * (-2) ** 0.5": ("(-2) ** 0.5", "-2"),
    "(-params) ** -0.07": ("(-params) ** -0.07", "-params"),
    "(accuracy - 1) ** 1.5": ("(accuracy - 1) ** 1.5", "accuracy - 1"),
    "min(-1, width) ** 0.5": ("min(-1, width) ** 0.5", "min(-1, width)"),
    "sqrt(-1 - params)": ("sqrt(-1 - params)", "-1 - params"),
    "if width > 5 then params / 0 else params": ("params / 0", "0"),
    "if params / 0 > 5 then 1 else 2": ("params / 0", "0"),
    "accuracy * 10 ** 100": ("10 ** 100", "10 ** 100"),
    "accuracy * 10 ** 400": ("10 ** 400", "10 ** 400"),
}
# Some networks at least have a value.
WITH_VALUE = (
    "params / width", "1 / (1 - accuracy)", "params / (width - width + 1)", "(-params) ** 2", "(-2) ** -3", "0 ** 0",
    "(accuracy - 0.5) ** 0.5", "(width - 16) ** 0.5", "(-width) ** 0.5", "synflow ** 0.5", "sqrt(params - macs)",
    "macs ** -1", "params ** 100", "if params < 0 then params / 0 else macs",
)  # fmt: skip


@pytest.mark.parametrize("text", WITHOUT_VALUE)
def test_what_has_no_value_for_any_network(text: str) -> None:
    foresight = Foresight(OWN)
    foresight.of(goal_of(text))
    part, place = WITHOUT_VALUE[text]
    first = foresight.without_value[0]
    assert first.message.startswith(f"`{part}` ")
    assert first.span is not None
    assert first.span.text in (place, f"({place})")


@pytest.mark.parametrize("text", WITHOUT_VALUE)
def test_the_arithmetic_has_none_either(text: str) -> None:
    environment = open_space(Source("space.arch", TEXT.replace("OBJECTIVE", ""))).model.variant.definition.environment
    for params, accuracy in itertools.product((1, 700), (0.25, 0.75)):
        numbers = {"params": params, "macs": 3 * params, "flops": 6 * params, "accuracy": accuracy, "width": 8}
        with pytest.raises(ElaborationError):
            evaluate(goal_of(text), bare(environment, numbers, {}))


@pytest.mark.parametrize("text", WITH_VALUE)
def test_what_has_a_value_for_some(text: str) -> None:
    foresight = Foresight(OWN)
    foresight.of(goal_of(text))
    assert foresight.without_value == []


# Of each two goals, the first to be maximized, whether the second is to be, where it wants the same; what wants the
# opposite is the same the other way.
SAME_ORDER = {
    ("params", "params"): True,
    ("params", "2 * params"): True,
    ("params", "3 - params / 7"): False,
    ("params", "1 / params"): False,
    ("params", "-1 / params"): True,
    ("params", "params ** 2"): True,
    ("params", "5 - 2 * params ** -0.07"): True,
    ("params", "sqrt(params)"): True,
    ("params", "(1 / sqrt(params)) ** -2"): True,
    ("flops", "macs"): True,
    ("accuracy - params / 1M", "2 * accuracy - params / 500K"): True,
    ("accuracy / params", "-accuracy / params"): False,
    ("params * macs", "macs * params"): True,
    ("divisible(params)", "divisible(params) * 3"): True,
    ("if params > 5 then 1 else 0", "if params > 5 then 1 else 0"): True,
}
OTHER_ORDER = (
    ("params", "macs"), ("params", "params + macs"), ("synflow", "synflow ** 2"), ("width", "1 / width"),
    ("params", "round(params / 1M)"), ("accuracy - params", "accuracy - 2 * params"),
    ("latency(phone)", "latency(v100)"), ("params % 1000", "params % 100"),
    ("if params > 5 then 1 else 0", "if params > 6 then 1 else 0"),
)  # fmt: skip


def orders(one: str, other: str, *, is_maximized: bool) -> tuple[object, object]:
    foresight = Foresight(OWN)
    first, second = foresight.of(goal_of(one)), foresight.of(goal_of(other))
    return foresight.order(first, is_maximized=True), foresight.order(second, is_maximized=is_maximized)


@pytest.mark.parametrize("goals", SAME_ORDER, ids=" and ".join)
def test_goals_that_want_the_same(goals: tuple[str, str]) -> None:
    first, second = orders(*goals, is_maximized=SAME_ORDER[goals])
    assert first == second
    first, second = orders(*goals, is_maximized=not SAME_ORDER[goals])
    assert first != second


@pytest.mark.parametrize("goals", OTHER_ORDER, ids=" and ".join)
def test_goals_that_want_different_things(goals: tuple[str, str]) -> None:
    for is_maximized in (False, True):
        first, second = orders(*goals, is_maximized=is_maximized)
        assert first != second
