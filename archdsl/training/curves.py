"""A run as a picture: losses, accuracy, and the learning rate with the resolution, over the epochs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from archdsl.backends.plotting import saved, styled
from archdsl.training.metrics import EpochRow, StepRow

_TRAIN, _TEST, _OTHER = "#0072b2", "#d55e00", "#009e73"  # which the colour-blind tell apart (Okabe and Ito)
_SIZE = (8.0, 7.5)  # inches
_MARGINS = {"left": 0.11, "right": 0.91, "bottom": 0.07, "top": 0.94, "hspace": 0.08}  # shares of it


def is_available() -> bool:
    """Whether matplotlib is installed."""
    from importlib.util import find_spec

    return find_spec("matplotlib") is not None


def curves(title: str, steps: Sequence[StepRow], epochs: Sequence[EpochRow]) -> bytes:
    """An SVG. Raises DiagnosticError when matplotlib is not installed."""
    with styled() as figure_of:
        figure = figure_of(figsize=_SIZE)
        losses, accuracy, rate = figure.subplots(3, 1, sharex=True)
        figure.subplots_adjust(**_MARGINS)  # a layout that matplotlib finds takes it as long as all the rest
        figure.suptitle(title.replace("$", r"\$"))
        losses.plot([row.epoch for row in steps], [row.loss for row in steps], color=_TRAIN, lw=0.8, label="training")
        _plot(losses, epochs, "test_loss", "test", _TEST)
        losses.set_ylabel("loss")
        _plot(accuracy, epochs, "top1", "top-1", _TEST)
        _plot(accuracy, epochs, "top5", "top-5", _OTHER)
        accuracy.set_ylabel("test accuracy, %")
        rate.plot([row.epoch for row in steps], [row.lr for row in steps], color=_TRAIN, lw=1.2)
        rate.set_ylabel("learning rate", color=_TRAIN)
        rate.set_xlabel("epoch")
        side = rate.twinx()
        side.step([row.epoch for row in steps], [row.resolution for row in steps], color=_OTHER, lw=1.2, where="pre")
        side.set_ylabel("resolution, pixels", color=_OTHER)
        side.spines["top"].set_visible(False)
        for axes in (losses, accuracy, rate):
            axes.grid(visible=True, color="#e4e7eb", linewidth=0.8)
            axes.spines["top"].set_visible(False)
            if axes.get_legend_handles_labels()[0]:
                axes.legend(frameon=False)
        return saved(figure, "svg")


def _plot(axes: Any, rows: Sequence[EpochRow], name: str, label: str, color: str) -> None:
    points = [(row.epoch, value) for row in rows if (value := getattr(row, name)) is not None]
    if points:
        marker = "o" if len(points) <= 60 else ""
        axes.plot(*zip(*points, strict=True), color=color, lw=1.4, marker=marker, ms=3, label=label)
