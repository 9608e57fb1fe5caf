"""What networks of a space are timed for: the device, the batch, and whether it is a training step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from archdsl.backends.latency import Profile, profile
from archdsl.backends.latency.latencies import PartLatencies
from archdsl.ir.body import BlockInstance


@dataclass(frozen=True)
class Clock:
    """Tells the time of parts of networks."""

    profile: Profile
    batch: int
    training: bool
    dtype: str | None

    @classmethod
    def of(cls, device: str, batch: int, training: bool, dtype: str | None) -> Clock:
        """Raises DiagnosticError where there is no such device, or it does not have the type, or training."""
        made = cls(profile(device), batch, training, dtype)
        made.latencies("", {})
        return made

    @property
    def setting(self) -> tuple[int, int, bool, str | None]:
        """What distinguishes clocks; the profile by its identity, which it keeps as long as it is held."""
        return id(self.profile), self.batch, self.training, self.dtype

    def latencies(self, name: str, blocks: Mapping[str, BlockInstance]) -> PartLatencies:
        """The times of parts that are made of the given blocks."""
        return PartLatencies(name, blocks, self.profile, batch=self.batch, training=self.training, dtype=self.dtype)
