"""What follows a training: `fixres = fixres(epochs = 5, lr = 0.001)`.

Each class is one function of the language; its fields are the arguments, in the order in which they may be given
without names.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from archdsl.ir.base import Frozen
from archdsl.ir.recipe.numbers import Positive


class FixRes(Frozen):
    """Fine-tuning of the classifier and the batch norms at the test resolution (Touvron et al., NeurIPS 2019)."""

    kind: Literal["fixres"] = "fixres"
    epochs: Annotated[int, Field(ge=1)]
    lr: Positive
