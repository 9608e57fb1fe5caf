"""What a recipe can say: its settings, their functions and arguments, as the classes of the IR have them."""

from __future__ import annotations

from functools import cache
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from archdsl.elaborate.resolve.signatures import Signature
from archdsl.ir.base import Frozen
from archdsl.ir.recipe.recipe import Recipe

TABLE = "progressive"
TABLE_COLUMNS = ("setting", "from", "to")
# The settings that may be written in pixels.
SIDES = ("resolution", "test_resolution")


@cache
def settings() -> dict[str, FieldInfo]:
    """The settings of a recipe by name, in the order of the reference; the table is not one of them."""
    fields = Recipe.model_fields.items()
    return {name: field for name, field in fields if field.description is not None and name != TABLE}


@cache
def functions_of(setting: str) -> dict[str, type[Frozen]]:
    """The functions that a setting takes as its value, `sgd` and others for `optimizer`, by name."""
    return {_kind(part): part for part in _options(Recipe.model_fields[setting].annotation) if _is_part(part)}


@cache
def words_of(cls: type[Frozen], field: str) -> frozenset[str]:
    """The names that stand for themselves as the value of a field: `bfloat16` for `precision`."""
    options = _options(cls.model_fields[field].annotation)
    return frozenset(word for option in options if get_origin(option) is Literal for word in get_args(option))


@cache
def arguments_of(cls: type[Frozen]) -> dict[str, FieldInfo]:
    """The arguments of a function, in the order in which they can be given without names."""
    hidden = ("kind", "ramps")
    fields = {name: field for name, field in cls.model_fields.items() if name not in hidden}
    # What every schedule has comes last: `exponential(0.97, 2.4, warmup = 5)`.
    return {name: fields[name] for name in sorted(fields, key=lambda name: name == "warmup")}


@cache
def owners_of() -> dict[str, str]:
    """For each function the setting that takes it."""
    return {function: setting for setting in settings() for function in functions_of(setting)}


@cache
def takes(name: str, part: type[Frozen]) -> Signature:
    """What a function takes, for what checks the arguments of calls."""
    fields = arguments_of(part)
    return Signature(name, tuple(fields), tuple(each for each, field in fields.items() if field.is_required()))


def signature(name: str, part: type[Frozen]) -> str:
    """A function with its arguments and their defaults: `sgd(lr, momentum = 0.9)`."""
    given = ((each, default_of(field)) for each, field in arguments_of(part).items())
    return f"{name}({', '.join(each if default is None else f'{each} = {default}' for each, default in given)})"


def default_of(field: FieldInfo) -> str | None:
    """A field's default as a reader would write it; None where it must be given."""
    if field.is_required():
        return None
    value = field.get_default(call_default_factory=True)
    if isinstance(value, Frozen):
        return _kind(type(value))
    if value is None:
        return "none"
    return str(value).lower() if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)


def _kind(part: Any) -> str:
    kind: str = part.model_fields["kind"].default
    return kind


def _is_part(option: Any) -> bool:
    return isinstance(option, type) and issubclass(option, Frozen) and "kind" in option.model_fields


def _options(annotation: Any) -> tuple[Any, ...]:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _options(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return tuple(each for option in get_args(annotation) for each in _options(option))
    return (annotation,)
