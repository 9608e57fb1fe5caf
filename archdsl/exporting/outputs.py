"""What networks put out: one tensor, or several with names."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor


def as_tuple(found: Tensor | Sequence[Tensor]) -> tuple[Tensor, ...]:
    """The outputs of a network, be it one or several."""
    return (found,) if isinstance(found, Tensor) else tuple(found)
