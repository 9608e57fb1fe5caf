"""Random definitions are the networks that timm, torchvision and google/automl build of them, or are refused."""

from __future__ import annotations

import warnings

import pytest
import torch

from tests.importing.agreement import refusal_or_difference
from tests.importing.drawing import CASES
from tests.selection import a_third

COUNT = a_third(60)


@pytest.mark.parametrize("notation", CASES)
@pytest.mark.parametrize("first", range(0, COUNT, 20))
def test_equal_or_refused(notation: str, first: int) -> None:
    understood = 0
    for seed in range(first, first + 20):
        torch.manual_seed(seed)
        case = CASES[notation](seed)
        with warnings.catch_warnings(action="ignore"):
            refusal, difference = refusal_or_difference(case)
        assert difference is None, f"{notation}, seed {seed}: {case}\n{difference}"
        understood += refusal is None
    # A test in which everything is refused would say nothing.
    assert understood >= 8
