"""Where each step is: by hand for a small recipe."""

from __future__ import annotations

from archdsl.training.timetable import Timetable
from tests.training.recipes import recipe


def test_positions_of_steps() -> None:
    table = Timetable(recipe(epochs=4, batch=10), batch=10, images=35, resolution=8, test_resolution=8)
    assert (table.steps_per_epoch, table.epochs, table.steps) == (3, 4, 12)
    found = [(at.epoch, at.batch) for at in map(table.at, range(12))]
    assert found == [(epoch, batch) for epoch in range(4) for batch in range(3)]


def test_phases_follow_the_table() -> None:
    rising = {"stages": 2, "ramps": {"resolution": {"start": 8, "end": 16}}}
    table = Timetable(recipe(epochs=5, progressive=rising), batch=16, images=33, resolution=16, test_resolution=16)
    assert [table.at(step).phase.resolution for step in range(0, 10, 2)] == [8, 8, 16, 16, 16]


def test_the_learning_rate_follows_the_batch_and_the_schedule() -> None:
    schedule = {"kind": "linear", "warmup": 1}
    table = Timetable(recipe(epochs=3, batch=8, schedule=schedule), 16, 32, 8, 8)
    assert [table.at(step).lr for step in range(6)] == [0.0, 0.1, 0.2, 0.2 * 0.75, 0.2 * 0.5, 0.2 * 0.25]


def test_fixres_comes_last_plain_and_at_the_resolution_of_the_test() -> None:
    tuned = recipe(
        epochs=2, mixup=0.2, rand_augment=5, erase=0.1, fixres={"epochs": 1, "lr": 0.003}, test_resolution=12
    )
    table = Timetable(tuned, batch=16, images=32, resolution=8, test_resolution=12)
    assert (table.main_steps, table.steps) == (4, 6)
    before, after = table.at(3), table.at(4)
    assert not before.is_fixres
    assert after.is_fixres
    assert (before.phase.resolution, before.phase.mixup) == (8, 0.2)
    assert (after.phase.resolution, after.phase.mixup, after.phase.rand_augment, after.phase.erase) == (12, 0, 0, 0)
    assert after.lr == 0.003


def test_the_step_after_the_last_has_a_place() -> None:
    table = Timetable(recipe(epochs=2, batch=16), batch=16, images=32, resolution=8, test_resolution=8)
    assert table.at(4).epoch == 2
    assert table.at(4).phase == table.phases[-1]
