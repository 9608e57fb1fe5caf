"""What `run.json` must say to be used. A run may come from anywhere, as its weights do."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from archdsl.ir.base import Name
from archdsl.training.settings import Settings


class Preprocessing(BaseModel):
    """How an image becomes what the network takes: C x R x R, R = `resolution`."""

    channels: Literal[1, 3]
    resolution: int = Field(ge=1, le=2**14)
    crop: float = Field(gt=0, le=1)
    normalization: Literal["imagenet", "centered", "unit"]


class Begun(BaseModel):
    """What a run is of."""

    network: Name
    recipe: Name


class Used(Begun):
    """What it takes to predict, to evaluate and to go on."""

    classes: Annotated[list[str], Field(min_length=1)]
    preprocessing: Preprocessing
    settings: Settings
