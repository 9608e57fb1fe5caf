"""Weights of a network as those of the same network after passes: for each pass what it does to tensors.

Tensors are asked for what they are; nothing here imports torch.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from archdsl.backends.pytorch.state import divided_state, modules
from archdsl.fold_state_dict import fold_state_dict
from archdsl.ir.architecture import Architecture
from archdsl.ir.operators import Primitive
from archdsl.ir.operators.activation import Activation
from archdsl.ir.operators.convolution import Conv, Depthwise, WeightStandardizedConv
from archdsl.ir.operators.normalization import BatchNorm
from archdsl.ir.operators.window import sides
from archdsl.ir.walk import Visit
from archdsl.passes import PASSES
from archdsl.passes.fold_activation_gains import takes_factor
from archdsl.passes.fold_gains import KINDS
from archdsl.passes.merge_branches import Merged, merged

if TYPE_CHECKING:
    from torch import Tensor

# The tensors of an operator by their names in it.
_Held = dict[str, "Tensor"]
# What a pass does to a state: the architectures before and after it, and the tensors by their keys.
Carry = Callable[[Architecture, Architecture, Mapping[str, "Tensor"]], "dict[str, Tensor]"]


def carried(architecture: Architecture, names: Iterable[str], state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The `state_dict` of a network as that of the network after the passes of these names.

    Sums are made in double precision, and tensors keep their types; sizes may be others than those of the text, as with
    other `num_classes`. Layers of which nothing is given, such as the head that `features_only` leaves out, are left
    out here too.

    Raises:
        ValueError: for keys that the network does not have, and for layers of which a part is missing.
    """
    asked, made = set(names), dict(state)
    for each in PASSES:
        if each.name in asked:
            after = each.apply(architecture)
            own, brought = divided_state(architecture, after, made)
            made = {**CARRIES[each.name](architecture, after, own), **brought}
            architecture = after
    return made


