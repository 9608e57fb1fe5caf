"""Elaboration makes the IR without validation; pydantic, asked afterwards, finds nothing wrong with it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from archdsl.compiler import compile_file
from archdsl.ir.architecture import Architecture
from archdsl.ir.base import Size
from archdsl.ir.checks import attributes, refusal
from archdsl.ir.operators import PRIMITIVES
from tests.selection import one_in

ROOT = Path(__file__).parents[2]
SPECS = sorted([*ROOT.glob("specs/*.arch"), *ROOT.glob("examples/*.arch")])

VALUES: tuple[Any, ...] = (
    *(-1, 0, 1, 2, 7, 2**15 - 1, 2**15, 2**31 - 1, 2**31, 10**30),
    *(-0.5, 0.0, 1e-9, 0.5, 1.0, 1.5, 2.0, 1e30, math.inf, math.nan),
    *(True, False, None, Size(1, 7), Size(3, 3)),
    *("symmetric", "same", "valid", "bilinear", "nearest", "tanh", "none", "other", ""),
)


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_networks_are_valid_in_full(path: Path) -> None:
    for network in one_in(8, compile_file(path).architectures):
        assert Architecture.model_validate(network.model_dump(), strict=True) == network
        assert Architecture.model_validate_json(network.model_dump_json()) == network


@pytest.mark.parametrize("name", PRIMITIVES)
def test_arguments_are_refused_that_pydantic_refuses(name: str) -> None:
    operator = PRIMITIVES[name]
    usual = {"kind": name} | {key: 8 if default is ... else default for key, default in attributes(operator).items()}
    for attribute in attributes(operator):
        for value in VALUES:
            try:
                operator.model_validate({**usual, attribute: value}, strict=True)
                is_valid = True
            except ValidationError:
                is_valid = False
            assert (refusal(operator, attribute, value) is None) == is_valid, f"{name}({attribute} = {value!r})"
