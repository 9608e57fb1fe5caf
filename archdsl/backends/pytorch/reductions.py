"""How far maps have shrunk, in the way that `feature_info` tells it."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from archdsl.ir.architecture import Architecture
from archdsl.ir.body import Apply
from archdsl.ir.parts import applied


def stem_reduction(architecture: Architecture) -> int:
    """The product of the strides of the stem."""
    return _whole(_after(Fraction(1), applied(architecture.stem.steps) if architecture.stem else ()))


def stage_reductions(architecture: Architecture) -> list[int]:
    """The product of the strides up to the end of each stage.

    It is taken layer by layer: after strides 2, 2 and 2 an image of 33 is a map of 5, and has shrunk by 8, not by 7.
    """
    reduction = _after(Fraction(1), applied(architecture.stem.steps) if architecture.stem else ())
    found = []
    for stage in architecture.stages:
        reduction = _after(reduction, (layer.apply for layer in stage.layers))
        found.append(_whole(reduction))
    return found


def _after(reduction: Fraction, layers: Iterable[Apply]) -> Fraction:
    for layer in layers:
        before, after = layer.input.height, layer.output.height
        reduction *= round(before / after) if before >= after else Fraction(1, round(after / before))
    return reduction


def _whole(reduction: Fraction) -> int:
    return max(1, round(reduction))
