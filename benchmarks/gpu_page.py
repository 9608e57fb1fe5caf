"""The section of docs/performance.md about networks on a GPU."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

INTRODUCTION = """\
## On a GPU

Networks in bfloat16, channels last, against the same networks of timm with equal weights, each in a process of its own,
in turns: eager, and compiled by torch.compile in the same mode (CUDA graphs and frozen weights at inference). What part
of the roofline a compiled network reaches is the time of its convolutions and linear layers at the peak or at the
bandwidth of the data sheet over the time measured. Ratios above 1 say that ours is faster.
"""
NOT_MEASURED = "Not measured: no GPU was at hand. To measure, `{command}`.\n"
_TARGETS = {"channels_last": "eager", "compiled": "compiled"}

Table = Callable[[Sequence[str], Iterable[Sequence[str]], str], str]


def inference(results: Any, table: Table) -> str:
    header = ["network", "px", "batch", "", "images/s", "of timm's", "roofline", "predicted", "peak of memory",
              "predicted"]  # fmt: skip
    rows = []
    for row in results["rows"]:
        for one in _ours(row):
            is_eager = one["target"] == "channels_last"
            rows.append(
                [
                    *_named(row, one),
                    "" if is_eager else f"{row['roofline_seconds'] / one['seconds']:.0%}",
                    f"{row['batch'] / row['predicted_seconds']:,.0f}" if is_eager else "",
                    f"{one['peak_memory'] / 1e9:.2f} GB",
                    f"{row['predicted_memory'] / 1e9:.2f} GB" if is_eager else "",
                ]
            )
    return "\n".join([f"{results['device']}, inference:\n", table(header, rows, "lrrlrrrrrr")])


def training(results: Any, table: Table) -> str:
    header = ["network", "px", "batch", "", "images/s", "of timm's", "half the distance of the quartiles"]
    rows = [[*_named(row, one), f"{one['spread']:.0%}"] for row in results["rows"] for one in _ours(row)]
    ratios = " and ".join(f"{ratio:.2f} x ({_TARGETS[target]})" for target, ratio in results["v2_m_against_b7"].items())
    return "\n".join(
        [
            f"{results['device']}, steps of training under autocast, with momentum:\n",
            table(header, rows, "lrrlrrr"),
            f"EfficientNetV2-M is trained on {ratios} as many images a second as EfficientNet-B7.\n",
        ]
    )


def _ours(row: Any) -> list[Any]:
    return [one for one in row["contenders"] if one["side"] == "ours"]


def _named(row: Any, one: Any) -> list[str]:
    return [
        f"`{row['network']}`",
        str(row["resolution"]),
        str(row["batch"]),
        _TARGETS[one["target"]],
        f"{one['images_per_second']:,.0f}",
        f"{one['speed_of_theirs']:.2f} x",
    ]
