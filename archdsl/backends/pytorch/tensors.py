"""Tensor expressions of a block: what `forward` computes, and the sub-modules that it takes for that."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from archdsl.backends.pytorch.conditions import Derived, both, either
from archdsl.backends.pytorch.module import ModuleBuilder, Unmergeable, as_whole
from archdsl.backends.pytorch.naming import Names
from archdsl.backends.pytorch.repeats import Seen
from archdsl.backends.pytorch.spelling import spelled
from archdsl.backends.pytorch.steps import Child, Find, StepWriter, agreed, columns_of, conditional
from archdsl.ir.body import Bound, Combine, Input, Number, Select
from archdsl.ir.body import Sequence as Steps
from archdsl.ir.formula import module_name, names
from archdsl.ir.operators.normalization import BatchNorm
from archdsl.ir.parts import applied

# Python reads no expression of 200 within one another, and people none of a tenth of that.
_DEEPEST = 20

_OPERATORS = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/"}


@dataclass
class Flow:
    """A tensor in the making: the text that computes it in `forward`, how tightly that binds, its channels' text."""

    text: str
    channels: str | None
    binds: int = 3  # 1: conditional, 2: sum, 3: product, 4: call or name
    depth: int = 0  # of the expressions within one another


@dataclass(frozen=True)
class Decision:
    """A condition: as a formula, as `forward` reads it, and as the constructor does."""

    text: str
    test: str
    inside: str


