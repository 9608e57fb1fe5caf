"""The class of one block: constructor and forward, for all instances of the block that share the class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from archdsl.backends.pytorch.layout import call_lines, expression_lines
from archdsl.backends.pytorch.module import ModuleBuilder, Unmergeable, annotation
from archdsl.backends.pytorch.naming import Names
from archdsl.backends.pytorch.steps import Child, Find, Made, Seen, StepWriter, agreed, both, columns_of, conditional
from archdsl.backends.pytorch.texts import docstring_lines, literal, same
from archdsl.diagnostics import Diagnostic, Failure
from archdsl.diagnostics.codes import WRONG_KIND
from archdsl.ir.body import Alternative, Apply, BlockInstance, Bound, Combine, Guard, Input, Number, Select
from archdsl.ir.body import Sequence as Steps
from archdsl.ir.formula import identifier, module_name, python_name
from archdsl.ir.parts import applied, is_own_module, modules_of, reads_others

_OPERATORS = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/"}


@dataclass
class Flow:
    """A tensor in the making: the text that computes it in `forward`, how tightly that binds, its channels' text."""

    text: str
    channels: str | None
    binds: int = 3  # 1: conditional, 2: sum, 3: product, 4: call or name


@dataclass
class ClassSource:
    """A finished class."""

    made: Made
    text: str
    uses: set[str] = field(default_factory=set)


