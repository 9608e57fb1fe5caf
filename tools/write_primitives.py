"""Writes docs/primitives.md from the operators themselves: `python -m tools.write_primitives`."""

from __future__ import annotations

import inspect

from archdsl.elaborate.evaluate.describe import describe
from archdsl.ir.checks import arguments as taken
from archdsl.ir.operators import PRIMITIVES, Operator
from archdsl.ir.operators.formulas import Formulas, cases, condition
from tools import DOCS

HEAD = """# Primitives

Every layer that the compiler itself knows; all other blocks are `.arch` files. Written from the code by
`python -m tools.write_primitives`. An argument without a default must be given; `padding` is the model's setting unless
given. Multiply-accumulates (MACs) count convolutions, linear layers and the two products of attention; everything else
is free, as in the field's tables.

Formulas speak of a layer's arguments (`bias` counts as 1 where it is true), of its input `in` and its output `out`;
`in.elements` is channels * height * width. `kernel.height` and `kernel.width` are both the kernel where that is one
number. `window(n, k)` is how many positions a window of `k` takes along `n`:

| padding | `window(n, k)` |
| --- | --- |
| `symmetric` | `(n + 2 * p - dilation * (k - 1) - 1) // stride + 1` with `p = dilation * (k - 1) // 2` |
| a number, or a size such as `0 x 3` | the same with that number, or that of the axis, as `p` |
| `valid` | the same with `p = 0` |
| `same` | `n / stride`, rounded up |

`conv_transpose` has `spread(n, k)` positions: `(n - 1) * stride - 2 * p + dilation * (k - 1) + 1 + output_padding`
with the same `p`, and `n * stride` with `same`. Where `stride`, `dilation` or `output_padding` is a size such as
`2 x 1`, its height counts along the height and its width along the width. The `p` of `blur` is
`(stride + kernel - 2) // 2`.

On [series](language.md#one-dimension-and-three) a kernel of `k` is one of `1 x k` on a map of height 1, and
strides and paddings likewise.

Pooling has no dilation (1 in these formulas), and with `ceil = true` the division is rounded up, save that no window
begins behind the map.

"""

# What is written as a function, because it takes several tensors or gives several.
FUNCTIONS = {
    "split(x, parts)": "a list of tensors: `parts` equal parts of the channels of `x`; or, where `parts` is a list "
    "such as `[24, 40]`, parts of these sizes, which add up to its channels",
    "concat(x, y, ...)": "the channels of tensors, or of those of lists, one after the other",
    "sum(x, y, ...)": "tensors, or those of lists, added up; a side of 1 stretches",
    "max(x, y, ...)`, `min(x, y, ...)": "the larger or smaller of each element, of tensors and numbers",
}
TAIL = """
## Functions of tensors

They are no layers: they stand around tensors, and not behind `->`. They have neither parameters nor MACs. Arithmetic
(`x + y`) and lists are in [the language](language.md#bindings-and-values).

| function | what it gives |
| --- | --- |
"""


def page() -> str:
    """The whole page."""
    by_class: dict[type[Operator], list[str]] = {}
    for name, operator in PRIMITIVES.items():
        by_class.setdefault(operator, []).append(name)
    sections = "\n".join(_section(operator, names) for operator, names in by_class.items())
    return HEAD + sections + TAIL + "".join(f"| `{form}` | {text} |\n" for form, text in FUNCTIONS.items())


def _section(operator: type[Operator], names: list[str]) -> str:
    arguments = ", ".join(
        name if default is ... else f"{name} = {describe(default)}" for name, default in taken(operator).items()
    )
    titles = ", ".join(f"`{name}({arguments})`" if len(names) == 1 else f"`{name}`" for name in names)
    shared = f"\n\nArguments: `{arguments}`." if len(names) > 1 and arguments else ""
    return f"## {titles}\n\n{inspect.getdoc(operator)}{shared}\n\n{_cases(operator)}\n"


def _cases(operator: type[Operator]) -> str:
    """The rules of an operator; with words that must be given, those for each."""
    found = cases(operator)
    if len(found) == 1:
        return _rules(*found.values())
    return "\n".join(
        f"- `{condition(operator, words)}`: {_rules(rules).removeprefix('- output: ')}"
        for words, rules in found.items()
    )


def _rules(rules: Formulas) -> str:
    shape = f"`{rules.channels}` x `{rules.height}` x `{rules.width}`"
    lines = ["as large as the input" if rules.keeps_shape else f"output: {shape}"]
    lines += [f"parameters: `{rules.parameters}`"] if rules.parameters != "0" else []
    lines += [f"MACs: `{rules.macs}`"] if rules.macs != "0" else []
    return "\n".join(f"- {line}" for line in lines)


if __name__ == "__main__":
    (DOCS / "primitives.md").write_text(page(), encoding="utf-8")
