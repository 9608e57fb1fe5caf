"""Randomness that is a function of what it is drawn for, so that a run that is resumed draws the same again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b

import torch


def key(*parts: int | str) -> int:
    """A number below 2^63 that depends on all parts and on nothing else: `key(seed, "order", epoch)`."""
    digest = blake2b(repr(parts).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


@contextmanager
def seeded(*parts: int | str) -> Iterator[None]:
    """Torch's generator of the CPU, seeded by parts while this lasts, and then as it was before."""
    # Not `torch.manual_seed`: on a machine without GPUs it keeps a traceback of each call for them, 2 ms of work.
    generator = torch.default_generator
    before = generator.get_state()
    generator.manual_seed(key(*parts))
    try:
        yield
    finally:
        generator.set_state(before)


def seed_all(number: int) -> None:
    """Seeds torch's generators, those of GPUs where there are any."""
    if torch.cuda.is_available():
        torch.manual_seed(number)
    else:
        torch.default_generator.manual_seed(number)
