"""Names of sub-modules, from the text alone.

A layer is called after what is written: `-> norm` is `norm`, whatever the model's norm is; a second `norm` in the same
pipeline is `norm_2`; `layer as name` says it outright. The names of one binding do not depend on any other line, so
that `state_dict` keys stay put when unrelated lines change:

- the layers of a binding that is a pipeline belong to that binding: `main.depthwise`, `main.norm`;
- the layers of `out`, and those inside a larger expression, belong to the block itself, the latter with the binding's
  name in front: `drop_path`, `deep_hourglass`. So do the layers of a tensor that a pipeline begins with, or that one of
  its layers reads besides: `(in -> conv) + x -> norm`.

Every other expression with layers in it - a default, a cell, an argument of a model, what an `extends` or `scale` says
- stands alone, and its names begin anew. Whoever takes a layer from there calls it by a name of its own: `-> body` is
the sub-module `body`, with the names of its pipeline inside.
"""

from __future__ import annotations

from archdsl.ir.names import module_name
from archdsl.language import tree

# Functions that combine tensors.
_FUNCTIONS = {"concat": "concat", "sum": "sum", "max": "maximum", "min": "minimum"}
_WORDS = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide"}


class Names:
    """Names by node: of the steps of pipelines, of layers in brackets, of the tensor operators of expressions, and of
    the arguments that are tensors made on the spot."""

    def __init__(self) -> None:
        # The bindings that are tensors.
        self.tensors: frozenset[str] = frozenset()
        # Those that are layers which others use as well.
        self.shared: frozenset[str] = frozenset()
        # The names that the block has.
        self.taken = set[str]()
        self._names: dict[int, str] = {}
        self._met: set[int] = set()
        self._nodes: list[object] = []  # keeps the nodes alive, so that their ids stay theirs

    def of(self, node: object) -> str:
        return self._names[id(node)]

    def get(self, node: object) -> str | None:
        return self._names.get(id(node))

    def set(self, node: object, name: str) -> None:
        self._names[id(node)] = name
        self.meet(node)

    def late(self, node: object) -> str:
        """A name for a list that turns out to be one when it is made: no other one of the block."""
        if (known := self.get(node)) is None:
            known = _Scope(self.taken).new("tensors")
            self.set(node, known)
        return known

    def meet(self, node: object) -> None:
        """Notes that what is inside a node has its names."""
        self._met.add(id(node))
        self._nodes.append(node)

    def know(self, node: object) -> bool:
        return id(node) in self._met


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


def name_block(block: tree.Block, given: frozenset[str] = frozenset(), shared: frozenset[str] = frozenset()) -> Names:
    """The names of every step in a block, the defaults of its parameters included. `given` are the parameters that
    tensors are given to, `shared` the layers around the block that it shares."""
    names, tensors = Names(), {"in", *given}
    names.shared = shared | {s.name.text for s in block.body if isinstance(s, tree.Binding) and s.is_shared}
    bindings = [(s.name.text, s.value) for s in block.body if isinstance(s, tree.Binding) and s.fact is None]
    own = {name for name, _ in bindings}
    own |= {module_name(name) for name in (*own, *given, *shared)}
    names.taken = own
    for parameter in block.parameters:
        name, default = parameter.name.text, parameter.default
        if default is None or name in given:
            continue
        if _is_tensor(default, tensors):
            own.add(module_name(name))
            _name_binding(name, default, names, own, tensors)
        else:
            _Namer(names, tensors, _Scope(own, f"{name}_")).visit(default, _Scope())
    for name, value in bindings:
        _name_binding(name, value, names, own, tensors)
    names.tensors = frozenset(tensors)
    return names


def _name_binding(name: str, value: tree.Expression, names: Names, own: set[str], tensors: set[str]) -> None:
    """Names the layers of `name = value`; `own` are the names of the block's sub-modules."""
    scope = _Scope(own) if name == "out" else _Scope(own, f"{name}_")
    namer = _Namer(names, tensors, scope)
    if isinstance(value, tree.Each | tree.Listing) or _is_split(value):
        names.set(value, module_name(name))
    if isinstance(value, tree.Each) and _is_tensor(value, tensors):
        tensors.add(name)  # it may read what it has made so far
    if isinstance(value, tree.Pipeline) and name != "out" and not _shares(value, names.shared):
        namer.pipeline(value, _Scope())
    elif name in names.shared:  # a module of its own
        namer.visit(value, _Scope())
    else:
        namer.visit(value, scope)
    if _is_tensor(value, tensors):
        tensors.add(name)


def _shares(pipeline: tree.Pipeline, shared: frozenset[str]) -> bool:
    """Whether a layer of a pipeline is one that others use as well: then it is no sub-module of its own."""
    return any(isinstance(step.value, tree.Name) and step.value.text in shared for step in pipeline.steps)


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
        case tree.Choice(options=options):
            return any(_is_tensor(option, tensors) for option in options)
        case tree.Call(function=tree.Name(text="parameter")):
            return True
        case tree.Call(function=tree.Name(text=text), arguments=arguments) if text in _FUNCTIONS or text == "split":
            return any(_is_tensor(argument.value, tensors) for argument in arguments)
        case tree.Listing(elements=elements):
            return any(_is_tensor(element, tensors) for element in elements)
        case tree.Composite(value=value):
            return _is_tensor(value, tensors)
        case tree.Element(owner=owner):
            return _is_tensor(owner, tensors)
        case tree.Each(body=body):
            return _is_tensor(body, tensors | _variable(node, tensors))
        case _:
            return False


