"""Writes docs/errors.md from the pages that `archdsl explain` prints: `python -m tools.write_errors`."""

from __future__ import annotations

from archdsl.diagnostics.codes import ALL, Code
from archdsl.diagnostics.explanation import explanation
from archdsl.diagnostics.listing import problems, template
from tools import DOCS

HEAD = """# Errors

Every diagnostic has a code, and a code never changes its meaning. `archdsl explain ARC401` prints what stands here.
Messages are listed with what they name in braces: ``unknown block `{name}` ``.
Written from `archdsl/diagnostics/explanations/` and the classes of problems by `python -m tools.write_errors`; a test
runs the examples.

"""


def page() -> str:
    """The whole page: a list of the codes, then each."""
    pages = [explanation(code) for code in ALL]
    listed = "\n".join(f"- [{page.code.name}](#{page.code.name.lower()}) {page.code.title}" for page in pages)
    # A heading that is the code alone, so that a link to it outlives a change of words.
    sections = "\n".join(
        f"## {page.code.name}\n\n**{page.code.title}**\n\n{page.markdown}\n{_messages(page.code)}" for page in pages
    )
    return f"{HEAD}{listed}\n\n{sections}"


def _messages(code: Code) -> str:
    """The messages with a code, but for those whose words come from elsewhere."""
    messages = dict.fromkeys(template(kind) for kind in problems() if kind.code is code)
    listed = "".join(f"- {message}\n" for message in messages if message != "{reason}")
    return f"\nMessages include:\n\n{listed}" if listed else ""


if __name__ == "__main__":
    (DOCS / "errors.md").write_text(page(), encoding="utf-8")
