"""Which notation a text is in, and the rows that it says."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from archdsl.diagnostics import Source
from archdsl.diagnostics.codes import SYNTAX, WRONG_USAGE
from archdsl.importing import automl, timm, torchvision
from archdsl.importing.rows import Row, refusal

NOTATIONS: dict[str, Callable[[Source, str], list[Row]]] = {
    timm.NOTATION: timm.read,
    automl.NOTATION: automl.read,
    torchvision.NOTATION: torchvision.read,
}
# How a block string of google/automl begins: its flags stand in any order, but there is no kind before them.
_FLAGS_ALONE = re.compile(r"""(?:^|[\s"',\[])(?:[rksei]\d+_)+""")
# timm's begin with a kind of block, perhaps one that nobody knows.
_KIND_FIRST = re.compile(r"""(?:^|[\s"',\[])[a-z]+_(?:[a-z]+_)*[rkse]\d""")
_ROW_OF_NUMBERS = re.compile(r"[\[(]\s*\d+\s*,\s*\d+\s*,")


def rows(source: Source, notation: str | None, act: str) -> Sequence[Row]:
    """The rows of a text; without a notation it is guessed. Raises Failure, with the place, for whatever is not
    understood, and where there is nothing or no guess."""
    source = Source(source.name, source.text.replace("\r\n", "\n").replace("\r", "\n"))
    found = NOTATIONS[notation or guessed(source)](source, act)
    if not found:
        raise refusal(SYNTAX, f"{source.name} says nothing", None)
    return found


def guessed(source: Source) -> str:
    """The notation that a text is in. Raises Failure when that is not clear."""
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
