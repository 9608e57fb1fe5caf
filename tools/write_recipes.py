"""Writes the reference in docs/recipes.md from the classes of the IR: `python -m tools.write_recipes`."""

from __future__ import annotations

import inspect

from pydantic.fields import FieldInfo

from archdsl.elaborate.recipes import vocabulary
from archdsl.ir.base import Frozen
from archdsl.ir.recipe import Recipe
from archdsl.ir.recipe.phases import PROGRESSIVE
from tools import DOCS

PAGE = DOCS / "recipes.md"
BEGIN, END = "<!-- settings: written by `python -m tools.write_recipes` -->\n", "<!-- end of settings -->\n"


def reference() -> str:
    """A row for each setting, and each function with its arguments."""
    rows = ["| setting | default | what it is |", "| --- | --- | --- |"]
    for name, field in vocabulary.settings().items():
        mark = " ↗" if name in PROGRESSIVE else ""
        rows.append(f"| `{name}`{mark} | {_default(field)} | {_meaning(name, field)} |")
    rows += ["", "Settings with ↗ can have a row in the table of progressive learning.", ""]
    for setting in vocabulary.settings():
        functions = vocabulary.functions_of(setting)
        if functions:
            rows += [f"### `{setting}`", ""]
            for name, part in functions.items():
                rows += [*_function(name, part), ""]
    return "\n".join(rows)


def _function(name: str, part: type[Frozen]) -> list[str]:
    doc = inspect.getdoc(part) or ""
    lines = [f"**`{vocabulary.signature(name, part)}`**: {' '.join(doc.split())}"]
    described = {
        argument: field.description
        for argument, field in vocabulary.arguments_of(part).items()
        if field.description is not None
    }
    return [*lines, "", *(f"- `{argument}`: {text}" for argument, text in described.items())] if described else lines


def _default(field: FieldInfo) -> str:
    default = vocabulary.default_of(field)
    return "must be given" if default is None else f"`{default}`"


def _meaning(name: str, field: FieldInfo) -> str:
    words = sorted(vocabulary.words_of(Recipe, name))
    listed = f" ({', '.join(f'`{word}`' for word in words)})" if words and "`" not in str(field.description) else ""
    return f"{field.description}{listed}".replace("|", "\\|")


def page() -> str:
    """The page with the reference as it should be."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    return f"{before}{BEGIN}{reference()}{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
