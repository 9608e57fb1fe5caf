"""What bounds gradients: `clip = agc(0.01)`.

Each class is one function of the language; its fields are the arguments, in the order in which they may be given
without names.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from archdsl.ir.base import Frozen
from archdsl.ir.recipe.numbers import Positive


class AdaptiveClipping(Frozen):
    """Adaptive gradient clipping, for each output unit (Brock et al., ICML 2021); the classifier is left out."""

    kind: Literal["agc"] = "agc"
    factor: Positive = Field(0.01, description="largest norm of a unit's gradient, as a part of its weights' norm")
    eps: Positive = Field(1e-3, description="smallest norm of weights that counts")


class NormClipping(Frozen):
    """The gradient of all weights scaled down to a norm of at most `largest`."""

    kind: Literal["norm"] = "norm"
    largest: Positive


Clipping = AdaptiveClipping | NormClipping
