"""The packages of the extra `train`; this is imported before anything that needs them."""

from __future__ import annotations

from importlib.util import find_spec

from archdsl.diagnostics import DiagnosticError
from archdsl.training.errors import MissingOfTraining

_NEEDED = {"timm": "timm", "torchvision": "torchvision", "PIL": "Pillow", "safetensors": "safetensors"}


def require() -> None:
    """Raises DiagnosticError where one is missing."""
    missing = [package for module, package in _NEEDED.items() if find_spec(module) is None]
    if missing:
        raise DiagnosticError([MissingOfTraining(", ".join(missing)).at(None)])
