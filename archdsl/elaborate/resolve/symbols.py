"""What a name in a text means: one answer for the checker, the evaluator and the language server."""

from __future__ import annotations

import os
from enum import StrEnum
from functools import cached_property, lru_cache
from pathlib import Path

from msgspec import Struct

from archdsl.diagnostics import Source, Span
from archdsl.elaborate.problems import LIBRARY
from archdsl.elaborate.resolve.definitions import Definition, ModelDefinition, RecipeDefinition
from archdsl.elaborate.resolve.signatures import Signature, of_function, of_primitive
from archdsl.folders import library_folder
from archdsl.language import tree


class Kind(StrEnum):
    """The sorts of things that have names; the value is what a reader calls one."""

    BLOCK = "block"
    MODEL = "model"
    PARAMETER = "parameter"
    BINDING = "binding"
    INPUT = "input"
    VARIANT = "variant"
    STAGE = "stage"
    FACT = "fact"
    FILE = "file"
    PRIMITIVE = "primitive"
    ATTRIBUTE = "argument"
    FUNCTION = "function"
    SETTING = "setting"
    WORD = "word"
    COLUMN = "column"
    RECIPE = "recipe"
    RECIPE_SETTING = "setting of a recipe"
    RECIPE_FUNCTION = "function of a recipe"
    RECIPE_ARGUMENT = "argument in a recipe"


class Symbol(Struct, frozen=True, eq=False, dict=True):
    """One thing that has a name. Two symbols are equal when they are the same thing, seen from whatever file.

    `span` is the nearest definition, `first` that of the symbol whose place it takes: a model that extends another can
    define a name anew. What is part of the language has neither. `owner` is the block, model or primitive that it
    belongs to.
    """

    kind: Kind
    name: str
    owner: str = ""
    span: Span | None = None
    first: Span | None = None
    meaning: Definition | ModelDefinition | RecipeDefinition | tree.Parameter | tree.Binding | None = None

    @cached_property
    def home(self) -> tuple[str, int] | None:
        """The file and offset of the first definition, whatever way leads to that file."""
        if self.kind in _WITHOUT_HOME:
            return None
        span = self.first or self.span
        return None if span is None else (_real(str(file_of(span.source))), span.start)

    @cached_property
    def identity(self) -> tuple[object, ...]:
        """What distinguishes it from all others."""
        return self.kind, self.name, self.home, self.owner

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Symbol) and self.identity == other.identity)

    def __hash__(self) -> int:
        return hash(self.identity)


# Facts travel with tensors: which definition a reader meets is known only in a network. A file is named, not defined.
_WITHOUT_HOME = (Kind.FACT, Kind.FILE)


class Occurrence(Struct, frozen=True):
    """A name in a text. The header of a table can name a parameter of several blocks at once."""

    span: Span
    symbols: tuple[Symbol, ...]
    is_definition: bool = False


def signature_of(symbol: Symbol | None) -> Signature | None:
    """What a symbol takes when it is called; None for what is not a block, primitive or function."""
    match symbol:
        case Symbol(meaning=Definition(signature=found)):
            return found
        case Symbol(kind=Kind.PRIMITIVE, name=name) | Symbol(kind=Kind.SETTING, name="drop_path" as name):
            return of_primitive(name)
        case Symbol(kind=Kind.FUNCTION, name=name):
            return of_function(name)
        case _:
            return None


def parameters_of_symbol(symbol: Symbol | None) -> dict[str, Symbol]:
    """The symbols of what a block, a primitive or a function takes, by name."""
    if isinstance(symbol, Symbol) and isinstance(symbol.meaning, Definition):
        return {name: of_parameter(one, symbol.name) for name, one in symbol.meaning.parameters.items()}
    takes = signature_of(symbol)
    if symbol is None or takes is None:
        return {}
    return {name: Symbol(Kind.ATTRIBUTE, name, symbol.name) for name in takes.parameters}


def of_block(definition: Definition) -> Symbol:
    return Symbol(Kind.BLOCK, definition.name, span=definition.block.name.span, meaning=definition)


def of_model(definition: ModelDefinition) -> Symbol:
    return Symbol(Kind.MODEL, definition.name, span=definition.model.name.span, meaning=definition)


def of_recipe(definition: RecipeDefinition) -> Symbol:
    return Symbol(Kind.RECIPE, definition.name, span=definition.recipe.name.span, meaning=definition)


def of_parameter(parameter: tree.Parameter, owner: str, replaced: Symbol | None = None) -> Symbol:
    """A parameter; `replaced` is the inherited one whose place it takes."""
    return _of(Kind.PARAMETER, parameter, owner, replaced)


def of_binding(binding: tree.Binding, owner: str, replaced: Symbol | None = None) -> Symbol:
    """A binding; `replaced` is the inherited one whose place it takes."""
    return _of(Kind.BINDING, binding, owner, replaced)


def _of(kind: Kind, node: tree.Parameter | tree.Binding, owner: str, replaced: Symbol | None) -> Symbol:
    first = (replaced.first or replaced.span) if replaced is not None else None
    return Symbol(kind, node.name.text, replaced.owner if replaced else owner, node.name.span, first, node)


def of_fact(name: tree.Identifier, span: Span | None = None) -> Symbol:
    """A fact; `span` is its place where it is set."""
    return Symbol(Kind.FACT, name.text, span=span)


# Files ---------------------------------------------------------------------------------------------------------------


def file_of(source: Source) -> Path:
    """The file of a text; that of the standard library where the text is from there."""
    folder, _, name = source.name.rpartition("/")
    return library_folder() / name if folder == LIBRARY else Path(source.name)


def is_in_library(symbol: Symbol) -> bool:
    return symbol.home is not None and Path(symbol.home[0]).parent == library_folder().resolve()


@lru_cache(maxsize=1024)
def _real(path: str) -> str:
    return os.path.realpath(path)
