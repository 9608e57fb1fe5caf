"""Recipes by themselves: phases, learning rates, JSON."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from archdsl.ir.recipe import Progressive, Ramp, Recipe
from archdsl.ir.recipe.optimizers import SGD
from archdsl.ir.recipe.schedules import Cosine


def recipe(**settings: Any) -> Recipe:
    usual: dict[str, Any] = {"name": "r", "model": "m", "place": ("f.arch", 1, 1), "epochs": 10, "batch": 256}
    return Recipe.model_validate({**usual, "optimizer": SGD(lr=0.4), **settings})


def test_without_a_table_there_is_one_phase() -> None:
    (phase,) = recipe(mixup=0.2, rand_augment=9).phases(224)
    assert (phase.number, phase.first, phase.last, phase.resolution) == (0, 0, 10, 224)
    assert (phase.mixup, phase.rand_augment, phase.dropout, phase.drop_path) == (0.2, 9, None, None)


def test_a_resolution_of_its_own() -> None:
    assert recipe(resolution=192).phases(224)[0].resolution == 192


def test_phases_cover_the_epochs_and_settings_rise_evenly() -> None:
    table = Progressive(stages=4, ramps={"resolution": Ramp(start=128, end=300), "dropout": Ramp(start=0.1, end=0.4)})
    phases = recipe(progressive=table, dropout=0.9).phases(384)
    assert [(phase.first, phase.last) for phase in phases] == [(0, 2), (2, 5), (5, 7), (7, 10)]
    assert [phase.resolution for phase in phases] == [128, 185, 242, 300]
    assert [phase.dropout for phase in phases] == pytest.approx([0.1, 0.2, 0.3, 0.4])


def test_a_single_stage_is_the_last() -> None:
    (phase,) = recipe(progressive=Progressive(stages=1, ramps={"mixup": Ramp(start=0, end=0.5)})).phases(64)
    assert phase.mixup == 0.5


@pytest.mark.parametrize(("rule", "lr"), [("linear", 1.6), ("sqrt", 0.8), ("constant", 0.4)])
def test_the_learning_rate_follows_another_batch(rule: str, lr: float) -> None:
    assert recipe(lr_scaling=rule).scaled_lr(1024) == pytest.approx(lr)


def test_learning_rate() -> None:
    made = recipe(schedule=Cosine(warmup=2))
    assert made.lr(1) == pytest.approx(0.2)
    assert made.lr(2, batch=512) == pytest.approx(0.8)


def test_json_round_trip() -> None:
    made = recipe(progressive=Progressive(stages=2, ramps={"mixup": Ramp(start=0, end=0.5)}), freeze="stem")
    assert Recipe.from_json(made.to_json()) == made


@pytest.mark.parametrize("wrong", [{"epochs": 0}, {"dropout": 1}, {"unknown": 1}, {"mixup": float("nan")}])
def test_json_is_validated(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        recipe(**wrong)
