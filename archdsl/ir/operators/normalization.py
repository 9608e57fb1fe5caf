"""Normalizations, most with a learnable scale and shift per channel."""

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from archdsl.ir.base import Count, Shape
from archdsl.ir.operators.base import Eps, Operator, Tensors, check_divides


class _Normalization(Operator):
    if TYPE_CHECKING:  # fields of each subclass, which sets their order
        affine: bool

    def parameters(self, *shapes: Shape) -> int:
        return 2 * shapes[0].channels * self.affine

    def state(self, *shapes: Shape) -> Tensors:
        return {"weight": (shapes[0].channels,), "bias": (shapes[0].channels,)} if self.affine else {}


class BatchNorm(_Normalization):
    """Batch normalization. `momentum` is the weight of the new batch, as in PyTorch (TensorFlow's is 1 - that)."""

    for_training: ClassVar[frozenset[str]] = frozenset({"momentum"})
    kind: Literal["batch_norm"] = "batch_norm"
    eps: Eps = 1e-5
    momentum: Annotated[float, Field(gt=0, le=1)] = 0.1
    affine: bool = True

    def state(self, *shapes: Shape) -> Tensors:
        channels = (shapes[0].channels,)
        counted: Tensors = {"running_mean": channels, "running_var": channels, "num_batches_tracked": ()}
        return {**super().state(*shapes), **counted}


class GroupNorm(_Normalization):
    """Group normalization (Wu & He 2018)."""

    kind: Literal["group_norm"] = "group_norm"
    groups: Count = 32
    eps: Eps = 1e-5
    affine: bool = True

    def output(self, *shapes: Shape) -> Shape:
        (shape,) = shapes
        check_divides(shape.channels, "channels", self.groups, "groups", "groups")
        return shape


class LayerNorm(_Normalization):
    """Layer normalization over the channels at each position, as ConvNeXt uses it (Liu et al. 2022)."""

    kind: Literal["layer_norm"] = "layer_norm"
    eps: Eps = 1e-6
    affine: bool = True


class L2Norm(Operator):
    """The channels at each position divided by their L2 norm, or by `eps` where that is larger. Nothing is learned."""

    kind: Literal["l2_norm"] = "l2_norm"
    eps: Eps = 1e-12
