"""torchvision's lists of `MBConvConfig(1, 3, 1, 32, 16, 1)` and the like, and its rows `[t, c, n, s]`."""

from __future__ import annotations

import ast

from archdsl.diagnostics import Source, did_you_mean
from archdsl.importing.errors import BadStride
from archdsl.importing.flags import counted
from archdsl.importing.layers import check_shares
from archdsl.importing.mistakes import Mistakes
from archdsl.importing.notation_errors import (
    FlagGivenTwice,
    MissingArgumentsOfRow,
    MixedRows,
    NotFourNumbers,
    NotRow,
    TooManyNumbers,
    UnknownArgumentOfRow,
    UnknownClass,
)
from archdsl.importing.rows import BlockRow, Number
from archdsl.importing.rules import Rule, rules
from archdsl.importing.texts import Literal

NOTATION = "torchvision"
_PARAMETERS = ("expand_ratio", "kernel", "stride", "input_channels", "out_channels", "num_layers")
_SETTINGS = "settings"
# Their squeeze-and-excitation always has a quarter of the block's input.
_SQUEEZED = 0.25


def classes() -> list[str]:
    """The classes that a row can be of."""
    return [name for name in rules(NOTATION) if name != _SETTINGS]


def read(source: Source, act: str | None, mistakes: Mistakes) -> list[BlockRow | None]:
    """The rows of a text, None for each that is not understood; the reason is kept in `mistakes`."""
    literal = Literal(source)
    nodes = literal.items(literal.root, "a definition")
    for node in nodes:
        with mistakes.apart():
            if _is_settings(node) != _is_settings(nodes[0]):
                raise MixedRows().error(literal.span(node))
    return mistakes.each(
        nodes, lambda node: _settings(node, literal) if _is_settings(node) else _configuration(node, literal)
    )


def _is_settings(node: ast.expr) -> bool:
    return isinstance(node, ast.List | ast.Tuple)


def _configuration(node: ast.expr, literal: Literal) -> BlockRow:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        raise NotRow(classes()).error(literal.span(node))
    name = node.func.id
    mistakes = Mistakes()
    with mistakes.apart():
        if name not in classes():
            span = literal.span(node.func)
            raise UnknownClass(name, classes()).error(span, help=did_you_mean(name, classes()))
    mistakes.raise_found()
    rule = rules(NOTATION)[name]
    found = _arguments(node, literal, mistakes)
    _check_numbers({what: number for what, number in found.items() if what != "expand_ratio"}, rule, mistakes)
    if mistakes:  # no row comes of it that would be looked at
        with mistakes.apart():
            check_shares(rule, found.get("expand_ratio"), None)
    mistakes.raise_found()
    span = literal.span(node)
    return BlockRow(
        rule=rule,
        span=span,
        kernel=found["kernel"],
        stride=found["stride"],
        channels=found["out_channels"],
        layers=found["num_layers"],
        expansion=found["expand_ratio"],
        se=Number(_SQUEEZED, span) if rule.se else None,
        inputs=found["input_channels"],
    )


def _check_numbers(found: dict[str, Number], rule: Rule, mistakes: Mistakes) -> None:
    """Keeps what is not a whole number from 1, and strides that a block refuses."""
    for what, number in found.items():
        with mistakes.apart():
            counted(number, what)
            if what == "stride" and number.value > rule.strides:
                raise BadStride().error(number.span)


def _arguments(node: ast.Call, literal: Literal, mistakes: Mistakes) -> dict[str, Number]:
    """The numbers that a row is given, by parameter. Keeps what is too many or too few."""
    found: dict[str, Number] = {}
    given = {*_PARAMETERS[: len(node.args)]}
    for name, value in zip(_PARAMETERS, node.args, strict=False):
        with mistakes.apart():
            found[name] = literal.number(value)
    with mistakes.apart():
        if len(node.args) > len(_PARAMETERS):
            extra = node.args[len(_PARAMETERS)]
            raise TooManyNumbers(len(_PARAMETERS)).error(literal.span(extra))

    def read(keyword: ast.keyword) -> None:
        name = keyword.arg or "**"
        if name not in _PARAMETERS:
            span = literal.span(keyword)
            raise UnknownArgumentOfRow(name, _PARAMETERS).error(span, help=did_you_mean(name, _PARAMETERS))
        if name in given:
            raise FlagGivenTwice(name).error(literal.span(keyword))
        given.add(name)
        found[name] = literal.number(keyword.value)

    for keyword in node.keywords:
        with mistakes.apart():
            read(keyword)
    with mistakes.apart():
        if not mistakes and (missing := [name for name in _PARAMETERS if name not in found]):
            raise MissingArgumentsOfRow(missing).error(literal.span(node))
    return found


def _settings(node: ast.expr, literal: Literal) -> BlockRow:
    """A row of four numbers: expansion, channels, layers, stride. The kernel is 3."""
    span = literal.span(node)
    mistakes = Mistakes()
    numbers = mistakes.each(literal.items(node, "a row"), literal.number)
    with mistakes.apart():
        if len(numbers) != 4:
            raise NotFourNumbers(len(numbers)).error(span)
    rule = rules(NOTATION)[_SETTINGS]
    whats = ("expansion", "number of channels", "number of layers", "stride")
    found = {what: number for what, number in zip(whats, numbers, strict=False) if number}
    _check_numbers({what: number for what, number in found.items() if what != "expansion"}, rule, mistakes)
    if mistakes:
        with mistakes.apart():
            check_shares(rule, found.get("expansion"), None)
    mistakes.raise_found()
    expansion, channels, layers, stride = (found[what] for what in whats)
    return BlockRow(
        rule=rule,
        span=span,
        kernel=Number(3, span),
        stride=stride,
        channels=channels,
        layers=layers,
        expansion=expansion,
    )
