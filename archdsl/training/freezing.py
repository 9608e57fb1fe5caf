"""Parts of a network that do not learn."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn
from torch.nn import functional
from torch.nn.modules.batchnorm import _BatchNorm

from archdsl.diagnostics import DiagnosticError, did_you_mean
from archdsl.training.model_errors import NothingLearns, UnknownPart
from archdsl.weights.selection import Path


class FrozenBatchNorm(nn.Module):
    """A batch norm that keeps its statistics and uses them in training, too. Its keys in a state dict are the same.

    It is no `BatchNorm2d`, so that what trains, counts or synchronizes those leaves it alone.
    """

    _version = 2
    running_mean: Tensor
    running_var: Tensor
    weight: Tensor | None
    bias: Tensor | None
    eps: float

    def forward(self, x: Tensor) -> Tensor:
        return functional.batch_norm(
            x, self.running_mean, self.running_var, self.weight, self.bias, False, 0.0, self.eps
        )


def freeze(model: nn.Module, text: str) -> None:
    """Freezes parts: their parameters do not learn, and their batch norms keep their statistics.

    Args:
        text: paths of modules with commas between them, a range of numbers with both its ends: `stem, stages.0..2`.

    Raises:
        DiagnosticError: for what is no path, for one that the network does not have, and when nothing is left to learn.
    """
    paths = [Path.of(part.strip()) for part in text.split(",") if part.strip()]
    parameters = dict(model.named_parameters())
    modules = dict(model.named_modules())
    known = [name for name in modules if name]
    for path in paths:
        if not any(path.has(name) for name in (*known, *parameters)):
            help_line = did_you_mean(path.text, known) or f"its parts are {_parts(model)}"
            raise DiagnosticError([UnknownPart(type(model).__name__, path.text).at(None, help=help_line)])
    for name, parameter in parameters.items():
        if any(path.has(name) for path in paths):
            parameter.requires_grad_(False)
    if paths and not any(parameter.requires_grad for parameter in parameters.values()):
        raise DiagnosticError([NothingLearns(type(model).__name__, text).at(None)])
    for name, module in modules.items():
        if isinstance(module, _BatchNorm) and module.track_running_stats and any(path.has(name) for path in paths):
            swapped: Any = module
            swapped.__class__ = FrozenBatchNorm


def _parts(model: nn.Module) -> str:
    return ", ".join(f"`{name}`" for name, part in model.named_children() if any(True for _ in part.parameters()))
