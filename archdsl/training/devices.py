"""Where a network trains, and in which numbers."""

from __future__ import annotations

from typing import Literal

import torch

from archdsl.diagnostics import DiagnosticError
from archdsl.training.errors import MissingDevice, PrecisionNotHere

_OF_ONEDNN = ("could not create a primitive", "could not execute a primitive")

Precision = Literal["float32", "bfloat16", "float16"]


def device_of(name: str | None, local: int = 0) -> torch.device:
    """The device called `cpu`, `cuda` or `cuda:1`; without a name a GPU where there is one.

    Args:
        local: which of the processes of this machine asks; each has a GPU of its own.

    Raises:
        DiagnosticError: where there is none.
    """
    if name is None:
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError:
        device = torch.device("meta")
    if device.type not in ("cpu", "cuda"):
        raise DiagnosticError([MissingDevice(name, "the devices are `cpu` and `cuda`").at(None)])
    if device.type == "cpu":
        return torch.device("cpu")
    if not torch.cuda.is_available():
        raise DiagnosticError([MissingDevice(name, "PyTorch finds no GPU with CUDA").at(None)])
    index = local if device.index is None else device.index
    if index >= torch.cuda.device_count():
        raise DiagnosticError([MissingDevice(f"cuda:{index}", f"there are {torch.cuda.device_count()} GPUs").at(None)])
    return torch.device("cuda", index)


def precision_of(name: str, device: torch.device) -> Precision:
    """The type of activations for the setting `precision`. Raises DiagnosticError for one that is not trained here."""
    if name == "auto":
        return "bfloat16" if device.type == "cuda" and torch.cuda.is_bf16_supported() else "float32"
    if name == "float16" and device.type == "cpu":
        raise DiagnosticError([PrecisionNotHere("a CPU", name, "bfloat16").at(None)])
    if name == "bfloat16" and device.type == "cuda" and not torch.cuda.is_bf16_supported():
        raise DiagnosticError([PrecisionNotHere("this GPU", name, "float16").at(None)])
    return name  # type: ignore[return-value]


def label(device: torch.device) -> str:
    """`a CPU with 2 threads`, or the name of a GPU."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"a CPU with {torch.get_num_threads()} threads"


def is_out_of_memory(error: BaseException) -> bool:
    """Whether that is what went wrong: on a CPU, torch says it in words alone.

    Where oneDNN gets no memory for the code of a layer or for its buffers, it says no more than what it could not do.
    """
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or (
        isinstance(error, RuntimeError) and any(words in str(error) for words in ("can't allocate memory", *_OF_ONEDNN))
    )


def of_onednn(error: BaseException) -> str | None:
    """What oneDNN says in an error for want of memory; it may have other reasons, which it does not tell."""
    return next((words for words in _OF_ONEDNN if words in str(error)), None)
