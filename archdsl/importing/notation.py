"""Which notation a text is in, and the rows that it says."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from archdsl.diagnostics import Source
from archdsl.diagnostics.codes import SYNTAX, WRONG_USAGE
from archdsl.importing import automl, timm, torchvision
from archdsl.importing.mistakes import Mistakes
from archdsl.importing.rows import Row, refusal

NOTATIONS: dict[str, Callable[[Source, str | None, Mistakes], list[Row | None]]] = {
    timm.NOTATION: timm.read,
    automl.NOTATION: automl.read,
    torchvision.NOTATION: torchvision.read,
}
# How a block string of google/automl begins: its flags stand in any order, but there is no kind before them.
_FLAGS_ALONE = re.compile(r"""(?:^|[\s"',\[])(?:[rksei]\d+_)+""")
# timm's begin with a kind of block, perhaps one that nobody knows.
_KIND_FIRST = re.compile(r"""(?:^|[\s"',\[])[a-z]+_(?:[a-z]+_)*[rkse]\d""")
_ROW_OF_NUMBERS = re.compile(r"[\[(]\s*\d+(?:\.\d+)?\s*,\s*\d+\s*,")


def read(source: Source, notation: str, act: str | None, mistakes: Mistakes) -> Sequence[Row | None]:
    """The rows of a text, None for each in which something is not understood; that is kept in `mistakes`, with its
    place. Raises DiagnosticError where the text as a whole is not understood, and where there is nothing."""
    source = Source(source.name, source.text.replace("\r\n", "\n").replace("\r", "\n"))
    found = NOTATIONS[notation](source, act, mistakes)
    if not found:
        raise refusal(SYNTAX, f"{source.name} says nothing", None)
    return found


def rows(source: Source, notation: str | None, act: str | None) -> Sequence[Row]:
    """The rows of a text; without a notation it is guessed. Raises DiagnosticError with everything that is not
    understood.
    """
    mistakes = Mistakes()
    found = read(source, notation or guessed(source), act, mistakes)
    mistakes.tell()
    return [row for row in found if row is not None]


def guessed(source: Source) -> str:
    """The notation that a text is in. Raises DiagnosticError when that is not clear."""
    is_like = {
        torchvision.NOTATION: any(f"{name}(" in source.text for name in torchvision.classes())
        or _ROW_OF_NUMBERS.search(source.text),
        automl.NOTATION: _FLAGS_ALONE.search(source.text),
        timm.NOTATION: _KIND_FIRST.search(source.text),
    }
    found = [notation for notation, is_it in is_like.items() if is_it]
    if len(found) != 1:
        help = f"say which: `--from {'`, `--from '.join(NOTATIONS)}`"
        raise refusal(WRONG_USAGE, f"it is not clear which notation {source.name} is in", None, help=help)
    return found[0]
