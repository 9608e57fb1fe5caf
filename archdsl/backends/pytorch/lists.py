"""Lists of tensors: loops of `forward`, over the modules of a `nn.ModuleList` where the rounds have layers."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from archdsl.backends.pytorch.module import At, Unmergeable, formulas_of
from archdsl.backends.pytorch.nodes import (
    IDENTITY,
    Collected,
    Derived,
    Generated,
    Item,
    Listed,
    Slice,
    Starred,
    call,
    is_same,
    is_variable,
    plain,
    spoken,
)
from archdsl.backends.pytorch.seen import Seen, agreed, columns_of
from archdsl.backends.pytorch.spelling import spelled
from archdsl.backends.pytorch.steps import Child, conditional
from archdsl.backends.pytorch.tensors import Flow, TensorWriter, called, otherwise_of
from archdsl.ir.body import Apply, Bound, Chain, TensorList
from archdsl.ir.formula import Call, Expression, Name, Operation, Tuple, constant, names, notation, parse
from archdsl.ir.names import python_name
from archdsl.ir.operators.arrangement import Chunk
from archdsl.ir.parts import cuts, is_module, put_out

_VARIABLE = re.compile(r"(?<![\w.])[A-Za-z_]\w*")
# What a loop calls the module of a round.
_LAYER = "layer"


@dataclass
class ListFlow:
    """A list of tensors in the making: the channels of each, if all have the same, and how many there are. Those that
    are written one by one are `flows`."""

    value: Expression
    channels: Expression | None
    count: Expression | None
    flows: list[Flow] | None = None
    # The channels of each.
    each: list[Expression] | None = None


@dataclass
class _Round:
    """The loop that is being written: what `forward` calls its index, or the number of the round where rounds are
    written one by one."""

    index: Name | None
    number: int | None = None


class ListWriter(TensorWriter):
    """Writes lists of tensors, for all instances of a block at once."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.lists: dict[str, ListFlow] = {}
        self._round: _Round | None = None
        # The layers of rounds that are written one by one, by their names.
        self._held: dict[str, list[Expression]] = {}

    def is_list(self, seen: Seen) -> bool:
        """Whether expressions are lists. Raises Unmergeable where some are and some are not."""
        found = {self._is_list(value) for _, value in seen}
        if len(found) > 1:
            raise Unmergeable("a list")
        return found.pop()

    def _is_list(self, value: Any) -> bool:
        match value:
            case Bound(name=name):
                return name in self.lists
            case Chain(source=source, steps=steps):
                found = put_out(steps)
                return self._is_list(source) if found is None else bool(found)
        return isinstance(value, TensorList)

    def flow(self, seen: Seen, condition: Expression | None, own: str = "") -> Flow | ListFlow:
        """A tensor or a list; `own` is what that is bound to."""
        if not self.is_list(seen):
            return self.tensor(seen, condition)
        kinds = {type(value) for _, value in seen}
        if kinds == {Bound}:
            return self.lists[agreed(seen, lambda value: value.name)]
        if kinds == {Chain}:
            return self.chain(seen, condition)
        if condition is not None:
            raise Unmergeable("a list that not all need")
        return self._list(seen, own)

    def source(self, seen: Seen, condition: Expression | None) -> Flow:
        flow = self.flow(seen, condition)
        return Flow(flow.value, flow.channels) if isinstance(flow, ListFlow) else flow

    def bind_list(self, binding: str, made: Flow | ListFlow) -> None:
        """A binding that is a list, of which nothing more is known where it is what a block puts out."""
        if isinstance(made, Flow):
            made = ListFlow(made.value, made.channels, None)
        if not is_variable(made.value):
            variable = python_name(binding)
            self.computed.append((variable, made.value))
            made = replace(made, value=Name(variable))
        self.lists[binding] = made

    def element(self, seen: Seen) -> Flow:
        made: ListFlow = self.lists[agreed(seen, lambda value: value.name)]
        values = [(index, value.index) for index, value in seen]
        numbers = {value for _, value in values}
        if len(numbers) == 1 and made.flows is not None:
            flow: Flow = made.flows[numbers.pop()]
            return flow
        channels = made.each[numbers.pop()] if len(numbers) == 1 and made.each is not None else made.channels
        chosen = self.builder.chosen(values, formulas_of(value.formula for _, value in seen))
        return Flow(Item(made.value, self.forwarded(chosen)), channels)

    def joined(self, seen: Seen, condition: Expression | None) -> Flow:
        operator = agreed(seen, lambda one: one.operator)
        parts = [self.flow(column, condition) for column in columns_of(seen, lambda one: one.operands)]
        parts = [one for part in parts for one in _apart(part)]
        depth = 1 + max([part.depth for part in parts if isinstance(part, Flow)], default=0)
        if operator == "sum":
            return Flow(self._added(parts), self._same(parts), depth)
        values = [Starred(part.value) if isinstance(part, ListFlow) else part.value for part in parts]
        given: Expression = Tuple(tuple(values))
        if any(isinstance(part, ListFlow) for part in parts):
            given = parts[0].value if len(parts) == 1 else Listed(tuple(values))
        known = [total for part in parts if (total := _total(part)) is not None]
        total = self.total(known) if len(known) == len(parts) else None
        return Flow(call("torch.cat", given, dim=constant(1)), total, depth)

    def _added(self, parts: list[Flow | ListFlow]) -> Expression:
        """Tensors added one after the other."""
        total: Expression | None = None
        for part in parts:
            value = part.value
            if isinstance(part, ListFlow):
                if not is_variable(value):
                    variable = self.new_variable()
                    self.computed.append((variable, value))
                    value = Name(variable)
                first = total or Item(value, constant(0))
                rest = value if total else Slice(value, constant(1), constant(None))
                total = call("sum", rest, start=first)
            else:
                total = Operation("+", total, value) if total else value
        if total is None:
            raise Unmergeable("a sum of nothing")
        return total

    def _same(self, parts: list[Flow | ListFlow]) -> Expression | None:
        """The channels of a sum."""
        first = parts[0].channels
        return first if all(is_same(first, part.channels) for part in parts) else None

    # One list --------------------------------------------------------------------------------------------------------

    def _list(self, seen: Seen, own: str = "") -> ListFlow:
        """A list; `own` is what it is bound to."""
        if any(not isinstance(value, TensorList) for _, value in seen):
            raise Unmergeable("a list")
        name = agreed(seen, lambda one: one.name)
        if len({one.loop is None for _, one in seen}) > 1:
            raise Unmergeable("a loop")
        if seen[0][1].loop is None:
            flows = [self.tensor(column, None) for column in columns_of(seen, lambda one: one.values)]
            same = flows[0].channels if all(is_same(flow.channels, flows[0].channels) for flow in flows) else None
            return ListFlow(Listed(tuple(flow.value for flow in flows)), same, constant(len(flows)))
        if self._round is not None:
            raise Unmergeable("a loop in a loop")
        made = self._split(seen)
        if made is not None:
            return made
        with self._trying() as restore:
            try:
                return self._loop(seen, name, own)
            except Unmergeable:
                restore()
        return self._unrolled(seen, name, own)

    @contextmanager
    def _trying(self) -> Iterator[Any]:
        """What is written meanwhile can be taken back."""
        builder = self.builder
        parts: list[Any] = [self.attributes, self._notes, self._tests, self.computed, self.names.taken]
        parts += [self._constructs, self._uses, self.baked, self.bound, self.lists, *builder.written]
        before = [copy.copy(part) for part in parts]
        drops, rounds, computed = self.uses_drop_path, self._round, self.computed

        def restore() -> None:
            for part, old in zip(parts, before, strict=True):
                part.clear()
                (part.extend if isinstance(part, list) else part.update)(old)
            self.uses_drop_path, self.computed = drops, computed

        try:
            yield restore
        finally:
            self._round = rounds
            builder.variables.clear()

    def _split(self, seen: Seen) -> ListFlow | None:
        """The parts of one tensor, if that is what a list is."""
        layers = [(index, cuts(one)) for index, one in seen]
        kinds = {type(found[0].operator) if found else None for _, found in layers}
        if kinds == {None}:
            return None
        if len(kinds) > 1:
            raise Unmergeable("parts")
        source = self.tensor([(index, one.values[0].source) for index, one in seen], None)
        count = self._count(seen)
        is_named = isinstance(source.value, Name)
        function, first = (f"{spelled(source.value)}.", ()) if is_named else ("torch.", (source.value,))
        if kinds == {Chunk}:
            value = call(f"{function}chunk", *first, self.forwarded(count), dim=constant(1))
            return ListFlow(value, source.channels and _divided(plain(source.channels), count), count)
        each = self._sizes(layers, source.channels)
        if each is None:
            sizes: list[tuple[int, Any]] = [
                (index, tuple(apply.output.channels for apply in found)) for index, found in layers
            ]
            made = self.builder.source(sizes, formulas_of(_listed_in(one) for _, one in seen), "sizes", is_count=False)
            self.bake([None])
        else:
            made = Tuple(tuple(each))
        if names(made):
            made = Name(f"self.{self._noted('sizes', made)}")
        return ListFlow(call(f"{function}split", *first, made, dim=constant(1)), None, count, each=each)

    def _sizes(self, layers: Seen, whole: Expression | None) -> list[Expression] | None:
        """The sizes of parts, each with how it is said; one that is not is what the others leave."""
        if len({len(found) for _, found in layers}) > 1:
            return None
        columns = columns_of(layers, lambda found: found)
        unsaid = [column for column in columns if any("channels" not in apply.formulas for _, apply in column)]
        if len(unsaid) > 1 or (unsaid and whole is None):
            return None
        found: list[Expression | None] = []
        for column in columns:
            values = [(index, apply.output.channels) for index, apply in column]
            formulas = formulas_of(apply.formulas.get("channels") for _, apply in column)
            found.append(None if column in unsaid else self.followed(values, formulas, "part"))
        if None in found:
            if whole is None:
                return None
            rest = plain(whole)
            for size in found:
                rest = rest if size is None else Operation("-", rest, size)
            found[found.index(None)] = rest
        return [size for size in found if size is not None]

    def _count(self, seen: Seen) -> Expression:
        """How many tensors there are, as the constructor says it."""
        values = [(index, len(one.values)) for index, one in seen]
        over = agreed(seen, lambda one: one.loop.over) if len({one.loop.over for _, one in seen}) == 1 else None
        if over is None:
            return self.builder.source(values, [None], "count")
        formula = parse(over)
        if all(one.loop.variable is None for _, one in seen):
            return self.followed(values, [formula], "count")
        known = self.lists.get(formula.name) if isinstance(formula, Name) else None
        if known is not None and known.count is not None and self.builder.gives(known.count, values):
            return known.count
        return self.followed(values, [Call("length", (formula,))], "count")

    # Loops -----------------------------------------------------------------------------------------------------------

    def _loop(self, seen: Seen, name: str, own: str) -> ListFlow:
        """One body for all rounds. Raises Unmergeable where they are not alike."""
        index = agreed(seen, lambda one: one.loop.index)
        variable = agreed(seen, lambda one: one.loop.variable)
        pairs = [
            (At(at, index, number, _variables(one, number)), value)
            for at, one in seen
            for number, value in enumerate(one.values)
        ]
        if not pairs:
            return ListFlow(Listed(()), None, constant(0))
        count = self._count(seen)
        over = {one.loop.over for _, one in seen}
        whole = parse(over.copy().pop()) if len(over) == 1 and None not in over else None
        elements = [(at, one.loop.elements) for at, one in seen]
        self.builder.variables[index] = None
        if variable is not None and any(found for _, found in elements):
            self.builder.variables[variable] = whole
        counter = self._forward_name(index)
        self._round = _Round(Name(counter))
        if own:
            self.lists[own] = ListFlow(Name(python_name(own)), None, Name(index))
        outer, self.computed = self.computed, []
        flow, layer = self._body(pairs, name)
        inner, self.computed = self.computed, outer
        # The constructor's loops, each over what it speaks of.
        for attribute, made in list(self.attributes.items()):
            if isinstance(made, Call) and made.arguments and isinstance(made.arguments[0], Generated):
                generated = made.arguments[0]
                if generated.variables == _OPEN:
                    variables, goes_over = self._over(generated.element, index, variable, elements, whole, count)
                    self.attributes[attribute] = call(made.function, Generated(generated.element, variables, goes_over))
        self._round = None
        channels = flow.channels
        if channels is not None and names(channels) & {index, variable or index}:
            channels = None
        self.builder.variables.clear()
        said = words_in(flow.value, *(value for _, value in inner))
        head = [*((counter,) if counter in said else ()), *((_LAYER,) if layer else ())]
        goes: Expression = Name(f"self.{name}") if layer else call("range", self.forwarded(count))
        if layer and counter in said:
            goes = call("enumerate", goes)
        variables = ", ".join(head) or "_"
        if own and (inner or python_name(own) in said):
            value: Expression = Collected(tuple(inner), flow.value, variables, goes)
        elif inner:
            raise Unmergeable("statements in a loop that has no name")
        else:
            value = Listed((Generated(flow.value, variables, goes),))
        return ListFlow(value, channels, count)

    def _over(
        self,
        element: Expression,
        index: str,
        variable: str | None,
        elements: list[tuple[int, Any]],
        whole: Expression | None,
        count: Expression,
    ) -> tuple[str, Expression]:
        """The variables of a loop of the constructor, and what it goes over."""
        said = names(element) | spoken(element)
        if variable is None or variable not in said or variable not in self.builder.variables:
            return (index if index in said else "_"), call("range", count)
        over = self.builder.source(elements, [whole], f"{variable}s", is_count=False)
        return (f"{index}, {variable}", call("enumerate", over)) if index in said else (variable, over)

    def _body(self, seen: Seen, name: str) -> tuple[Flow, bool]:
        """The tensor of a round, and whether it is made by a module of its own."""
        owned = [isinstance(value, Chain) and is_module(value) for _, value in seen]
        if any(owned) and not all(owned):
            raise Unmergeable("a module of its own")
        if not owned[0]:
            return self.tensor(seen, None), False
        source = self.source([(index, chain.source) for index, chain in seen], None)
        columns = columns_of(seen, lambda chain: chain.steps)
        others = self.read_besides(columns)
        children, channels = self.children(columns, source.channels)
        if not children:
            return source, False
        is_single = len(columns) == 1 and all(isinstance(step, Apply) for _, step in columns[0])
        made = children[0] if is_single else Child(name, self.pipeline(children), None, tuple(range(len(others))))
        made = replace(made, name=name)
        callee = self.held(made)
        value = called(callee, source.value, made, others)
        if self._round is not None and self._round.number is None:
            value = Call(_LAYER, value.arguments, value.named)
        return Flow(value, channels, source.depth + 1), True

    def held(self, child: Child) -> str:
        if self._round is None or child.is_shared:
            return super().held(child)
        made = conditional(child, otherwise_of(child))
        if self._round.number is None:
            self.assign(child.name, call("nn.ModuleList", Generated(made, _OPEN, constant(0))))
            index = self._round.index
            if index is None:
                raise Unmergeable("a loop without a number")
            return f"{child.name}[{index.name}]"
        found = self._held.setdefault(child.name, [])
        found += [IDENTITY] * (self._round.number - len(found))
        found.append(made)
        return f"{child.name}[{self._round.number}]"

    def variable(self, name: str) -> Expression:
        if self._round is None or name not in self.builder.variables:
            return super().variable(name)
        whole = self.builder.variables[name]
        if self._round.index is None:
            raise Unmergeable("a loop without a number")
        if whole is None:
            return self._round.index
        return Item(self.forwarded(whole), self._round.index)

    def _forward_name(self, index: str) -> str:
        """What `forward` calls the number of a round."""
        return f"{index}_" if index in (self.input_name, _LAYER) else index

    def _unrolled(self, seen: Seen, name: str, own: str) -> ListFlow:
        """Each round by itself."""
        flows: list[Flow] = []
        held, self._held = self._held, {}
        variable = python_name(own) if own else name
        for number, column in enumerate(columns_of(seen, lambda one: one.values)):
            self._round = _Round(None, number)
            if own:
                self.lists[own] = ListFlow(Listed(tuple(flow.value for flow in flows)), None, constant(number), flows)
            flow, _ = self._body(column, name)
            if not is_variable(flow.value):
                self.computed.append((f"{variable}_{number}", flow.value))
                flow = Flow(Name(f"{variable}_{number}"), flow.channels)
            flows.append(flow)
        self._round = None
        for attribute, made in self._held.items():
            made += [IDENTITY] * (len(flows) - len(made))
            self.assign(attribute, call("nn.ModuleList", Listed(tuple(made))))
        self._held = held
        same = flows[0].channels if flows and all(is_same(one.channels, flows[0].channels) for one in flows) else None
        return ListFlow(Listed(tuple(flow.value for flow in flows)), same, constant(len(flows)), flows)


