"""Writes docs/errors.md from the pages that `archdsl explain` prints: `python -m tools.write_errors`."""

from __future__ import annotations

from archdsl.diagnostics.codes import ALL
from archdsl.diagnostics.explanation import explanation
from tools import DOCS

HEAD = """# Errors

Every diagnostic has a code, and a code never changes its meaning. `archdsl explain ARC401` prints what stands here.
Written from `archdsl/diagnostics/explanations/` by `python -m tools.write_errors`; a test runs the examples.

"""


def page() -> str:
    """The whole page: a list of the codes, then each."""
    pages = [explanation(code) for code in ALL]
    listed = "\n".join(f"- [{page.code.name}](#{page.code.name.lower()}) {page.code.title}" for page in pages)
    # A heading that is the code alone, so that a link to it outlives a change of words.
    sections = "\n".join(f"## {page.code.name}\n\n**{page.code.title}**\n\n{page.markdown}\n" for page in pages)
    return f"{HEAD}{listed}\n\n{sections}"


if __name__ == "__main__":
    (DOCS / "errors.md").write_text(page(), encoding="utf-8")
