"""Which instruction set the kernels of this machine's CPU are written for."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from archdsl.backends.memory.onednn import Isa

# What oneDNN asks of a processor before it takes its kernels for AVX-512.
_AVX512 = {"avx512f", "avx512bw", "avx512vl", "avx512dq"}


@cache
def isa_of_this_machine() -> Isa:
    """That of this machine; AVX-512 where it cannot be found out."""
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8") as lines:
            flags = next(line for line in lines if line.startswith("flags"))
    except (OSError, StopIteration):
        return "avx512"
    return "avx512" if set(flags.split()) >= _AVX512 else "avx2"
