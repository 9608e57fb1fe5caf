"""Images whose channels seem to come last, `224 x 224 x 3`, or to be left out, `224 x 224`: the order of sizes is
channels x height x width, and that of series channels x length."""

from __future__ import annotations

from collections.abc import Iterator

from archdsl.diagnostics import Diagnostic
from archdsl.elaborate.check.errors import ChannelsLast, ChannelsOfSeries
from archdsl.elaborate.resolve.definitions import Environment, ModelDefinition
from archdsl.elaborate.resolve.inheritance import ancestry
from archdsl.elaborate.resolve.written import shown
from archdsl.language import tree

# How many times as large one side of an image is as the other, at most, by its channels: maps of features whose width
# is 3 are rare, those whose width is 1 are not.
_LONGEST = {1: 2, 3: 16, 4: 4}
_MUCH, _SMALLEST = 4, 8
# Series are hardly as short as this with so many channels.
_SHORT, _MANY = 4, 64
# What a size is called that is meant as channels.
_CHANNELS = ("chan", "band", "feat", "dim", "depth")
_DEEPEST = 20


def check_channel_order(environment: Environment) -> Iterator[Diagnostic]:
    """Warnings for the inputs of the file's own models."""
    for definition in environment.own_models:
        for statement in definition.model.body:
            if isinstance(statement, tree.Binding) and statement.fact is None and statement.name.text == "input":
                match statement.value:
                    case tree.ShapeOf(sizes=(first, second, last)) if _is_last(definition, first, second, last):
                        yield _warning(statement.value, first, second, last)
                    case tree.ShapeOf(sizes=(first, second)) if meant := _meant(definition, first, second):
                        yield _of_series(statement.value, first, second, meant)


def _is_last(
    definition: ModelDefinition, first: tree.Expression, second: tree.Expression, last: tree.Expression
) -> bool:
    """Whether these look like height, width and channels."""
    if isinstance(first, tree.Name) and _means_channels(first.text):
        return False
    channels = _number(definition, last)
    if channels not in _LONGEST:
        return False
    height, width = _number(definition, first), _number(definition, second)
    if height is None or width is None:
        return first == second
    small, large = sorted((height, width))
    return small >= max(_MUCH * channels, _SMALLEST) and large <= _LONGEST[int(channels)] * small


def _meant(definition: ModelDefinition, first: tree.Expression, second: tree.Expression) -> str:
    """What two sizes look like that are those of a series: nothing else for most."""
    if isinstance(first, tree.Name) and _means_channels(first.text):
        return ""
    channels, length = _number(definition, first), _number(definition, second)
    if channels is None or length is None:
        return ""
    if channels == length >= _SMALLEST:
        sides = f"{shown(first)} x {shown(second)}"
        return f"an image has its channels first: write `1 x {sides}` or `3 x {sides}`"
    if length <= _SHORT and channels >= _MANY:
        return f"the order is channels x length: write `{shown(second)} x {shown(first)}`"
    return ""


def _means_channels(name: str) -> bool:
    return name.lower() in ("c", "in_c") or any(word in name.lower() for word in _CHANNELS)


def _number(definition: ModelDefinition, node: tree.Expression | None) -> float | None:
    """The number that an expression is, by itself or by the name of one; None where that is not plain to see."""
    for _ in range(_DEEPEST):
        match node:
            case tree.Literal(value=bool()):
                return None
            case tree.Literal(value=int() | float() as value):
                return value
            case tree.Name(text=text):
                node = _bound(definition, text)
            case _:
                return None
    return None


def _bound(definition: ModelDefinition, name: str) -> tree.Expression | None:
    """What a name of a model is bound to: its own, or inherited; the default of a parameter."""
    for owner in ancestry(definition):
        for statement in owner.model.body:
            if isinstance(statement, tree.Binding) and statement.fact is None and statement.name.text == name:
                return statement.value
        for parameter in owner.model.parameters:
            if parameter.name.text == name:
                return parameter.default
    return None


def _warning(
    shape: tree.Expression, first: tree.Expression, second: tree.Expression, last: tree.Expression
) -> Diagnostic:
    height, width, channels = shown(first), shown(second), shown(last)
    return ChannelsLast(shown(shape), height, width, channels, _otherwise(first)).at(shape.span)


def _of_series(shape: tree.Expression, first: tree.Expression, second: tree.Expression, meant: str) -> Diagnostic:
    return ChannelsOfSeries(shown(shape), shown(first), shown(second), meant, _otherwise(first)).at(shape.span)


def _otherwise(first: tree.Expression) -> str:
    """What to do where the channels are meant as they are."""
    written = shown(first)
    return (
        f"name the number, `channels = {written}`"
        if isinstance(first, tree.Literal)
        else f"rename `{written}` to `channels`"
    )
