"""What recipes are made of, for hover and completion: the reference of `docs/recipes.md` in an editor."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic.fields import FieldInfo

from archdsl.elaborate.recipes import vocabulary
from archdsl.elaborate.resolve.symbols import Kind, Symbol
from archdsl.ir.base import Frozen
from archdsl.ir.recipe.phases import PROGRESSIVE, Progressive
from archdsl.lsp.escapes import code

# The settings that can have a row in the table.
RISING = PROGRESSIVE
_TABLE = "the settings that rise over the training, in stages of equally many epochs"


def describe(symbol: Symbol) -> str:
    """Markdown for a setting, a function or an argument; nothing for a name that is none."""
    name = symbol.name
    match symbol.kind:
        case Kind.RECIPE_SETTING if name == vocabulary.TABLE:
            return f"{code('progressive(stages = 4)')}\n{_TABLE}"
        case Kind.RECIPE_SETTING if name in vocabulary.settings():
            return _field(name, vocabulary.settings()[name])
        case Kind.RECIPE_SETTING | Kind.RECIPE_FUNCTION if name in vocabulary.owners_of():
            part = _function(name)
            return f"{code(vocabulary.signature(name, part))}\n{_doc(part)}"
        case Kind.RECIPE_ARGUMENT:
            owner: type[Frozen] | None = Progressive if symbol.owner == vocabulary.TABLE else None
            if owner is None and symbol.owner in vocabulary.owners_of():
                owner = _function(symbol.owner)
            fields = vocabulary.arguments_of(owner) if owner is not None else {}
            return _field(name, fields[name]) if name in fields else ""
        case _:
            return ""


def settings() -> Iterator[tuple[str, str]]:
    """The settings of a recipe, each with what it says."""
    for name, field in vocabulary.settings().items():
        yield name, f"{field.description}{_default(field)}"


def functions(setting: str) -> Iterator[tuple[str, str, str]]:
    """The functions that a setting takes: name, signature, what each is."""
    for name, part in vocabulary.functions_of(setting).items():
        yield name, vocabulary.signature(name, part), _doc(part)


def words(setting: str) -> Iterator[str]:
    """The words that a setting takes."""
    from archdsl.ir.recipe import Recipe

    yield from sorted(vocabulary.words_of(Recipe, setting))


def arguments(function: str) -> Iterator[tuple[str, str]]:
    """The arguments of a function or of the table, each with what it says."""
    if function == vocabulary.TABLE:
        fields = vocabulary.arguments_of(Progressive)
    elif function in vocabulary.owners_of():
        fields = vocabulary.arguments_of(_function(function))
    else:
        return
    for name, field in fields.items():
        yield name, f"{field.description or name}{_default(field)}"


def _function(name: str) -> type[Frozen]:
    return vocabulary.functions_of(vocabulary.owners_of()[name])[name]


def _doc(part: type[Frozen]) -> str:
    return (part.__doc__ or "").partition("\n\n")[0].replace("\n", " ").strip()


def _field(name: str, field: FieldInfo) -> str:
    return f"{code(name)}\n{field.description or ''}{_default(field)}"


def _default(field: FieldInfo) -> str:
    default = vocabulary.default_of(field)
    return " (must be given)" if default is None else f" (default: `{default}`)"
