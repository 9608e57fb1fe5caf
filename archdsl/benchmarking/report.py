"""A race as text, as JSON and as a picture."""

from __future__ import annotations

from typing import Any

from archdsl.backends.plotting import saved, styled
from archdsl.backends.table import aligned
from archdsl.benchmarking.race import Contender, Race
from archdsl.digests import with_digest

_OURS, _THEIRS = "#0072b2", "#999999"
_ROW = 0.42  # inches
_DIGEST = "<!-- Written by archdsl bench. {} -->\n"


def as_text(race: Race) -> str:
    """A table, with the speed of each relative to the first."""
    rows = [
        (
            one.name,
            one.target,
            f"{1e3 * one.seconds:.3g}",
            f"{100 * one.spread:.0f} %",
            f"{race.settings.batch / one.seconds:,.0f}",
            f"{one.speed(race.first):.2f} x",
            f"{one.prepared:.1f}",
            "" if one.peak is None else f"{one.peak / 1e6:,.0f}",
            f"{one.difference:.0e}",
        )
        for one in race.contenders
    ]
    titles = ("network", "by", "ms", "spread", "images/s", "speed", "ready after s", "peak MB", "difference")
    return aligned(titles, rows, "<<>>>>>>>")


def as_json(race: Race) -> dict[str, Any]:
    """A JSON object; times are seconds, memory is bytes."""
    settings = race.settings
    return {
        "format_version": "1.0",
        "for": settings.purpose,
        "against": settings.against,
        "device": settings.device,
        "batch": settings.batch,
        "dtype": settings.dtype,
        "threads": settings.threads,
        "machine": race.facts,
        "contenders": [
            {
                "side": one.side,
                "network": one.name,
                "target": one.target,
                "seconds": one.seconds,
                "spread": one.spread,
                "rounds": list(one.rounds),
                "speed": one.speed(race.first),
                "ready_after": one.prepared,
                "ready_after_processor": one.processor,
                "peak_memory": one.peak,
                "difference": one.difference,
            }
            for one in race.contenders
        ],
    }


def plot(race: Race, title: str, format: str) -> bytes:
    """Bars of images a second, as `svg` or `png`. Raises DiagnosticError where matplotlib is not installed."""
    found = race.contenders[::-1]
    with styled() as figure_of:
        figure = figure_of(figsize=(8.0, 1.4 + _ROW * len(found)), layout="constrained")
        axes = figure.subplots()
        speeds = [race.settings.batch / one.seconds for one in found]
        axes.barh(
            range(len(found)),
            speeds,
            xerr=[speed * one.spread for speed, one in zip(speeds, found, strict=True)],
            color=[_OURS if one.side == "ours" else _THEIRS for one in found],
            error_kw={"ecolor": "#333333", "elinewidth": 0.9, "capsize": 2},
        )
        axes.set_yticks(range(len(found)), [_plain(f"{one.name}, {one.target}") for one in found])
        for place, (speed, one) in enumerate(zip(speeds, found, strict=True)):
            axes.annotate(_said(one, race), (speed * (1 + one.spread), place), (5, 0), textcoords="offset points",
                          va="center", fontsize=9)  # fmt: skip
        axes.margins(x=0.14)
        axes.set_xlim(left=0)
        axes.set_xlabel("training images a second" if race.settings.purpose == "training" else "images a second")
        axes.set_title(_plain(title))
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        drawn = saved(figure, format)
    # With a digest, so that a drawing that somebody has edited is not written over.
    return with_digest(drawn.decode("utf-8"), _DIGEST, at=1).encode("utf-8") if format == "svg" else drawn


def _said(one: Contender, race: Race) -> str:
    return f"{1e3 * one.seconds:.3g} ms" + ("" if one is race.first else f", {one.speed(race.first):.2f} x")


def _plain(text: str) -> str:
    return text.replace("$", r"\$")
