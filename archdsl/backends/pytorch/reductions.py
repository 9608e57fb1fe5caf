"""How far maps have shrunk, as `feature_info` reports it."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import NamedTuple

from archdsl.ir.architecture import Architecture
from archdsl.ir.body import Apply
from archdsl.ir.parts import applied


class Feature(NamedTuple):
    """A map of `feature_info`: what stage ends in it, its channels, how many times smaller than the image it is."""

    stage: str
    channels: int
    reduction: int

    @property
    def module(self) -> str:
        return f"stages.{self.stage}"


def features_of(architecture: Architecture) -> list[Feature]:
    """The maps of `feature_info`: after each stage, but only the last of those that have the same reduction."""
    reductions = stage_reductions(architecture)
    return [
        Feature(stage.name, stage.output.channels, reduction)
        for number, (stage, reduction) in enumerate(zip(architecture.stages, reductions, strict=True))
        if reductions[number + 1 : number + 2] != [reduction]
    ]


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
