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

    Part `i` of `n`, counted from 0, has `from + (to - from) * i / (n - 1)`. The public code of EfficientNetV2 begins a
    step later than the paper, `128 + (300 - 128) / 4`, which is what its recipe says as `from`.
    """

    stages: Annotated[int, Field(ge=1, le=1000)] = Field(description="parts of equally many epochs")
    ramps: dict[str, Ramp] = Field(default_factory=dict)

    def at(self, name: str, number: int) -> float | None:
        """The value of a setting in part `number`, from 0; None for a setting without a row."""
        ramp = self.ramps.get(name)
        if ramp is None:
            return None
        return ramp.start + (ramp.end - ramp.start) * number / (self.stages - 1) if self.stages > 1 else ramp.end


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
