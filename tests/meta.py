"""Modules whose tensors have a size and no numbers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

_DRAWS = {Tensor.normal_, Tensor.uniform_}


class _Undrawn(TorchFunctionMode):
    """Initial values that nobody can see are not drawn: torch thinks longer about their sizes than about all else."""

    def __torch_function__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None) -> Any:
        if func in _DRAWS and args[0].is_meta:
            return args[0]
        return func(*args, **(kwargs or {}))


@contextmanager
def on_meta() -> Iterator[None]:
    """Where modules are built on the meta device."""
    with torch.device("meta"), _Undrawn():
        yield
