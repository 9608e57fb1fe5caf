"""What is reported of a layer that does not fit its input."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from archdsl.diagnostics import Problem
from archdsl.elaborate.evaluate.explain import blame, rounded, source_of
from archdsl.elaborate.evaluate.values import PrimitiveLayer, Tensor
from archdsl.elaborate.instantiate.errors import BadValueForShape, IndivisibleChannels, VanishingSize
from archdsl.elaborate.problems import ElaborationError
from archdsl.ir.base import ShapeError

_OF_KINDS: Mapping[str, Callable[[str], Problem]] = {
    "vanishing": VanishingSize,
    "indivisible": IndivisibleChannels,
    "value": BadValueForShape,
}


def refused(error: ShapeError, layer: PrimitiveLayer, tensor: Tensor) -> ElaborationError:
    """A layer that does not fit its input, at the argument that is to blame."""
    name, attribute, help = layer.operator.kind, error.attribute or "", error.help
    span, notes = blame(layer.origins.get(attribute), layer.span, getattr(layer.operator, attribute, None), name)
    if error.kind == "indivisible":
        # Of the two numbers, the argument that is not to blame may still be the one to change.
        is_output = attribute == "channels"
        origin = layer.origins.get("channels") if is_output else tensor.channels_from
        if origin is not None:
            parts = getattr(layer.operator, "groups" if is_output else attribute)
            notes += () if is_output else source_of(origin, tensor.shape.channels, "input channels")
            help = ", or ".join(filter(None, [help, rounded(origin, parts)]))
    label = f"the input is {tensor.shape}"
    return ElaborationError(_OF_KINDS[error.kind](error.message).at(span, label, notes=notes, help=help))
