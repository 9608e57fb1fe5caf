"""What memory holds while a program runs, and the most that it ever held."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace


@dataclass
class Holdings:
    """Bytes by what they are for. `weights` has the buffers with them, `activations` the gradients of activations,
    `workspace` what single operators need for themselves while they run."""

    weights: int = 0
    optimizer: int = 0
    ema: int = 0
    gradients: int = 0
    images: int = 0
    activations: int = 0
    workspace: int = 0

    @property
    def total(self) -> int:
        return (
            self.weights + self.optimizer + self.ema + self.gradients + self.images + self.activations + self.workspace
        )


class Ledger:
    """Storages by number, each freed when nobody refers to it any more, and bytes that come and go besides."""

    def __init__(self, sizes: Iterable[int], holdings: Holdings, *, granularity: int = 1):
        self.granularity = granularity
        self.now = holdings
        self.sizes = [self.rounded(size) for size in sizes]
        self.references = [0] * len(self.sizes)
        self.peak = replace(holdings)
        self.phase, self.peak_phase = "", ""
        self.kernel, self.peak_kernel = 0, 0
        self.highest: dict[int, int] = {}  # the most that memory held while a kernel ran, forward or back

    def rounded(self, size: int) -> int:
        """A size as the allocator hands it out."""
        return -(-size // self.granularity) * self.granularity

    def new(self, size: int) -> int:
        """A storage of its own, with one reference."""
        self.sizes.append(self.rounded(size))
        self.references.append(0)
        self.retain(len(self.sizes) - 1)
        return len(self.sizes) - 1

    def retain(self, storage: int) -> None:
        if self.references[storage] == 0:
            self.now.activations += self.sizes[storage]
            self.note()
        self.references[storage] += 1

    def release(self, storage: int) -> None:
        self.references[storage] -= 1
        if self.references[storage] == 0:
            self.now.activations -= self.sizes[storage]

    def keep(self, size: int) -> None:
        """Bytes that a call leaves behind for the way back (or that are given back, if negative)."""
        self.now.activations += self.rounded(size) if size >= 0 else -self.rounded(-size)
        self.note()

    def work(self, size: int) -> None:
        """Bytes that come (+) and go (-) within a call."""
        self.now.workspace += self.rounded(size) if size >= 0 else -self.rounded(-size)
        self.note()

    def gradients(self, size: int) -> None:
        self.now.gradients += self.rounded(size)
        self.note()

    def note(self) -> None:
        total = self.now.total
        if total > self.highest.get(self.kernel, 0):
            self.highest[self.kernel] = total
        if total > self.peak.total:
            self.peak = replace(self.now)
            self.peak_phase, self.peak_kernel = self.phase, self.kernel
