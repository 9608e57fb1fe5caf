"""Optimizers of a recipe: `optimizer = sgd(lr = 0.1)`.

Each class is one function of the language; its fields are the arguments, in the order in which they may be given
without names.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from archdsl.ir.base import Frozen
from archdsl.ir.recipe.numbers import Decay, NotNegative, Positive


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
