"""Writes the table of bounds in docs/bounds.md from `archdsl.Limits`: `python -m tools.write_limits`."""

from __future__ import annotations

from archdsl.limits import BOUNDS
from tools import DOCS

PAGE = DOCS / "bounds.md"
BEGIN, END = "<!-- limits: written by `python -m tools.write_limits` -->\n", "<!-- end of limits -->\n"


def table() -> str:
    """A row for each bound: its name, what it counts, its value, and the highest that it can be raised to."""
    rows = ["| name | counts | bound |", "| --- | --- | --- |"]
    for name, bound in BOUNDS.items():
        highest = "" if bound.most is None else "; fixed" if bound.most == bound else f"; at most {bound.most:,}"
        rows.append(f"| `{name}` | {bound.what} | {bound:,}{highest} |")
    return "\n".join(rows) + "\n"


def page() -> str:
    """The page with the table as it should be."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    return f"{before}{BEGIN}{table()}{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
