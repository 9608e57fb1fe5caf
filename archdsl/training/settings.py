"""What the command line says of a run beside its recipe; it is kept in the run's folder, and resumed with."""

from __future__ import annotations

from pydantic import Field

from archdsl.ir.base import Frozen

# The part that is held out to test on, where the data has nothing for it and nobody says another.
HOLDOUT = 0.1


class Settings(Frozen):
    """`validation` is a part of the training images to be tested on instead of the test images, for those who choose
    among networks by it. `batch` is that of a step, None for the recipe's; `micro_batch` what goes through the network
    at a time, over all processes, None for the recipe's `accumulate`.
    """

    data: str
    holdout: float = Field(HOLDOUT, ge=0, lt=1)
    validation: float = Field(0.0, ge=0, lt=1)
    skip_corrupt: bool = False
    seed: int = 0
    init: str | None = None
    batch: int | None = Field(None, ge=1)
    micro_batch: int | None = Field(None, ge=1)
    halve_batch: bool = False
    device: str | None = None
    compile: bool = False
    fsdp: bool = False
    grad_checkpointing: bool = False
    workers: int = Field(0, ge=0)
    checkpoint_minutes: float = Field(10.0, gt=0)
    keep: int = Field(2, ge=1)


# What decides the weights, with what a message calls it. The others can change when a run is resumed.
DECISIVE = {
    "seed": "seed",
    "batch": "batch",
    "init": "`--init`",
    "holdout": "part held out",
    "validation": "part for validation",
}