class BlockWriter(StepWriter):
    """Writes one class."""

    def __init__(self, name: str, instances: Sequence[tuple[str, BlockInstance]], find: Find, hands_on: Sequence[str]):
        first = instances[0][1]
        builder = ModuleBuilder(
            [dict(instance.scalars) for _, instance in instances],
            [dict(instance.formulas) for _, instance in instances],
            tuple(identifier(parameter) for parameter in first.parameters),
        )
        self.uses: set[str] = set()
        self.notes: dict[str, str] = {}
        super().__init__(builder, self._noting(find))
        self.name, self.instances, self.hands_on = name, instances, hands_on
        # The attributes that the constructor sets, with their texts: sub-modules, and what `forward` reads besides.
        self.attributes: dict[str, str] = {}
        bodies = [[binding.name for binding in instance.body] for _, instance in instances]
        if any(body != bodies[0] for body in bodies):
            raise Unmergeable("bindings")
        self.bindings = bodies[0]
        self.known_channels: dict[str, str | None] = {}
        self.variables: dict[str, str] = {}  # of `forward`, by the bindings that they hold
        variables = Names(map(python_name, self.bindings))
        self.input_name = variables.new("inputs" if "x" in variables else "x")
        modules = {name for _, instance in instances for binding in instance.body for name in modules_of(binding)}
        self.names = Names({*modules, *(f"out_{fact}" for fact in hands_on)})

    def _noting(self, find: Find) -> Find:
        def noting(index: int, block: str) -> tuple[Made, str]:
            made, key = find(index, block)
            self.uses.add(made.name)
            return made, key

        return noting

    def write(self) -> ClassSource:
        """The class. Raises Unmergeable when the instances do not fit into one."""
        self.builder.input_channels()
        forward: list[str] = []
        for position, binding in enumerate(self.bindings):
            seen: Seen = [(index, instance.body[position]) for index, (_, instance) in enumerate(self.instances)]
            tensors = [(index, item.value) for index, item in seen]
            owned = [is_own_module(item) for _, item in seen]
            if any(owned) and not all(owned):
                raise Unmergeable("a module of its own")
            flow = self._own(module_name(binding), tensors) if owned[0] else self._tensor(tensors, None)
            self.known_channels[binding] = flow.channels
            self.variables[binding] = flow.text
            if not flow.text.isidentifier():
                self.variables[binding] = python_name(binding)
                forward += expression_lines(f"{python_name(binding)}: Tensor = ", flow.text)
        forward.append(f"return {self.variables['out']}")
        hands_on = self._hand_on()
        if self.uses_drop_path:
            self.builder.arguments["drop_path"] = [0.0] * len(self.instances)
        order = self.builder.argument_order()
        values = {
            key: {name: self.builder.arguments[name][index] for name in order}
            for index, (key, _) in enumerate(self.instances)
        }
        made = Made(self.name, tuple(order), values)
        return ClassSource(made, self._source(order, forward, hands_on), self.uses)

    # Tensors ---------------------------------------------------------------------------------------------------------

    def _own(self, name: str, seen: Seen) -> Flow:
        """A binding that is a pipeline: a sub-module of the binding's name."""
        source = self._tensor([(index, chain.source) for index, chain in seen], None)
        columns = self._steps(seen)
        children, channels = self.children(columns, source.channels)
        is_single = len(columns) == 1 and all(isinstance(step, Apply) for _, step in columns[0])
        if not children:
            return source
        self._assign(name, conditional(children[0], "nn.Identity()") if is_single else self.pipeline(children))
        return Flow(f"self.{name}({source.text})", channels, 4)

    def _steps(self, seen: Seen) -> list[Seen]:
        lengths = {len(chain.steps) for _, chain in seen}
        if len(lengths) != 1:
            raise Unmergeable("length")
        return [[(index, chain.steps[position]) for index, chain in seen] for position in range(lengths.pop())]

    def _tensor(self, seen: Seen, condition: str | None) -> Flow:
        kinds = {type(value) for _, value in seen}
        if len(kinds) != 1:
            raise Unmergeable("tensor")
        kind = kinds.pop()
        if kind is Input:
            return Flow(self.input_name, self.builder.input_channels(), 4)
        if kind is Bound:
            names = {value.name for _, value in seen}
            if len(names) != 1:
                raise Unmergeable("bound")
            name = names.pop()
            return Flow(self.variables[name], self.known_channels.get(name), 4)
        if kind is Number:
            return self._number(seen)
        if kind is Combine:
            return self._combine(seen, condition)
        if kind is Select:
            return self._select(seen, condition)
        return self._chain(seen, condition)

    def _number(self, seen: Seen) -> Flow:
        values = [(index, _whole(number.value)) for index, number in seen]
        if all(same(value, values[0][1]) for _, value in values):
            return Flow(literal(values[0][1]), None, 4)
        text = self.builder.text(values, [number.formula for _, number in seen], "factor")
        return Flow(f"self.{self._noted('factor', text)}", None, 4)

    def _combine(self, seen: Seen, condition: str | None) -> Flow:
        first: Combine = seen[0][1]
        if any(one.operator != first.operator or len(one.operands) != len(first.operands) for _, one in seen):
            raise Unmergeable("combine")
        flows = [
            self._tensor([(index, one.operands[position]) for index, one in seen], condition)
            for position in range(len(first.operands))
        ]
        texts = {flow.channels for flow in flows if flow.channels is not None}
        keeps = texts.pop() if len(texts) == 1 else None
        if first.operator == "concat":
            joined = ", ".join(flow.text for flow in flows) + ("," if len(flows) == 1 else "")
            known = [flow.channels for flow in flows if flow.channels is not None]
            total = " + ".join(f"({text})" if " if " in text else text for text in known)
            return Flow(f"torch.cat(({joined}), dim=1)", total if len(known) == len(flows) else None, 4)
        if first.operator == "negate":
            return Flow(f"-{_wrapped(flows[0], 4)}", keeps, 3)
        symbol = _OPERATORS[first.operator]
        binds = 2 if symbol in "+-" else 3
        left = _wrapped(flows[0], binds)
        right = _wrapped(flows[1], binds + (symbol in "-/"))
        if not all(one.output.channels == seen[0][1].output.channels for _, one in seen) and len(flows) == 2:
            wide = [operand for operand in first.operands if not isinstance(operand, Number)]
            keeps = keeps if len(wide) == 1 or keeps is not None else None
        return Flow(f"{left} {symbol} {right}", keeps, binds)

    def _select(self, seen: Seen, condition: str | None) -> Flow:
        taken = [(index, one.value) for index, one in seen if one.taken]
        other = [(index, one.value) for index, one in seen if not one.taken]
        if not taken or not other:
            return self._tensor(taken or other, condition)
        hint = "residual" if any(_adds_input(value) for _, value in taken) else "chosen"
        text = self.builder.condition(
            [(index, one.taken) for index, one in seen], [one.condition for _, one in seen], hint
        )
        name = self._noted(hint, text)
        inside = text if text.isidentifier() else f"self.{name}"
        first = self._tensor(taken, both(condition, inside))
        second = self._tensor(other, both(condition, f"not {inside}"))
        channels = first.channels if first.channels == second.channels else None
        return Flow(f"{_wrapped(first, 2)} if self.{name} else {_wrapped(second, 1)}", channels, 1)

    def _noted(self, hint: str, text: str) -> str:
        """The attribute by which `forward` reads a number or condition of the constructor: one for every text."""
        known = self.notes.get(text)
        if known is None:
            known = self.notes[text] = self.names.new(module_name(text) if text.isidentifier() else hint)
            self.attributes[known] = text
        return known

    def _chain(self, seen: Seen, condition: str | None) -> Flow:
        """A pipeline inside an expression: its layers belong to the block itself."""
        flow = self._tensor([(index, chain.source) for index, chain in seen], condition)
        for column in self._steps(seen):
            flow = self._through(column, flow, condition)
        return flow

    def _through(self, column: Seen, flow: Flow, condition: str | None) -> Flow:
        """A tensor through one step whose layers belong to the block itself."""
        if any(reads_others(step) for _, step in column):
            return self._with_others(column, flow, condition)
        made, channels = self._step(column, flow.channels, None)
        text = flow.text
        for child in made:
            # A layer without parameters does no harm where it is not reached; one with them must not exist there.
            here = None if _is_free(column) else condition
            child = Child(child.name, child.text, both(here, child.condition))
            self._assign(child.name, conditional(child, "nn.Identity()"))
            text = f"self.{child.name}({text})"
        return Flow(text, channels, 4) if made else flow

    def _with_others(self, column: Seen, flow: Flow, condition: str | None) -> Flow:
        """The same where a layer reads a further tensor, which nothing but a call of its own can hand to it."""
        steps = [step for _, step in column]
        if all(isinstance(step, Steps) and step.name is None for step in steps):
            for inner in columns_of(column, lambda step: step.steps):
                flow = self._through(inner, flow, condition)
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
        self._assign(name, text)
        others = [
            self._tensor([(index, step.others[position]) for index, step in column], condition).text
            for position in range(len(steps[0].others))
        ]
        return Flow(f"self.{name}({', '.join([flow.text, *others])})", channels, 4)

    def _assign(self, name: str, text: str) -> None:
        assert name not in self.attributes, f"two sub-modules called {name} in {self.name}"
        self.attributes[name] = text

    # What the next block needs to know -------------------------------------------------------------------------------

    def _hand_on(self) -> dict[str, str]:
        """`out_channels` and other facts, set as attributes where the network reads them."""
        texts: dict[str, str] = {}
        for fact in self.hands_on:
            if fact == "channels":
                values: list[tuple[int, Any]] = [
                    (index, instance.output.channels) for index, (_, instance) in enumerate(self.instances)
                ]
                texts["out_channels"] = self.known_channels.get("out") or self.builder.text(values, [None], "out_width")
                continue
            values = []
            formulas: list[str | None] = []
            for index, (_, instance) in enumerate(self.instances):
                found = instance.facts.get(fact)
                values.append((index, _whole(found.value) if found else 0))
                formulas.append(found.formula if found else None)
            texts[f"out_{fact}"] = self.builder.text(values, formulas, f"out_{fact}_value")
        return texts

    # Text ------------------------------------------------------------------------------------------------------------

    def _source(self, order: Sequence[str], forward: Sequence[str], hands_on: dict[str, str]) -> str:
        base = "Block" if hands_on else "nn.Module"
        arguments = [f"{name}: {annotation(self.builder.arguments[name])}" for name in order]
        doc = self.instances[0][1].doc
        body: list[str] = []
        for name, text in self.builder.assigned.items():
            body += expression_lines(f"{name} = ", text)
        for name, text in {**hands_on, **self.attributes}.items():
            body += expression_lines(f"self.{name} = ", text)
        lines = [
            f"class {self.name}({base}):",
            *([*(f"    {line}".rstrip() for line in docstring_lines(doc)), ""] if doc.strip() else []),
            *call_lines("    def __init__", ["self", *arguments], " -> None:"),
            "        super().__init__()",
            *(f"        {line}" for line in body),
            "",
            f"    def forward(self, {self.input_name}: Tensor) -> Tensor:",
            *(f"        {line}" for line in forward),
        ]
        return "\n".join(lines) + "\n"


def _wrapped(flow: Flow, binds: int) -> str:
    return f"({flow.text})" if flow.binds < binds else flow.text


def _whole(value: float) -> int | float:
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _adds_input(value: Any) -> bool:
    return isinstance(value, Combine) and value.operator == "add" and any(isinstance(o, Input) for o in value.operands)


def _is_free(column: Seen) -> bool:
    """Whether a step has no parameters of its own."""
    return all(
        apply.operator is not None and not apply.operator.parameters(apply.input)
        for _, step in column
        for apply in applied(step)
    )


def _cannot_hand_on(step: Any) -> Failure:
    message = "PyTorch's sequential modules cannot hand a further tensor to a layer inside them"
    help = "write `resize(like = ...)` in the pipeline itself, not in a named or repeated part of it"
    first = next(apply for apply in applied(step) if apply.others)
    return Failure([Diagnostic(WRONG_KIND, f"{first.place}: {message}", None, help=help)])
