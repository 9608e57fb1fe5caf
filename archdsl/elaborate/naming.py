"""Names of sub-modules, from the text alone.

A layer is called after what is written: `-> norm` is `norm`, whatever the model's norm is; a second `norm` in the same
pipeline is `norm_2`; `layer as name` says it outright. The names of one binding do not depend on any other line, so
that `state_dict` keys stay put when unrelated lines change:

- the layers of a binding that is a pipeline belong to that binding: `main.depthwise`, `main.norm`;
- the layers of `out`, and those inside a larger expression, belong to the block itself, the latter with the binding's
  name in front: `drop_path`, `deep_hourglass`.
"""

from __future__ import annotations

from archdsl.ir.formula import module_name
from archdsl.language import tree

_WORDS = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide"}


class Names:
    """Names by node: of the steps of pipelines, and of the tensor operators of expressions."""

    def __init__(self) -> None:
        self._names: dict[int, str] = {}
        self._nodes: list[object] = []  # keeps the nodes alive, so that their ids stay theirs

    def of(self, node: object) -> str:
        return self._names[id(node)]

    def get(self, node: object) -> str | None:
        return self._names.get(id(node))

    def set(self, node: object, name: str) -> None:
        self._names[id(node)] = name
        self._nodes.append(node)


class _Scope:
    def __init__(self, prefix: str = "", taken: frozenset[str] = frozenset()):
        self.prefix, self.taken, self.counts = prefix, taken, dict[str, int]()

    def new(self, base: str) -> str:
        base = module_name(f"{self.prefix}{base}")
        while True:
            count = self.counts[base] = self.counts.get(base, 0) + 1
            name = base if count == 1 else f"{base}_{count}"
            if name not in self.taken:
                return name


def name_block(block: tree.Block) -> Names:
    """The names of every step in a block."""
    names = Names()
    bindings = frozenset(s.name.text for s in block.body if isinstance(s, tree.Binding))
    shared = _Scope(taken=bindings)
    for statement in block.body:
        if isinstance(statement, tree.Binding) and statement.fact is None:
            name, value = statement.name.text, statement.value
            if name == "out":
                _visit(value, shared, names)
            elif isinstance(value, tree.Pipeline):
                _visit(value, _Scope(), names)
            else:
                _visit(value, _Scope(f"{name}_", bindings), names)
    return names


def name_expression(value: tree.Expression) -> Names:
    """The names of every step in an expression that stands alone, such as a model's stem."""
    names = Names()
    _visit(value, _Scope(), names)
    return names


def _visit(node: tree.Expression, scope: _Scope, names: Names) -> None:
    match node:
        case tree.Pipeline(steps=steps):
            for step in steps:
                _visit_step(step, scope, names)
        case tree.Composite(value=value):
            _visit(value, scope, names)
        case tree.Binary(operator=operator, left=left, right=right):
            _visit(left, scope, names)
            _visit(right, scope, names)
            names.set(node, scope.new(_WORDS.get(operator, "combine")))
        case tree.Unary(operand=operand):
            _visit(operand, scope, names)
            names.set(node, scope.new("negate"))
        case tree.Conditional(condition=condition, chosen=chosen, otherwise=otherwise):
            for part in (condition, chosen, otherwise):
                _visit(part, scope, names)
        case tree.Call(arguments=arguments):
            for argument in arguments:
                _visit(argument.value, scope, names)
            names.set(node, scope.new("concat"))
        case _:
            pass


def _visit_step(step: tree.Step, scope: _Scope, names: Names) -> None:
    value = step.value
    if step.name is not None:
        # A named composite is a sub-module with names of its own.
        names.set(step, scope.new(step.name.text))
        _visit(value, _Scope() if isinstance(value, tree.Composite) else scope, names)
        return
    if isinstance(value, tree.Composite):
        _visit(value, scope, names)
        return
    names.set(step, scope.new(_head(value)))
    if isinstance(value, tree.Binary) and value.operator == "*":
        # The copies of a repeated composite have names of their own, apart from the pipeline's.
        _visit(value.left, _Scope(), names)
        names.set(value, names.of(step))
    elif isinstance(value, tree.Call):
        for argument in value.arguments:
            _visit(argument.value, scope, names)
    else:
        _visit(value, scope, names)


def _head(node: tree.Expression) -> str:
    match node:
        case tree.Name(text=text):
            return text
        case tree.Call(function=tree.Name(text=text)):
            return text
        case tree.Binary(operator="*", left=left):
            return "layers" if isinstance(left, tree.Composite) else _head(left)
        case tree.Conditional(chosen=chosen):
            return _head(chosen)
        case tree.Pipeline(steps=steps):
            return _head(steps[-1].value)
        case _:
            return "layer"
