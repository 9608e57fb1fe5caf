"""What an objective comes to for a network, against values worked out by hand."""

from __future__ import annotations

import re

import pytest

import archdsl
from archdsl.diagnostics import DiagnosticError, Source
from archdsl.search_space.networks import Sample
from archdsl.search_space.objective import Objective
from archdsl.search_space.space import Space
from archdsl.spaces import open_space

TEXT = """\
model m(width = {8, 16}) {
  input = 3 x 32 x 32
  classes = 10
  OBJECTIVE
  stem = conv_norm_act(width, kernel = {1, 3})
  head = global_avg_pool -> linear(classes)
}
"""


def space_of(objective: str = "", text: str = TEXT) -> Space:
    return open_space(Source("space.arch", text.replace("OBJECTIVE", objective)))


SPACE = space_of()
SAMPLE = SPACE.numbered(3)  # 16 channels, kernel 3
PARAMS = 3 * 9 * 16 + 2 * 16 + 16 * 10 + 10
MACS = 3 * 9 * 16 * 32 * 32 + 160


def values(text: str, device: str | None = None, sample: Sample = SAMPLE, **numbers: float) -> tuple[float, ...]:
    objective = Objective(SPACE, text, device)
    return objective.values(sample, {**objective.predicted(sample), **numbers})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("params", PARAMS),
        ("macs", MACS),
        ("flops", 2 * MACS),
        ("params / macs", PARAMS / MACS),
        ("accuracy * (macs / 400M) ** -0.07", 0.9 * (MACS / 400e6) ** -0.07),
        ("accuracy ** 2 - params / 1M", 0.81 - PARAMS / 1e6),
        # The hard exponent of MnasNet: nothing is lost within the budget, and all beyond.
        ("accuracy * (if macs <= 400M then 1 else (macs / 400M) ** -1)", 0.9),
        ("accuracy * (if macs <= 100K then 1 else (macs / 100K) ** -1)", 0.9 * 1e5 / MACS),
        ("accuracy * (macs / 100K) ** (if macs <= 100K then 0 else -1)", 0.9 * 1e5 / MACS),
        ("max(accuracy, 0.95)", 0.95),
        # A name of the model is what it is in each network.
        ("accuracy / width", 0.9 / 16),
        ("accuracy + synflow / 100", 0.9 + 0.12),
    ],
)
def test_values_by_hand(text: str, expected: float) -> None:
    assert values(text, accuracy=0.9, synflow=12.0) == (pytest.approx(expected, rel=1e-12),)


def test_every_network_has_its_own_value() -> None:
    costs = [SPACE.cost(SPACE.numbered(index)) for index in range(SPACE.size)]
    found = [values("params / macs", sample=SPACE.numbered(index))[0] for index in range(SPACE.size)]
    assert found == [pytest.approx(cost.params / cost.macs) for cost in costs]


def test_several_goals_in_their_order() -> None:
    objective = Objective(SPACE, "front(accuracy, macs, minimize(accuracy * params), maximize(params))")
    assert objective.titles == ("most accuracy", "least macs", "least accuracy * params", "most params")
    assert objective.values(SAMPLE, {"accuracy": 0.5}) == (0.5, MACS, 0.5 * PARAMS, PARAMS)


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("params", "least params"),
        ("latency(phone)", "least latency(phone)"),
        ("memory(training)", "least memory(training)"),
        ("accuracy", "most accuracy"),
        ("naswot", "most naswot"),
        ("params / 1", "most params / 1"),
        ("minimize(params / 1)", "least params / 1"),
        ("maximize(macs)", "most macs"),
    ],
)
def test_costs_go_down_by_themselves_and_all_else_up(text: str, title: str) -> None:
    assert Objective(SPACE, text).titles == (title,)


def test_times_are_those_of_the_cost_model() -> None:
    network = archdsl.Network(SPACE.architecture(SAMPLE))
    on_phone = network.latency("phone").seconds
    assert values("latency(phone)") == (pytest.approx(on_phone),)
    assert values("accuracy * (latency(phone) / 75ms) ** -0.07", accuracy=0.8) == (
        pytest.approx(0.8 * (on_phone / 0.075) ** -0.07),
    )
    step = network.latency("v100", batch=16, training=True).seconds
    assert values("step_time(v100, batch = 16)") == (pytest.approx(step),)
    assert values("memory") == (network.memory().peak.total,)


