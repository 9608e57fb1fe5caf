"""Counts of every shipped network, quickly: `tests/peers/test_counts.py` holds the same to the public implementations.

`published_counts.json` has parameters, MACs and activations of each model of `specs/`.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from archdsl.compiler import compile_file
from archdsl.folders import specs_folder
from archdsl.ir.cost import Costs

DATA = Path(__file__).parents[1] / "data" / "published_counts.json"
COUNTS: dict[str, dict[str, list[int]]] = json.loads(DATA.read_text(encoding="utf-8"))


def counts(spec: str) -> dict[str, list[int]]:
    compiled = compile_file(specs_folder() / f"{spec}.arch").checked()
    return {architecture.name: list(Costs(architecture).model()) for architecture in compiled}


def test_every_spec_is_listed() -> None:
    assert {path.stem for path in specs_folder().glob("*.arch")} == set(COUNTS)


@pytest.mark.parametrize("spec", COUNTS)
def test_counts_are_those_published(spec: str) -> None:
    assert counts(spec) == COUNTS[spec]
