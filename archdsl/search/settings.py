"""What a search is of: it is kept in the study, so that whoever joins does the same."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from archdsl.ir.base import Frozen

AlgorithmName = Literal["tpe", "nsga2", "evolution", "controller", "random", "grid"]
StopEarly = Literal["none", "median", "halving"]


class SearchSettings(Frozen):
    """What a study is of. `spec` is the name of the space's file among those of the study; `space` is None where the
    file has one, `objective` where the space's own is meant.

    `measure` is where times without a device are measured, None where they are predicted. `recipe`, `set`, `data` and
    what follows are of the trainings that give accuracies; `validation` is the part of the training images that they
    are judged by, which leaves the test images for the end; with `share_weights` a network begins with those of
    the one most alike; with `keep` they keep their checkpoints. `grace` is in seconds: a worker without a sign of life
    for so long counts as dead.
    """

    spec: str
    space: str | None = None
    objective: str | None = None
    device: str | None = None
    measure: Literal["cpu", "cuda"] | None = None
    algorithm: AlgorithmName = "tpe"
    trials: int = Field(100, ge=1)
    seed: int = Field(0, ge=0)
    stop_early: StopEarly = "none"
    recipe: str | None = None
    set: tuple[str, ...] = ()
    data: str | None = None
    validation: float = Field(0.2, gt=0, lt=1)
    skip_corrupt: bool = False
    share_weights: bool = False
    keep: bool = False
    grace: int = Field(90, ge=1)
