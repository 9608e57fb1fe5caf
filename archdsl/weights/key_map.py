"""A map between the keys of two state dicts, and tensors carried over it in either direction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

from archdsl.diagnostics.render import printable
from archdsl.weights.errors import MissingTensors, OneTensorForSeveral, OtherSize

if TYPE_CHECKING:
    from torch import Tensor

FORMAT_VERSION = "1.0"
# What a batch norm counts while it trains. Old checkpoints do not have it, and nothing at inference reads it.
COUNTER = "num_batches_tracked"
_MOST_NAMES = 3


@dataclass(frozen=True)
class Pair:
    """One tensor under its two keys. Shapes may differ in axes of one and where a weight is read as a matrix.

    `theirs` is None for a counter of batches that is missing on the other side.
    """

    ours: str
    theirs: str | None
    shape: tuple[int, ...]
    their_shape: tuple[int, ...]


@dataclass(frozen=True)
class KeyMap:
    """Every tensor of a network of ours with the one of another module or file that it is.

    `error` is the difference between the outputs of both on equal random weights, relative to the largest output; None
    where there was no code to run, and the map is read off names, shapes and order alone. `left_out` are keys of theirs
    that their forward pass never reads. `caveat` says on which weights the outputs are not equal all the same.
    `is_by_use` marks a part of a module for which no outputs could be compared, and
    `is_by_name` a file that has our own keys. `left_of_ours` are our keys that are left out with what was asked to be.
    """

    network: str
    origin: str
    pairs: tuple[Pair, ...]
    left_out: tuple[str, ...] = ()
    error: float | None = None
    caveat: str | None = None
    is_by_use: bool = False
    is_by_name: bool = False
    left_of_ours: frozenset[str] = frozenset()

    @property
    def is_proven(self) -> bool:
        return self.error is not None

    def to_ours(self, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Their tensors under our keys and in our shapes, none sharing memory. Raises DiagnosticError where they do
        not fit."""
        import torch

        found: dict[str, Tensor] = {}
        missing: list[str] = []
        for pair in self.pairs:
            tensor = state.get(pair.theirs) if pair.theirs is not None else None
            if tensor is not None:
                found[pair.ours] = reshaped(tensor, pair.shape, pair.theirs or "", self.origin)
            elif pair.ours.rpartition(".")[2] == COUNTER:
                found[pair.ours] = torch.zeros(pair.shape, dtype=torch.long)
            elif pair.ours not in found:
                missing.append(str(pair.theirs))
        _all_there(missing, self.origin)
        return found

    def to_theirs(self, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Our tensors under their keys and in their shapes, none sharing memory. Raises DiagnosticError if they do
        not fit."""
        found: dict[str, Tensor] = {}
        missing: list[str] = []
        for pair in self.pairs:
            if pair.theirs is None:
                continue
            tensor = state.get(pair.ours)
            if tensor is None:
                missing.append(pair.ours)
            elif pair.theirs in found and not found[pair.theirs].equal(tensor.reshape(pair.their_shape)):
                raise OneTensorForSeveral(self.origin, pair.theirs, self.network).error()
            else:
                found[pair.theirs] = reshaped(tensor, pair.their_shape, pair.ours, self.network)
        _all_there(missing, self.network)
        return found

    def as_json(self) -> dict[str, Any]:
        """A JSON object: names, the proof, and the pairs of keys with their shapes."""
        return {
            "format_version": FORMAT_VERSION,
            "network": self.network,
            "from": self.origin,
            "matched_by": "use" if self.is_proven or self.is_by_use else "definition",
            "relative_error": self.error,
            "caveat": self.caveat,
            "left_out": list(self.left_out),
            "pairs": [
                {
                    "ours": pair.ours,
                    "theirs": pair.theirs,
                    "shape": list(pair.shape),
                    "their_shape": list(pair.their_shape),
                }
                for pair in self.pairs
            ],
        }


def reshaped(tensor: Tensor, shape: tuple[int, ...], key: str, owner: str) -> Tensor:
    # The count is compared first: a tensor of a hostile file may claim more numbers than it holds.
    if tensor.numel() != prod(shape):
        had, wanted = (" x ".join(map(str, sizes)) or "1" for sizes in (tuple(tensor.shape), shape))
        raise OtherSize(printable(key), owner, had, wanted).error()
    return tensor.detach().reshape(shape).clone().contiguous()


def _all_there(missing: list[str], owner: str) -> None:
    if missing:
        raise MissingTensors([*map(printable, missing[:_MOST_NAMES])], len(missing), owner).error()
