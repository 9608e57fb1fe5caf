"""Networks judged by costs, by the clock of this machine, and by a short training."""

from __future__ import annotations

from pathlib import Path

import pytest

from archdsl.diagnostics import DiagnosticError, Source
from archdsl.search.evaluation.evaluator import Evaluator, check_settings
from archdsl.search.settings import SearchSettings
from archdsl.search_space.objective import Objective
from archdsl.search_space.space import Space
from archdsl.spaces import open_space

TEXT = """\
model m {
  input = 1 x 8 x 8
  classes = 10
  stem = conv_norm_act({4, 8}, kernel = 3)
  head = global_avg_pool -> linear(classes)
}
recipe quick for m {
  epochs        = 2
  batch         = 64
  optimizer     = sgd(lr = 0.1)
  flip          = 0
  test_crop     = 1
  normalization = unit
}
recipe other for n {
  epochs    = 1
  batch     = 64
  optimizer = sgd(lr = 0.1)
}
model n {
  input = 1 x 8 x 8
  classes = 10
  stem = conv(4)
  head = global_avg_pool -> linear(classes)
}
"""
SOURCE = Source("space.arch", TEXT)
DATA = "sklearn:digits"


def space() -> Space:
    return open_space(SOURCE, "m")


def settings(**given: object) -> SearchSettings:
    return SearchSettings.model_validate({"spec": "space.arch", "space": "m", **given})


def evaluator(folder: Path, objective: str, device: str | None = None, **given: object) -> Evaluator:
    found, of = space(), settings(**given)
    goals = Objective(found, objective, device, is_measured=of.measure is not None)
    return Evaluator(found, goals, SOURCE, {"space.arch": TEXT}, of, folder)


def go_on(epoch: int, accuracy: float) -> bool:
    return True


def test_costs_alone(tmp_path: Path) -> None:
    judge = evaluator(tmp_path, "front(macs, latency(phone), params)")
    assert not judge.is_trained
    assert not judge.needs_torch
    sample = judge.space.numbered(1)
    judged, cost = judge.judged(sample, 0, go_on), judge.space.cost(sample)
    seconds = judge.space.latency(sample, "phone").seconds
    assert judged.values == (cost.macs, pytest.approx(seconds), cost.params)
    assert judged.numbers["macs"] == cost.macs
    assert judged.numbers["latency(phone)"] == pytest.approx(seconds)


def test_times_are_measured_where_they_name_no_device(tmp_path: Path) -> None:
    judge = evaluator(tmp_path, "front(latency, latency(phone), step_time(batch = 2))", measure="cpu")
    assert judge.needs_torch
    sample = judge.space.numbered(0)
    judged = judge.judged(sample, 0, go_on)
    here, phone, step = judged.values
    assert phone == pytest.approx(judge.space.latency(sample, "phone").seconds)
    assert 0 < here < 5
    assert 0 < step < 5


def test_a_short_training(tmp_path: Path) -> None:
    judge = evaluator(tmp_path, "accuracy", data=DATA, recipe="quick")
    assert judge.is_trained
    seen: list[tuple[int, float]] = []
    judged = judge.judged(judge.space.numbered(1), 7, lambda epoch, top1: not seen.append((epoch, top1)))
    assert judged.values == (judged.numbers["accuracy"],)
    # It is what the judge was given last.
    assert 0 < judged.values[0] <= 1
    assert [epoch for epoch, _ in seen] == [1, 2]
    assert seen[-1][1] == pytest.approx(judged.values[0], abs=1e-6)
    folder = tmp_path / "trials" / "000007"
    assert folder.is_dir()
    assert not (folder / "checkpoints").exists()
    # Once it is finished it is known.
    assert judge.judged(judge.space.numbered(1), 7, lambda epoch, top1: pytest.fail("trained again")) == judged


def test_a_training_that_the_judge_ends(tmp_path: Path) -> None:
    from archdsl.search.evaluation.accuracy import StoppedEarlyError

    judge = evaluator(tmp_path, "accuracy", data=DATA, recipe="quick")
    with pytest.raises(StoppedEarlyError):
        judge.judged(judge.space.numbered(0), 0, lambda epoch, top1: False)


def test_a_recipe_is_for_the_space(tmp_path: Path) -> None:
    with pytest.raises(DiagnosticError, match="recipe `other` is for `n`, not for `m`"):
        evaluator(tmp_path, "accuracy", data=DATA, recipe="other")


@pytest.mark.parametrize(
    ("objective", "given", "message"),
    [
        ("accuracy", {}, "takes a recipe and images"),
        ("naswot", {}, "`naswot` is of real images"),
        ("front(synflow, grad_norm)", {}, "`grad_norm` is of real images"),
        ("macs", {"stop_early": "median"}, "does not speak of `accuracy`"),
        ("macs", {"recipe": "quick"}, "`--recipe` is for training"),
        ("macs", {"data": DATA}, "`--data` is for training"),
        ("synflow", {"data": DATA}, "`--data` is for training"),
        ("naswot", {"data": DATA, "set": ("epochs=1",)}, "`--set` is for training"),
    ],
)
def test_settings_that_do_not_go_with_the_objective(objective: str, given: dict[str, object], message: str) -> None:
    with pytest.raises(DiagnosticError, match=message):
        check_settings(Objective(space(), objective), settings(**given))


@pytest.mark.parametrize(
    ("objective", "given"),
    [("macs", {}), ("synflow", {}), ("naswot", {"data": DATA}), ("accuracy", {"data": DATA, "stop_early": "halving"})],
)
def test_settings_that_do(objective: str, given: dict[str, object]) -> None:
    check_settings(Objective(space(), objective), settings(**given))
