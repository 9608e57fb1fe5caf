"""Rates of dropout and of stochastic depth, set in a network while it trains."""

from __future__ import annotations

import sys
from collections.abc import Callable
from inspect import signature
from types import ModuleType
from typing import Any, Literal

import torch
from torch import Tensor, nn

from archdsl.diagnostics import DiagnosticError
from archdsl.elaborate.recipes.errors import NoDropout, NoDropPath

# Rates of emitted networks are of these modules, by the name of their class.
_PER_IMAGE = {"DropPath": True, "PlainDropPath": False}  # whether it scales up what is kept
_ANY = 0.5


class BatchDropPath(nn.Module):
    """Stochastic depth that, while training, drops a residual branch for the whole batch (Huang et al. 2016).

    Args:
        scales: whether a branch that is kept is divided by the odds to be kept.
    """

    def __init__(self, rate: float, *, scales: bool):
        super().__init__()
        self.rate, self.scales = rate, scales

    def forward(self, x: Tensor) -> Tensor:
        if self.rate == 0.0 or not self.training:
            return x
        kept = x.new_empty([1] * x.dim()).bernoulli_(1.0 - self.rate)
        return x * (kept / (1.0 - self.rate) if self.scales else kept)


def set_dropout(model: nn.Module, rate: float) -> None:
    """Sets the rate of the dropouts before the classifier, as a network built with `dropout_rate` has it.

    Raises:
        DiagnosticError: when there are none and the rate is not 0.
    """
    made = _built(model, dropout_rate=rate)
    if made is not None:
        names = {name: part.p for name, part in made.named_modules() if isinstance(part, nn.Dropout)}
        found = [(model.get_submodule(name), p) for name, p in names.items()]
    else:
        pool = getattr(model, "pool", None)
        parts = pool.modules() if isinstance(pool, nn.Module) else ()
        found = [(part, rate) for part in parts if isinstance(part, nn.Dropout)]
    if not found and rate:
        raise DiagnosticError([NoDropout(type(model).__name__, rate).at(None)])
    for part, p in found:
        part.p = p  # type: ignore[assignment]


def set_drop_path(model: nn.Module, rate: float) -> None:
    """Sets the rates of stochastic depth, in each block as a network built with `drop_path_rate` has it.

    In a network whose text gives each its own rate, `rate` is the largest, and the others keep their ratio to it.

    Raises:
        DiagnosticError: when there are none and the rate is not 0.
    """
    paths = _drop_paths(model)
    if not paths and rate:
        raise DiagnosticError([NoDropPath(type(model).__name__, rate).at(None)])
    made = _built(model, drop_path_rate=rate)
    if made is not None:
        rates = {name: getattr(part, "rate", 0.0) for name, part in made.named_modules()}
    else:
        built = _built(model) or model
        own = {name: float(part.rate) for name, part in built.named_modules() if _is_path(part)}
        rates = {name: one * rate / max(own.values()) for name, one in own.items()}
    for name, path in paths.items():
        path.rate = rates[name]


def set_drop_path_mode(model: nn.Module, mode: Literal["image", "batch"]) -> None:
    """Has branches dropped for the whole batch, or for each image by itself as networks are built.

    Raises:
        DiagnosticError: for `batch`, where no branch is ever dropped.
    """
    if mode == "image":
        return
    paths = _drop_paths(model)
    if not paths:
        raise DiagnosticError([NoDropPath(type(model).__name__, None).at(None)])
    for name, path in paths.items():
        if not isinstance(path, BatchDropPath):
            made = BatchDropPath(path.rate, scales=_PER_IMAGE[type(path).__name__])
            model.set_submodule(name, made.train(path.training))


def _drop_paths(model: nn.Module) -> dict[str, Any]:
    """The modules that drop branches, by name; those that have no rate so far are put in, with a rate of 0."""
    made = _built(model, drop_path_rate=_ANY)
    if made is not None:
        for name, part in made.named_modules():
            if _is_path(part) and not _is_path(model.get_submodule(name)):
                model.set_submodule(name, type(part)(0.0).train(model.training))
    return {name: part for name, part in model.named_modules() if _is_path(part)}


def _is_path(part: nn.Module) -> bool:
    return isinstance(part, BatchDropPath) or type(part).__name__ in _PER_IMAGE


def _built(model: nn.Module, **rates: float) -> nn.Module | None:
    """The same network with other rates and without storage for weights; None where it has no such options.

    What makes it is the function of the emitted source that the network's class is from.
    """
    function = _function(model)
    if function is None or not rates.keys() <= signature(function).parameters.keys():
        return None
    with torch.device("meta"):
        return function(**rates)


def _function(model: nn.Module) -> Callable[..., nn.Module] | None:
    for kind in type(model).__mro__:  # sharding puts a class of its own before the emitted one
        module = sys.modules.get(kind.__module__)
        made = [getattr(module, name) for name in getattr(module, "__all__", ())]
        if isinstance(module, ModuleType) and len(made) == 1:
            function: Callable[..., nn.Module] = made[0]
            return function
    return None