class TensorWriter(StepWriter):
    """Writes tensor expressions, for all instances of a block at once. `names` are those that attributes may not have,
    `input_name` is what `forward` calls the block's input."""

    def __init__(self, builder: ModuleBuilder, find: Find, names: Names, input_name: str):
        super().__init__(builder, find)
        self.names, self.input_name = names, input_name
        # The tensors that the module at hand reads besides its input.
        self.likes: list[str] = []
        # The attributes that the constructor sets, with their texts: sub-modules, and what `forward` reads besides.
        self.attributes: dict[str, str] = {}
        self._notes: dict[str, str] = {}
        # Conditions of the constructor as `forward` reads them.
        self._tests: dict[str | None, str] = {}
        # What `forward` computes: variables and their texts.
        self.computed: list[tuple[str, str]] = []
        # The tensors bound so far.
        self.bound: dict[str, Flow] = {}

    def tensor(self, seen: Seen, condition: str | None) -> Flow:
        kinds = {type(value) for _, value in seen}
        if len(kinds) != 1:
            raise Unmergeable("tensor")
        kind = kinds.pop()
        if kind is Input:
            return Flow(self.input_name, self.builder.take("in_channels"), 4)
        if kind is Bound:
            return self.bound[agreed(seen, lambda value: value.name)]
        if kind is Number:
            return self._number(seen)
        if kind is Combine:
            return self._readable(self._combine(seen, condition), condition)
        if kind is Select:
            return self._readable(self._select(seen, condition), condition)
        return self._chain(seen, condition)

    def _readable(self, flow: Flow, condition: str | None) -> Flow:
        """The flow, computed in a statement of its own when it is too deep to be part of an expression."""
        channels = self.short(flow.channels)
        if flow.depth <= _DEEPEST:
            return Flow(flow.text, channels, flow.binds, flow.depth)
        text = flow.text
        if condition is not None:  # where it does not hold, the layers do not exist
            text = f"{wrapped(flow, 2)} if {self._tests[condition]} else {self.input_name}"
        variable = self.new_variable()
        self.computed.append((variable, text))
        return Flow(variable, channels, 4)

    def new_variable(self) -> str:
        """A name for a variable of `forward`."""
        raise NotImplementedError

    def within(self, condition: str | None, decision: Decision, holds: bool = True) -> str:
        """A condition of the constructor, and that a decision is so or not so besides."""
        inside = decision.inside if holds else f"not ({decision.inside})"
        test = decision.test if holds else f"not ({decision.test})"
        joined = both(condition, inside) or inside
        self._tests[joined] = both(self._tests.get(condition), test) or ""
        return joined

    def _number(self, seen: Seen) -> Flow:
        values = [(index, as_whole(number.value)) for index, number in seen]
        formulas = [number.formula for _, number in seen]
        text = self.builder.text(values, formulas, "factor", is_count=False)
        for formula in filter(None, formulas):
            self.baked |= self.builder.roots(formula) - self.builder.roots(text)
        return Flow(f"self.{self._noted('factor', text)}" if names(text) else text, None, 4)

    def _combine(self, seen: Seen, condition: str | None) -> Flow:
        first: Combine = seen[0][1]
        if any(one.operator != first.operator or len(one.operands) != len(first.operands) for _, one in seen):
            raise Unmergeable("combine")
        flows = [
            self.tensor([(index, one.operands[position]) for index, one in seen], condition)
            for position in range(len(first.operands))
        ]
        depth = 1 + max(flow.depth for flow in flows)
        outputs = [(index, one.output.channels) for index, one in seen]
        known = [flow.channels for flow in flows if flow.channels is not None]
        keeps = next((text for text in known if self.builder.gives(text, outputs)), None)
        if first.operator == "concat":
            joined = ", ".join(flow.text for flow in flows) + ("," if len(flows) == 1 else "")
            total = self._sum(known) if len(known) == len(flows) else None
            return Flow(f"torch.cat(({joined}), dim=1)", total, 4, depth)
        if first.operator == "negate":
            return Flow(f"-{wrapped(flows[0], 4)}", keeps, 3, depth)
        symbol = _OPERATORS[first.operator]
        binds = 2 if symbol in "+-" else 3
        left = wrapped(flows[0], binds)
        right = wrapped(flows[1], binds + (symbol in "-/"))
        return Flow(f"{left} {symbol} {right}", keeps, binds, depth)

    def _sum(self, texts: Sequence[str]) -> str | None:
        """The text of the channels of tensors that are joined."""
        total: str | None = Derived(f"({texts[0]})")
        for text in texts[1:]:
            total = self.short(total)
            total = total and Derived(f"{total} + ({text})")
        return total

    def _select(self, seen: Seen, condition: str | None) -> Flow:
        taken = [(index, one.value) for index, one in seen if one.taken]
        other = [(index, one.value) for index, one in seen if not one.taken]
        if not taken or not other:
            self.bake(one.condition for _, one in seen)
            return self.tensor(taken or other, condition)
        if all(isinstance(one.value, Input | Bound) for _, one in seen):
            first, second = self.tensor(taken, None), self.tensor(other, None)
            if first.text == second.text:
                return first
        flags = [(index, one.taken) for index, one in seen]
        decision = self.decide(flags, [one.condition for _, one in seen], _hint(taken, other))
        first = self.tensor(taken, self.within(condition, decision))
        second = self.tensor(other, self.within(condition, decision, holds=False))
        channels = either(decision.text, first.channels, second.channels)
        depth = 1 + max(first.depth, second.depth)
        return Flow(f"{wrapped(first, 2)} if {decision.test} else {wrapped(second, 1)}", channels, 1, depth)

    def decide(self, seen: Sequence[tuple[int, bool]], formulas: Sequence[str | None], hint: str) -> Decision:
        """A condition that holds for some instances."""
        text = self.builder.condition(seen, formulas, hint)
        test = self._test(hint, text)
        # The constructor says a short condition again; a long one it has noted.
        return Decision(text, test, test if text in self._notes and not text.isidentifier() else text)

    def _test(self, hint: str, text: str) -> str:
        """A condition of the constructor as `forward` reads it: `self.stride == 2`, or the attribute that holds it."""
        match ast.parse(text, mode="eval").body:
            case ast.Compare(left=ast.Name(id=name), ops=[operator], comparators=[ast.Constant() as right]):
                noted = ast.Attribute(ast.Name("self"), self._noted(name, name))
                return spelled(ast.Compare(noted, [operator], [right]))
        return f"self.{self._noted(hint, text)}"

    def _noted(self, hint: str, text: str) -> str:
        """The attribute by which `forward` reads a number or condition of the constructor: one for every text."""
        known = self._notes.get(text)
        if known is None:
            known = self._notes[text] = self.names.new(module_name(text) if text.isidentifier() else hint)
            self.attributes[known] = text
        return known

    def _chain(self, seen: Seen, condition: str | None) -> Flow:
        """A pipeline inside an expression: its layers belong to the block itself."""
        flow = self.tensor([(index, chain.source) for index, chain in seen], condition)
        for column in columns_of(seen, lambda chain: chain.steps):
            flow = self._readable(self._through(column, flow, condition), condition)
        return flow

    def _through(self, column: Seen, flow: Flow, condition: str | None) -> Flow:
        """A tensor through one step whose layers belong to the block itself."""
        likes = self.read_besides([column])
        if likes and all(isinstance(step, Steps) and not step.name for _, step in column):
            for inner in columns_of(column, lambda step: step.steps):
                flow = self._readable(self._through(inner, flow, condition), condition)
            return flow
        made, channels = self._step(column, flow.channels, None)
        text = flow.text
        for child in made:
            # A layer that keeps nothing does no harm where it is not reached; another must not exist there.
            here = None if _is_free(column) else condition
            child = replace(child, condition=both(here, child.condition))
            self.assign(child.name, conditional(child, otherwise_of(child)))
            text = called(child.name, text, child, likes)
        return Flow(text, channels, 4, flow.depth + len(made)) if made else flow

    # Layers that read further tensors --------------------------------------------------------------------------------

    def read_besides(self, columns: Sequence[Seen]) -> list[str]:
        """The texts of the tensors that the layers of a module read besides its input, which it is called with. From
        now on layers are written as those of that module."""
        others = [
            (index, other)
            for column in columns
            for index, step in column
            for apply in applied(step)
            for other in apply.others
        ]
        self.likes = list(dict.fromkeys(self.tensor([other], None).text for other in others))
        return self.likes

    def apply(self, seen: Seen, channels: str | None) -> tuple[str, str | None]:
        text, after = super().apply(seen, channels)
        if len(self.likes) < 2 or not seen[0][1].others:
            return text, after
        read = {self.tensor([(index, step.others[0])], None).text for index, step in seen}
        if len(read) != 1:
            raise Unmergeable("a further tensor")
        return f"LikeNumber({self.likes.index(read.pop())}, {text})", after

    def assign(self, name: str, text: str) -> None:
        if name in self.attributes or not name.isidentifier():
            raise RuntimeError(f"a sub-module of a block cannot be called `{name}`")
        self.attributes[name] = text


def _hint(taken: Seen, other: Seen) -> str:
    """What a condition is called that has no name: after what the tensors are that it chooses between."""
    if any(_adds_input(value) for _, value in taken):
        return "residual"
    return "transforms" if all(isinstance(value, Input) for _, value in other) else "chosen"


def called(name: str, text: str, child: Child, likes: Sequence[str]) -> str:
    """The text of a sub-module's output: it reads a tensor, and further ones if it does."""
    return f"self.{name}({', '.join([text, *(likes if child.reads_others else ())])})"


def otherwise_of(child: Child) -> str:
    """What stands for a sub-module that is not there: it takes what the sub-module would."""
    return "SequentialLike()" if child.reads_others else "nn.Identity()"


def wrapped(flow: Flow, binds: int) -> str:
    return f"({flow.text})" if flow.binds < binds else flow.text


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
