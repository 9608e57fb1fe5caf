"""Networks that cannot be timed, or not be compared."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.errors.cases_cli import without
from tests.errors.showing import Case, command

QUICK = "bench net.arch --threads 1 --rounds 1 --seconds 0.001"


def patched(name: str, value: float, line: str) -> Callable[[pytest.MonkeyPatch], object]:
    """A command line where a bound is another."""

    def run(monkeypatch: pytest.MonkeyPatch) -> object:
        monkeypatch.setattr(name, value)
        return command(line)()

    return run


CASES: dict[str, Case] = {
    "NotThisWay": command("bench net.arch --targets openvino --for training"),
    "UnknownLibrary": command("bench net.arch --against resnet50"),
    # Of one value of each channel there are no statistics.
    "ContenderFails": command(
        f"{QUICK.replace('net', 'one')} --for training",
        one_arch="model one { input = 3 x 8 x 8\n stem = global_avg_pool -> norm }\n",
    ),
}
PATCHED: dict[str, Callable[[pytest.MonkeyPatch], object]] = {
    "MissingOfBench": without("openvino", "bench net.arch --targets openvino"),
    "ContenderDiffers": patched("archdsl.benchmarking.race.BFLOAT16", -1.0, f"{QUICK} --dtype bf16"),
    "Scatters": patched("archdsl.cli.commands.bench._MOST_SPREAD", -1.0, QUICK),
}
