"""Steps of pipelines as what constructs them, for all instances of a class at once."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from archdsl.backends.pytorch.channels import OUT_CHANNELS
from archdsl.backends.pytorch.conditions import LONGEST, both, either, only_if
from archdsl.backends.pytorch.factories import factories
from archdsl.backends.pytorch.lines import line_module
from archdsl.backends.pytorch.module import ModuleBuilder, Unmergeable, formulas_of
from archdsl.backends.pytorch.nodes import Code, Copies, Derived, is_same, plain, whole_number
from archdsl.backends.pytorch.operators import module, vector_module
from archdsl.backends.pytorch.repeats import repeated
from archdsl.backends.pytorch.seen import Seen, agreed, columns_of, does_nothing, is_composite, name_of, one_type
from archdsl.backends.pytorch.spelling import spelled
from archdsl.ir.base import Size
from archdsl.ir.body import Alternative, Apply, Guard, Repeat, Shared
from archdsl.ir.body import Sequence as Steps
from archdsl.ir.formula import Call, Conditional, Expression, Name, Tuple, constant, names, parse
from archdsl.ir.operators import Operator
from archdsl.ir.operators.extern import ARGUMENT, Extern
from archdsl.ir.operators.lines import as_given
from archdsl.ir.rewrite import changed


@dataclass(frozen=True)
class Made:
    """A class that other classes construct: its name, its arguments in order, each instance's values for them."""

    name: str
    arguments: tuple[str, ...]
    values: dict[str, dict[str, Any]]  # by instance id (unique over all architectures): argument to value
    drops: bool = False  # whether it has use for the rate of a drop path
    baked: frozenset[str] = frozenset()  # the arguments that it takes no other values of than it was written for
    keeps: bool = False  # whether it puts out as many channels as it reads, whatever their number
    declared: tuple[str, ...] = ()  # the arguments that are parameters of the block
    # The arguments that are the channels of further tensors, with the numbers of these.
    others: Mapping[str, int] = field(default_factory=dict)
    returns: str = "Tensor"  # the type of what it puts out


# Which class a block instance has, by the number of the instance that applies it and the id of the one applied.
Find = Callable[[int, str], tuple[Made, str]]


@dataclass
class Child:
    """A sub-module in the making: its name, what constructs it, the condition under which it exists."""

    name: str
    made: Expression
    condition: Expression | None
    # The further tensors that are handed to it, by their numbers among those of the module at hand.
    reads: tuple[int, ...] = ()
    is_shared: bool = False  # whether other layers are the same module


# What follows the channels of the image: those of a block's input, and the variable of the loop over stages.
OPEN = frozenset({"in_channels", "width"})


