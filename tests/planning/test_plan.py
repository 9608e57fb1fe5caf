"""Plans: what a training takes, phase by phase, as the cost model predicts it for each resolution."""

from __future__ import annotations

import json

import pytest

from archdsl.backends.latency import Latencies, profile
from archdsl.backends.memory import Setting, memory
from archdsl.diagnostics import Source
from archdsl.folders import recipes_folder
from archdsl.planning.plan import Plan, plan
from archdsl.planning.plot import plot
from archdsl.planning.text import as_json, as_table, clock
from archdsl.sources import read
from archdsl.trainings import Training, open_recipe

TEXT = """model net {
  input = 3 x 32 x 32
  stem  = conv(16, 3) -> norm -> act
  head  = global_avg_pool -> linear(10)
}
recipe base for net {
  epochs    = 10
  batch     = 64
  optimizer = sgd(0.1)
  schedule  = cosine(warmup = 2)
}
"""
TABLE = "progressive(stages = 2) {\n | setting | from | to |\n | resolution | 16 | 32 |\n | mixup | 0 | 0.2 |\n }"


def training(body: str = "") -> Training:
    return open_recipe(Source("r.arch", f"{TEXT}recipe r for net extends base {{\n{body}\n}}\n"), "r")


def planned(body: str = "", **options) -> Plan:  # type: ignore[no-untyped-def]
    found = training(body)
    return plan(found.recipe, found.architecture, found.at, **{"images": 1000, **options})


def test_steps_are_whole_batches() -> None:
    found = planned()
    assert (found.steps, [phase.steps for phase in found.phases]) == (150, [150])


def test_each_phase_costs_what_its_resolution_costs() -> None:
    device = profile("a100")
    found = planned(f"{TABLE}\nprecision = float32", device=device)
    made = training(TABLE)
    for phase, side in zip(found.phases, (16, 32), strict=True):
        network = made.at(side)
        expected = Latencies(network, device, batch=64, training=True, dtype="float32").model().seconds
        assert phase.seconds == pytest.approx(expected)
        assert phase.memory == memory(network, Setting(64, training=True, on="cuda")).peak.total
    assert found.time == pytest.approx(sum(75 * phase.seconds for phase in found.phases if phase.seconds))
    assert found.fixed == pytest.approx(150 * found.phases[-1].seconds)  # type: ignore[operator]


def test_devices_share_a_batch_and_parts_follow_one_another() -> None:
    found = planned("accumulate = 2", devices=4, device=profile("a100"))
    (phase,) = found.phases
    assert (phase.batch, phase.parts) == (16, 2)
    alone = planned(devices=4, device=profile("a100"), parts=1, batch=32).phases[0]
    assert phase.seconds == pytest.approx(2 * alone.seconds)  # type: ignore[operator]
    assert phase.memory == alone.memory


def test_the_learning_rate_is_that_of_the_batch() -> None:
    assert planned(batch=128).phases[0].lr[0] == 0
    start, end = planned(TABLE, batch=128, images=1280).phases[1].lr
    recipe = training().recipe
    assert (start, end) == pytest.approx((recipe.lr(5, 128), recipe.lr(10 - 1 / 10, 128)))


@pytest.mark.parametrize(
    ("schedule", "images"),
    [
        ("cosine(warmup = 2)", 640),
        ("cosine(warmup = 1.25)", 640),  # between two steps
        ("cosine(warmup = 7)", 640),  # in the second phase
        ("exponential(0.9, 3, warmup = 0.3)", 64),  # within the first step
        ("exponential(0.9, 3, warmup = 2)", 640),
        ("linear()", 640),
        ("constant(warmup = 9.5)", 640),
    ],
)
def test_the_peak_is_the_largest_rate_of_a_step(schedule: str, images: int) -> None:
    found = planned(f"{TABLE}\nschedule = {schedule}", images=images)
    each = images // 64
    for phase in found.phases:
        steps = range(phase.phase.first * each, phase.phase.last * each)
        assert phase.peak_lr == max(found.recipe.lr(step / each) for step in steps)