def _by_order(before: Architecture, after: Architecture, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same tensors: layers without any have gone, by which others can have other paths."""
    return _rebuilt(before, after, state, lambda _, held: held)


def _standardized(before: Architecture, after: Architecture, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights of convolutions as the standardized ones that they stand for."""

    def turned(old: Visit, own: _Held) -> _Held:
        operator = old.primitive
        if not isinstance(operator, WeightStandardizedConv):
            return own
        weight, gain = own["weight"].double(), own["gain"].double()
        axes = tuple(range(1, weight.dim()))
        mean = weight.mean(axes, keepdim=True)
        variance = (weight - mean).square().mean(axes, keepdim=True)
        fan_in = weight[0].numel()
        scale = ((variance + operator.variance_eps) * fan_in).clamp(min=operator.eps).rsqrt()
        return {**own, "weight": ((weight - mean) * scale * gain).to(own["weight"].dtype)}

    return _rebuilt(before, after, state, turned)


def _merged(before: Architecture, after: Architecture, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights of branches as those of the one convolution that they are."""
    made = _by_order(before, before, state)
    while (found := merged(before)).parts:
        before, made = found.made, _merged_once(found, _by_order(before, found.given, made))
    return made


def _merged_once(found: Merged, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    held: dict[int, deque[_Held]] = defaultdict(deque)
    # The operators of a block that is applied again are met again, in the order of what is made of them.
    for old in _with_tensors(found.given):
        held[id(old.primitive)].append(_held(old, state))
    made: dict[str, Tensor] = {}
    for new in _with_tensors(found.made):
        several = found.parts.get(id(new.primitive))
        if several is None:
            own = held[id(new.primitive)].popleft()
        else:
            of_parts = [(part, {} if part is None else held[id(part)].popleft()) for part in several]
            own = _sum(new, of_parts) if any(tensors for _, tensors in of_parts) else {}
        made |= {f"{new.path}.{name}": own[name] for name in _names(new) if name in own}
    return made


def _sum(new: Visit, parts: list[tuple[Primitive | None, _Held]]) -> _Held:
    """A convolution as the sum of its parts."""
    operator = new.primitive
    assert isinstance(operator, Conv | Depthwise)
    kernel = sides(operator.kernel)
    shape = new.inputs[0].shape
    example = next(held["weight"] for part, held in parts if isinstance(part, Conv | Depthwise))
    channels, inside = example.shape[:2]
    weight = example.double().new_zeros((channels, inside, *kernel))
    bias = example.double().new_zeros(channels)
    middle = kernel.height // 2, kernel.width // 2
    for part, held in parts:
        if isinstance(part, Conv | Depthwise):
            height, width = sides(part.kernel)
            top, left = middle[0] - height // 2, middle[1] - width // 2
            weight[:, :, top : top + height, left : left + width] += (
                held["weight"].double().view(channels, inside, height, width)
            )
            if "bias" in held:
                bias += held["bias"].double()
            continue
        scale, shift = weight.new_ones(channels), weight.new_zeros(channels)
        if isinstance(part, BatchNorm):
            scale = (held["running_var"].double() + part.eps).rsqrt()
            shift = -held["running_mean"].double() * scale
            if part.affine:
                scale, shift = scale * held["weight"].double(), shift * held["weight"].double() + held["bias"].double()
        for channel in range(channels):
            weight[channel, channel % inside, middle[0], middle[1]] += scale[channel]
        bias += shift
    weight = weight.view(channels, inside, *shape.each(*kernel))  # of series a row
    return {"weight": weight.to(example.dtype), "bias": bias.to(example.dtype)}


def _gained(before: Architecture, after: Architecture, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights times the factors of the activations before them, which these have no longer."""
    factors: dict[str, float] = {}
    factor: float | None = None
    for old, new in zip(modules(before), modules(after), strict=True):
        one, two = old.primitive, new.primitive
        if isinstance(one, Activation) and isinstance(two, Activation) and one.gain != two.gain:
            factor = one.gain
        elif factor is not None and takes_factor(one):
            factors[old.path], factor = factor, None

    def turned(old: Visit, own: _Held) -> _Held:
        if old.path not in factors:
            return own
        return {**own, "weight": (own["weight"].double() * factors[old.path]).to(own["weight"].dtype)}

    return _rebuilt(before, after, state, turned)


CARRIES: Mapping[str, Carry] = {
    "remove_training_layers": _by_order,
    "fold_batch_norm": lambda before, _, state: fold_state_dict(before, state),
    "fold_gains": lambda before, _, state: fold_state_dict(before, state, KINDS),
    "fold_weight_standardization": _standardized,
    "merge_branches": _merged,
    "fold_activation_gains": _gained,
}


# Operator by operator -------------------------------------------------------------------------------------------------


def _rebuilt(
    before: Architecture,
    after: Architecture,
    state: Mapping[str, Tensor],
    turned: Callable[[Visit, _Held], _Held],
) -> dict[str, Tensor]:
    """The tensors of each operator of `after`, made by `turned` of what the one in its place in `before` holds."""
    made: dict[str, Tensor] = {}
    used: set[str] = set()
    for old, new in zip(_with_tensors(before), _with_tensors(after), strict=True):
        held = _held(old, state)
        used |= {f"{old.path}.{name}" for name in _names(old)}
        if held:
            found = turned(old, held)
            made |= {f"{new.path}.{name}": found[name] for name in _names(new) if name in found}
    others = state.keys() - used
    if others:
        raise ValueError(f"the network has no `{min(others)}`, which the state_dict has")
    return made


def _with_tensors(architecture: Architecture) -> Iterator[Visit]:
    return (visit for visit in modules(architecture) if _names(visit))


def _held(visit: Visit, state: Mapping[str, Tensor]) -> _Held:
    """What an operator holds; nothing where nothing is given. Raises ValueError where a part is missing."""
    found = {name: state[key] for name in _names(visit) if (key := f"{visit.path}.{name}") in state}
    missing = [name for name in _names(visit) if name not in found and name != "num_batches_tracked"]
    if found and missing:
        raise ValueError(f"the state_dict has no `{visit.path}.{missing[0]}`")
    return found


def _names(visit: Visit) -> list[str]:
    return [] if visit.primitive is None or visit.is_again else list(visit.primitive.state(*visit.shapes))
