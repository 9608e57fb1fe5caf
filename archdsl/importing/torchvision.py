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
    return [
        _settings(node, literal) if isinstance(node, ast.List | ast.Tuple) else _configuration(node, literal)
        for node in rows
    ]


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
    counts = {what: counted(found[what], what) for what in _PARAMETERS[1:]}
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
    if len(node.args) > len(_PARAMETERS):
        extra = node.args[len(_PARAMETERS)]
        help = "give width and depth as what they come to, in every row"
        raise refusal(UNKNOWN_ARGUMENT, f"a row has {len(_PARAMETERS)} numbers", literal.span(extra), help=help)
    found = {name: literal.number(value) for name, value in zip(_PARAMETERS, node.args, strict=False)}
    for keyword in node.keywords:
        name = keyword.arg or "**"
        if name not in _PARAMETERS:
            help = did_you_mean(name, _PARAMETERS) or f"the parameters are {', '.join(_PARAMETERS)}"
            raise refusal(UNKNOWN_ARGUMENT, f"unknown argument `{name}`", literal.span(keyword), help=help)
        if name in found:
            raise refusal(DUPLICATE_NAME, f"`{name}` is given twice", literal.span(keyword))
        found[name] = literal.number(keyword.value)
    if missing := [name for name in _PARAMETERS if name not in found]:
        raise refusal(MISSING_ARGUMENT, f"missing argument: {', '.join(missing)}", literal.span(node))
    return found


def _settings(node: ast.expr, literal: Literal) -> Row:
    """A row of four numbers: expansion, channels, layers, stride. The kernel is 3."""
    span = literal.span(node)
    numbers = [literal.number(value) for value in literal.items(node, "a row")]
    if len(numbers) != 4:
        message = f"a row has four numbers: expansion, channels, layers, stride; this has {len(numbers)}"
        raise refusal(BAD_VALUE, message, span)
    expansion, channels, layers, stride = numbers
    return Row(
        rule=rules(NOTATION)[_SETTINGS],
        span=span,
        kernel=Number(3, span),
        stride=counted(stride, "stride"),
        channels=counted(channels, "number of channels"),
        layers=counted(layers, "number of layers"),
        expansion=expansion,
    )
