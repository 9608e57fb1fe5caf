"""Names of sub-modules, from the text alone.

A layer is called after what is written: `-> norm` is `norm`, whatever the model's norm is; a second `norm` in the same
pipeline is `norm_2`; `layer as name` says it outright. The names of one binding do not depend on any other line, so
that `state_dict` keys stay put when unrelated lines change:

- the layers of a binding that is a pipeline belong to that binding: `main.depthwise`, `main.norm`;
- the layers of `out`, and those inside a larger expression, belong to the block itself, the latter with the binding's
  name in front: `drop_path`, `deep_hourglass`. So do the layers of a tensor that a pipeline begins with:
  `(in -> conv) + x -> norm`.
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
    """Names that must differ from each other, and from those `taken`."""

    def __init__(self, taken: set[str] | None = None, prefix: str = ""):
        self.taken = set[str]() if taken is None else taken
        self.prefix = prefix
        self._counts: dict[str, int] = {}

    def new(self, base: str) -> str:
        base = name = module_name(f"{self.prefix}{base}")
        count = self._counts.get(base, 1)
        while name in self.taken:
            count += 1
            name = f"{base}_{count}"
        self._counts[base] = count
        self.taken.add(name)
        return name


def name_block(block: tree.Block) -> Names:
    """The names of every step in a block."""
    names = Names()
    own = {s.name.text for s in block.body if isinstance(s, tree.Binding)}
    tensors = {"in"}
    for statement in block.body:
        if not isinstance(statement, tree.Binding) or statement.fact is not None:
            continue
        name, value = statement.name.text, statement.value
        scope = _Scope(own) if name == "out" else _Scope(own, f"{name}_")
        if isinstance(value, tree.Pipeline) and name != "out":
            first, *rest = value.steps
            if _is_tensor(first.value, tensors):
                _visit(first.value, scope, names)
            else:
                rest = [first, *rest]
            inside = _Scope()
            for step in rest:
                _visit_step(step, inside, names)
        else:
            _visit(value, scope, names)
        if _is_tensor(value, tensors):
            tensors.add(name)
    return names


def _is_tensor(node: tree.Expression, tensors: set[str]) -> bool:
    """Whether an expression gives a tensor, where the names `tensors` do."""
    match node:
        case tree.Name(text=text):
            return text in tensors
        case tree.Pipeline(steps=(first, *_)):
            return first.name is None and first.condition is None and _is_tensor(first.value, tensors)
        case tree.Binary(left=left, right=right):
            return _is_tensor(left, tensors) or _is_tensor(right, tensors)
        case tree.Unary(operand=operand):
            return _is_tensor(operand, tensors)
        case tree.Conditional(chosen=chosen, otherwise=otherwise):
            return _is_tensor(chosen, tensors) or _is_tensor(otherwise, tensors)
        case tree.Call(function=tree.Name(text="concat"), arguments=arguments):
            return any(_is_tensor(argument.value, tensors) for argument in arguments)
        case _:
            return False


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
