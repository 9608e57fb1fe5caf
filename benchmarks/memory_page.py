"""The section of docs/performance.md about memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

INTRODUCTION = """\
## Memory

What `archdsl estimate --memory` predicts against what real runs take: the peak of a forward pass without gradients, and
of a whole step of training with momentum (forward, cross-entropy, backward, update; the second step, when the
optimizer's state is there). Every block that PyTorch's allocator hands out counts, those within operators too.
[How it is predicted](costs.md).
"""
NOT_ON_GPU = "On a GPU: not measured, none was at hand when this page was written. To measure, `{command}`.\n"

GENERATED = {
    "program": "programs of the property tests",
    "unusual": "networks of odd layers",
    "series": "programs of the property tests on series",
}

Table = Callable[[Sequence[str], Iterable[Sequence[str]], str], str]


def section(results: Any, table: Table) -> str:
    """The tables of one run: the networks, and other settings of some of them."""
    header = ["network", "inference", "predicted", "error", "training", "predicted", "error"]
    more = [[f"`{row['name']}`, {row['label']}", *_cells(row)] for row in results["settings"]]
    return "\n".join(
        [
            f"{results['place']}, {results['batch']} images, float32; MB are 10^6 bytes:\n",
            table(header, _networks(results["rows"]), "lrrrrrr"),
            "Networks that nobody looked at while the rules were written:\n",
            table(header, _networks(results["held_out"]), "lrrrrrr"),
            "Other settings:\n",
            table(["run", "measured", "predicted", "error"], more, "lrrr"),
        ]
    )


def generated(results: Any, table: Table) -> str:
    """The table of networks drawn at random."""
    header = ["networks", "run", "within 2 %", "beyond 10 %", "median error", "worst"]
    rows = [
        [
            f"{row['networks']} {GENERATED[row['kind']]}",
            "training" if row["training"] else "inference",
            f"{row['within']:.1%}",
            str(row["beyond"]),
            f"{row['median']:.3%}",
            f"{row['worst']:.1%}",
        ]
        for row in results["summary"]
    ]
    introduction = f"Networks drawn at random, 1 to 16 images, {results['place']}; four optimizers in turn:\n"
    return "\n".join([introduction, table(header, rows, "llrrrr")])


def _networks(rows: Iterable[Any]) -> list[list[str]]:
    """A line for each network: its inference, then its training."""
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(f"`{row['name']}`, {row['resolution']} px", []).extend(_cells(row))
    return [[name, *cells] for name, cells in found.items()]


def _cells(row: Any) -> list[str]:
    return [*(f"{row[name] / 1e6:,.1f} MB" for name in ("measured", "predicted")), f"{row['error']:+.2%}"]
