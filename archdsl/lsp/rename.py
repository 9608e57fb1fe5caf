"""Rename: blocks, models, variants, parameters and bindings, in every file of the project that means them.

What a new name does is tried out before it is answered: the texts are read again, and each name has to mean in them
what it meant before.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from lsprotocol.types import Position, Range, TextEdit, WorkspaceEdit

from archdsl.diagnostics import Source
from archdsl.elaborate.check.models import SPECIAL
from archdsl.elaborate.resolve.definitions import ModelDefinition
from archdsl.elaborate.resolve.labels import LABEL
from archdsl.elaborate.resolve.stage_rows import OWN_COLUMNS
from archdsl.elaborate.resolve.symbols import Kind, Occurrence, Symbol, is_in_library
from archdsl.elaborate.resolve.words import RESERVED
from archdsl.lsp.document import Document
from archdsl.lsp.documents import Documents
from archdsl.lsp.references import everywhere

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_NAMED_BY_USERS = (Kind.BLOCK, Kind.MODEL, Kind.VARIANT, Kind.PARAMETER, Kind.BINDING)


class Refused(Exception):  # noqa: N818 - an answer, not an error
    """Says why something cannot be renamed."""


def prepare_rename(document: Document, position: Position) -> Range | None:
    """The name that would be renamed. Raises Refused when it cannot be; None where there is no name."""
    found = document.at(document.positions.offset(position))
    if found is None:
        return None
    _renamable(found, document)
    return document.positions.range(found.span)


def rename(document: Document, position: Position, new_name: str, documents: Documents) -> WorkspaceEdit | None:
    """The edits that give the thing at a position another name. Raises Refused when it cannot have that name."""
    found = document.at(document.positions.offset(position))
    if found is None:
        return None
    symbol = _renamable(found, document)
    if new_name == symbol.name:
        return WorkspaceEdit(changes={})
    _check_name(new_name, symbol)
    texts: dict[str, Document] = {}
    places: dict[str, list[Occurrence]] = {}
    for other, occurrence in everywhere([symbol], document, documents):
        if len(occurrence.symbols) > 1:
            owners = " and ".join(f"`{each.owner}`" for each in occurrence.symbols)
            raise Refused(f"`{symbol.name}` is a column of a table whose blocks {owners} take it")
        texts[other.uri] = other
        places.setdefault(other.uri, []).append(occurrence)
    _try_out(symbol, new_name, document, documents, {uri: _renamed(texts[uri], places[uri], new_name) for uri in texts})
    return WorkspaceEdit(
        changes={
            uri: [TextEdit(texts[uri].positions.range(each.span), new_name) for each in found_there]
            for uri, found_there in places.items()
        }
    )


# Whether it may ------------------------------------------------------------------------------------------------------


def _renamable(found: Occurrence, document: Document) -> Symbol:
    """The one thing that a name means. Raises Refused when that cannot be renamed."""
    if len(found.symbols) > 1:
        owners = " and ".join(f"`{symbol.owner}`" for symbol in found.symbols)
        raise Refused(f"this column is a parameter of {owners}; rename it in each of them")
    symbol = found.symbols[0]
    if symbol.kind not in _NAMED_BY_USERS or symbol.name == "out":
        raise Refused(f"`{symbol.name}` is a word of the language")
    if is_in_library(symbol):
        raise Refused(f"`{symbol.name}` is part of the standard library")
    is_models = isinstance(document.environment.model(symbol.owner), ModelDefinition)
    if symbol.kind in (Kind.PARAMETER, Kind.BINDING) and is_models and symbol.name in SPECIAL:
        raise Refused(f"`{symbol.name}` of a model means something to the compiler")
    if symbol.kind is Kind.PARAMETER and not is_models and symbol.name == "stride":
        raise Refused("`stride` of a block means something to the table of stages")
    return symbol


def _check_name(name: str, symbol: Symbol) -> None:
    pattern = LABEL if symbol.kind is Kind.VARIANT else _NAME
    if not re.fullmatch(pattern, name):
        raise Refused(f"`{name}` is not a name; names are letters, digits and `_`")
    if symbol.kind in (Kind.BLOCK, Kind.MODEL) and name in RESERVED:
        raise Refused(f"`{name}` has a meaning in the language already")
    if symbol.kind in (Kind.PARAMETER, Kind.BINDING) and name in ("in", "out", "stride", *SPECIAL, *OWN_COLUMNS):
        raise Refused(f"`{name}` has a meaning in the language already")


# What would come of it -----------------------------------------------------------------------------------------------


def _renamed(document: Document, places: Iterable[Occurrence], name: str) -> str:
    text = document.source.text
    for occurrence in sorted(places, key=lambda each: each.span.start, reverse=True):
        text = text[: occurrence.span.start] + name + text[occurrence.span.end :]
    return text


def _try_out(symbol: Symbol, name: str, document: Document, documents: Documents, edited: Mapping[str, str]) -> None:
    """Reads each text again that has the old or the new name in it. Raises Refused when one means something else."""
    before = list(documents.around(document, {symbol.name, name}))
    texts = {os.path.realpath(each.source.name): edited.get(each.uri, each.source.text) for each in before}

    def reader(path: Path) -> Source:
        real = os.path.realpath(path)
        return Source(str(path), texts[real]) if real in texts else documents.read(path)

    for each in before:
        source = Source(each.source.name, edited.get(each.uri, each.source.text))
        after = Document(each.uri, source, None, reader, documents.encoding)
        is_same = _pattern(after) == _pattern(each) and len(after.linked.problems) == len(each.linked.problems)
        if is_same and each.uri in edited:
            is_same = len(after.compiled.problems) == len(each.compiled.problems)
        if not is_same:
            where = Path(each.source.name).name
            raise Refused(f"`{name}` would not mean the same as `{symbol.name}` everywhere in {where}")


def _pattern(document: Document) -> list[tuple[tuple[int, ...], bool]]:
    """Which names of a text mean the same thing, whatever they are called."""
    numbers: dict[Symbol, int] = {}
    return [
        (tuple(numbers.setdefault(symbol, len(numbers)) for symbol in each.symbols), each.is_definition)
        for each in document.occurrences
    ]
