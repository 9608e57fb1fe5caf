"""What memory is estimated for: batch, number format, what runs, and where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from archdsl.backends.memory.onednn import Isa

DType = Literal["float32", "bfloat16", "float16"]
Optimizer = Literal["sgd", "momentum", "adam", "rmsprop", "rmsprop_momentum"]
Checkpoint = Literal["none", "block", "stage"]
Place = Literal["cpu", "cuda"]

DTYPES: tuple[DType, ...] = ("float32", "bfloat16", "float16")
OPTIMIZERS: tuple[Optimizer, ...] = ("sgd", "momentum", "adam", "rmsprop", "rmsprop_momentum")
CHECKPOINTS: tuple[Checkpoint, ...] = ("none", "block", "stage")
ISAS: tuple[Isa, ...] = ("avx512", "avx2")
PLACES: tuple[Place, ...] = ("cpu", "cuda")

BYTES: dict[DType, int] = {"float32": 4, "bfloat16": 2, "float16": 2}


@dataclass(frozen=True)
class Setting:
    """`dtype` is that of images, weights, gradients and the optimizer's state alike. What belongs to training matters
    only there: `optimizer`; `ema`, a running mean of the weights; `checkpoint`, which parts of the network keep no more
    than what they read. `on` says whose kernels and allocator: those of a CPU or of CUDA. What belongs to a CPU matters
    only there: `isa`, whose vectors its kernels are written for, and `threads`."""

    batch: int = 1
    dtype: DType = "float32"
    training: bool = False
    optimizer: Optimizer = "momentum"
    ema: bool = False
    checkpoint: Checkpoint = "none"
    on: Place = "cpu"
    isa: Isa = "avx512"
    threads: int = 2

    @property
    def width(self) -> int:
        """The bytes of a number."""
        return BYTES[self.dtype]
