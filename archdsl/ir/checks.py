"""Whether a value may stand for an argument or setting, by the type of its field and in the words of the language.

The elaborator meets every attribute here first, so that a mistake is reported at its place in the text. Pydantic's own
validation, from the same annotations, guards the IR when it is read from JSON; a test holds the two to each other. The
elaborator does not ask pydantic: to build its validators takes 30 ms in every process (`benchmarks/validation.py`).
"""

from __future__ import annotations

from functools import cache
from math import isfinite
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from archdsl.ir.base import Frozen, Shape, Size
from archdsl.ir.operators.base import Operator


@cache
def attributes(operator: type[Frozen]) -> dict[str, Any]:
    """The arguments of a primitive in order: name to default, `...` for an argument that must be given."""
    return {
        name: ... if field.is_required() else field.default
        for name, field in operator.model_fields.items()
        if name != "kind"
    }


@cache
def arguments(operator: type[Operator]) -> dict[str, Any]:
    """What a primitive takes in the language, in order: its attributes, behind the tensors that it must be given. The
    channels, height and width of what is a tensor itself are one `shape`."""
    own = attributes(operator)
    if operator.is_source:
        own = {"shape": ..., **{name: default for name, default in own.items() if name not in Shape._fields}}
    return {**dict.fromkeys(operator.reads, ...), **own}


@cache
def real_attributes(operator: type[Frozen]) -> frozenset[str]:
    """The attributes that are numbers but no counts."""
    fields = operator.model_fields.items()
    kinds = {name: {kind for kind, _ in _kinds(field.annotation, tuple(field.metadata))} for name, field in fields}
    return frozenset(name for name, found in kinds.items() if float in found and int not in found)


@cache
def words(operator: type[Frozen]) -> dict[str, tuple[str, ...]]:
    """The words that each argument of a primitive may be, of those that may be any."""
    fields = operator.model_fields.items()
    found = {
        name: tuple(kind for kind, _ in _kinds(field.annotation, ()) if isinstance(kind, str))
        for name, field in fields
        if name != "kind"
    }
    return {name: known for name, known in found.items() if known}


def refusal(operator: type[Frozen], attribute: str, value: object) -> str | None:
    """What the attribute must be, when `value` is not that; None when it is."""
    field = operator.model_fields[attribute]
    accepted = _kinds(field.annotation, tuple(field.metadata))
    if any(_accepts(kind, limits, value) for kind, limits in accepted):
        return None
    return " or ".join(dict.fromkeys(_words(kind, limits) for kind, limits in accepted))


def _kinds(annotation: Any, metadata: tuple[Any, ...]) -> list[tuple[Any, dict[str, float]]]:
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *extra = get_args(annotation)
        return _kinds(inner, (*metadata, *extra))
    if origin in (Union, UnionType):
        return [kind for option in get_args(annotation) for kind in _kinds(option, metadata)]
    if origin is Literal:
        return [(option, {}) for option in get_args(annotation)]
    limits: dict[str, float] = {}
    for item in metadata:
        for constraint in getattr(item, "metadata", [item]):
            for name in ("ge", "gt", "le", "lt"):
                bound = getattr(constraint, name, None)
                if bound is not None:
                    limits[name] = bound
    return [(annotation, limits)]


def _accepts(kind: Any, limits: dict[str, float], value: Any) -> bool:
    if kind is type(None):
        return value is None
    if isinstance(kind, str):
        return bool(value == kind)
    if kind is str:
        return isinstance(value, str)
    if kind is bool:
        return isinstance(value, bool)
    if kind is Size:
        return isinstance(value, Size) and min(value) >= limits.get("ge", 0) and max(value) < 2**31
    if isinstance(value, bool):
        return False
    if kind is int and not isinstance(value, int):
        return False
    if kind is float and not isinstance(value, int | float):
        return False
    if kind not in (int, float) or not isfinite(value):
        return False
    return (
        value >= limits.get("ge", value)
        and value <= limits.get("le", value)
        and ("gt" not in limits or value > limits["gt"])
        and ("lt" not in limits or value < limits["lt"])
    )


def _words(kind: Any, limits: dict[str, float]) -> str:
    if kind is type(None):
        return "`none`"
    if isinstance(kind, str):
        return f"`{kind}`"
    if kind is bool:
        return "`true` or `false`"
    if kind is str:
        return "a text in quotes"
    if kind is Size:
        return "a size such as `1 x 7`" if limits else "a size such as `0 x 3`"
    if kind is int:
        least, most = limits.get("ge"), limits.get("le")
        if least is not None and most is not None:
            return f"a whole number from {least:g} to {most:g}"
        words = {1: "a positive whole number", 0: "a whole number from 0"}
        return words.get(-1 if least is None else int(least), "a whole number")
    bounds = _BOUNDS.get(frozenset(limits))
    return "a number" if bounds is None else f"a number {bounds.format_map(limits)}"


# The bounds of a number in words, by which of them there are.
_BOUNDS: dict[frozenset[str], str] = {
    frozenset({"ge", "lt"}): "from {ge:g} up to, not including, {lt:g}",
    frozenset({"ge", "le"}): "from {ge:g} to {le:g}",
    frozenset({"gt", "le"}): "above {gt:g} and at most {le:g}",
    frozenset({"gt", "lt"}): "above {gt:g} and below {lt:g}",
    frozenset({"gt"}): "above {gt:g}",
    frozenset({"ge"}): "of at least {ge:g}",
}
