"""Whether a generated file is still as it was written: one of its first lines holds a digest of all the others.

It distinguishes an owner's edit from what may be written again, not to keep anybody from forging it. Line ends do
not count: git and editors convert them.
"""

from __future__ import annotations

import re
from hashlib import sha256

_LINE = re.compile(rb"^[^\n]*\bsha256:([0-9a-f]{16})\b[^\n]*\n", re.MULTILINE)
# The line is among the first, so that no text of the file's own is taken for it.
_FIRST_LINES = 3


def with_digest(text: str, line: str, *, at: int = 0) -> str:
    """A text with a line that holds its digest in the place of `{}`, before the line of index `at`."""
    lines = text.splitlines(keepends=True)
    lines.insert(at, line.format(f"sha256:{_digest(text.encode('utf-8'))}"))
    return "".join(lines)


def is_as_written(found: bytes, new: bytes) -> bool:
    """Whether a file may be written again without loss.

    It is as it was written, or was so without a digest and is what would be written now: earlier versions had none.
    """
    digest, rest = _parted(found)
    return digest == _digest(rest) if digest is not None else rest == _parted(new)[1]


def has_digest(found: bytes) -> bool:
    return _parted(found)[0] is not None


def _parted(data: bytes) -> tuple[str | None, bytes]:
    """The digest that a file holds, and the rest of it, with line ends as they are written."""
    data = data.replace(b"\r\n", b"\n")
    match = _LINE.search(data)
    if match is None or data.count(b"\n", 0, match.start()) >= _FIRST_LINES:
        return None, data
    return match[1].decode(), data[: match.start()] + data[match.end() :]


def _digest(data: bytes) -> str:
    return sha256(data).hexdigest()[:16]
