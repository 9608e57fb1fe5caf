"""Schedules of a learning rate: `schedule = cosine(warmup = 5)`.

Each class is one function of the language; its fields are the arguments, in the order in which they may be given
without names.
"""

from __future__ import annotations

from math import cos, pi
from typing import Annotated, Literal

from pydantic import Field

from archdsl.ir.base import Frozen
from archdsl.ir.recipe.numbers import Fraction, NotNegative, Positive


class _Schedule(Frozen):
    warmup: NotNegative = Field(0.0, description="epochs over which the rate rises linearly from 0")

    def at(self, epoch: float, epochs: float) -> float:
        """What the learning rate is multiplied by at `epoch` (with its fraction) of `epochs`."""
        return epoch / self.warmup if epoch < self.warmup else self.after_warmup(epoch, epochs)

    def after_warmup(self, epoch: float, epochs: float) -> float:
        raise NotImplementedError

    def progress(self, epoch: float, epochs: float) -> float:
        """How much of the epochs after the warm-up is over: 0 to 1."""
        rest = epochs - self.warmup
        return min(1.0, (epoch - self.warmup) / rest) if rest > 0 else 1.0


class Exponential(_Schedule):
    """`rate` to the power of `epoch / every`, counted from the first epoch, warm-up included (EfficientNet)."""

    kind: Literal["exponential"] = "exponential"
    rate: Annotated[float, Field(gt=0, le=1)] = Field(description="factor of one decay")
    every: Positive = Field(description="epochs from one decay to the next")
    staircase: bool = Field(False, description="decays all at once every `every` epochs, not a little each step")

    def after_warmup(self, epoch: float, epochs: float) -> float:
        count = epoch / self.every
        return float(self.rate ** (int(count) if self.staircase else count))


class Cosine(_Schedule):
    """Half a cosine over the epochs after the warm-up, from 1 to `floor` (Loshchilov & Hutter, ICLR 2017)."""

    kind: Literal["cosine"] = "cosine"
    floor: Fraction = Field(0.0, description="what is left at the end, as a part of the learning rate")

    def after_warmup(self, epoch: float, epochs: float) -> float:
        return self.floor + (1 - self.floor) * (1 + cos(pi * self.progress(epoch, epochs))) / 2


class Linear(_Schedule):
    """A straight line over the epochs after the warm-up, from 1 to `floor`."""

    kind: Literal["linear"] = "linear"
    floor: Fraction = Field(0.0, description="what is left at the end, as a part of the learning rate")

    def after_warmup(self, epoch: float, epochs: float) -> float:
        return 1 - (1 - self.floor) * self.progress(epoch, epochs)


class Constant(_Schedule):
    """The same rate from the end of the warm-up on."""

    kind: Literal["constant"] = "constant"

    def after_warmup(self, epoch: float, epochs: float) -> float:
        return 1.0


Schedule = Exponential | Cosine | Linear | Constant
