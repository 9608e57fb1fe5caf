"""torchvision beside a torch for CPUs, where its compiled extension does not load."""

from __future__ import annotations

import importlib.util
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any


@cache
def declare_torchvision_operators() -> Any:
    """Declares the operators without which torchvision cannot be imported, where its compiled extension is missing.

    The extension of a release for GPUs does not load beside torch for CPUs; nobody here calls what it holds. What is
    returned keeps the declarations alive.
    """
    import torch

    spec = importlib.util.find_spec("torchvision")
    if spec is None or spec.origin is None or _has_torchvision_operators():
        return None
    with suppress(OSError):
        for library in Path(spec.origin).parent.glob("_C*.so"):
            torch.ops.load_library(str(library))  # type: ignore[no-untyped-call]
    if _has_torchvision_operators():
        return None
    declared = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
    for name in ("nms", "qnms"):
        signature = f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
        declared.define(signature)  # type: ignore[no-untyped-call]
    return declared


def _has_torchvision_operators() -> bool:
    import torch

    return hasattr(torch.ops.torchvision, "nms")
