"""The names that the language gives a meaning to."""

from __future__ import annotations

from archdsl.ir.functions import OF_NUMBERS
from archdsl.ir.operators import PRIMITIVES

SETTINGS = ("norm", "act", "padding", "drop_path")
# What every tensor has.
OWN_FACTS = ("channels", "height", "width")
# What series have besides, which files may have called a fact of their own.
LENGTH = "length"
OF_LISTS = ("concat", "split", "length", "sum")
# Functions that a block of a file may be called like, which is then what the name means: files had them before.
NEWER = ("split", "length", "sum")
FUNCTIONS = frozenset({*OF_NUMBERS, *OF_LISTS, "ramp"})
# Names that stand for themselves: values of attributes such as `padding = same`. Other words of attributes, which are
# usual names (`over = channels`, `mode = area`), do so in an argument alone.
WORDS = frozenset(
    {
        *("symmetric", "same", "valid"),
        *("bilinear", "nearest", "nearest_exact", "bicubic"),
        *("reflect", "replicate"),
    }
)
BUILT_IN = frozenset({*PRIMITIVES, *FUNCTIONS, *SETTINGS, *WORDS})
# Names that no block or model may have.
RESERVED = (BUILT_IN - set(NEWER)) | {"in", "out"}
# What an `extern block` says of its module.
DECLARED = ("out", "params", "macs")
# Bindings that say nothing about the network itself: what a search is to maximize.
ASIDE = ("objective",)
