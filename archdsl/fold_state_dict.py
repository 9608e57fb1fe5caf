"""Weights of a network as those of the same network with its batch norms folded (`archdsl/passes/fold_batch_norm.py`).

Tensors are asked for what they are; nothing here imports torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from archdsl.backends.pytorch.state import modules
from archdsl.ir.architecture import Architecture
from archdsl.ir.operators.arrangement import ChannelBias, ChannelGain, Gain
from archdsl.ir.operators.base import Operator
from archdsl.ir.operators.convolution import ConvTranspose, WeightStandardizedConv
from archdsl.ir.operators.normalization import BatchNorm
from archdsl.ir.walk import Visit
from archdsl.passes.fold_batch_norm import is_mark, marked, without_marks

if TYPE_CHECKING:
    from torch import Tensor


def fold_state_dict(
    architecture: Architecture, state: Mapping[str, Tensor], kinds: tuple[type[Operator], ...] = (BatchNorm,)
) -> dict[str, Tensor]:
    """The `state_dict` of a network as that of `fold_batch_norm` of it, or of the pass that folds `kinds` instead.

    Sums are made in double precision, and tensors keep their types. Those that nothing changes are handed on as they
    are. Layers of which nothing is given, such as the head that `features_only` leaves out, are left out here too.

    Args:
        architecture: the network before folding.
        state: its tensors by their keys; their sizes may be others, as with other `num_classes`.

    Returns:
        The tensors of the folded network by their keys, in their order.

    Raises:
        ValueError: for keys that the network does not have, and for layers of which a part is missing.
    """
    marks = marked(architecture, kinds)
    before, after = modules(architecture), modules(marks)
    folded = iter(modules(without_marks(marks)))
    layers: dict[str, _Layer] = {}
    found: list[_Layer] = []
    for old, new in zip(before, after, strict=True):
        if is_mark(new.primitive):
            layers[old.path] = layer = layers[old.inputs[0].path]
            layer.norms.append(old)
        else:
            layer = _Layer(old, next(folded))
            # Nothing is between a layer and a norm that it takes but what hands its input on.
            layers[old.path] = layers[old.inputs[0].path] if _hands_on(old) and old.inputs else layer
            found.append(layer)
    missing = _Missing(state)
    made: dict[str, Tensor] = {}
    for layer in found:
        made |= layer.tensors(missing)
    missing.report()
    return made


def _hands_on(visit: Visit) -> bool:
    return visit.operator == "identity" and getattr(visit.primitive, "gain", None) == 1


class _Missing:
    """Takes tensors of a `state_dict` by key, and knows which are not there, and which nobody has taken."""

    def __init__(self, state: Mapping[str, Tensor]):
        self.state = state
        self.left = set(state)
        self.missing: list[str] = []

    def of(self, visit: Visit) -> dict[str, Tensor]:
        """The tensors of an operator by their names in it; none where none is there."""
        keys = {name: f"{visit.path}.{name}" for name in _names(visit)}
        self.left.difference_update(keys.values())
        return {name: self.state[key] for name, key in keys.items() if key in self.state}

    def report(self) -> None:
        if self.missing:
            raise ValueError(f"the state_dict has no {_listed(self.missing)}")
        if self.left:
            raise ValueError(f"the network has no {_listed(sorted(self.left))}, which the state_dict has")


class _Layer:
    """An operator before and after folding, and the norms that it takes, in their order."""

    def __init__(self, old: Visit, new: Visit):
        self.old, self.new = old, new
        self.norms: list[Visit] = []

    def tensors(self, state: _Missing) -> dict[str, Tensor]:
        """What it holds in the folded network."""
        if self.old.is_again:
            return {}
        operators = [self.old, *self.norms]
        held = [state.of(operator) for operator in operators]
        gone = [
            f"{operator.path}.{name}"
            for operator, tensors in zip(operators, held, strict=True)
            for name in _names(operator)
            if name not in tensors and name != "num_batches_tracked"  # older files have no such count
        ]
        own, *norms = held
        if gone:
            if any(held):
                state.missing += gone
            return {}
        for norm, tensors in zip(self.norms, norms, strict=True):
            own = _folded(self.old, own, norm, tensors)
        return {f"{self.new.path}.{name}": own[name] for name in _names(self.new) if name in own}


def _folded(layer: Visit, own: dict[str, Tensor], norm: Visit, held: dict[str, Tensor]) -> dict[str, Tensor]:
    """The tensors of a layer that has taken a norm."""
    name = "gain" if isinstance(layer.primitive, WeightStandardizedConv) else "weight"
    scaled = own[name]
    of_groups = layer.primitive.groups if isinstance(layer.primitive, ConvTranspose) else 0
    channels = of_groups * scaled.shape[1] or scaled.shape[0]
    scale, shift = (each.expand(channels) for each in _scale_and_shift(norm, held))
    bias = own["bias"].double() * scale + shift if "bias" in own else shift
    column = scale.reshape(-1, *[1] * (scaled.dim() - 1))  # of output channels, the first dimension of most weights
    grouped = scaled.double()
    if of_groups:  # the second, in each group of input channels
        grouped = grouped.reshape(of_groups, -1, *scaled.shape[1:])
        column = scale.reshape(of_groups, 1, -1, *[1] * (scaled.dim() - 2))
    return {
        **own,
        name: (grouped * column).reshape(scaled.shape).to(scaled.dtype),
        "bias": bias.to(scaled.dtype),
    }


def _scale_and_shift(norm: Visit, held: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    """What an operator does to each channel, in double precision."""
    operator = norm.primitive
    if isinstance(operator, Gain | ChannelGain):
        scale = held["weight"].double().reshape(-1)
        return scale, scale * 0
    if isinstance(operator, ChannelBias):
        shift = held["bias"].double().reshape(-1)
        return shift * 0 + 1, shift
    assert isinstance(operator, BatchNorm)
    mean, variance = held["running_mean"].double(), held["running_var"].double()
    scale = (variance + operator.eps).rsqrt()
    shift = -mean * scale
    if operator.affine:
        weight = held["weight"].double()
        scale, shift = scale * weight, shift * weight + held["bias"].double()
    return scale, shift


def _names(visit: Visit) -> list[str]:
    return [] if visit.primitive is None or visit.is_again else list(visit.primitive.state(*visit.shapes))


def _listed(keys: list[str]) -> str:
    shown = ", ".join(f"`{key}`" for key in keys[:3])
    return f"{shown} and {len(keys) - 3} more" if len(keys) > 3 else shown