class StepWriter:
    """Writes steps as what constructs them; shared by the classes of blocks and of models."""

    def __init__(self, builder: ModuleBuilder, find: Find):
        self.builder, self.find = builder, find
        self.uses_drop_path = False
        self.width_hint = "width"  # the name of an argument for channels of which nothing is known but their values
        self.on_vectors = False  # whether the steps at hand read vectors, batch x channels, not maps
        # The arguments whose values have decided what is written: with others it would be something else.
        self.baked: set[str] = set()
        # The arguments that construct layers, by the names of these layers.
        self._constructs: dict[str, str] = {}

    def bake(self, formulas: Iterable[Expression | None]) -> None:
        """Notes that what these formulas give has decided what is written."""
        for formula in dict.fromkeys(formulas):
            self.baked |= self.builder.roots(formula)

    # Steps to children -----------------------------------------------------------------------------------------------

    def children(
        self, steps: Sequence[Seen], channels: Expression | None, condition: Expression | None = None
    ) -> tuple[list[Child], Expression | None]:
        """The sub-modules of a run of steps, given position by position, and the channels at its end."""
        found: list[Child] = []
        for seen in steps:
            made, channels = self._step(seen, channels, condition)
            channels = self.short(channels)
            found += made
        return found, channels

    def short(self, channels: Expression | None) -> Expression | None:
        """Channels on which further ones can be built: those that take long to say have a name."""
        if channels is None or len(spelled(channels)) <= LONGEST:
            return channels
        return self.builder.local(self.width_hint, channels)

    def _step(
        self, seen: Seen, channels: Expression | None, condition: Expression | None
    ) -> tuple[list[Child], Expression | None]:
        kind = one_type(seen)
        if kind is Guard:
            return self._guard(seen, channels, condition)
        if kind is Alternative:
            return self._alternative(seen, channels, condition)
        if kind is Shared:
            (child,), channels = self._step([(index, step.value) for index, step in seen], channels, condition)
            return [dataclasses.replace(child, is_shared=True)], channels
        if kind is Steps:
            name = agreed(seen, lambda step: step.name)
            inner, channels = self.children(
                columns_of(seen, lambda step: step.steps), channels, None if name else condition
            )
            if not name:
                return inner, channels
            return [Child(name, self.pipeline(inner), condition, self.reads(seen))], channels
        name = agreed(seen, lambda step: step.name)
        if kind is Repeat:
            copies, channels = repeated(self, seen, channels, name)
            inner_reads = self.reads([(index, copy) for index, step in seen for copy in step.copies])
            if inner_reads:
                copies = Call("SequentialWith", tuple(reading(copy, inner_reads) for copy in copies.arguments), ())
            return [Child(name, copies, condition, self.reads(seen))], channels
        made, channels = self.apply(seen, channels)
        return [Child(name, made, condition, self.reads(seen))], channels

    def _guard(
        self, seen: Seen, channels: Expression | None, condition: Expression | None
    ) -> tuple[list[Child], Expression | None]:
        kept = [(index, step.value) for index, step in seen if step.value is not None]
        if not kept or len(kept) == len(seen):
            self.bake(formulas_of(step.condition for _, step in seen))
            return self._step(kept, channels, condition) if kept else ([], channels)
        if all(does_nothing(step) for _, step in kept):
            return self._step(kept, channels, condition)
        test = self.builder.condition(
            [(index, step.value is not None) for index, step in seen],
            formulas_of(step.condition for _, step in seen),
            f"has_{name_of(kept[0][1])}",
        )
        made, inside = self._step(kept, channels, both(condition, test))
        return made, either(test, inside, channels)

    def _alternative(
        self, seen: Seen, channels: Expression | None, condition: Expression | None
    ) -> tuple[list[Child], Expression | None]:
        taken = [(index, step.value) for index, step in seen if step.taken]
        other = [(index, step.value) for index, step in seen if not step.taken]
        if not taken or not other:
            self.bake(formulas_of(step.condition for _, step in seen))
            same = taken or other
            if not all(is_composite(step) for _, step in same):
                return self._step(same, channels, condition)
            made, channels = self.copy(same, channels)  # layers in brackets are one copy
            return [Child("", made, condition, self.reads(same))], channels
        name = agreed(seen, lambda step: name_of(step, ""))
        reads = self.reads(seen)
        first, after_first = self.copy(taken, channels)
        second, after_second = self.copy(other, channels)
        if first == second:
            return [Child(name, first, condition, reads)], after_first
        test = self.builder.condition(
            [(index, step.taken) for index, step in seen],
            formulas_of(step.condition for _, step in seen),
            f"has_{name_of(taken[0][1])}",
        )
        joined = Conditional(test, first, second)
        return [Child(name, joined, condition, reads)], either(test, after_first, after_second)

    def copy(self, seen: Seen, channels: Expression | None) -> tuple[Expression, Expression | None]:
        """A step as one module, such as one of the copies of a repeated layer."""
        made, channels = self._step(seen, channels, None)
        if len(made) == 1 and made[0].condition is None and not all(is_composite(step) for _, step in seen):
            return made[0].made, channels
        return self.pipeline(made), channels

    def pipeline(self, children: Sequence[Child]) -> Call:
        function = "SequentialWith" if any(child.reads for child in children) else "pipeline"
        made = [dataclasses.replace(child, made=reading(child.made, child.reads)) for child in children]
        return Call(function, (), tuple((child.name, conditional(child, constant(None))) for child in made))

    def reads(self, seen: Seen) -> tuple[int, ...]:
        """The further tensors that a layer reads, by their numbers among those of the module at hand. A sequence that
        holds one that does has all of them."""
        return ()

    # One layer -------------------------------------------------------------------------------------------------------

    def apply(self, seen: Seen, channels: Expression | None) -> tuple[Expression, Expression | None]:
        """What constructs a layer, and the channels that come out of it."""
        agreed(seen, lambda step: len(step.others))
        kinds: dict[str, list[tuple[int, Any]]] = {}
        for index, step in seen:
            kinds.setdefault(self._kind(index, step), []).append((index, step))
        is_extern = [isinstance(step.operator, Extern) for _, step in seen]
        if any(is_extern):
            if not all(is_extern):
                raise Unmergeable("a module of the caller's")
            return self._extern(seen, channels)
        if len(kinds) > 1:
            return self._different(seen, list(kinds.values()), channels)
        return self._operator(seen, channels) if seen[0][1].block is None else self._block(seen, channels)

    def _kind(self, index: int, step: Apply) -> str:
        """What layers have in common that are constructed alike: the class of a block, the kind of an operator."""
        if step.block is not None:
            return self.find(index, step.block)[0].name
        return f"{step.operator.kind if step.operator is not None else ''} "

    def _different(
        self, seen: Seen, groups: Sequence[Seen], channels: Expression | None
    ) -> tuple[Expression, Expression | None]:
        """A layer that is not the same in all instances: an argument that constructs it."""
        name: str = agreed(seen, lambda step: step.name)
        if not all(self.find(index, step.block)[0].arguments for index, step in seen if step.block is not None):
            raise Unmergeable("a class that is not written yet")
        if all(step.block is not None for _, step in seen) and self._are_alike(seen):
            one, after = self._block(seen, channels)
            values = [Code(Name(self._kind(group[0][0], group[0][1]))) for group in groups]
        else:
            # What constructs them is written where the block is used: an argument of this one is not known there.
            constructs, self._constructs = self._constructs, {}
            made = [
                self._operator(group, channels) if group[0][1].block is None else self._block(group, channels)
                for group in groups
            ]
            self._constructs = constructs
            found = factories([layer for layer, _ in made], self.channels(seen, channels))
            if found is None:
                raise Unmergeable("layer")
            values, one = found
            after = made[0][1] if all(is_same(out, made[0][1]) for _, out in made) else None
        chosen = [(index, value) for group, value in zip(groups, values, strict=True) for index, _ in group]
        argument = self.builder.source(chosen, [None], self._layer_hint(seen) or name or "layer", is_count=False)
        self._constructs[name] = spelled(argument)
        return replace(one, function=spelled(argument)), after

    def _layer_hint(self, seen: Seen) -> str:
        """The name of the parameter that these layers are given by; empty where that is unknown."""
        return ""

    def _are_alike(self, seen: Seen) -> bool:
        """Whether blocks are of classes whose constructors take the same arguments."""
        made = [self.find(index, step.block)[0] for index, step in seen]
        return len({(frozenset(one.arguments), one.drops) for one in made}) == 1

    def _operator(self, seen: Seen, channels: Expression | None) -> tuple[Expression, Expression | None]:
        seen = [(index, _as_given(step)) for index, step in seen]
        operators: list[Operator] = [step.operator for _, step in seen]
        operator = operators[0]
        for attribute in ("module",) if isinstance(operator, Extern) else type(operator).model_fields:
            if len({_form(attribute, getattr(one, attribute)) for one in operators}) > 1:
                raise Unmergeable(attribute)
        of = _Attributes(
            lambda name: self._in_channels(seen, channels) if name == "in_channels" else self._attribute(seen, name)
        )
        on_maps = line_module if seen[0][1].input.is_line else module
        made = (vector_module(operator, of) if self.on_vectors else None) or on_maps(operator, of)
        return made, OUT_CHANNELS[operator](of, channels)

    def _attribute(self, seen: Seen, name: str) -> Expression:
        """An attribute of an operator."""
        if isinstance(seen[0][1].operator, Extern):
            return self._argument(seen, name)
        values = [(index, getattr(step.operator, name)) for index, step in seen]
        if seen[0][1].operator.kind == "drop_path" and name == "rate" and any(rate is None for _, rate in values):
            if any(rate is not None for _, rate in values):
                raise Unmergeable(name)
            return self.drop_path()
        formulas = formulas_of(step.formulas.get(name) for _, step in seen)
        default = type(seen[0][1].operator).model_fields[name].default
        if name in _OF_CHANNELS and any(value != default for _, value in values):
            return self.followed(values, formulas, self._hint(seen[0][1], name))
        return self.builder.source(values, formulas, self._hint(seen[0][1], name))

    def followed(
        self, values: Sequence[tuple[int, Any]], formulas: Sequence[Expression | None], hint: str
    ) -> Expression:
        """A number that may follow the channels of the input; where it cannot say so, it is baked."""
        made = self.builder.source(values, formulas, hint)
        wanted = {root for formula in set(formulas) for root in self.builder.roots(formula)}
        self.baked |= wanted - self.builder.roots(made)
        return made

    def _hint(self, step: Apply, attribute: str) -> str:
        return f"{step.name}_{attribute}" if step.name else attribute

    def _in_channels(self, seen: Seen, channels: Expression | None) -> Expression:
        if seen[0][1].operator.kind == "linear" and any(step.input.elements != step.input.channels for _, step in seen):
            # A linear layer reads the flattened map.
            self.bake([channels])
            return self.builder.source([(index, step.input.elements) for index, step in seen], [None], "features")
        return self.channels(seen, channels)

    def channels(self, seen: Seen, channels: Expression | None) -> Expression:
        """The channels that a layer reads."""
        return self.channels_of([(index, step.input.channels) for index, step in seen], channels)

    def channels_of(
        self, values: Sequence[tuple[int, int]], known: Expression | None, hint: str | None = None
    ) -> Expression:
        """Channels with these values: as they came about if that is known and still holds, else by their values."""
        if known is None or not self.builder.gives(known, values):
            self.bake([known])
            return self.builder.source(values, [None], hint or self.width_hint)
        short = self.builder.matching(values, names(known)) if isinstance(known, Derived) else None
        if short is not None and OPEN & names(known) - names(short) and not self.may_say(known):
            short = None
        return self.builder.whole(short or plain(known), values)

    def may_say(self, known: Expression) -> bool:
        """Whether a name may stand for channels that are equal here, and with other channels of the image perhaps not:
        `hidden` for `hidden if expansion != 1 else in_channels`. It is plainer, so other ones are refused."""
        self.bake([known])
        return True

    def drop_path(self) -> Expression:
        """The rate of the drop path of the layer that is being built."""
        self.uses_drop_path = True
        return Name("drop_path")

    def _block(self, seen: Seen, channels: Expression | None) -> tuple[Call, Expression | None]:
        found = [self.find(index, step.block) for index, step in seen]
        made = found[0][0]
        given: dict[str, Expression] = {}
        for argument in made.arguments:
            if argument == "drop_path":
                given[argument] = self.drop_path() if made.drops else constant(0.0)
                continue
            values = [(index, one.values[key][argument]) for (index, _), (one, key) in zip(seen, found, strict=True)]
            # What the class has made up means the same here: `norm_eps` of a layer is that of its users.
            hint = self._hint(seen[0][1], argument) if argument in made.declared else argument
            if argument == "in_channels":
                given[argument] = self.channels(seen, channels)
                continue
            if argument in self.builder.externs.values():
                given[argument] = self.builder.given(argument)
                continue
            if argument in made.others:
                given[argument] = self.channels_of(values, self.other_channels(seen, made.others[argument]))
                continue
            formulas = formulas_of(step.formulas.get(argument) for _, step in seen)
            # An argument without a formula is the parameter's default, or the cell of a row.
            write = self.builder.source if None in formulas else self.followed
            given[argument] = write(values, formulas, hint)
        baked = frozenset[str]().union(*(one.baked for one, _ in found))
        if "in_channels" in baked or any(other in baked for other in made.others):
            self.bake([channels, *(self.other_channels(seen, number) for number in range(len(seen[0][1].others)))])
        self.bake(parse(step.formulas[name]) for _, step in seen for name in baked if name in step.formulas)
        if "channels" in made.arguments and all(
            one.values[key]["channels"] == shape.channels
            for (_, step), (one, key) in zip(seen, found, strict=True)
            for shape in (step.output, *step.output_list)
        ):
            after: Expression | None = given["channels"]
        else:
            after = self._kept(seen, channels, all(one.keeps for one, _ in found))
        first = tuple(given.pop(name) for name in ("in_channels", "channels") if name in given)
        return Call(self._constructor(seen, made), first, tuple(given.items())), after

    def _kept(self, seen: Seen, channels: Expression | None, keeps: bool) -> Expression | None:
        """The channels behind layers that do not say them, where all put out as many as they read. That they are equal
        in every instance is not yet the same by construction, if no layer `keeps` them: values decide."""
        shapes = [(step.input, (step.output, *step.input_list, *step.output_list)) for _, step in seen]
        if any(shape.channels != first.channels for first, others in shapes for shape in others):
            return None
        if not keeps:
            self.bake([channels])
        return channels if channels is not None and whole_number(channels) is None else None

    def _extern(self, seen: Seen, channels: Expression | None) -> tuple[Expression, Expression | None]:
        """What constructs a module that the caller brings; its shape is what the text declares."""
        names = agreed(seen, lambda step: tuple(name for name, _ in step.operator.arguments))
        made, _ = self._operator(seen, channels)
        if "channels" in names and all(step.operator.value("channels") == step.output.channels for _, step in seen):
            return made, self._attribute(seen, f"{ARGUMENT}channels")
        return made, self._kept(seen, channels, keeps=False)

    def _argument(self, seen: Seen, name: str) -> Expression:
        """What a module that the caller brings is constructed with."""
        step = seen[0][1]
        if name == "module":
            return self.builder.given(self.builder.externs[step.operator.module])
        name = name.removeprefix(ARGUMENT)
        values = [(index, step.operator.value(name)) for index, step in seen]
        formulas = formulas_of(step.formulas.get(name) for _, step in seen)
        # Without a formula it is the parameter's default, or the cell of a row.
        write = self.builder.source if None in formulas else self.followed
        return write(values, formulas, self._hint(step, name))

    def other_channels(self, seen: Seen, number: int) -> Expression | None:
        """The channels of a further tensor that a block reads, as far as it is known how they came about."""
        return None

    def _constructor(self, seen: Seen, made: Made) -> str:
        """A block's class: the argument that holds it where a layer of that name has one."""
        argument = self._constructs.get(seen[0][1].name, "")
        known = self.builder.arguments.get(argument)
        is_it = known is not None and all(known[index] == Code(Name(made.name)) for index, _ in seen)
        return argument if is_it else made.name


