"""The model that the peers count."""

from __future__ import annotations

import torch
from torch import nn

from tests.peers.zoo import peer

INPUT = (1, 3, 480, 480)


def timm_model(device: str) -> nn.Module:
    """timm's EfficientNetV2-L, made without initial weights, which no counter looks at and which take a second."""
    with torch.device("meta"):
        model = peer("timm tf_efficientnetv2_l").eval()
    return model if device == "meta" else model.to_empty(device=device)
