"""Layers that are bound once and applied to several tensors of a block or a model.

Each use has weights of its own, which is not what somebody expects who means one tower over all levels of a pyramid.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain

from archdsl.diagnostics import Diagnostic, Note
from archdsl.elaborate.check.errors import UsedAgain
from archdsl.elaborate.problems import ElaborationError
from archdsl.elaborate.resolve.definitions import Environment
from archdsl.elaborate.resolve.graph import graph
from archdsl.elaborate.resolve.meaning import meaning_of
from archdsl.elaborate.resolve.merge import merge
from archdsl.elaborate.resolve.symbols import Kind
from archdsl.ir.operators import PRIMITIVES, Operator
from archdsl.language import tree
from archdsl.language.nodes import children, names_in

# An expression with the file whose names it means.
_Written = tuple[tree.Expression, Environment]


def check_reuse(environment: Environment) -> Iterator[Diagnostic]:
    """Hints for the layers with weights that the file's own blocks and models bind once and use again."""
    for item in environment.module.items:
        if isinstance(item, tree.Block):
            bindings = [each for each in item.body if isinstance(each, tree.Binding)]
            yield from _again({each.name.text: (each, environment) for each in bindings if not each.fact}, bindings)
    known = set[int]()
    for definition in environment.own_models:
        try:
            merged = merge(definition)
            made = graph(merged)
        except (ElaborationError, RecursionError):
            continue  # a mistake that is reported elsewhere
        if made is not None:
            bindings = [each for each in made.block.body if isinstance(each, tree.Binding)]
            layers = {name: each for name, each in merged.bindings.items() if name not in made.bindings}
            own = {name: each for name, each in layers.items() if each[0].span.source is environment.module.source}
            yield from _again({name: each for name, each in own.items() if id(each[0]) not in known}, bindings)
            known |= {id(each[0]) for each in own.values()}


def _again(
    bound: Mapping[str, tuple[tree.Binding, Environment]], statements: list[tree.Binding]
) -> Iterator[Diagnostic]:
    values = {name: (binding.value, environment) for name, (binding, environment) in bound.items()}
    for name, (binding, environment) in bound.items():
        if binding.is_shared or name.startswith("_"):
            continue
        uses = [*chain.from_iterable(_uses(statement.value, name, values, environment) for statement in statements)]
        if len(uses) > 1 and _has_weights(binding.value, environment, values, set()):
            notes = (Note("bound here", binding.name.span), Note("used first here", uses[0].span))
            yield UsedAgain(name, len(uses)).at(uses[1].span, notes=notes)


def _uses(
    node: tree.Node, name: str, values: Mapping[str, _Written], environment: Environment
) -> list[tree.Expression]:
    """Where a layer is applied to a tensor by itself. Of two branches, one is taken."""
    match node:
        case tree.Conditional(chosen=chosen, otherwise=otherwise):
            both = (_uses(branch, name, values, environment) for branch in (chosen, otherwise))
            return max(both, key=len)
        case tree.Pipeline(steps=(first, *rest)):
            found = _uses(first.value, name, values, environment)
            of_tensor = not _is_layer(first.value, environment, values)
            for step in rest:
                if isinstance(step.value, tree.Name) and step.value.text == name:
                    found += [step.value] if of_tensor else []
                else:
                    found += _uses(step.value, name, values, environment)
            return found
    return [use for part in children(node) for use in _uses(part, name, values, environment)]


def _is_layer(node: tree.Expression, environment: Environment, values: Mapping[str, _Written]) -> bool:
    """Whether an expression is a layer for certain: it begins with a block, a primitive or a binding of those."""
    match node:
        case tree.Composite():
            return True
        case tree.Pipeline(steps=(first, *_)):
            return _is_layer(first.value, environment, values)
        case tree.Binary(operator="*", left=left):
            return _is_layer(left, environment, values)
        case tree.Conditional(chosen=chosen):
            return _is_layer(chosen, environment, values)
        case tree.Call(function=tree.Name() as function):
            return _is_layer(function, environment, values)
        case tree.Name(text=text) if text in values:
            inner = {name: value for name, value in values.items() if name != text}
            return _is_layer(*values[text], inner)
        case tree.Name(text=text):
            symbol = meaning_of(text, environment)
            if symbol is None or symbol.kind is Kind.FUNCTION:
                return False
            return symbol.kind is not Kind.PRIMITIVE or not PRIMITIVES[text].is_source
    return False


def _has_weights(
    node: tree.Node, environment: Environment, values: Mapping[str, _Written], seen: set[int | str]
) -> bool:
    """Whether a layer learns something, as far as its text says."""
    if not (isinstance(node, tree.Block) or _is_layer(node, environment, values)):  # type: ignore[arg-type]
        return False
    for name in names_in(node):
        text = name.text
        symbol = meaning_of(text, environment)
        if text in values and text not in seen:
            seen.add(text)
            if _has_weights(*values[text], values, seen):
                return True
        elif text in values or symbol is None:
            continue
        elif text == "norm" or (text in PRIMITIVES and PRIMITIVES[text].parameters is not Operator.parameters):
            return True
        elif symbol.kind is Kind.BLOCK and (block := environment.block(text)) and id(block) not in seen:
            seen.add(id(block))
            if _has_weights(block.block, block.environment, {}, seen):
                return True
    return False
