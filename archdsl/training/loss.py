"""What a training makes small."""

from __future__ import annotations

from typing import Any

from torch import Tensor
from torch.nn import functional


def cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """The mean cross entropy of logits and probabilities, both B x classes, in float32 whatever the logits are in."""
    return functional.cross_entropy(logits.float(), targets)


def logits(made: Any) -> Tensor:
    """B x classes, of what a network that `gives_scores` puts out: vectors, maps of 1 x 1, or either by a name."""
    found: Tensor = made[0] if isinstance(made, tuple) else made
    return found.flatten(1)
