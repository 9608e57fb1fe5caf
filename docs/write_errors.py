"""Writes docs/errors.md from the pages that `archdsl explain` prints: `python docs/write_errors.py`."""

from __future__ import annotations

from pathlib import Path

from archdsl.diagnostics.codes import ALL
from archdsl.diagnostics.explanation import explanation

HEAD = """# Errors

Every diagnostic has a code, and a code never changes its meaning. `archdsl explain ARC401` prints what stands here.
Written from `archdsl/diagnostics/explanations/` by `python docs/write_errors.py`; a test runs the examples.

"""


def page() -> str:
    """The whole page: a list of the codes, then each."""
    pages = [explanation(code) for code in ALL]
    listed = "\n".join(f"- [{page.code.name}](#{page.code.name.lower()}) {page.code.title}" for page in pages)
    # A heading that is the code alone, so that a link to it outlives a change of words.
    sections = "\n".join(f"## {page.code.name}\n\n**{page.code.title}**\n\n{page.markdown}\n" for page in pages)
    return f"{HEAD}{listed}\n\n{sections}"


if __name__ == "__main__":
    Path(__file__).with_name("errors.md").write_text(page(), encoding="utf-8")
