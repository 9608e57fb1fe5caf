"""Which keys of a checkpoint are those of a network: `model.conv.weight` is `conv.weight` in a larger module."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from archdsl.diagnostics import DiagnosticError
from archdsl.diagnostics.render import printable
from archdsl.weights.errors import SeveralNetworksInside

if TYPE_CHECKING:
    from archdsl.weights.files import Checkpoint

_MOST_NAMES = 8
# Wrappers around wrappers: more of them do not occur.
_DEEPEST = 6
# What has at least this share of the keys that the best has is as good a guess.
_RIVAL = 0.5
# Below this share of the keys, what is found is a coincidence such as `conv1.weight` in every block.
_CERTAIN = 0.5


def scoped(checkpoint: Checkpoint, wanted: Collection[str]) -> Checkpoint:
    """The tensors of a checkpoint whose keys, after one beginning, are the `wanted` ones; the rest is put `aside`.

    Raises DiagnosticError where several beginnings would do, as for a model and its average in one state dict.
    """
    names = set(wanted)
    counts = Counter(prefix for key in checkpoint.tensors for prefix in _prefixes(key, names))
    best = max(counts.values(), default=0)
    if not best or counts[""] == best:
        return checkpoint
    if best < min(len(names), len(checkpoint.tensors)) * _CERTAIN:
        return checkpoint
    rivals = [prefix for prefix, count in counts.items() if count >= best * _RIVAL and prefix]
    if len(rivals) > 1:
        raise several(checkpoint.path, rivals)
    return within(checkpoint, max(rivals, key=counts.__getitem__))


def several(path: Path, prefixes: list[str]) -> DiagnosticError:
    """The error for weights of one network under several prefixes of keys."""
    return SeveralNetworksInside(
        str(path), [printable(prefix.rstrip(".")) for prefix in prefixes[:_MOST_NAMES]]
    ).error()


def within(checkpoint: Checkpoint, prefix: str) -> Checkpoint:
    """The tensors whose keys begin with a prefix, without it; the rest is put aside."""
    return replace(
        checkpoint,
        tensors={key[len(prefix) :]: tensor for key, tensor in checkpoint.tensors.items() if key.startswith(prefix)},
        aside={key: tensor for key, tensor in checkpoint.tensors.items() if not key.startswith(prefix)},
        prefix=prefix,
    )


def _prefixes(key: str, names: set[str]) -> Iterator[str]:
    """The prefixes of a key after which it is a wanted name."""
    start = 0
    for _ in range(_DEEPEST):
        if key[start:] in names:
            yield key[:start]
        start = key.find(".", start) + 1
        if not start:
            return