def test_a_peak_between_the_ends_is_shown() -> None:
    rows = [line.split("  ") for line in as_table(planned(TABLE, images=640)).splitlines()[3:5]]
    rates = [next(cell.strip() for cell in row if " - " in cell) for row in rows]
    assert rates == ["0 - 0.1 - 0.0709", "0.0691 - 3.85e-05"]
    phases = json.loads(as_json(planned(TABLE, images=640)))["phases"]
    assert [phase["learning_rate_peak"] for phase in phases] == pytest.approx([0.1, 0.0691], rel=1e-3)


def test_fixres_is_a_phase_of_its_own() -> None:
    device = profile("a100")
    found = planned(f"{TABLE}\ntest_resolution = 48\nfixres = fixres(2, 0.003)", device=device)
    last = found.phases[-1]
    assert [phase.is_fixres for phase in found.phases] == [False, False, True]
    assert (last.phase.resolution, last.phase.mixup, last.steps, last.lr, last.peak_lr) == (
        48,
        0,
        30,
        (0.003,) * 2,
        0.003,
    )
    without = planned(TABLE, device=device)
    assert found.phases[:2] == without.phases
    for one, other in ((found.time, without.time), (found.fixed, without.fixed)):
        assert one == pytest.approx(other + last.time)  # type: ignore[operator]
    text = as_table(found)
    assert "r: net, 10 epochs and 2 of FixRes of 1,000 images" in text
    assert text.splitlines()[5].split()[:3] == ["FixRes", "11-12", "48"]
    assert "at 32 px throughout" in text
    assert b"epoch" in plot(found, "svg")


def test_the_largest_batch_fits_and_one_more_does_not() -> None:
    budget = 50_000_000
    most = planned(budget=budget).phases[0].largest
    assert most
    fits = [memory(training().architecture, Setting(most + more, training=True)).peak.total for more in (0, 1)]
    assert fits[0] <= budget < fits[1]


def test_half_precision_keeps_weights_in_full() -> None:
    found = planned("precision = bfloat16", device=profile("a100")).phases[0].memory
    setting = {"training": True, "on": "cuda"}
    half = memory(training().architecture, Setting(64, dtype="bfloat16", **setting)).peak.total  # type: ignore[arg-type]
    full = memory(training().architecture, Setting(64, **setting)).peak.total  # type: ignore[arg-type]
    assert half < found < full


def test_table() -> None:
    text = as_table(planned(TABLE, device=profile("a100"), budget=3_000_000))
    header, *rows = (line.split() for line in text.splitlines()[2:5])
    assert header[:5] == ["phase", "epochs", "resolution", "batch", "mixup"]
    assert [row[:5] for row in rows] == [["1", "1-5", "16", "64", "0"], ["2", "6-10", "32", "64", "0.2"]]
    assert "at 32 px throughout" in text
    assert "phase 2: 64 images do not fit" in text


def test_json() -> None:
    found = planned(TABLE, device=profile("a100"))
    document = json.loads(as_json(found))
    assert [phase["resolution"] for phase in document["phases"]] == [16, 32]
    assert document["seconds"] == pytest.approx(found.time)


@pytest.mark.parametrize("format", ["svg", "png"])
def test_plot_is_the_same_each_time(format: str) -> None:
    drawn = plot(planned(TABLE), format)
    assert drawn == plot(planned(TABLE), format)
    if format == "svg":
        text = drawn.decode()
        assert "resolution, px" in text
        assert "mixup alpha" in text
        assert "dropout" not in text


def test_the_published_recipe_is_faster_than_its_last_resolution() -> None:
    made = open_recipe(read(recipes_folder() / "efficientnetv2.arch"), "v2_s_paper")
    found = plan(made.recipe, made.architecture, made.at, images=1_281_167, devices=32, device=profile("a100"))
    assert found.time is not None
    assert found.fixed is not None
    assert found.fixed > 1.4 * found.time


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(4.26, "4.26 s"), (45, "45 s"), (700, "12 min"), (12_000, "3 h 20 min"), (7200, "2 h"), (190_000, "2 d 5 h")],
)
def test_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text
