"""The weights of a run: those at its end or, while it goes on, those of its best checkpoint."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from archdsl.diagnostics import DiagnosticError
from archdsl.training.checkpoint import Checkpoint, Checkpoints, weights
from archdsl.training.run_errors import NoWeightsYet
from archdsl.training.run_folder import CHECKPOINTS, WEIGHTS, RunFolder
from archdsl.weights import read_checkpoint


def run_weights(folder: RunFolder) -> dict[str, Tensor]:
    """The weights that a run is used with, on the CPU.

    Raises:
        DiagnosticError: for a folder without a run, for a run without a checkpoint, and for a file that is damaged.
    """
    folder.facts()
    source = weights_file(folder)
    if isinstance(source, Path):
        return dict(read_checkpoint(source).tensors)
    return dict(weights(source.load()))


def weights_file(folder: RunFolder) -> Path | Checkpoint:
    """Where they are. Raises DiagnosticError where there are none yet."""
    if folder.is_finished:
        return folder / WEIGHTS
    checkpoints = Checkpoints(folder / CHECKPOINTS)
    found = checkpoints.best() or checkpoints.latest()
    if found is None:
        raise DiagnosticError([NoWeightsYet(str(folder.path)).at(None)])
    return found
