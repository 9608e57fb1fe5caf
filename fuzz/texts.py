"""The real texts that the fuzzer begins with, whole and in pieces."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = ("specs", "examples", "archdsl/stdlib", "tests/errors", "tests/data/examples")
_ITEM = re.compile(r"^(?=(?:use|block|model|variants|recipe)\b)", re.MULTILINE)
TOKEN = re.compile(r'[A-Za-z_]\w*|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|"[^"\n]*"|->|\*\*|//|\+-|[=!<>]=|\.\.|\s+|.')


@cache
def texts() -> tuple[str, ...]:
    """Every `.arch` file of the repository."""
    paths = sorted(path for folder in FOLDERS for path in (ROOT / folder).glob("*.arch"))
    return tuple(path.read_text(encoding="utf-8", errors="replace") for path in paths)


@cache
def items() -> tuple[str, ...]:
    """The items of those files, each by itself."""
    return tuple(dict.fromkeys(piece for text in texts() for piece in _ITEM.split(text) if piece.strip()))


@cache
def lines() -> tuple[str, ...]:
    """The lines of those files, each by itself."""
    stripped = (line.strip() for text in texts() for line in text.splitlines())
    return tuple(dict.fromkeys(line for line in stripped if 3 < len(line) < 200 and not line.startswith("#")))


@cache
def tokens() -> tuple[str, ...]:
    """Every token that is in one of them, once."""
    return tuple(dict.fromkeys(token for text in texts() for token in TOKEN.findall(text) if len(token) < 40))
