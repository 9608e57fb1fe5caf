"""Layers that differ from one instance of a class to the next, as arguments of its constructor.

`unit(channels)` in a block that takes `unit` may be one class here and another there. Where all are constructed alike
the argument is that class, `unit: type[nn.Module]`, and the constructor says `unit(in_channels, channels, stride=1)`.
Where they are not, as of `nn.Sigmoid()` beside `SpatialGate(channels)`, it is a function of the channels.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any, NamedTuple

from archdsl.backends.pytorch.spelling import spelled

# What functions of channels call them.
_CHANNELS = "channels"


class Code(str):
    """An argument's value that is an expression, such as the name of a class, and no text."""


class Factories(NamedTuple):
    """How some layers are constructed by a value of their own each, and one call of it."""

    values: list[Code]
    arguments: str  # what the call passes


def factories(texts: Sequence[str], in_channels: str) -> Factories | None:
    """Makes texts that construct layers into values and one call.

    Args:
        texts: such as `nn.Sigmoid()` and `SpatialGate(channels)`; nothing but `in_channels` in them may vary.
        in_channels: the text of the channels that the layers read.

    Returns:
        None where their texts speak of more than the channels, or are not calls.
    """
    calls = [ast.parse(text, mode="eval").body for text in texts]
    found = [call for call in calls if isinstance(call, ast.Call) and isinstance(call.func, ast.Name | ast.Attribute)]
    if len(found) < len(calls):
        return None
    passed = [_arguments(call) for call in found]
    if len(set(passed)) == 1:
        return Factories([Code(spelled(call.func)) for call in found], passed[0])
    source = ast.dump(ast.parse(in_channels, mode="eval").body)
    bodies = [_of_channels(call, source) for call in found]
    inner = [
        {node.id for part in _inside(body) for node in ast.walk(part) if isinstance(node, ast.Name)} for body in bodies
    ]
    if any(names - {_CHANNELS, "nn"} for names in inner):
        return None
    reads = any(inner)
    values = [_function(body, reads, _CHANNELS in names) for body, names in zip(bodies, inner, strict=True)]
    return Factories(values, in_channels if reads else "")


def _function(body: ast.Call, is_given: bool, reads: bool) -> Code:
    """A call as a function, which is given the channels or nothing."""
    plain = [spelled(argument) for argument in body.args] == ([_CHANNELS] if is_given else [])
    if plain and not body.keywords:
        return Code(spelled(body.func))
    parameter = f" {_CHANNELS if reads else '_'}" if is_given else ""
    return Code(f"lambda{parameter}: {spelled(body)}")


def _arguments(call: ast.Call) -> str:
    return spelled(ast.Call(ast.Name("f"), call.args, call.keywords))[2:-1]


def _inside(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(keyword.value for keyword in call.keywords)]


def _of_channels(call: ast.Call, source: str) -> ast.Call:
    """A call with the parameter of a function in the place of a text of channels."""
    visitor = _Channels(source)
    keywords = [ast.keyword(keyword.arg, visitor.visit(keyword.value)) for keyword in call.keywords]
    return ast.Call(call.func, [visitor.visit(argument) for argument in call.args], keywords)


class _Channels(ast.NodeTransformer):
    def __init__(self, source: str):
        self.source = source

    def visit(self, node: ast.AST) -> Any:
        if isinstance(node, ast.expr) and ast.dump(node) == self.source:
            return ast.Name(_CHANNELS)
        return self.generic_visit(node)
