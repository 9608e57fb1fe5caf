"""torchinfo, on the meta device too."""

from __future__ import annotations

from torch import nn
from torchinfo import summary

from benchmarks.peers.model import INPUT, timm_model

DEVICE = "meta"


def count(model: nn.Module) -> tuple[int, int]:
    found = summary(model, INPUT, device=DEVICE, verbose=0)
    return found.total_params, found.total_mult_adds


if __name__ == "__main__":
    print(*count(timm_model(DEVICE)))
