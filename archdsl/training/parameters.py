"""Which parameters are weights of units, which only shift or scale what weights made, and which are of some layers."""

from __future__ import annotations

from collections.abc import Iterable

from torch import Tensor

_SCALES = ("bias", "gain", "value")


def is_weight(name: str, parameter: Tensor) -> bool:
    """Whether a parameter is a matrix or filter bank: no bias, scale of a norm, filter or branch, or tensor by itself.

    Args:
        name: its key in a state dict. The gains of standardized convolutions have four axes and are known by it.
    """
    is_of_channels = parameter.ndim < 2 or (parameter.ndim == 3 and parameter.shape[1:].numel() == 1)
    return not is_of_channels and name.rpartition(".")[2] not in _SCALES


def is_below(paths: Iterable[str], key: str) -> bool:
    """Whether a key of a state dict is of one of the modules at some paths."""
    return any(key.startswith(f"{path}.") for path in paths)
