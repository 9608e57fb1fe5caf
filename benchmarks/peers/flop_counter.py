"""torch's own counter on the meta device, which computes shapes alone."""

from __future__ import annotations

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.peers.model import INPUT, timm_model

DEVICE = "meta"


def count(model: nn.Module) -> tuple[int, int]:
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        model(torch.empty(INPUT, device=DEVICE))
    return sum(parameter.numel() for parameter in model.parameters()), counter.get_total_flops() // 2


if __name__ == "__main__":
    print(*count(timm_model(DEVICE)))
