"""The class of one block: constructor and forward, for all instances of the block that share the class."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from types import MappingProxyType
from typing import Any

from archdsl.backends.pytorch.conditions import both, substituted
from archdsl.backends.pytorch.formulas import Value
from archdsl.backends.pytorch.layout import call_lines, expression_lines
from archdsl.backends.pytorch.lists import ListFlow, ListWriter, words_in
from archdsl.backends.pytorch.module import ModuleBuilder, Unmergeable, annotation, formulas_of
from archdsl.backends.pytorch.naming import Names
from archdsl.backends.pytorch.nodes import Collected, Item, call, is_same, is_variable
from archdsl.backends.pytorch.seen import Seen, columns_of
from archdsl.backends.pytorch.steps import Child, Find, Made, conditional
from archdsl.backends.pytorch.tensors import Decision, Flow, called, otherwise_of
from archdsl.backends.pytorch.texts import docstring_lines
from archdsl.ir.body import Apply, BlockInstance, Bound, Chain, TensorExpression, TensorList
from archdsl.ir.formula import Call, Conditional, Constant, Expression, Name, constant, names, parse
from archdsl.ir.functions import as_whole
from archdsl.ir.head import is_vector
from archdsl.ir.names import identifier, module_name, python_name
from archdsl.ir.parts import is_own_module, modules_in, put_out


@dataclass(frozen=True)
class Contract:
    """What a loop over stages asks of a class: to set facts of its output, to take arguments that others need."""

    hands_on: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()

    def plus(self, other: Contract) -> Contract:
        both = zip((self.hands_on, self.takes), (other.hands_on, other.takes), strict=True)
        return Contract(*(tuple(dict.fromkeys((*one, *another))) for one, another in both))


@dataclass
class ClassSource:
    """A finished class. Most are written again before anyone reads them, so the text is made when it is asked for."""

    made: Made
    lines: Callable[[], Sequence[str]]
    uses: set[str] = field(default_factory=set)

    @cached_property
    def text(self) -> str:
        return "\n".join(self.lines()) + "\n"


# The type of a list of tensors, as `forward` takes and gives it.
_LIST = "list[Tensor]"


class BlockWriter(ListWriter):
    """Writes one class."""

    def __init__(
        self,
        name: str,
        instances: Sequence[tuple[str, BlockInstance]],
        find: Find,
        contract: Contract = Contract(),
        attribute: Callable[[str], str] = "out_{}".format,
        *,
        is_head: bool = False,
        externs: Mapping[str, str] = MappingProxyType({}),
        followers: frozenset[str] = frozenset(),
    ):
        first = instances[0][1]
        builder = ModuleBuilder(
            [dict[str, Value](instance.scalars) | dict[str, Value](instance.lists) for _, instance in instances],
            [{name: parse(text) for name, text in instance.formulas.items()} for _, instance in instances],
            tuple(identifier(parameter) for parameter in first.parameters),
            externs=externs,
            followers=followers,
        )
        bodies = [[binding.name for binding in instance.body] for _, instance in instances]
        if any(body != bodies[0] for body in bodies):
            raise Unmergeable("bindings")
        self.bindings = bodies[0]
        self.name, self.instances, self.contract = name, instances, contract
        self.attribute_of = attribute
        self.uses: set[str] = set()
        # How many tensors lists have, by their variables; 0 where that is not one number.
        self._lengths: dict[str, int] = {}
        others = {name for _, instance in instances for name in instance.tensors}
        self.variables = Names(map(python_name, (*self.bindings, *others)))
        modules = {name for _, instance in instances for name in modules_in(instance)}
        taken = Names({*modules, *map(attribute, contract.hands_on)})
        super().__init__(
            builder, self._noting(find), taken, self.variables.new("inputs" if "x" in self.variables else "x")
        )
        self.tensors = self._tensors()
        self.outputs = self._outputs()
        self.vectors = self._vectors() if is_head else set[str]()

    def _tensors(self) -> dict[str, str]:
        """The further tensors that it reads, with the variables of `forward` that hold them."""
        read = {tuple(instance.tensors) for _, instance in self.instances}
        lists = {tuple(instance.tensor_lists) for _, instance in self.instances}
        are_lists = {(bool(instance.input_list), bool(instance.output_list)) for _, instance in self.instances}
        if len(read) > 1 or len(lists) > 1 or len(are_lists) > 1:
            raise Unmergeable("further tensors")
        variables = {name: python_name(name) for name in read.pop()}
        self.reads_list, self.returns_list = are_lists.pop()
        if self.reads_list:
            self.lists["in"] = ListFlow(Name(self.input_name), None, None)
            self._note_length(self.input_name, [instance.input_list for _, instance in self.instances])
        for name in lists.pop():
            self.lists[name] = ListFlow(Name(variables[name]), None, None)
            self._note_length(variables[name], [instance.tensor_lists[name] for _, instance in self.instances])
        for name, variable in variables.items():
            if name in self.lists:
                continue
            fact = _channels_of(name)
            knows = all(i.scalars.get(fact) == i.tensors[name].channels for _, i in self.instances)
            self.bound[name] = Flow(Name(variable), Name(fact) if knows else None)
        return variables

    def _note_length(self, variable: str, lists: Sequence[Sequence[object]]) -> None:
        lengths = set(map(len, lists))
        self._lengths[variable] = lengths.pop() if len(lengths) == 1 else 0

    def _outputs(self) -> tuple[str, ...]:
        """The names of its outputs, if they have some."""
        named = {tuple(instance.outputs) for _, instance in self.instances}
        if len(named) > 1:
            raise Unmergeable("outputs")
        return named.pop()

    def _vectors(self) -> set[str]:
        """The outputs of a network's head that are vectors: they leave it as B x C."""
        found = set[str]()
        for name in self.outputs or ("out",):
            out: TensorExpression = Bound.made(node="bound", name=name)
            are_vectors = {
                is_vector(block.outputs[name].value if self.outputs else out, block) for _, block in self.instances
            }
            if len(are_vectors) > 1:
                raise Unmergeable("vectors and maps")
            found |= {name} if are_vectors.pop() else set()
        return found

    def _noting(self, find: Find) -> Find:
        def noting(index: int, block: str) -> tuple[Made, str]:
            made, key = find(index, block)
            self.uses.add(made.name)
            return made, key

        return noting

    def write(self) -> ClassSource:
        """The class. Raises Unmergeable when the instances do not fit into one."""
        if not self.reads_list:
            self.builder.take("in_channels")
        self._compute()
        hands_on = self._hand_on()
        for argument in self.contract.takes:
            if argument.startswith("in_"):
                self.builder.take(argument)
        others = self._take_channels()
        if self.uses_drop_path or "drop_path" in self.contract.takes:
            self.builder.arguments["drop_path"] = [0.0] * len(self.instances)
        order = self.builder.argument_order()
        values = {
            key: {name: self.builder.arguments[name][index] for name in order}
            for index, (key, _) in enumerate(self.instances)
        }
        self.baked |= self.builder.fixed
        keeps = "out" in self.bound and not self.outputs and is_same(self.bound["out"].channels, Name("in_channels"))
        made = Made(
            self.name,
            tuple(order),
            values,
            self.uses_drop_path,
            frozenset(self.baked),
            keeps,
            self.builder.declared,
            others,
            self._returns,
        )
        return ClassSource(made, partial(self._source, order, hands_on), self.uses)

    # Tensors ---------------------------------------------------------------------------------------------------------

    def _compute(self) -> None:
        """What `forward` computes, binding by binding. One of a tensor as it is needs no variable."""
        for position, binding in enumerate(self.bindings):
            seen: Seen = [(index, instance.body[position]) for index, (_, instance) in enumerate(self.instances)]
            read = [(index, item) for index, item in seen if item.value is not None]
            if not read:
                continue
            needed = None if len(read) == len(seen) else self._needed(binding, seen)
            condition = self.within(None, needed) if needed else None
            tensors = [(index, item.value) for index, item in read]
            owned = [is_own_module(item) for _, item in read]
            if any(owned) and not all(owned):
                raise Unmergeable("a module of its own")
            if self.is_list(tensors):
                if condition is not None:
                    raise Unmergeable("a list that not all need")
                made = self._own(module_name(binding), tensors, None) if owned[0] else self.flow(tensors, None, binding)
                self.bind_list(binding, made)
                lengths = [_values(value) for _, value in tensors]
                self._note_length(python_name(binding), lengths)
                continue
            flow = self._own(module_name(binding), tensors, condition) if owned[0] else self.tensor(tensors, condition)
            if needed and not is_variable(flow.value):
                flow = Flow(Conditional(needed.test, flow.value, Name(self.input_name)), flow.channels)
            if not is_variable(flow.value):
                self.computed.append((python_name(binding), flow.value))
                flow = Flow(Name(python_name(binding)), flow.channels)
            self.bound[binding] = flow

    def _layer_hint(self, seen: Seen) -> str:
        for name in self.instances[0][1].layers:
            if all(self._is_layer(name, index, step) for index, step in seen):
                return name
        return ""

    def _is_layer(self, name: str, index: int, step: Apply) -> bool:
        """Whether a layer is what an instance has been given by that name."""
        kind = step.block.split(":")[0] if step.block is not None else step.operator and step.operator.kind
        return self.instances[index][1].layers.get(name) == kind

    def new_variable(self) -> str:
        return self.variables.new("y")

    def _needed(self, binding: str, seen: Seen) -> Decision:
        """Whether the output of an instance is made of a binding."""
        flags = [(index, item.value is not None) for index, item in seen]
        return self.decide(flags, formulas_of(item.condition for _, item in seen), f"has_{module_name(binding)}")

    def _record(self) -> list[str]:
        """The class of its outputs, if they have names."""
        if not self.outputs:
            return []
        fields = [f"    {python_name(name)}: Tensor" for name in self.outputs]
        return [f"class {self._returns}(NamedTuple):", f'    """What {self.name} puts out."""', "", *fields, "", ""]

    def _inputs(self) -> list[str]:
        listed = {variable for name, variable in self.tensors.items() if name in self.lists}
        listed |= {self.input_name} if self.reads_list else set()
        variables = (self.input_name, *self.tensors.values())
        return ["self", *(f"{name}: {_LIST if name in listed else 'Tensor'}" for name in variables)]

    def _forward(self) -> list[str]:
        if self.outputs:
            fields = {python_name(name): self._output(name) for name in self.outputs}
            record = call(self._returns, **fields)
            computed = self._unpacked(record)
            lines = [line for variable, value in computed for line in expression_lines(f"{variable} = ", value)]
            return [*lines, *expression_lines("return ", record)]
        out = (self.lists if self.returns_list else self.bound)["out"].value
        computed = self._unpacked(out)
        if computed:
            *before, (last, made) = computed
            if out == Name(last) and not isinstance(made, Collected):
                out, computed = made, before
            elif last.isidentifier() and _is_plain_call(made) and (joined := substituted(out, last, made)):
                out, computed = joined, before
        lines = [line for variable, value in computed for line in expression_lines(f"{variable} = ", value)]
        return [*lines, *expression_lines("return ", self._put_out("out", out))]

    def _unpacked(self, out: Expression) -> list[tuple[str, Expression]]:
        """What `forward` computes, where several tensors of a list are taken at once: `x, y = self.x_y(inputs)` if
        nothing else reads the list, else `x, y = both`."""
        found: list[tuple[str, Expression]] = []
        computed, at = self.computed, 0
        while at < len(computed):
            variable, value = computed[at]
            targets, end = self._taken(variable, at + 1)
            if end > at + 1 and variable not in words_in(*(item for _, item in computed[end:]), out):
                found.append((targets, value))
                at = end
                continue
            if isinstance(value, Item) and isinstance(value.value, Name):
                targets, end = self._taken(value.value.name, at)
                if end > at + 1:
                    found.append((targets, value.value))
                    at = end
                    continue
            found.append((variable, value))
            at += 1
        return found

    def _taken(self, owner: str, start: int) -> tuple[str, int]:
        """The variables from a number on that are tensors of a list, `x, _, y`, and the number behind them."""
        targets = ["_"] * self._lengths.get(owner, 0)
        for name, item in self.computed[start:]:
            match item:
                case Item(Name(text), Constant(int(number))) if text == owner and targets[number : number + 1] == ["_"]:
                    targets[number] = name
                    start += 1
                case _:
                    break
        return ", ".join(targets), start

    def _output(self, name: str) -> Expression:
        """One of its outputs that have names."""
        seen = [(index, instance.outputs[name].value) for index, (_, instance) in enumerate(self.instances)]
        return self._put_out(name, self.tensor(seen, None).value)

    def _put_out(self, name: str, made: Expression) -> Expression:
        """What `forward` returns of an output."""
        return call("torch.flatten", made, constant(1)) if name in self.vectors else made

    def _own(self, name: str, seen: Seen, condition: Expression | None) -> Flow:
        """A binding that is a pipeline: a sub-module of the binding's name."""
        source = self.source([(index, chain.source) for index, chain in seen], condition)
        columns = columns_of(seen, lambda chain: chain.steps)
        others = self.read_besides(columns)
        children, channels = self.children(columns, source.channels)
        is_single = len(columns) == 1 and all(isinstance(step, Apply) for _, step in columns[0])
        if not children:
            return source
        every = tuple(range(len(others)))
        own = children[0] if is_single else Child(name, self.pipeline(children), None, every)
        own = replace(own, condition=both(condition, own.condition))
        self.assign(name, conditional(own, otherwise_of(own)))
        return Flow(called(name, source.value, own, others), self.short(channels), source.depth + 1)

    @property
    def _returns(self) -> str:
        return f"{self.name}Outputs" if self.outputs else _LIST if self.returns_list else "Tensor"

    def _take_channels(self) -> dict[str, int]:
        """Makes arguments of the channels of further tensors of which the constructor speaks, with their numbers."""
        said: set[Expression | None] = {*self.builder.assigned.values(), *self.attributes.values()}
        said |= {flow.channels for name, flow in self.bound.items() if name == "out"}
        spoken = set[str]().union(*(names(part) for part in said if part is not None))
        found = {_channels_of(name): number for number, name in enumerate(self.tensors) if name not in self.lists}
        for fact in found:
            if fact in spoken:
                self.builder.take(fact)
        return {fact: number for fact, number in found.items() if fact in self.builder.arguments}

    # What the next block needs to know -------------------------------------------------------------------------------

    def _hand_on(self) -> dict[str, Expression]:
        """The channels of the output and other facts, set as attributes where the network reads them."""
        handed: dict[str, Expression] = {}
        for fact in self.contract.hands_on:
            if fact == "channels":
                values: list[tuple[int, Any]] = [
                    (index, instance.output.channels) for index, (_, instance) in enumerate(self.instances)
                ]
                handed[self.attribute_of(fact)] = self.channels_of(values, self.bound["out"].channels, "out_channels")
                continue
            values = []
            formulas: list[Expression | None] = []
            for index, (_, instance) in enumerate(self.instances):
                found = instance.facts.get(fact)
                values.append((index, as_whole(found.value) if found else 0))
                formulas.append(parse(found.formula) if found and found.formula is not None else None)
            handed[self.attribute_of(fact)] = self.builder.source(values, formulas, f"out_{fact}_value", is_count=False)
        return handed

    # Text ------------------------------------------------------------------------------------------------------------

    def _source(self, order: Sequence[str], hands_on: dict[str, Expression]) -> list[str]:
        base = "Block" if hands_on else "nn.Module"
        arguments = [f"{name}: {annotation(self.builder.arguments[name])}" for name in order]
        doc = self.instances[0][1].doc
        body: list[str] = []
        for name, made in self.builder.assigned.items():
            body += expression_lines(f"{name} = ", made)
        for name, made in {**hands_on, **self.attributes}.items():
            body += expression_lines(f"self.{name} = ", made)
        return [
            *self._record(),
            f"class {self.name}({base}):",
            *([*(f"    {line}".rstrip() for line in docstring_lines(doc)), ""] if doc.strip() else []),
            *call_lines("    def __init__", ["self", *arguments], " -> None:"),
            "        super().__init__()",
            *(f"        {line}" for line in body),
            "",
            *call_lines("    def forward", self._inputs(), f" -> {self._returns}:"),
            *(f"        {line}" for line in self._forward()),
        ]


def _values(made: TensorExpression) -> Sequence[object]:
    """The tensors of a list, as far as an expression says how many there are."""
    if isinstance(made, Chain):
        return put_out(made.steps) or ()
    return made.values if isinstance(made, TensorList) else ()


def _channels_of(tensor: str) -> str:
    """The scalar that is the channels of a further tensor of a block."""
    return f"in_{tensor}_channels"


def _is_plain_call(node: Expression) -> bool:
    """Whether an expression is `self.layer(x)`, which reads as well inside another as in a statement of its own."""
    return isinstance(node, Call) and node.function.startswith("self.") and all(map(is_variable, node.arguments))
