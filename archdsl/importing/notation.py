"""Which notation a text is in, and the rows that it says."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from archdsl.diagnostics import Source
from archdsl.importing import automl, timm, torchvision
from archdsl.importing.errors import EmptyDefinition, UnclearNotation
from archdsl.importing.mistakes import Mistakes
from archdsl.importing.rows import BlockRow

NOTATIONS: dict[str, Callable[[Source, str | None, Mistakes], list[BlockRow | None]]] = {
    timm.NOTATION: timm.read,
    automl.NOTATION: automl.read,
    torchvision.NOTATION: torchvision.read,
}
# How a block string of google/automl begins: its flags stand in any order, but there is no kind before them.
_FLAGS_ALONE = re.compile(r"""(?:^|[\s"',\[])(?:[rksei]\d+_)+""")
# timm's begin with a kind of block, perhaps an unknown one.
_KIND_FIRST = re.compile(r"""(?:^|[\s"',\[])[a-z]+_(?:[a-z]+_)*[rkse]\d""")
_ROW_OF_NUMBERS = re.compile(r"[\[(]\s*\d+(?:\.\d+)?\s*,\s*\d+\s*,")


def read(source: Source, notation: str, act: str | None, mistakes: Mistakes) -> Sequence[BlockRow | None]:
    """The rows of a text, None for each in which something is not understood; that is kept in `mistakes`, with its
    place. Raises DiagnosticError where the text as a whole is not understood, and where there is nothing."""
    source = Source(source.name, source.text.replace("\r\n", "\n").replace("\r", "\n"))
    found = NOTATIONS[notation](source, act, mistakes)
    if not found:
        raise EmptyDefinition(source.name).error()
    return found


def rows(source: Source, notation: str | None, act: str | None) -> Sequence[BlockRow]:
    """The rows of a text; without a notation it is guessed. Raises DiagnosticError with everything that is not
    understood."""
    mistakes = Mistakes()
    found = read(source, notation or guessed(source), act, mistakes)
    mistakes.raise_found()
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
        raise UnclearNotation(source.name, list(NOTATIONS)).error()
    return found[0]
