"""Values as text of the language."""

from __future__ import annotations

from pathlib import PurePath


def string(path: PurePath) -> str:
    """A path as a string of the language, quotes and all."""
    text = path.as_posix()
    for character, escape in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n")):
        text = text.replace(character, escape)
    return f'"{text}"'
