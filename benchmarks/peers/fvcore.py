"""fvcore, which traces the model and so has to compute it; TorchScript cannot trace on the meta device."""

from __future__ import annotations

import torch
from fvcore.nn import FlopCountAnalysis, parameter_count  # type: ignore[import-untyped]
from torch import nn

from benchmarks.peers.model import INPUT, timm_model

DEVICE = "cpu"


def count(model: nn.Module) -> tuple[int, int]:
    with torch.inference_mode():
        analysis = FlopCountAnalysis(model, torch.empty(INPUT))
        analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
        return parameter_count(model)[""], int(analysis.total())


if __name__ == "__main__":
    print(*count(timm_model(DEVICE)))
