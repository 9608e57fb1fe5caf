"""The settings of a recipe that are written as a call: `optimizer = sgd(lr = 0.1)`, `schedule = cosine(warmup = 5)`.

Each class is one function of the language; its fields are the arguments, in the order in which they may be given
without names.
"""

from __future__ import annotations

from math import cos, pi
from typing import Annotated, Literal

from pydantic import Field

from archdsl.ir.base import Frozen

Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Decay = Annotated[float, Field(ge=0, lt=1)]


# Optimizers ----------------------------------------------------------------------------------------------------------


class SGD(Frozen):
    """Stochastic gradient descent with momentum, of Nesterov's kind unless said otherwise."""

    kind: Literal["sgd"] = "sgd"
    lr: Positive = Field(description="learning rate at the recipe's `batch`")
    momentum: Decay = 0.9
    weight_decay: NotNegative = Field(0.0, description="L2 penalty; biases, scales and `parameter` have none")
    nesterov: bool = True


class RMSProp(Frozen):
    """RMSProp as TensorFlow has it: epsilon under the root, squared gradients that start at 1."""

    kind: Literal["rmsprop"] = "rmsprop"
    lr: Positive = Field(description="learning rate at the recipe's `batch`")
    alpha: Decay = Field(0.9, description="decay of the mean of squared gradients")
    momentum: Decay = 0.9
    weight_decay: NotNegative = Field(0.0, description="L2 penalty; biases, scales and `parameter` have none")
    eps: Positive = 1e-3


class AdamW(Frozen):
    """Adam with decoupled weight decay (Loshchilov & Hutter, ICLR 2019)."""

    kind: Literal["adamw"] = "adamw"
    lr: Positive = Field(description="learning rate at the recipe's `batch`")
    weight_decay: NotNegative = Field(0.01, description="decoupled; biases, scales and `parameter` have none")
    beta1: Decay = 0.9
    beta2: Decay = 0.999
    eps: Positive = 1e-8


Optimizer = SGD | RMSProp | AdamW


# Schedules -----------------------------------------------------------------------------------------------------------


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


# Gradients -----------------------------------------------------------------------------------------------------------


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


# After training ------------------------------------------------------------------------------------------------------


class FixRes(Frozen):
    """Fine-tuning of the classifier and the batch norms at the test resolution (Touvron et al., NeurIPS 2019)."""

    kind: Literal["fixres"] = "fixres"
    epochs: Annotated[int, Field(ge=1)]
    lr: Positive
