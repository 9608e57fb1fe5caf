"""Modules whose tensors have a size and no numbers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.nn import init
from torch.overrides import TorchFunctionMode

# And what calls them, which is asked for first, and within which nothing is asked.
_FILLS = {
    *(Tensor.normal_, Tensor.uniform_, Tensor.fill_, Tensor.zero_),
    *(init.normal_, init.uniform_, init.trunc_normal_, init.kaiming_normal_, init.kaiming_uniform_),
    *(init.constant_, init.ones_, init.zeros_),
}


class _Unfilled(TorchFunctionMode):
    """Initial values that nobody can see are not written: torch thinks longer about their sizes than about all else."""

    def __torch_function__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None) -> Any:
        if func in _FILLS:
            tensor = args[0] if args else (kwargs or {})["tensor"]
            if tensor.is_meta:
                return tensor
        return func(*args, **(kwargs or {}))


@contextmanager
def on_meta() -> Iterator[None]:
    """Where modules are built on the meta device."""
    with torch.device("meta"), _Unfilled():
        yield
