"""Architectures made of architectures: one pass a file, and here the order in which they run."""

from __future__ import annotations

from collections.abc import Iterable

from archdsl.ir.architecture import Architecture
from archdsl.passes import (
    fold_activation_gains,
    fold_batch_norm,
    fold_gains,
    fold_weight_standardization,
    merge_branches,
    remove_training_layers,
)
from archdsl.passes.contract import Pass, PassError

# In the order in which they run, whatever order they are asked for in.
PASSES: tuple[Pass, ...] = (
    remove_training_layers.PASS,
    fold_batch_norm.PASS,
    fold_gains.PASS,
    fold_weight_standardization.PASS,
    merge_branches.PASS,
    fold_activation_gains.PASS,
)

# What `archdsl build --inference` runs: passes after which a network computes the same and is not trained any more.
INFERENCE: tuple[str, ...] = tuple(each.name for each in PASSES)


def run(architecture: Architecture, names: Iterable[str]) -> Architecture:
    """An architecture after the passes of these names.

    Raises ValueError for a name that no pass has, PassError where a condition of a pass does not hold.
    """
    asked = set(names)
    known = [each.name for each in PASSES]
    if unknown := sorted(asked - set(known)):
        raise ValueError(f"there is no pass {unknown[0]!r}; there are {', '.join(known)}")
    for each in PASSES:
        if each.name in asked:
            architecture = each.apply(architecture)
    return architecture


__all__ = ["INFERENCE", "PASSES", "Pass", "PassError", "run"]
