"""Layers that act in training only."""

from typing import ClassVar, Literal

from archdsl.ir.operators.base import Operator, Rate


class Dropout(Operator):
    """Each element zeroed with probability `rate`, the others divided by `1 - rate`."""

    is_for_training: ClassVar[bool] = True
    takes_vectors: ClassVar[bool] = True
    kind: Literal["dropout"] = "dropout"
    rate: Rate = 0.5


class DropPath(Operator):
    """Stochastic depth (Huang et al. 2016): a residual branch dropped whole, per image.

    A `rate` of none is set by the model's schedule (`drop_path = ramp(0.2)`), layer by layer. `rescale` divides kept
    branches by the probability of keeping them; DeepMind's NFNets do not.
    """

    is_for_training: ClassVar[bool] = True
    kind: Literal["drop_path"] = "drop_path"
    rate: Rate | None = None
    rescale: bool = True
