"""Progressive learning: settings that rise from phase to phase of a training (Tan & Le 2021, section 4)."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from pydantic import Field

from archdsl.ir.base import Frozen


class Ramp(Frozen):
    """One row of the table: a setting's value in the first phase and in the last."""

    start: float
    end: float


class Progressive(Frozen):
    """`progressive(stages = 4) { ... }`: the epochs in `stages` equal parts, each with stronger settings than the last.

    Part `i` of `n`, counted from 0, has `from + (to - from) * (i + shift) / (n - 1 + shift)`: with a shift of 0 the
    table of the paper, which begins at `from`; with 1 its public code, which begins a step later.
    """

    stages: Annotated[int, Field(ge=1, le=1000)] = Field(description="parts of equally many epochs")
    shift: Annotated[int, Field(ge=0, le=1)] = Field(
        0, description="1: begin one step above `from`, as the public code"
    )
    ramps: dict[str, Ramp] = Field(default_factory=dict)

    def at(self, name: str, index: int) -> float | None:
        """The value of a setting in phase `index`, from 0; None for a setting without a row."""
        ramp = self.ramps.get(name)
        if ramp is None:
            return None
        steps = self.stages - 1 + self.shift
        return ramp.start + (ramp.end - ramp.start) * (index + self.shift) / steps if steps else ramp.end


class Phase(NamedTuple):
    """Epochs `first` to `last`, exclusive, with what stays the same over them; `number` counts from 0.

    `resolution` is the side of the training images in pixels; `dropout` and `drop_path` are None where the rates of the
    network stay.
    """

    number: int
    first: int
    last: int
    resolution: int
    rand_augment: float
    mixup: float
    cutmix: float
    erase: float
    label_smoothing: float
    dropout: float | None
    drop_path: float | None


# The settings that may rise, which are fields of a phase and of a recipe.
PROGRESSIVE = tuple(name for name in Phase._fields if name not in ("number", "first", "last"))
