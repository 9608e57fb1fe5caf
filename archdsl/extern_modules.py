"""What constructs the modules that the caller of a network brings: each is held to what the text declares of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from archdsl.backends.pytorch.externs import argument_names
from archdsl.diagnostics import did_you_mean
from archdsl.extern_errors import (
    ExternCannotRun,
    ExternFails,
    ExternNotGiven,
    NotModule,
    NotTensor,
    OtherParameters,
    OtherShape,
    UnknownExtern,
    reason,
)
from archdsl.externs import Make, brought
from archdsl.ir.architecture import Architecture
from archdsl.ir.body import Apply
from archdsl.ir.externs import externs
from archdsl.ir.names import identifier
from archdsl.ir.operators.extern import Extern


def constructors(architecture: Architecture, given: Mapping[str, Make] | None = None) -> dict[str, Make]:
    """What a network's emitted function takes for its modules, by its arguments: each checks what it constructs.

    Raises DiagnosticError for a module that is not given, and one that no block of the network is.
    """
    needed = externs(architecture)
    known = {**brought(), **(given or {})}
    for name in given or {}:
        if name not in needed:
            help = did_you_mean(name, needed) if needed else "it has no extern blocks"
            raise UnknownExtern(architecture.name, name).error(help=help or f"it needs {', '.join(needed)}")
    if absent := [name for name in needed if name not in known]:
        near = did_you_mean(absent[0], [name for name in known if name not in needed])
        raise ExternNotGiven(architecture.name, absent[0]).error(help=near)
    if not needed:
        return {}
    arguments = argument_names([architecture])
    return {arguments[name]: _Checked(name, known[name], layers) for name, layers in needed.items()}


class _Checked:
    """Constructs a module and holds it to what is declared of the layers that are constructed alike."""

    def __init__(self, name: str, make: Make, layers: Iterable[Apply]):
        self.name, self.make = name, make
        self.layers: dict[object, list[Apply]] = {}
        for layer in layers:
            assert isinstance(layer.operator, Extern)
            named = {identifier(key): value for key, value in layer.operator.arguments}
            self.layers.setdefault(_call(layer.input.channels, named), []).append(layer)

    def __call__(self, in_channels: int, *channels: int, **named: Any) -> nn.Module:
        first = (in_channels, *channels)
        said = ", ".join([*map(str, first), *(f"{name}={value!r}" for name, value in named.items())])
        call = f"{self.name}({said})"
        try:
            module = self.make(*first, **named)
        except Exception as error:
            raise ExternFails(call, reason(error)).error() from error
        if not isinstance(module, nn.Module):
            raise NotModule(call, type(module).__name__).error()
        # Of other channels or classes than the text's nothing is declared.
        layers = self.layers.get(_call(in_channels, {**named, **dict(zip(("channels",), channels, strict=False))}))
        if layers:
            _check(module, layers, call)
        return module


def _call(in_channels: int, named: Mapping[str, Any]) -> object:
    return in_channels, frozenset(named.items())


def _check(module: nn.Module, layers: list[Apply], call: str) -> None:
    """Holds a module to the parameters that are declared, and to the shapes that it is to put out."""
    weights = list(module.parameters())
    if any(map(is_lazy, weights)) or any(weight.is_meta for weight in weights):
        return
    found = sum(weight.numel() for weight in weights)
    fitting = [layer for layer in layers if layer.operator.parameters() == found]  # type: ignore[union-attr]
    if not fitting:
        first = layers[0]
        raise OtherParameters(call, found, first.operator.parameters(), first.place).error()  # type: ignore[union-attr]
    seen = {(layer.input, layer.other_shapes): layer for layer in fitting}
    for layer in seen.values():
        _check_shape(module, layer, call)


def _check_shape(module: nn.Module, layer: Apply, call: str) -> None:
    """Runs a module once, on an image of zeros: nothing of it changes."""
    like = next(module.parameters(), torch.empty(0))
    if like.is_meta:
        return
    inputs = [like.new_zeros(1, *shape.sizes) for shape in (layer.input, *layer.other_shapes)]
    modes = {part: part.training for part in module.modules()}
    try:
        with torch.no_grad():
            found = module.eval()(*inputs)
    except Exception as error:
        shapes = " and ".join(map(str, (layer.input, *layer.other_shapes)))
        raise ExternCannotRun(call, shapes, reason(error)).error() from error
    finally:
        for part, mode in modes.items():
            part.training = mode
    if not isinstance(found, torch.Tensor):
        raise NotTensor(call, type(found).__name__).error()
    if tuple(found.shape[1:]) != layer.output.sizes:
        put_out = " x ".join(map(str, found.shape[1:]))
        raise OtherShape(call, put_out, str(layer.output), str(layer.input), layer.place).error()
