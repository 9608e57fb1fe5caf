"""Tensor expressions of a block: what `forward` computes, and the sub-modules that it takes for that."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from archdsl.backends.pytorch.conditions import Derived, both, either
from archdsl.backends.pytorch.formulas import same
from archdsl.backends.pytorch.module import ModuleBuilder, Unmergeable, as_whole
from archdsl.backends.pytorch.naming import Names
from archdsl.backends.pytorch.spelling import spelled
from archdsl.backends.pytorch.steps import Child, Find, Seen, StepWriter, agreed, columns_of, conditional
from archdsl.backends.pytorch.texts import literal
from archdsl.diagnostics import Diagnostic, Failure
from archdsl.diagnostics.codes import WRONG_KIND
from archdsl.ir.body import Alternative, Apply, Bound, Combine, Guard, Input, Number, Select
from archdsl.ir.body import Sequence as Steps
from archdsl.ir.formula import module_name
from archdsl.ir.operators.normalization import BatchNorm
from archdsl.ir.parts import applied, reads_others

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
        joined = both(condition, inside)
        assert joined is not None
        self._tests[joined] = both(self._tests.get(condition), test) or ""
        return joined

    def _number(self, seen: Seen) -> Flow:
        values = [(index, as_whole(number.value)) for index, number in seen]
        if all(same(value, values[0][1]) for _, value in values):
            return Flow(literal(values[0][1]), None, 4)
        text = self.builder.text(values, [number.formula for _, number in seen], "factor", is_count=False)
        return Flow(f"self.{self._noted('factor', text)}", None, 4)

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
        if any(reads_others(step) for _, step in column):
            return self._with_others(column, flow, condition)
        made, channels = self._step(column, flow.channels, None)
        text = flow.text
        for child in made:
            # A layer that keeps nothing does no harm where it is not reached; another must not exist there.
            here = None if _is_free(column) else condition
            child = Child(child.name, child.text, both(here, child.condition))
            self.assign(child.name, conditional(child, "nn.Identity()"))
            text = f"self.{child.name}({text})"
        return Flow(text, channels, 4, flow.depth + len(made)) if made else flow

    def _with_others(self, column: Seen, flow: Flow, condition: str | None) -> Flow:
        """The same where a layer reads a further tensor, which nothing but a call of its own can hand to it."""
        steps = [step for _, step in column]
        if all(isinstance(step, Steps) and step.name is None for step in steps):
            for inner in columns_of(column, lambda step: step.steps):
                flow = self._readable(self._through(inner, flow, condition), condition)
            return flow
        if all(isinstance(step, Guard | Alternative) for step in steps):
            decided = [(index, step.value) for index, step in column if step.value is not None]
            if 0 < len(decided) < len(column) or any(step.condition != steps[0].condition for step in steps):
                raise Unmergeable("a layer that reads a further tensor, under a condition")
            return self._through(decided, flow, condition) if decided else flow
        if not all(isinstance(step, Apply) for step in steps):
            raise _cannot_hand_on(steps[0])
        text, channels = self.apply(column, flow.channels)
        name = agreed(column, lambda step: step.name)
        self.assign(name, text)
        others = [
            self.tensor([(index, step.others[position]) for index, step in column], condition)
            for position in range(len(steps[0].others))
        ]
        inside = ", ".join(tensor.text for tensor in (flow, *others))
        return Flow(f"self.{name}({inside})", channels, 4, 1 + max(tensor.depth for tensor in (flow, *others)))

    def assign(self, name: str, text: str) -> None:
        assert name not in self.attributes, f"two sub-modules of a block are called {name}"
        self.attributes[name] = text


def _hint(taken: Seen, other: Seen) -> str:
    """What a condition is called that has no name: after what the tensors are that it chooses between."""
    if any(_adds_input(value) for _, value in taken):
        return "residual"
    return "transforms" if all(isinstance(value, Input) for _, value in other) else "chosen"


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


def _cannot_hand_on(step: Any) -> Failure:
    message = "PyTorch's sequential modules cannot hand a further tensor to a layer inside them"
    help = "write `resize(like = ...)` in the pipeline itself, not in a named or repeated part of it"
    first = next(apply for apply in applied(step) if apply.others)
    return Failure([Diagnostic(WRONG_KIND, f"{first.place}: {message}", None, help=help)])
