"""Figures as files that tell whether somebody has edited them: those that are text hold a digest."""

from __future__ import annotations

from archdsl.digests import with_digest

# A comment in each of the formats that are text; it stands behind the first line.
_COMMENTS = {"svg": "<!-- {} as drawn -->\n", "dot": "// {} as drawn\n", "mermaid": "%% {} as drawn\n"}


def keeps_edits(format: str) -> bool:
    """Whether a file of this format says that it was edited."""
    return format in _COMMENTS


def as_file(drawn: bytes, format: str) -> bytes:
    """A figure as it is written to a file, with its digest where the format has room for one."""
    if not keeps_edits(format):
        return drawn
    return with_digest(drawn.decode("utf-8"), _COMMENTS[format], at=1).encode("utf-8")
