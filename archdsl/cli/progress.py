"""How far a long command is."""

from __future__ import annotations

import sys


def progress(text: str) -> None:
    """A line that takes the place of the last one, if a person is looking."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()
