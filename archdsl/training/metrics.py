"""What a training measures, to CSV files and to TensorBoard: a row each epoch and one every few steps.

A run that goes on from a checkpoint first takes back the rows that came after it, so that each step has one row.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from archdsl.training import atomic
from archdsl.training.run_folder import EVENTS, METRICS, STEPS, RunFolder


@dataclass(frozen=True)
class StepRow:
    """One step, or the last of a few that `loss` is the mean of. `gradient` is the norm before clipping."""

    step: int
    epoch: float
    resolution: int
    lr: float
    loss: float
    gradient: float | None


@dataclass(frozen=True)
class EpochRow:
    """An epoch: `train_loss` is the mean over its steps, `top1` and `top5` are percentages of the test images.

    `images_per_second` is of the steps alone, `loading` the part of their time that was spent waiting for images, and
    `seconds` that of the epoch with its evaluation.
    """

    epoch: int
    step: int
    resolution: int
    lr: float
    train_loss: float
    test_loss: float | None
    top1: float | None
    top5: float | None
    images_per_second: float
    loading: float
    seconds: float


Row = TypeVar("Row", StepRow, EpochRow)


class Metrics:
    """Writes the rows of a run."""

    def __init__(self, folder: RunFolder, step: int):
        """Args:
        step: how many steps the checkpoint has that the run goes on from; rows of later ones go.
        """
        self.folder = folder
        self.epochs = [row for row in read(folder / METRICS, EpochRow) if row.step <= step]
        steps = [row for row in read(folder / STEPS, StepRow) if row.step <= step]
        with folder.reporting():
            atomic.write(folder / METRICS, _text(EpochRow, self.epochs).encode())
            atomic.write(folder / STEPS, _text(StepRow, steps).encode())
        self._events = _events(folder / EVENTS, step)

    @property
    def has_events(self) -> bool:
        """Whether TensorBoard is installed."""
        return self._events is not None

    def add_step(self, row: StepRow) -> None:
        self._append(STEPS, row)
        if self._events is not None:
            self._events.add_scalar("train/loss", row.loss, row.step)
            self._events.add_scalar("train/lr", row.lr, row.step)
            self._events.add_scalar("train/resolution", row.resolution, row.step)
            if row.gradient is not None:
                self._events.add_scalar("train/gradient_norm", row.gradient, row.step)

    def add_epoch(self, row: EpochRow) -> None:
        self.epochs.append(row)
        self._append(METRICS, row)
        if self._events is not None:
            for name in ("test_loss", "top1", "top5"):
                if (value := getattr(row, name)) is not None:
                    self._events.add_scalar(f"test/{name.removeprefix('test_')}", value, row.step)
            self._events.add_scalar("speed/images_per_second", row.images_per_second, row.step)
            self._events.add_scalar("speed/loading", row.loading, row.step)
            self._events.flush()

    def close(self) -> None:
        if self._events is not None:
            self._events.close()

    def _append(self, name: str, row: StepRow | EpochRow) -> None:
        with self.folder.reporting(), open(self.folder / name, "a", encoding="utf-8", newline="") as file:
            file.write(_line(row))


def read(path: Path, kind: type[Row]) -> list[Row]:
    """The rows of a file; none where there is no file. A line that a kill cut short is left out."""
    try:
        with open(path, encoding="utf-8", newline="") as file:
            lines = list(csv.DictReader(file))
    except OSError:
        return []
    found = []
    for line in lines:
        try:
            values: dict[str, Any] = {each.name: _value(line[each.name], str(each.type)) for each in fields(kind)}
            found.append(kind(**values))
        except (KeyError, ValueError, TypeError):
            continue
    return found


def _value(text: str, type: str) -> float | int | None:
    if not text and "None" in type:
        return None
    return int(text) if type == "int" else float(text)


def _text(kind: type[StepRow] | type[EpochRow], rows: Sequence[StepRow] | Sequence[EpochRow]) -> str:
    return ",".join(each.name for each in fields(kind)) + "\n" + "".join(map(_line, rows))


def _line(row: StepRow | EpochRow) -> str:
    line = io.StringIO()
    # All digits: who compares two runs wants to see the last bit.
    csv.writer(line, lineterminator="\n").writerow("" if value is None else repr(value) for value in astuple(row))
    return line.getvalue()


def _events(folder: Path, step: int) -> Any:
    """TensorBoard's writer; None where it is not installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder), purge_step=step + 1)
