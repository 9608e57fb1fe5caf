"""Writes docs/primitives.md from the operators themselves: `python docs/write_primitives.py`."""

from __future__ import annotations

import inspect
from pathlib import Path

from archdsl.elaborate.values import describe
from archdsl.ir.operators import PRIMITIVES, Operator
from archdsl.ir.operators.checks import attributes

HEAD = """# Primitives

Every layer that the compiler itself knows; all other blocks are `.arch` files. Written from the code by
`python docs/write_primitives.py`. An argument without a default must be given; `padding` is the model's setting unless
given. Multiply-accumulates count convolutions and linear layers; everything else is free, as in the field's tables.

"""


def page() -> str:
    """The whole page."""
    by_class: dict[type[Operator], list[str]] = {}
    for name, operator in PRIMITIVES.items():
        by_class.setdefault(operator, []).append(name)
    return HEAD + "\n".join(_section(operator, names) for operator, names in by_class.items())


def _section(operator: type[Operator], names: list[str]) -> str:
    arguments = ", ".join(
        name if default is ... else f"{name} = {describe(default)}" for name, default in attributes(operator).items()
    )
    titles = ", ".join(f"`{name}({arguments})`" if len(names) == 1 else f"`{name}`" for name in names)
    shared = f"\n\nArguments: `{arguments}`." if len(names) > 1 and arguments else ""
    return f"## {titles}\n\n{inspect.getdoc(operator)}{shared}\n"


if __name__ == "__main__":
    Path(__file__).with_name("primitives.md").write_text(page(), encoding="utf-8")
