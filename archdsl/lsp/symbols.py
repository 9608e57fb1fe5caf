"""What a name in a text can mean."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from archdsl.compiler import LIBRARY
from archdsl.diagnostics import Source, Span
from archdsl.elaborate.problems import LIBRARY as LIBRARY_NAME
from archdsl.elaborate.resolve.definitions import Definition, ModelDefinition
from archdsl.language import tree


class Kind(StrEnum):
    """The sorts of things that have names; the value is what a reader calls one."""

    BLOCK = "block"
    MODEL = "model"
    PARAMETER = "parameter"
    BINDING = "binding"
    VARIANT = "variant"
    FACT = "fact"
    FILE = "file"
    PRIMITIVE = "primitive"
    ATTRIBUTE = "argument"
    FUNCTION = "function"
    SETTING = "setting"
    WORD = "word"
    COLUMN = "column"


@dataclass(frozen=True)
class Symbol:
    """One thing that has a name. Two symbols are equal when they are the same thing, seen from whatever file.

    `home` is the file and offset of the first definition; what is part of the language has none. `owner` is the block,
    model or primitive that it belongs to.
    """

    kind: Kind
    name: str
    home: tuple[str, int] | None = None
    owner: str = ""
    # The nearest definition: a model that extends another can define a name anew.
    span: Span | None = field(default=None, compare=False)
    meaning: Definition | ModelDefinition | tree.Parameter | tree.Binding | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Occurrence:
    """A name in a text. The header of a table can name a parameter of several blocks at once."""

    span: Span
    symbols: tuple[Symbol, ...]
    is_definition: bool = False


def file_of(source: Source) -> Path:
    """The file of a text; that of the standard library where the text is from there."""
    folder, _, name = source.name.rpartition("/")
    return LIBRARY / name if folder == LIBRARY_NAME else Path(source.name)


def is_in_library(symbol: Symbol) -> bool:
    return symbol.home is not None and Path(symbol.home[0]).parent == LIBRARY.resolve()


def home(span: Span) -> tuple[str, int]:
    """What tells a definition from all others: its file, whatever way leads there, and its offset."""
    return _real(str(file_of(span.source))), span.start


@lru_cache(maxsize=1024)
def _real(path: str) -> str:
    return os.path.realpath(path)


def of_block(definition: Definition) -> Symbol:
    span = definition.block.name.span
    return Symbol(Kind.BLOCK, definition.name, home(span), span=span, meaning=definition)


def of_model(definition: ModelDefinition) -> Symbol:
    span = definition.model.name.span
    return Symbol(Kind.MODEL, definition.name, home(span), span=span, meaning=definition)


def of_parameter(parameter: tree.Parameter, owner: str, first: Symbol | None = None) -> Symbol:
    """A parameter; `first` is the inherited one whose place it takes."""
    span = parameter.name.span
    place = first.home if first else home(span)
    return Symbol(Kind.PARAMETER, parameter.name.text, place, first.owner if first else owner, span, parameter)


def of_binding(binding: tree.Binding, owner: str, first: Symbol | None = None) -> Symbol:
    """A binding; `first` is the inherited one that it replaces."""
    span = binding.name.span
    place = first.home if first else home(span)
    return Symbol(Kind.BINDING, binding.name.text, place, first.owner if first else owner, span, binding)
