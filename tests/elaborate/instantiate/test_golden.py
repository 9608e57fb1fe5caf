"""The whole of some networks: every layer, formula, setting and place, of a file that says all that can be said."""

from __future__ import annotations

from contextlib import chdir
from functools import cache
from pathlib import Path
from pprint import pformat

import pytest

from archdsl.compiler import compile_file
from archdsl.ir.architecture import Architecture
from tests.golden import assert_golden

HERE = Path(__file__).parent


@cache
def architectures() -> dict[str, Architecture]:
    with chdir(HERE.parent):
        return {made.name: made for made in compile_file("every_statement.arch").checked()}


@pytest.mark.parametrize("name", ["base_large", "longer", "shorter"])
def test_network(name: str, pytestconfig: pytest.Config) -> None:
    data = architectures()[name].model_dump(mode="json")
    text = pformat(data, indent=1, width=150, compact=True, sort_dicts=False) + "\n"
    assert_golden(text, HERE / "golden" / f"{name}.txt", pytestconfig)
