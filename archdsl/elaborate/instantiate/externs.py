"""An extern block, applied: what its text declares of the module that the caller of the network brings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from archdsl.elaborate.check.errors import ExternComputes, NotDeclared
from archdsl.elaborate.evaluate.describe import kind, named
from archdsl.elaborate.evaluate.explain import reasons
from archdsl.elaborate.evaluate.expressions import evaluate_binding
from archdsl.elaborate.evaluate.values import SCALARS, Origin, Scope, Tensor, Value
from archdsl.elaborate.instantiate.errors import ArgumentOfExtern, BadDeclaration
from archdsl.elaborate.problems import ElaborationError
from archdsl.elaborate.resolve.definitions import Definition, computes
from archdsl.elaborate.resolve.words import DECLARED
from archdsl.ir.base import Line, Scalar, Shape, Size
from archdsl.ir.functions import as_whole
from archdsl.ir.operators.extern import MOST, Extern
from archdsl.language import tree


def declared(
    definition: Definition, arguments: Mapping[str, Value], scope: Scope, require: Callable[[tree.Require], None]
) -> Extern:
    """The operator that an extern block is, for one set of arguments and one input.

    `scope` has the input and the values of all parameters, and takes the bindings. Raises ElaborationError.
    """
    source = scope.names["in"]
    is_line = isinstance(source, Tensor) and source.shape.is_line
    for statement in definition.block.body:
        if isinstance(statement, tree.Require):
            require(statement)
            continue
        if place := computes(statement):
            raise ElaborationError(ExternComputes(definition.name).at(place))
        name, origin = statement.name.text, Origin(statement.value, scope)
        value = evaluate_binding(statement, scope)
        scope.names[name] = _checked(definition.name, name, value, origin, is_line) if name in DECLARED else value
        scope.origins[name] = origin
    for name in DECLARED:
        if name not in scope.names:
            raise ElaborationError(NotDeclared(definition.name, name).at(definition.block.name.span))
    out = scope.names["out"]
    assert isinstance(out, Tensor)
    return Extern.made(
        kind="extern",
        module=definition.name,
        arguments=tuple(_scalars(definition, arguments, scope)),
        **out.shape._asdict(),
        params=scope.names["params"],
        multiplications=scope.names["macs"],
    )


def _checked(block: str, name: str, value: Value, origin: Origin, is_line: bool) -> Value:
    """A declared fact, of the kind that it must be; a shape is that of a tensor, whose sides further lines can read."""
    if is_line and isinstance(value, Size) and min(value) > 0:
        value = Line.of(value)
    if name == "out":
        if isinstance(value, Shape) and value.is_line == is_line:
            return Tensor(value, None)
        must = f"a shape such as `channels x {'in.length' if is_line else 'in.height x in.width'}`"
    else:
        value = as_whole(value)
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST:
            return value
        must = f"a whole number from 0 to {MOST:,}"
    problem = BadDeclaration(name, block, must, named(value))
    raise ElaborationError(problem.at(origin.node.span, notes=reasons(origin, value)))


def _scalars(definition: Definition, arguments: Mapping[str, Value], scope: Scope) -> Iterator[tuple[str, Scalar]]:
    """What the module is constructed with: the values of all parameters but of those that tensors are given to."""
    for name, value in arguments.items():
        if isinstance(value, SCALARS):
            yield name, value
        elif not isinstance(value, Tensor):
            origin = scope.origins.get(name)
            place = origin.node.span if origin is not None else definition.parameters[name].span
            raise ElaborationError(ArgumentOfExtern(name, definition.name, kind(value)).at(place))
