"""Tensor expressions of a block: what `forward` computes, and the sub-modules that it takes for that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from archdsl.backends.pytorch.conditions import both, either
from archdsl.backends.pytorch.module import ModuleBuilder, Unmergeable, formulas_of
from archdsl.backends.pytorch.naming import Names
from archdsl.backends.pytorch.nodes import IDENTITY, Derived, call, is_variable, plain, replaced
from archdsl.backends.pytorch.seen import Seen, agreed, columns_of
from archdsl.backends.pytorch.steps import Child, Find, StepWriter, conditional
from archdsl.ir.body import Alternative, Apply, Bound, Combine, Element, Guard, Input, Number, Select, Shared, Step
from archdsl.ir.body import Sequence as Steps
from archdsl.ir.formula import (
    Call,
    Comparison,
    Conditional,
    Constant,
    Expression,
    Logical,
    Name,
    Operation,
    Unary,
    names,
)
from archdsl.ir.functions import as_whole
from archdsl.ir.names import module_name
from archdsl.ir.operators.normalization import BatchNorm
from archdsl.ir.parts import applied, reads_others

# Python reads no expression of 200 within one another, and people none of a tenth of that.
_DEEPEST = 20

_OPERATORS = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/"}
# The bound of `torch.clamp` that gives the same.
_EXTREMES = {"maximum": "min", "minimum": "max"}
# What may take over the first operand of those to its right: `a + (b - c)` is `a + b - c`.
_TAKES = {"+": ("+", "-"), "*": ("*", "/")}


@dataclass
class Flow:
    """A tensor in the making: what computes it in `forward`, and its channels."""

    value: Expression
    channels: Expression | None
    depth: int = 0  # of the expressions within one another


@dataclass(frozen=True)
class Decision:
    """A condition: as a formula, as `forward` reads it, and as the constructor does."""

    formula: Expression
    test: Expression
    inside: Expression


class TensorWriter(StepWriter):
    """Writes tensor expressions, for all instances of a block at once. `names` are those that attributes may not have,
    `input_name` is what `forward` calls the block's input."""

    def __init__(self, builder: ModuleBuilder, find: Find, names: Names, input_name: str):
        super().__init__(builder, find)
        self.names, self.input_name = names, input_name
        # The tensors that the module at hand reads besides its input.
        self.others: list[Expression] = []
        # The attributes that the constructor sets, sub-modules, and what `forward` reads besides.
        self.attributes: dict[str, Expression] = {}
        self._notes: dict[Expression, str] = {}
        # The conditions of the uses of a shared layer, by its name.
        self._uses: dict[str, dict[Expression | None, None]] = {}
        # Conditions of the constructor as `forward` reads them.
        self._tests: dict[Expression | None, Expression] = {}
        # What `forward` computes, by its variables.
        self.computed: list[tuple[str, Expression]] = []
        # The tensors bound so far.
        self.bound: dict[str, Flow] = {}

    def tensor(self, seen: Seen, condition: Expression | None) -> Flow:
        kinds = {type(value) for _, value in seen}
        if len(kinds) != 1:
            raise Unmergeable("tensor")
        kind = kinds.pop()
        if kind is Input:
            return Flow(Name(self.input_name), self.builder.take("in_channels"))
        if kind is Element:
            return self.element(seen)
        if kind is Bound:
            return self.bound[agreed(seen, lambda value: value.name)]
        if kind is Number:
            return self._number(seen)
        if kind is Combine:
            return self._readable(self._combine(seen, condition), condition)
        if kind is Select:
            return self._readable(self._select(seen, condition), condition)
        return self.chain(seen, condition)

    def _readable(self, flow: Flow, condition: Expression | None) -> Flow:
        """The flow, computed in a statement of its own when it is too deep to be part of an expression."""
        channels = self.short(flow.channels)
        if flow.depth <= _DEEPEST:
            return Flow(flow.value, channels, flow.depth)
        value = flow.value
        if condition is not None:  # where it does not hold, the layers do not exist
            value = Conditional(self._tests[condition], value, Name(self.input_name))
        variable = self.new_variable()
        self.computed.append((variable, value))
        return Flow(Name(variable), channels)

    def new_variable(self) -> str:
        """A name for a variable of `forward`."""
        raise NotImplementedError

    def within(self, condition: Expression | None, decision: Decision, holds: bool = True) -> Expression:
        """A condition of the constructor, and that a decision is so or not so besides."""
        inside = decision.inside if holds else Unary("not", decision.inside)
        test = decision.test if holds else Unary("not", decision.test)
        joined = both(condition, inside) or inside
        self._tests[joined] = both(self._tests.get(condition), test) or test
        return joined

    def _number(self, seen: Seen) -> Flow:
        values = [(index, as_whole(number.value)) for index, number in seen]
        formulas = formulas_of(number.formula for _, number in seen)
        factor = self.builder.source(values, formulas, "factor", is_count=False)
        for formula in formulas:
            self.baked |= self.builder.roots(formula) - self.builder.roots(factor)
        if names(factor) & self.builder.variables.keys():
            return Flow(self.forwarded(factor), None)
        return Flow(Name(f"self.{self._noted('factor', factor)}") if names(factor) else factor, None)

    def _combine(self, seen: Seen, condition: Expression | None) -> Flow:
        first: Combine = seen[0][1]
        if all(one.operator in ("concat", "sum") for _, one in seen):
            return self.joined(seen, condition)
        if any(one.operator != first.operator or len(one.operands) != len(first.operands) for _, one in seen):
            raise Unmergeable("combine")
        if first.operator in _EXTREMES and len({isinstance(one.operands[1], Number) for _, one in seen}) > 1:
            raise Unmergeable("combine")
        flows = [
            self.tensor([(index, one.operands[position]) for index, one in seen], condition)
            for position in range(len(first.operands))
        ]
        depth = 1 + max(flow.depth for flow in flows)
        outputs = [(index, one.output.channels) for index, one in seen]
        known = [flow.channels for flow in flows if flow.channels is not None]
        keeps = next((channels for channels in known if self.builder.gives(channels, outputs)), None)
        if first.operator in _EXTREMES:
            return Flow(_extreme(first.operator, flows[0].value, flows[1].value, first.operands[1]), keeps, depth)
        if first.operator == "negate":
            return Flow(Unary("-", flows[0].value), keeps, depth)
        return Flow(_operation(_OPERATORS[first.operator], flows[0].value, flows[1].value), keeps, depth)

    def element(self, seen: Seen) -> Flow:
        """One tensor of a list."""
        raise NotImplementedError

    def source(self, seen: Seen, condition: Expression | None) -> Flow:
        """What goes into layers: a tensor, or a list as it is."""
        raise NotImplementedError

    def joined(self, seen: Seen, condition: Expression | None) -> Flow:
        """Tensors, and lists of them, joined or added."""
        raise NotImplementedError

    def total(self, channels: Sequence[Expression]) -> Expression | None:
        """The channels of tensors that are joined."""
        total: Expression | None = Derived(plain(channels[0]))
        for more in channels[1:]:
            total = self.short(total)
            total = total and Derived(Operation("+", plain(total), plain(more)))
        return total

    def _select(self, seen: Seen, condition: Expression | None) -> Flow:
        taken = [(index, one.value) for index, one in seen if one.taken]
        other = [(index, one.value) for index, one in seen if not one.taken]
        if not taken or not other:
            self.bake(formulas_of(one.condition for _, one in seen))
            return self.tensor(taken or other, condition)
        if all(isinstance(one.value, Input | Bound) for _, one in seen):
            first, second = self.tensor(taken, None), self.tensor(other, None)
            if first.value == second.value:
                return first
        flags = [(index, one.taken) for index, one in seen]
        decision = self.decide(flags, formulas_of(one.condition for _, one in seen), _hint(taken, other))
        first = self.tensor(taken, self.within(condition, decision))
        second = self.tensor(other, self.within(condition, decision, holds=False))
        channels = either(decision.formula, first.channels, second.channels)
        depth = 1 + max(first.depth, second.depth)
        return Flow(Conditional(decision.test, first.value, second.value), channels, depth)

    def decide(self, seen: Sequence[tuple[int, bool]], formulas: Sequence[Expression | None], hint: str) -> Decision:
        """A condition that holds for some instances."""
        formula = self.builder.condition(seen, formulas, hint)
        test = self._test(hint, formula)
        # The constructor says a short condition again; a long one it has noted.
        return Decision(formula, test, test if formula in self._notes and not is_variable(formula) else formula)

    def _test(self, hint: str, formula: Expression) -> Expression:
        """A condition of the constructor as `forward` reads it: `self.stride == 2`, or the attribute that holds it."""
        if names(formula) & self.builder.variables.keys():
            return self.forwarded(formula)
        match formula:
            case Comparison(operator, Name(name) as left, Constant() as right):
                return Comparison(operator, Name(f"self.{self._noted(name, left)}"), right)
        return Name(f"self.{self._noted(hint, formula)}")

    def forwarded(self, value: Expression) -> Expression:
        """A number of the constructor, in a loop of the constructor's perhaps, as `forward` reads it."""
        return replaced(value, lambda node: self.variable(node.name) if isinstance(node, Name) else None)

    def variable(self, name: str) -> Expression:
        """A name of the constructor as `forward` reads it."""
        return Name(f"self.{self._noted(name, Name(name))}")

    def _noted(self, hint: str, value: Expression) -> str:
        """The attribute by which `forward` reads a number or condition of the constructor: one for each of them."""
        known = self._notes.get(value)
        if known is None:
            known = self._notes[value] = self.names.new(module_name(value.name) if isinstance(value, Name) else hint)
            self.attributes[known] = value
        return known

    def chain(self, seen: Seen, condition: Expression | None) -> Flow:
        """A pipeline inside an expression: its layers belong to the block itself."""
        flow = self.source([(index, chain.source) for index, chain in seen], condition)
        for column in columns_of(seen, lambda chain: chain.steps):
            flow = self._readable(self._through(column, flow, condition), condition)
        return flow

    def _through(self, column: Seen, flow: Flow, condition: Expression | None) -> Flow:
        """A tensor through one step whose layers belong to the block itself."""
        others = self.read_besides([column])
        if others and all(isinstance(step, Steps) and not step.name for _, step in column):
            for inner in columns_of(column, lambda step: step.steps):
                flow = self._readable(self._through(inner, flow, condition), condition)
            return flow
        made, channels = self._step(column, flow.channels, None)
        value: Expression = flow.value
        for child in made:
            # A layer that keeps nothing does no harm where it is not reached; another must not exist there.
            here = None if _is_free(column) else condition
            applies, child = child.condition, replace(child, condition=both(here, child.condition))
            made_here: Expression = called(self.held(child), value, child, others)
            if child.is_shared and applies is not None:  # the module is there for its other uses
                made_here = Conditional(self._test(f"applies_{child.name}", applies), made_here, value)
            value = made_here
        return Flow(value, channels, flow.depth + len(made)) if made else flow

    def held(self, child: Child) -> str:
        """Makes an attribute of a layer, and says how `forward` calls it."""
        if child.is_shared:
            uses = self._uses.setdefault(child.name, {})
            uses[child.condition] = None
            conditions = [condition for condition in uses if condition is not None]
            needed = None if None in uses else conditions[0] if len(uses) == 1 else Logical("or", tuple(conditions))
            child = replace(child, condition=needed)
            self.attributes.pop(child.name, None)
        self.assign(child.name, conditional(child, otherwise_of(child)))
        return child.name

    # Layers that read further tensors --------------------------------------------------------------------------------

    def read_besides(self, columns: Sequence[Seen]) -> list[Expression]:
        """The tensors that the layers of a module read besides its input, which it is called with. From
        now on layers are written as those of that module."""
        others = [
            (index, other)
            for column in columns
            for index, step in column
            for apply in applied(step)
            for other in apply.others
        ]
        self.others = list(dict.fromkeys(self.source([other], None).value for other in others))
        return self.others

    def reads(self, seen: Seen) -> tuple[int, ...]:
        found = {numbers for index, step in seen if (numbers := self._reads(index, step)) is not None}
        if len(found) > 1:
            raise Unmergeable("the tensors that a layer reads")
        return found.pop() if found else ()

    def _reads(self, index: int, step: Step) -> tuple[int, ...] | None:
        match step:
            case Apply(others=others):
                return tuple(self.others.index(self.source([(index, other)], None).value) for other in others)
            case Guard(value=value) | Alternative(value=value) | Shared(value=value):
                return self._reads(index, value) if value is not None else None
        return tuple(range(len(self.others))) if reads_others(step) else ()

    def other_channels(self, seen: Seen, number: int) -> Expression | None:
        return self.source([(index, step.others[number]) for index, step in seen], None).channels

    def assign(self, name: str, made: Expression) -> None:
        if name in self.attributes or not name.isidentifier():
            raise RuntimeError(f"a sub-module of a block cannot be called `{name}`")
        self.attributes[name] = made