def _variable(node: tree.Each, tensors: set[str]) -> set[str]:
    """The variable of a loop, if it goes over tensors."""
    return {node.variable.text} if _is_tensor(node.over, tensors) else set()


def _is_split(node: tree.Expression) -> bool:
    return isinstance(node, tree.Call) and isinstance(node.function, tree.Name) and node.function.text == "split"


_KNOWN: dict[int, tuple[tree.Expression, Names]] = {}


def name_expression(value: tree.Expression) -> Names:
    """The names of every step in an expression that stands alone, such as a model's stem."""
    known = _KNOWN.get(id(value))
    if known is not None and known[0] is value:
        return known[1]
    names, scope = Names(), _Scope()
    _Namer(names, set(), scope).visit(value, scope)
    names.meet(value)
    if len(_KNOWN) > 10_000:
        _KNOWN.clear()
    _KNOWN[id(value)] = (value, names)
    return names


class _Namer:
    """Names what is inside one binding. `outer` has the names of the block, where the layers of tensors belong."""

    def __init__(self, names: Names, tensors: set[str], outer: _Scope):
        self.names, self.tensors, self.outer = names, tensors, outer

    def is_tensor(self, node: tree.Expression) -> bool:
        return _is_tensor(node, self.tensors)

    def pipeline(self, node: tree.Pipeline, scope: _Scope) -> None:
        """Names the steps in `scope`; a tensor that they begin with is outside of it."""
        self.names.meet(node)
        first, *rest = node.steps
        if self.is_tensor(node):
            self.visit(first.value, self.outer)
        else:
            rest = [first, *rest]
        for step in rest:
            self._step(step, scope)

    def visit(self, node: tree.Expression, scope: _Scope) -> None:
        self.names.meet(node)
        match node:
            case tree.Pipeline():
                self.pipeline(node, scope)
            case tree.Composite(value=tree.Pipeline() | tree.Composite() as value):
                self.visit(value, scope)
            case tree.Composite(value=value):
                self.names.set(node, scope.new(_head(value)))
                self._inside(value, scope)
            case tree.Binary(operator=operator, left=left, right=right):
                self.visit(left, scope)
                self.visit(right, scope)
                self.names.set(node, scope.new(_WORDS.get(operator, "combine")))
            case tree.Unary(operand=operand):
                self.visit(operand, scope)
                self.names.set(node, scope.new("negate"))
            case tree.Conditional(condition=condition, chosen=chosen, otherwise=otherwise):
                for part in (condition, chosen, otherwise):
                    self.visit(part, scope)
            case tree.Choice(options=options):
                for option in options:
                    self.visit(option, scope)
            case tree.Call(function=tree.Name(text=text), arguments=arguments) if text in _FUNCTIONS:
                for argument in arguments:
                    self.visit(argument.value, scope)
                self.names.set(node, scope.new(_FUNCTIONS[text]))
            case tree.Call():
                self._arguments(node, scope)
                if _is_split(node) and self.names.get(node) is None:
                    self.names.set(node, self.outer.new("parts"))
                elif not _is_split(node) and self.is_tensor(node):
                    self.names.set(node, scope.new(_head(node)))
            case tree.Listing(elements=elements):
                for element in elements:
                    self.visit(element, scope)
                if self.names.get(node) is None:
                    self.names.set(node, self.outer.new("tensors"))
            case tree.Element(owner=owner, index=index):
                self.visit(owner, scope)
                self.visit(index, scope)
            case tree.Each():
                self._each(node, scope)
            case _:
                pass

    def _each(self, node: tree.Each, scope: _Scope) -> None:
        """A round that is a pipeline is a module with names of its own; other layers belong to the block."""
        self.visit(node.over, scope)
        if self.names.get(node) is None:
            self.names.set(node, self.outer.new("branches"))
        inner = _Namer(self.names, self.tensors | _variable(node, self.tensors), self.outer)
        inner.visit(node.body, _Scope() if isinstance(node.body, tree.Pipeline) else scope)

    def _arguments(self, node: tree.Call, scope: _Scope) -> None:
        """A tensor among the arguments is not part of the layer, and has a name by which the layer reads it."""
        for argument in node.arguments:
            if not self.is_tensor(argument.value):
                self.visit(argument.value, scope)
            elif not isinstance(argument.value, tree.Name):
                self.names.set(argument, self.outer.new(argument.name.text if argument.name else "tensor"))
                # It is bound on the way, so that its layers are those of a binding.
                is_pipeline = isinstance(argument.value, tree.Pipeline)
                self.visit(argument.value, _Scope() if is_pipeline else self.outer)

    def _step(self, step: tree.Step, scope: _Scope) -> None:
        value = step.value
        self.names.meet(value)
        if step.name is not None:
            # A named composite is a sub-module with names of its own.
            self.names.set(step, scope.new(step.name.text))
            self.visit(value, _Scope() if isinstance(value, tree.Composite) else scope)
        elif isinstance(value, tree.Composite):
            self.visit(value, scope)
        else:
            self.names.set(step, scope.new(_head(value)))
            self._inside(value, scope)

    def _inside(self, value: tree.Expression, scope: _Scope) -> None:
        """What is inside a layer that has its name."""
        if isinstance(value, tree.Binary) and value.operator == "*":
            # The copies of a repeated composite have names of their own, apart from the pipeline's.
            self.names.meet(value)
            self.visit(value.left, _Scope())
        else:
            self.visit(value, scope)


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
