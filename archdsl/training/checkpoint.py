"""Checkpoints: folders called after their step, complete once they have that name, of which the last ones are kept.

`checkpoint.json` says what a checkpoint is of, and `state.pt` has its tensors, whole ones on the CPU: any number of
processes can go on from it. All reading and writing is the first process's but for `load`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import torch

from archdsl.diagnostics import DiagnosticError
from archdsl.reading import unfolded
from archdsl.training import atomic
from archdsl.training.errors import BadCheckpoint, RunNotSaved

_STATE, _FACTS = "state.pt", "checkpoint.json"
FORMAT = 1


@dataclass
class Facts:
    """What a checkpoint is of.

    `step` counts the steps that were taken, `top1` is what an evaluation right before it found, in percent, and
    `accumulate` is how many parts a step took. `loss` and `counted` are the sum of the losses of the epoch so far and
    their number.
    """

    step: int
    epoch: int
    accumulate: int = 1
    top1: float | None = None
    loss: float = 0.0
    counted: int = 0
    format: int = FORMAT
    versions: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Checkpoint:
    """One that is complete."""

    path: Path
    facts: Facts

    def load(self) -> dict[str, Any]:
        """`model`, `optimizer`, `average` and `scaler`. Raises DiagnosticError when they cannot be read."""
        try:
            if (held := unfolded(self.path / _STATE)) is not None:
                raise ValueError(f"it says that it unfolds to {held:,} bytes")
            # It is mapped: a process that needs a shard of each tensor reads no more than one tensor at a time.
            state: dict[str, Any] = torch.load(self.path / _STATE, map_location="cpu", weights_only=True, mmap=True)
        except Exception as error:  # a damaged file fails in any way it likes
            reason = " ".join(str(error).split())[:200]
            raise DiagnosticError([BadCheckpoint(str(self.path), reason).at(None)]) from None
        return state


def weights(state: Mapping[str, Any]) -> dict[str, torch.Tensor]:
    """The weights of a loaded checkpoint that are evaluated: the averaged ones where there are any."""
    found: dict[str, torch.Tensor] = state["average"] or state["model"]
    return found


class Checkpoints:
    """Those of a run, in a folder; it keeps the last `keep` and the one with the best evaluation."""

    def __init__(self, folder: Path, keep: int = 2):
        self.folder, self.keep = folder, keep

    def all(self) -> list[Checkpoint]:
        """The complete ones, in the order of their steps."""
        if not self.folder.is_dir():
            return []
        found = [_read(path) for path in sorted(self.folder.iterdir()) if not path.name.startswith(".")]
        return sorted(filter(None, found), key=lambda one: one.facts.step)

    def latest(self) -> Checkpoint | None:
        return next(reversed(self.all()), None)

    def best(self) -> Checkpoint | None:
        """The one with the best evaluation, of equal ones the first."""
        scored = [one for one in self.all() if one.facts.top1 is not None]
        return max(scored, key=lambda one: (one.facts.top1 or 0.0, -one.facts.step), default=None)

    def write(self, facts: Facts, state: Mapping[str, Any]) -> Checkpoint:
        """Writes one; those that it makes superfluous go once it is complete.

        Raises DiagnosticError when it cannot be written; those before it are as they were.
        """
        path = self.folder / f"{facts.step:08d}"
        try:
            with atomic.new_folder(path) as new:
                with open(new / _STATE, "wb") as file:
                    torch.save(dict(state), file)
                (new / _FACTS).write_text(json.dumps(asdict(facts), indent=2) + "\n", encoding="utf-8")
        except (OSError, RuntimeError) as error:
            raise DiagnosticError([self._not_saved(path, error)]) from None
        self._prune()
        return Checkpoint(path, facts)

    def last_words(self) -> str:
        """What there is to go on from."""
        last = self.latest()
        return f"the checkpoint of step {last.facts.step} is whole" if last else "there is no checkpoint yet"

    def _not_saved(self, path: Path, error: Exception) -> Any:
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, OSError):
            cause = cause.__cause__ or cause.__context__  # torch.save hides the reason behind one of its own
        if cause is None:
            raise error
        reason = (cause.strerror or str(cause)).lower()
        return RunNotSaved(str(path), reason, self.last_words(), str(self.folder.parent)).at(None)

    def _prune(self) -> None:
        found = self.all()
        best = self.best()
        for one in found[: -self.keep]:
            if best is None or one.path != best.path:
                atomic.remove_folder(one.path)


def _read(path: Path) -> Checkpoint | None:
    """The checkpoint in a folder; None for what is none."""
    try:
        found = json.loads((path / _FACTS).read_text(encoding="utf-8"))
        known = {each.name for each in fields(Facts)}
        facts = Facts(**{name: value for name, value in found.items() if name in known})
        if not os.path.isfile(path / _STATE) or facts.format != FORMAT:
            return None
        return Checkpoint(path, facts)
    except (OSError, ValueError, TypeError, AttributeError):
        return None
