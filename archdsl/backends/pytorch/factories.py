"""Layers that differ from one instance of a class to the next, as arguments of its constructor.

`unit(channels)` in a block that takes `unit` may be one class here and another there. Where all are constructed alike
the argument is that class, `unit: type[nn.Module]`, and the constructor says `unit(in_channels, channels, stride=1)`.
Where they are not, as of `nn.Sigmoid()` beside `SpatialGate(channels)`, it is a function of the channels.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from archdsl.backends.pytorch.nodes import Code, Lambda, call, replaced, spoken
from archdsl.ir.formula import Call, Expression, Name

# What functions of channels call them.
_CHANNELS = "channels"
# What stands for them before: no name of a block's own, which may well have a parameter `channels`.
_GIVEN = Name("channels given")


class Factories(NamedTuple):
    """How some layers are constructed by a value of their own each, and one call of it."""

    values: list[Code]
    call: Call  # of a function whose name is not known yet


def factories(layers: Sequence[Expression], in_channels: Expression) -> Factories | None:
    """Makes expressions that construct layers into values and one call.

    Args:
        layers: such as `nn.Sigmoid()` and `SpatialGate(channels)`; nothing but `in_channels` in them may vary.
        in_channels: the channels that the layers read.

    Returns:
        None where they speak of more than the channels, or are no calls.
    """
    found = [layer for layer in layers if isinstance(layer, Call)]
    if len(found) < len(layers):
        return None
    first = found[0]
    if all((layer.arguments, layer.named) == (first.arguments, first.named) for layer in found):
        return Factories([Code(Name(layer.function)) for layer in found], first)
    bodies = [_with(layer, in_channels, _GIVEN) for layer in found]
    inner = [set[str]().union(*map(spoken, body.parts)) for body in bodies]
    if any(names - {_GIVEN.name, "nn"} for names in inner):
        return None
    reads = any(inner)
    values = [_function(body, reads, _GIVEN.name in names) for body, names in zip(bodies, inner, strict=True)]
    return Factories(values, call("", in_channels) if reads else call(""))


def _function(body: Call, is_given: bool, reads: bool) -> Code:
    """A call as a function, which is given the channels or nothing."""
    body = _with(body, _GIVEN, Name(_CHANNELS))
    if not body.named and body.arguments == ((Name(_CHANNELS),) if is_given else ()):
        return Code(Name(body.function))
    return Code(Lambda((_CHANNELS if reads else "_",) if is_given else (), body))


def _with(layer: Call, old: Expression, new: Expression) -> Call:
    """A call with another expression in the place of one."""
    return layer.rebuilt(lambda part: replaced(part, lambda one: new if one == old else None))
