"""Tensors of a block that applies itself, each elaborated when it is first read.

`inner = down -> level(depth - 1)` would go on without end, if it were elaborated at every depth before the `out` that
reads it at some alone. Of other blocks every binding is elaborated, so that a mistake in one is found whether or not
it is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from archdsl.elaborate.evaluate import scalars
from archdsl.elaborate.evaluate.expressions import evaluate
from archdsl.elaborate.evaluate.values import Scope, Value
from archdsl.elaborate.problems import ElaborationError
from archdsl.ir.body import TensorBinding
from archdsl.language import tree
from archdsl.language.nodes import children


class _Waiting(Struct, frozen=True, eq=False):
    """A binding, the scope that its names have, and what makes it there."""

    node: tree.Expression
    scope: Scope
    bind: Callable[[Scope], None]
    # What stands for it in the body.
    unread: TensorBinding


class Deferred:
    """The bindings of one block instance that wait to be read; `scope` looks them up here."""

    def __init__(self, scope: Scope):
        self.scope = scope
        self._waiting: dict[str, _Waiting] = {}
        self._values: dict[str, Value] = {}
        scope.pending = self._value

    def add(self, statement: tree.Binding, bind: Callable[[Scope], None]) -> None:
        """A binding that `bind` makes in a scope."""
        name, body = statement.name.text, self.scope.body
        assert body is not None
        unread = TensorBinding.made(name=name, value=None, output=None, condition=None)
        body.append(unread)
        # It sees the names that are bound above it, and may be called as a setting or block that it reads.
        scope = replace(self.scope, names=dict(self.scope.names), body=[])
        self._waiting[name] = _Waiting(statement.value, scope, bind, unread)
        self.scope.waiting |= {name}

    def make_for(self, node: tree.Expression) -> None:
        """Makes what an expression is going to read, one after another: read within one another they would take several
        times as much of Python's stack."""
        needed, ahead = set[str](), [(node, self.scope)]
        while ahead:
            node, scope = ahead.pop()
            for name in _read(node, scope):
                if name in scope.waiting and name not in needed and name not in self._values:
                    needed.add(name)
                    ahead.append((self._waiting[name].node, self._waiting[name].scope))
        for name in self._waiting:
            if name in needed:
                self._value(name)

    def _value(self, name: str) -> Value:
        if name not in self._values:
            waiting, body = self._waiting[name], self.scope.body
            waiting.bind(waiting.scope)
            assert body is not None
            assert waiting.scope.body is not None
            at = next(index for index, binding in enumerate(body) if binding is waiting.unread)
            body[at : at + 1] = waiting.scope.body
            self._values[name] = waiting.scope.names[name]
        return self._values[name]


def _read(node: tree.Node, scope: Scope) -> Iterator[str]:
    """The names that the evaluation of an expression reads: of a choice, those of the side that is taken."""
    ahead = [node]
    while ahead:
        node = ahead.pop()
        match node:
            case tree.Name(text=text):
                yield text
            case tree.Conditional(condition=condition, chosen=chosen, otherwise=otherwise):
                taken = _truth(condition, scope)
                ahead += [] if taken is None else [chosen if taken else otherwise]
            case tree.Step(value=value, condition=condition) if condition is not None:
                ahead += [value] if _truth(condition, scope) else []
            case tree.Choice(options=options):
                option = scope.decisions.get(id(node))
                ahead += [] if option is None else [options[option]]
            case tree.Binary(operator="and" | "or"):
                pass  # its right side may not be read
            case _:
                ahead += children(node)


def _truth(condition: tree.Expression, scope: Scope) -> bool | None:
    """Whether a condition holds; None where that is a mistake, which is reported when it is evaluated in its place."""
    try:
        return scalars.truth(evaluate(condition, scope), condition.span)
    except ElaborationError:
        return None