def test_a_time_without_a_device_is_on_that_of_the_command() -> None:
    assert values("latency", "phone") == values("latency(phone)")
    assert values("latency(batch = 4)", "v100") == values("latency(v100, batch = 4)")
    assert values("step_time", "v100") == values("step_time(v100)")
    # One that names its device keeps it.
    assert values("latency(phone)", "v100") == values("latency(phone)")
    assert values("front(latency, latency(phone))", "v100") == (*values("latency(v100)"), *values("latency(phone)"))


@pytest.mark.parametrize("text", ["latency", "accuracy * step_time(batch = 2) ** -0.07"])
def test_a_time_needs_a_device(text: str) -> None:
    with pytest.raises(DiagnosticError, match="device"):
        Objective(SPACE, text)
    Objective(SPACE, text, is_measured=True)
    Objective(SPACE, text, "phone")


def test_names_of_the_model_come_before_measures() -> None:
    """A parameter that is called like a measure is the parameter."""
    space = space_of("objective = params * accuracy", TEXT.replace("width", "params"))
    objective = Objective(space)
    found = [objective.values(space.numbered(index), {"accuracy": 0.5})[0] for index in range(space.size)]
    assert found == [4.0, 4.0, 8.0, 8.0]


def test_the_objective_of_the_text_and_another() -> None:
    space = space_of("objective = accuracy / params")
    assert Objective(space).text == "accuracy / params"
    assert Objective(space).merits == ("accuracy",)
    assert Objective(space, "front(macs, naswot * synflow)").merits == ("naswot", "synflow")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "objective"),
        ("3", "`3` is the same for every network"),
        ("accuracy * 0", "`accuracy \\* 0` is the same for every network"),
        ("front(accuracy, params - params)", "`params - params` is the same for every network"),
        ("minimize(max(accuracy, 1))", "is the same for every network"),
        ("front(params)", "`front` takes two goals or more"),
        ("front()", "`front` takes two goals or more"),
        ("maximize(params, macs)", "`maximize` takes one expression"),
        ("minimize()", "`minimize` takes one expression"),
        ("acuracy", "accuracy"),
        ("params + memory", "params"),
        ("latency(nexus)", "nexus"),
        ("front(params, params)", "`params` and `params` are one goal"),
        ("front(macs, accuracy, minimize(flops))", "`flops` and `macs` are one goal"),
        ("front(params, maximize(params))", "`params` is the opposite of `params`"),
        ("front(accuracy, 1 / accuracy)", "`1 / accuracy` is the opposite of `accuracy`"),
        ("params / 0 * macs", "`params / 0` has no value for any network: it divides by zero"),
        ("accuracy * 0 ** -1", "zero has no negative power"),
        ("(-params) ** 0.5", "a negative number has no power of 0.5"),
        ("sqrt(accuracy - 1)", "a negative number has no square root"),
        ("accuracy * 10 ** 100", "`10 \\*\\* 100` is too large a number"),
        ("accuracy ** 0", "`accuracy \\*\\* 0` is the same for every network"),
        ("accuracy - 0 * params", "`0 \\* params` is 0 for every network, and has no say"),
        ("accuracy * (latency(phone) / 75ms) ** 0", "is 1 for every network, and has no say"),
        ("if params >= 0 then accuracy else macs", "`params >= 0` is true for every network"),
        ("accuracy * (params <= 5M)", "`params <= 5M` is true or false"),
        ("accuracy * (if params <= 5M then 1 else none)", "`none` is not a number"),
        ("macs <= 300M", "true or false"),
        ("minimize(not macs > 300M)", "true or false"),
        ("params <", "expected|found|ARC101|expression"),
    ],
)
def test_mistakes_are_found_before_a_search(text: str, message: str) -> None:
    with pytest.raises(DiagnosticError) as caught:
        Objective(SPACE, text or None)
    said = " ".join(str(problem.message) + str(problem.help) for problem in caught.value.diagnostics)
    assert re.search(message, said), said


@pytest.mark.parametrize("text", ["params / (width - 16)", "(width - 17) ** 0.5 * params", "params ** 100"])
def test_a_goal_without_a_value_is_a_mistake_of_the_network(text: str) -> None:
    with pytest.raises(DiagnosticError):
        values(text)


@pytest.mark.parametrize("text", ["params > 3", "if params > 3 then none else 1", "(if params > 3 then 1 == 1 else 1)"])
def test_a_goal_is_a_number(text: str) -> None:
    with pytest.raises(DiagnosticError):
        values(text)
