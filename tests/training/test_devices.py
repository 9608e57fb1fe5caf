"""Where a network trains: what torch says when the memory is too small."""

from __future__ import annotations

import os
import resource

import pytest
import torch
from torch import nn

from archdsl.training.devices import is_out_of_memory, of_onednn

FOUND, OTHER, FINE = b"out of memory", b"something else", b"fine"


def in_a_child(margin: int) -> bytes:
    """What becomes of a step in a process that may map no more than so many bytes beside those that it has."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        try:
            layers = (nn.Conv2d(3, 16, 3), nn.ReLU(), nn.Conv2d(16, 16, 3, groups=16), nn.Conv2d(16, 16, 1))
            model = nn.Sequential(*layers).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
            images = torch.randn(64, 3, 96, 96).to(memory_format=torch.channels_last)
            with open("/proc/self/statm") as file:
                mapped = int(file.read().split()[0]) * resource.getpagesize()
            resource.setrlimit(resource.RLIMIT_AS, (mapped + margin, mapped + margin))
            model(images).sum().backward()
            os.write(write, FINE)
        except Exception as error:
            os.write(write, FOUND if is_out_of_memory(error) else OTHER + repr(error).encode())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as file:
        text = file.read()
    os.waitpid(child, 0)
    return text


def test_want_of_memory_is_known_whoever_finds_it_out() -> None:
    """Between no memory and enough it is torch that lacks it for a tensor, or oneDNN for the code of a layer. Maps are
    larger than what the process can have freed before in one piece, which it may use again."""
    found = [in_a_child(margin << 10) for margin in (0, 256, 1024, 4096, 32768, 65536, 131072, 262144, 4194304)]
    assert (found[0], found[-1]) == (FOUND, FINE)
    assert {*found} - {b""} == {FOUND, FINE}  # nothing is said where oneDNN itself ends the process


@pytest.mark.parametrize(
    ("error", "is_memory", "said"),
    [
        (RuntimeError("could not create a primitive"), True, "could not create a primitive"),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"), True, None),
        (MemoryError(), True, None),
        (torch.OutOfMemoryError("CUDA out of memory"), True, None),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False, None),
        (ValueError("could not create a primitive"), False, "could not create a primitive"),
    ],
)
def test_words(error: Exception, is_memory: bool, said: str | None) -> None:
    assert is_out_of_memory(error) == is_memory
    assert of_onednn(error) == said
