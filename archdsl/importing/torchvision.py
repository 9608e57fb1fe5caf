"""torchvision's lists of `MBConvConfig(1, 3, 1, 32, 16, 1)` and the like, and its rows `[t, c, n, s]`."""

from __future__ import annotations

import ast

from archdsl.diagnostics import Source, did_you_mean
from archdsl.diagnostics.codes import (
    BAD_VALUE,
    DUPLICATE_NAME,
    MISSING_ARGUMENT,
    SYNTAX,
    UNKNOWN_ARGUMENT,
    UNKNOWN_BLOCK,
)
from archdsl.importing.flags import counted
from archdsl.importing.mistakes import Mistakes, each
from archdsl.importing.rows import Number, Row, refusal
from archdsl.importing.rules import rules
from archdsl.importing.texts import Literal

NOTATION = "torchvision"
_PARAMETERS = ("expand_ratio", "kernel", "stride", "input_channels", "out_channels", "num_layers")
_SETTINGS = "settings"
# Their squeeze-and-excitation always has a quarter of the block's input.
_SQUEEZED = 0.25


def classes() -> list[str]:
    """The classes that a row can be of."""
    return [name for name in rules(NOTATION) if name != _SETTINGS]


def read(source: Source, act: str) -> list[Row]:
    """The rows of a text. Raises Failure for whatever is not understood."""
    literal = Literal(source)
    rows = literal.items(literal.root, "a definition")
    return each(
        rows,
        lambda node: (
            _settings(node, literal) if isinstance(node, ast.List | ast.Tuple) else _configuration(node, literal)
        ),
    )


def _configuration(node: ast.expr, literal: Literal) -> Row:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        message = f"a row is a {' or a '.join(classes())}, or four numbers"
        raise refusal(SYNTAX, message, literal.span(node))
    name = node.func.id
    if name not in classes():
        help = did_you_mean(name, classes()) or f"it is one of {', '.join(classes())}"
        raise refusal(UNKNOWN_BLOCK, f"unknown class `{name}`", literal.span(node.func), help=help)
    found = _arguments(node, literal)
    span = literal.span(node)
    rule = rules(NOTATION)[name]
    whole = _PARAMETERS[1:]
    counts = dict(zip(whole, each(whole, lambda what: counted(found[what], what)), strict=True))
    return Row(
        rule=rule,
        span=span,
        kernel=counts["kernel"],
        stride=counts["stride"],
        channels=counts["out_channels"],
        layers=counts["num_layers"],
        expansion=found["expand_ratio"],
        se=Number(_SQUEEZED, span) if rule.se else None,
        inputs=counts["input_channels"],
    )


def _arguments(node: ast.Call, literal: Literal) -> dict[str, Number]:
    """The numbers that a row is given, by parameter. Raises Failure for any too many or too few."""
    mistakes = Mistakes()
    found: dict[str, Number] = {}
    given = {*_PARAMETERS[: len(node.args)]}
    for name, value in zip(_PARAMETERS, node.args, strict=False):
        with mistakes.apart():
            found[name] = literal.number(value)
    with mistakes.apart():
        if len(node.args) > len(_PARAMETERS):
            extra = node.args[len(_PARAMETERS)]
            help = "give width and depth as what they come to, in every row"
            raise refusal(UNKNOWN_ARGUMENT, f"a row has {len(_PARAMETERS)} numbers", literal.span(extra), help=help)

    def read(keyword: ast.keyword) -> None:
        name = keyword.arg or "**"
        if name not in _PARAMETERS:
            help = did_you_mean(name, _PARAMETERS) or f"the parameters are {', '.join(_PARAMETERS)}"
            raise refusal(UNKNOWN_ARGUMENT, f"unknown argument `{name}`", literal.span(keyword), help=help)
        if name in given:
            raise refusal(DUPLICATE_NAME, f"`{name}` is given twice", literal.span(keyword))
        given.add(name)
        found[name] = literal.number(keyword.value)

    for keyword in node.keywords:
        with mistakes.apart():
            read(keyword)
    mistakes.tell()
    if missing := [name for name in _PARAMETERS if name not in found]:
        raise refusal(MISSING_ARGUMENT, f"missing argument: {', '.join(missing)}", literal.span(node))
    return found


def _settings(node: ast.expr, literal: Literal) -> Row:
    """A row of four numbers: expansion, channels, layers, stride. The kernel is 3."""
    span = literal.span(node)
    numbers = each(literal.items(node, "a row"), literal.number)
    if len(numbers) != 4:
        message = f"a row has four numbers: expansion, channels, layers, stride; this has {len(numbers)}"
        raise refusal(BAD_VALUE, message, span)
    expansion, *others = numbers
    whats = ("number of channels", "number of layers", "stride")
    channels, layers, stride = each(zip(others, whats, strict=True), lambda pair: counted(*pair))
    return Row(
        rule=rules(NOTATION)[_SETTINGS],
        span=span,
        kernel=Number(3, span),
        stride=stride,
        channels=channels,
        layers=layers,
        expansion=expansion,
    )