def _as_given(step: Apply) -> Apply:
    """A layer with the attributes that the text gives it."""
    return step if step.operator is None else changed(step, operator=as_given(step.operator, step.input))


# Attributes that often depend on the channels of a block's input.
_OF_CHANNELS = ("channels", "features", "groups", "multiplier", "parts")


class _Attributes(dict[str, Expression]):
    """An operator's attributes, each made when it is asked for: what nothing mentions is no argument."""

    def __init__(self, make: Callable[[str], Expression]):
        super().__init__()
        self.make = make

    def __missing__(self, key: str) -> Expression:
        made = self[key] = self.make(key)
        return made


def conditional(child: Child, otherwise: Expression) -> Expression:
    """A child that may exist only under a condition."""
    return only_if(child.condition, child.made, otherwise)


def reading(layer: Expression, reads: tuple[int, ...]) -> Expression:
    """A layer of a sequence, with the numbers of the further tensors that it reads, if it does."""
    if not reads:
        return layer
    if isinstance(layer, Copies):
        return replace(layer, element=reading(layer.element, reads))
    return Call("Reads", (layer, Tuple(tuple(map(constant, reads)))), ())


def _form(attribute: str, value: Any) -> Any:
    """What operators that are written as one must have in common of an attribute: a word itself, else its form, which
    for strides is not read."""
    return value if isinstance(value, str) else isinstance(value, Size) and attribute != "stride"
