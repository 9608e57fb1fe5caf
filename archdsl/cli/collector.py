"""Garbage, which `main` does not look for, looked for after all: by commands that go from network to network."""

from __future__ import annotations

import gc


def collect_from_here() -> None:
    """Looks for garbage from now on, but not among what is there already."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()
