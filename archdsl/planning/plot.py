"""A plan as a picture: what rises over the epochs, and the learning rate."""

from __future__ import annotations

from typing import Any

from archdsl.backends.plotting import saved, styled
from archdsl.planning.plan import Plan

_COLOR, _GREY = "#0072b2", "#e4e7eb"
_POINTS = 600
_TITLES = {
    "resolution": "resolution, px",
    "rand_augment": "RandAugment",
    "mixup": "mixup alpha",
    "cutmix": "CutMix alpha",
    "erase": "erasing",
    "label_smoothing": "label smoothing",
    "dropout": "dropout",
    "drop_path": "drop path",
}


def plot(plan: Plan, format: str) -> bytes:
    """A panel for each setting that changes, resolution always, and one for the learning rate, as `svg` or `png`.

    Raises DiagnosticError when matplotlib is not installed.
    """
    phases = [each.phase for each in plan.phases]
    shown = [name for name in _TITLES if name == "resolution" or len({getattr(phase, name) for phase in phases}) > 1]
    with styled(**{"font.size": 8}) as figure_of:
        figure = figure_of(figsize=(6.5, 1.15 * (len(shown) + 1) + 0.5), layout="constrained")
        panels = figure.subplots(len(shown) + 1, 1, sharex=True, squeeze=False)[:, 0]
        edges = [phases[0].first, *(phase.last for phase in phases)]
        for axes, name in zip(panels, shown, strict=False):
            values = [getattr(phase, name) or 0 for phase in phases]
            axes.stairs(values, edges, color=_COLOR, linewidth=1.8, baseline=None)
            for phase, value in zip(phases, values, strict=True):
                middle = (phase.first + phase.last) / 2
                axes.annotate(f"{value:.3g}", (middle, value), (0, 3), textcoords="offset points", ha="center")
            _panel(axes, _TITLES[name], max(values))
        epochs = phases[-1].last
        steps = [index * epochs / _POINTS for index in range(_POINTS + 1)]
        rates = [plan.recipe.lr(epoch, plan.batch) for epoch in steps]
        panels[-1].plot(steps, rates, color=_COLOR, linewidth=1.8)
        _panel(panels[-1], "learning rate", max(rates))
        figure.align_ylabels(panels)
        panels[-1].set_xlabel("epoch")
        panels[-1].set_xlim(0, epochs)
        for axes in panels:
            for edge in edges[1:-1]:
                axes.axvline(edge, color=_GREY, linewidth=0.8, zorder=0)
        return saved(figure, format)


def _panel(axes: Any, title: str, most: float) -> None:
    axes.set_ylabel(title, rotation=0, ha="right", va="center")
    axes.set_ylim(0, 1.35 * most if most else 1)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