# What stands for the variables of a loop of the constructor until its body is written.
_OPEN = ""


def words_in(*nodes: Expression) -> set[str]:
    """The variables that expressions read, those of `self.layer[i](x)` included."""
    return {word for node in nodes for word in _VARIABLE.findall(spelled(node))}


def _apart(part: Flow | ListFlow) -> Sequence[Flow | ListFlow]:
    """A list as the tensors in it, where they are written one by one."""
    return part.flows if isinstance(part, ListFlow) and part.flows is not None else [part]


def _total(part: Flow | ListFlow) -> Expression | None:
    """The channels of a tensor, or of those of a list together."""
    if isinstance(part, Flow):
        return part.channels
    if part.channels is None or part.count is None:
        return None
    return Derived(Operation("*", part.count, plain(part.channels)))


def _variables(one: TensorList, number: int) -> dict[str, Any]:
    """The variables of a round."""
    loop = one.loop
    if loop is None:
        return {}
    found: dict[str, Any] = {loop.index: number}
    if loop.variable is not None and loop.elements:
        found[loop.variable] = loop.elements[number]
    return found


def _divided(channels: Expression, count: Expression) -> Expression:
    """The channels of one of so many equal parts."""
    match channels:
        case Operation("*", one, other) if count in (one, other):
            return one if other == count else other
    return Derived(Operation("//", channels, count))


def _listed_in(one: TensorList) -> str | None:
    """The list that a loop goes over, by the formula of its length."""
    over = one.loop.over if one.loop is not None else None
    node = parse(over) if over is not None else None
    is_length = isinstance(node, Call) and node.function == "length"
    return notation(node.arguments[0]) if is_length else None  # type: ignore[union-attr]
