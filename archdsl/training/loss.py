"""What a training makes small."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional


def cross_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """The mean cross entropy of logits and probabilities, both B x classes, in float32 whatever the logits are in."""
    return functional.cross_entropy(logits.float(), targets)
