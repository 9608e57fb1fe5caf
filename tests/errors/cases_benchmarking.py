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
    "ContenderFails": command(f"{QUICK} --for training"),  # there are no classes
}
PATCHED: dict[str, Callable[[pytest.MonkeyPatch], object]] = {
    "MissingOfBench": without("openvino", "bench net.arch --targets openvino"),
    "ContenderDiffers": patched("archdsl.benchmarking.race.BFLOAT16", -1.0, f"{QUICK} --dtype bf16"),
    "Scatters": patched("archdsl.cli.commands.bench._MOST_SPREAD", -1.0, QUICK),
}
