"""Rates of drop path over the depth, against the formulas of the papers' code."""

from __future__ import annotations

import pytest

import archdsl
from archdsl.ir.description import Schedule

NET = """\
block unit(channels) { out = in + (in -> conv(channels, 3) -> norm -> drop_path) }
model net {
  input = 16 x 8 x 8
  drop_path = RAMP
  stages {
    | op   | channels | layers |
    | unit | 16       | 2      |
    | unit | 16       | 3      |
  }
}
"""


def test_the_rate_of_the_first_layer_is_0_and_the_last_one_stays_below_it() -> None:
    schedule = Schedule(rate=0.2, reach=False)
    assert [schedule.at(index, 4) for index in range(4)] == pytest.approx([0.0, 0.05, 0.1, 0.15])


def test_with_reach_the_last_layer_has_the_whole_rate() -> None:
    schedule = Schedule(rate=0.2, reach=True)
    assert [schedule.at(index, 5) for index in range(5)] == pytest.approx([0.0, 0.05, 0.1, 0.15, 0.2])
    assert schedule.at(0, 1) == 0.0


@pytest.mark.parametrize(
    ("ramp", "rates"),
    [
        ("ramp(0.5)", [0.0, 0.1, 0.2, 0.3, 0.4]),
        ("ramp(0.4, reach = true)", [0.0, 0.1, 0.2, 0.3, 0.4]),
    ],
)
def test_layers_of_all_stages_are_counted_on(ramp: str, rates: list[float]) -> None:
    network = archdsl.loads(NET.replace("RAMP", ramp)).architecture
    found = [layer.drop_path for stage in network.stages for layer in stage.layers]
    assert found == pytest.approx(rates)
