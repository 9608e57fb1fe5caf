"""Layers that are bound once and applied to several tensors of a block or a model.

Each use has weights of its own, which is not what somebody expects who means one tower over all levels of a pyramid.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from archdsl.diagnostics import Diagnostic, Note
from archdsl.elaborate.check.errors import UsedAgain
from archdsl.elaborate.problems import ElaborationError
from archdsl.elaborate.resolve.definitions import Environment
from archdsl.elaborate.resolve.graph import graph
from archdsl.elaborate.resolve.meaning import meaning_of
from archdsl.elaborate.resolve.merge import merge
from archdsl.elaborate.resolve.parts import readable_part
from archdsl.elaborate.resolve.symbols import Kind
from archdsl.elaborate.resolve.words import SETTINGS
from archdsl.ir.operators import PRIMITIVES, Operator
from archdsl.language import tree
from archdsl.language.nodes import children, names_in

# An expression, and a binding, with the file whose names it means.
_Written = tuple[tree.Expression, Environment]
_Bindings = tuple[tree.Binding, Environment]
# Where layers are applied, by their names.
_Uses = dict[str, list[tree.Expression]]


def check_reuse(environment: Environment) -> Iterator[Diagnostic]:
    """Hints for the layers with weights that the file's own blocks and models bind once and use again."""
    for item in environment.module.items:
        if isinstance(item, tree.Block):
            bindings = [(each, environment) for each in item.body if isinstance(each, tree.Binding)]
            yield from _again({each.name.text: (each, home) for each, home in bindings if not each.fact}, bindings)
    known = set[int]()
    for definition in environment.own_models:
        try:
            merged, maps = readable_part(merge(definition))
            made = graph(merged, maps)
        except (ElaborationError, RecursionError):
            continue  # a mistake that is reported elsewhere
        if made is not None:
            bindings = [
                (each, home)
                for each, home in zip(made.block.body, made.environments, strict=True)
                if isinstance(each, tree.Binding)
            ]
            # `norm` and `act` mean a layer of its own wherever they stand, bound by the model or not.
            others = {*made.bindings, *SETTINGS}
            layers = {name: each for name, each in merged.bindings.items() if name not in others}
            own = {name: each for name, each in layers.items() if each[0].span.source is environment.module.source}
            yield from _again({name: each for name, each in own.items() if id(each[0]) not in known}, bindings)
            known |= {id(each[0]) for each in own.values()}


class _Bound:
    """The bindings of a block or a model, and which of them are layers for certain."""

    def __init__(self, values: Mapping[str, _Written]):
        self.values = values
        self._layers: dict[str, bool] = {}

    def is_layer(self, node: tree.Expression, environment: Environment) -> bool:
        """Whether an expression is a layer for certain: it begins with a block, a primitive or a binding of those.

        A loop, for bindings may follow each other in a long chain.
        """
        chain: list[str] = []
        while True:
            leading = _leading(node)
            if not isinstance(leading, tree.Name):
                found = isinstance(leading, tree.Composite)
                break
            text = leading.text
            if text in self._layers:
                found = self._layers[text]
                break
            if text not in self.values or text in chain:
                found = _is_known_layer(text, environment)
                break
            chain.append(text)
            node, environment = self.values[text]
        self._layers |= dict.fromkeys(chain, found)
        return found


def _leading(node: tree.Expression) -> tree.Expression:
    """What decides whether an expression is a layer: its first step, the layer that is repeated or called."""
    while True:
        match node:
            case tree.Pipeline(steps=(first, *_)):
                node = first.value
            case tree.Binary(operator="*", left=inner) | tree.Conditional(chosen=inner):
                node = inner
            case tree.Call(function=tree.Name() as inner):
                return inner
            case _:
                return node


def _is_known_layer(text: str, environment: Environment) -> bool:
    symbol = meaning_of(text, environment)
    if symbol is None or symbol.kind is Kind.FUNCTION:
        return False
    return symbol.kind is not Kind.PRIMITIVE or not PRIMITIVES[text].is_source


_NOTHING = _Bound({})


def _again(bound: Mapping[str, _Bindings], statements: Iterable[_Bindings]) -> Iterator[Diagnostic]:
    own = _Bound({name: (binding.value, environment) for name, (binding, environment) in bound.items()})
    uses: _Uses = {}
    for statement, environment in statements:
        _add(uses, _uses(statement.value, own, environment))
    for name, (binding, environment) in bound.items():
        again = uses.get(name, [])
        if len(again) < 2 or binding.is_shared or name.startswith("_"):
            continue
        if _has_weights(binding.value, environment, own):
            notes = (Note("bound here", binding.name.span), Note("used first here", again[0].span))
            yield UsedAgain(name, len(again)).at(again[1].span, notes=notes)


def _uses(node: tree.Node, own: _Bound, environment: Environment) -> _Uses:
    """Where bindings are applied to a tensor by themselves, by their names. Of two branches, one is taken."""
    found: _Uses = {}
    match node:
        case tree.Conditional(chosen=chosen, otherwise=otherwise):
            first, second = _uses(chosen, own, environment), _uses(otherwise, own, environment)
            return {name: max(first.get(name, []), second.get(name, []), key=len) for name in (*first, *second)}
        case tree.Pipeline(steps=(source, *rest)):
            _add(found, _uses(source.value, own, environment))
            of_tensor = not own.is_layer(source.value, environment)
            for step in rest:
                if not isinstance(step.value, tree.Name):
                    _add(found, _uses(step.value, own, environment))
                elif of_tensor and step.value.text in own.values:
                    _add(found, {step.value.text: [step.value]})
        case _:
            for part in children(node):
                _add(found, _uses(part, own, environment))
    return found


def _add(uses: _Uses, more: _Uses) -> None:
    for name, found in more.items():
        uses.setdefault(name, []).extend(found)


def _is_nothing(statement: tree.Node) -> bool:
    """Whether a statement declares that a module learns nothing."""
    match statement:
        case tree.Binding(name=tree.Identifier(text="params"), value=tree.Literal(value=0)):
            return True
    return False


def _has_weights(value: tree.Expression, environment: Environment, own: _Bound) -> bool:
    """Whether a layer learns something, as far as its text says."""
    ahead: list[tuple[tree.Expression | tree.Block, Environment, _Bound]] = [(value, environment, own)]
    seen = set[int | str]()
    while ahead:
        node, environment, bound = ahead.pop()
        if not (isinstance(node, tree.Block) or bound.is_layer(node, environment)):
            continue
        if isinstance(node, tree.Block) and node.is_extern:
            if not any(_is_nothing(statement) for statement in node.body):
                return True
            continue
        for text in dict.fromkeys(name.text for name in names_in(node)):
            symbol = meaning_of(text, environment)
            if text in bound.values:
                if text not in seen:
                    seen.add(text)
                    ahead.append((*bound.values[text], bound))
            elif symbol is None:
                continue
            elif text == "norm" or (text in PRIMITIVES and PRIMITIVES[text].parameters is not Operator.parameters):
                return True
            elif symbol.kind is Kind.BLOCK and (block := environment.block(text)) and id(block) not in seen:
                seen.add(id(block))
                ahead.append((block.block, block.environment, _NOTHING))
    return False
