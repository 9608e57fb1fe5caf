"""Peaks of published networks, against those that the benchmark measured when it was last run, wherever that was."""

import json
from functools import cache
from typing import Any

import pytest

import archdsl
from archdsl.api import Network
from archdsl.backends.memory import Setting, memory
from benchmarks.measure import RESULTS, ROOT

# Single precision; in half precision scratch room of some kernels is not predicted.
WITHIN = {"float32": 0.0003, "bfloat16": 0.0004}
FILES = {
    "densenet_121": "densenet",
    "convnext_tiny": "convnext",
    "ghostnet_100": "ghostnet",
    "regnety_004": "regnet",
    "inception_v3": "inception",
}


def _runs() -> list[dict[str, Any]]:
    found = json.loads((RESULTS / "memory.json").read_text(encoding="utf-8"))
    return [*found["rows"], *found["held_out"], *found["settings"]]


@cache
def _network(name: str, resolution: int) -> Network:
    if name in FILES:
        return archdsl.load(ROOT / "examples" / f"{FILES[name]}.arch", name, resolution=resolution)
    return archdsl.find(name, resolution=resolution)


def _name(run: dict[str, Any]) -> str:
    return f"{run['name']}-{run.get('label') or ('training' if run['setting']['training'] else 'inference')}"


@pytest.mark.parametrize("run", _runs(), ids=_name)
def test_peak(run: dict[str, Any]) -> None:
    setting = Setting(**{"threads": 1, **run["setting"]})
    predicted = memory(_network(run["name"], run["resolution"]).architecture, setting).peak.total
    assert predicted == pytest.approx(run["measured"], rel=WITHIN[setting.dtype])