def _hint(taken: Seen, other: Seen) -> str:
    """What a condition is called that has no name: after what the tensors are that it chooses between."""
    if any(_adds_input(value) for _, value in taken):
        return "residual"
    return "transforms" if all(isinstance(value, Input) for _, value in other) else "chosen"


def called(name: str, value: Expression, child: Child, others: Sequence[Expression]) -> Call:
    """A sub-module's output: it reads a tensor, and further ones if it does."""
    return call(f"self.{name}", value, *(others[number] for number in child.reads))


def otherwise_of(child: Child) -> Expression:
    """What stands for a sub-module that is not there: it takes what the sub-module would."""
    return call("SequentialWith") if child.reads else IDENTITY


def _operation(symbol: str, left: Expression, right: Expression) -> Operation:
    """Arithmetic of tensors, grouped to the left where that needs fewer parentheses."""
    if isinstance(right, Operation) and right.operator in _TAKES.get(symbol, ()):
        return Operation(right.operator, _operation(symbol, left, right.left), right.right)
    return Operation(symbol, left, right)


def _extreme(operator: str, left: Expression, right: Expression, operand: Any) -> Call:
    """The larger or smaller of each element; with a number, the tensor is clamped."""
    if isinstance(operand, Number):
        return call("torch.clamp", left, **{_EXTREMES[operator]: right})
    return call(f"torch.{operator}", left, right)


def _adds_input(value: Any) -> bool:
    return isinstance(value, Combine) and value.operator == "add" and any(isinstance(o, Input) for o in value.operands)


def _is_free(column: Seen) -> bool:
    """Whether a step keeps nothing, neither parameters nor statistics."""
    return all(
        apply.operator is not None
        and not apply.operator.parameters(apply.input)
        and not isinstance(apply.operator, BatchNorm)
        for _, step in column
        for apply in applied(step)
    )
