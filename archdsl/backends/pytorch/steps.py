"""Steps of pipelines as constructor texts, for all instances of a class at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from archdsl.backends.pytorch.conditions import LONGEST, Derived, both, either, only_if
from archdsl.backends.pytorch.factories import Code, factories
from archdsl.backends.pytorch.module import ModuleBuilder, Unmergeable
from archdsl.backends.pytorch.operators import module, vector_module
from archdsl.backends.pytorch.repeats import Seen, repeated
from archdsl.ir.base import Size
from archdsl.ir.body import Alternative, Apply, Guard, Repeat
from archdsl.ir.body import Sequence as Steps
from archdsl.ir.formula import names
from archdsl.ir.operators import Operator
from archdsl.ir.operators.activation import Activation, LeakyRelu, Prelu
from archdsl.ir.operators.arrangement import ChannelGain, ChannelShuffle, Chunk, Gain, Pad, Resize
from archdsl.ir.operators.convolution import Conv, Depthwise, WeightStandardizedConv
from archdsl.ir.operators.linear import Flatten, Linear
from archdsl.ir.operators.normalization import BatchNorm, GroupNorm, L2Norm, LayerNorm
from archdsl.ir.operators.pooling import AvgPool, GlobalPool, MaxPool
from archdsl.ir.operators.regularization import Dropout, DropPath
from archdsl.ir.operators.table import RuleTable
from archdsl.ir.parts import reads_others


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


# Which class a block instance has, by the number of the instance that applies it and the id of the one applied.
Find = Callable[[int, str], tuple[Made, str]]


@dataclass
class Child:
    """A sub-module in the making: its name, the text that constructs it, the condition under which it exists."""

    name: str
    text: str
    condition: str | None
    reads_others: bool = False  # whether further tensors are handed to it


# What follows the channels of the image: those of a block's input, and the variable of the loop over stages.
OPEN = frozenset({"in_channels", "width"})


class StepWriter:
    """Writes steps as constructor texts; shared by the classes of blocks and of models."""

    def __init__(self, builder: ModuleBuilder, find: Find):
        self.builder, self.find = builder, find
        self.uses_drop_path = False
        self.width_hint = "width"  # the name of an argument for channels of which nothing is known but their values
        self.on_vectors = False  # whether the steps at hand read vectors, batch x channels, not maps
        # The arguments whose values have decided what is written: with others it would be something else.
        self.baked: set[str] = set()
        # The arguments that construct layers, by the names of these layers.
        self._constructs: dict[str, str] = {}

    def bake(self, formulas: Iterable[str | None]) -> None:
        """Notes that what these formulas give has decided what is written."""
        for formula in dict.fromkeys(formulas):
            self.baked |= self.builder.roots(formula)

    # Steps to children -----------------------------------------------------------------------------------------------

    def children(
        self, steps: Sequence[Seen], channels: str | None, condition: str | None = None
    ) -> tuple[list[Child], str | None]:
        """The sub-modules of a run of steps, given position by position, and the text of the channels at its end."""
        found: list[Child] = []
        for seen in steps:
            made, channels = self._step(seen, channels, condition)
            channels = self.short(channels)
            found += made
        return found, channels

    def short(self, channels: str | None) -> str | None:
        """The text of channels on which further ones can be built: a long one has a name."""
        if channels is None or len(channels) <= LONGEST:
            return channels
        return self.builder.local(self.width_hint, channels)

    def _step(self, seen: Seen, channels: str | None, condition: str | None) -> tuple[list[Child], str | None]:
        kind = _one_type(seen)
        if kind is Guard:
            return self._guard(seen, channels, condition)
        if kind is Alternative:
            return self._alternative(seen, channels, condition)
        if kind is Steps:
            name = agreed(seen, lambda step: step.name)
            inner, channels = self.children(
                columns_of(seen, lambda step: step.steps), channels, None if name else condition
            )
            if not name:
                return inner, channels
            return [Child(name, self.pipeline(inner), condition, _any_reads_others(inner))], channels
        name = agreed(seen, lambda step: step.name)
        reads = any(reads_others(step) for _, step in seen)
        if kind is Repeat:
            text, channels = repeated(self, seen, channels, name)
            if reads:
                text = f"SequentialLike{text.removeprefix('nn.Sequential')}"
        else:
            text, channels = self.apply(seen, channels)
        return [Child(name, text, condition, reads)], channels

    def _guard(self, seen: Seen, channels: str | None, condition: str | None) -> tuple[list[Child], str | None]:
        kept = [(index, step.value) for index, step in seen if step.value is not None]
        if not kept or len(kept) == len(seen):
            self.bake(step.condition for _, step in seen)
            return self._step(kept, channels, condition) if kept else ([], channels)
        if all(_does_nothing(step) for _, step in kept):
            return self._step(kept, channels, condition)
        text = self.builder.condition(
            [(index, step.value is not None) for index, step in seen],
            [step.condition for _, step in seen],
            f"has_{_name_of(kept[0][1])}",
        )
        made, inside = self._step(kept, channels, both(condition, text))
        return made, either(text, inside, channels)

    def _alternative(self, seen: Seen, channels: str | None, condition: str | None) -> tuple[list[Child], str | None]:
        taken = [(index, step.value) for index, step in seen if step.taken]
        other = [(index, step.value) for index, step in seen if not step.taken]
        if not taken or not other:
            self.bake(step.condition for _, step in seen)
            same = taken or other
            if not all(_is_composite(step) for _, step in same):
                return self._step(same, channels, condition)
            text, channels = self.copy(same, channels)  # layers in brackets are one copy
            return [Child("", text, condition, any(reads_others(step) for _, step in same))], channels
        name = agreed(seen, lambda step: _name_of(step, ""))
        reads = agreed(seen, reads_others)
        first, after_first = self.copy(taken, channels)
        second, after_second = self.copy(other, channels)
        if first == second:
            return [Child(name, first, condition, reads)], after_first
        text = self.builder.condition(
            [(index, step.taken) for index, step in seen],
            [step.condition for _, step in seen],
            f"has_{_name_of(taken[0][1])}",
        )
        joined = f"({first}) if ({text}) else ({second})"
        return [Child(name, joined, condition, reads)], either(text, after_first, after_second)

    def copy(self, seen: Seen, channels: str | None) -> tuple[str, str | None]:
        """A step as one module, such as one of the copies of a repeated layer."""
        made, channels = self._step(seen, channels, None)
        if len(made) == 1 and made[0].condition is None and not all(_is_composite(step) for _, step in seen):
            return made[0].text, channels
        return self.pipeline(made), channels

    def pipeline(self, children: Sequence[Child]) -> str:
        function = "pipeline_like" if _any_reads_others(children) else "pipeline"
        return f"{function}(" + ", ".join(f"{child.name}={conditional(child, 'None')}" for child in children) + ")"

    # One layer -------------------------------------------------------------------------------------------------------

    def apply(self, seen: Seen, channels: str | None) -> tuple[str, str | None]:
        """The constructor text of a layer, and the text of the channels that come out of it."""
        agreed(seen, lambda step: len(step.others))
        kinds: dict[str, list[tuple[int, Any]]] = {}
        for index, step in seen:
            kinds.setdefault(self._kind(index, step), []).append((index, step))
        if len(kinds) > 1:
            return self._different(seen, list(kinds.values()), channels)
        return self._operator(seen, channels) if seen[0][1].block is None else self._block(seen, channels)

    def _kind(self, index: int, step: Apply) -> str:
        """What layers of one constructor text have in common: the class of a block, the kind of an operator."""
        if step.block is not None:
            return self.find(index, step.block)[0].name
        return f"{step.operator.kind if step.operator is not None else ''} "

    def _different(self, seen: Seen, groups: Sequence[Seen], channels: str | None) -> tuple[str, str | None]:
        """A layer that is not the same in all instances: an argument that constructs it."""
        name: str = agreed(seen, lambda step: step.name)
        if not all(self.find(index, step.block)[0].arguments for index, step in seen if step.block is not None):
            raise Unmergeable("a class that is not written yet")
        after: set[str | None]
        if all(step.block is not None for _, step in seen) and self._are_alike(seen):
            text, out = self._block(seen, channels)
            arguments, after = text.partition("(")[2][:-1], {out}
            values = [Code(self._kind(group[0][0], group[0][1])) for group in groups]
        else:
            made = [
                self._operator(group, channels) if group[0][1].block is None else self._block(group, channels)
                for group in groups
            ]
            found = factories([text for text, _ in made], self.channels(seen, channels))
            if found is None:
                raise Unmergeable("layer")
            (values, arguments), after = found, {out for _, out in made}
        chosen = [(index, value) for group, value in zip(groups, values, strict=True) for index, _ in group]
        argument = self.builder.text(chosen, [None], self._layer_hint(seen) or name or "layer", is_count=False)
        self._constructs[name] = argument
        return f"{argument}({arguments})", after.pop() if len(after) == 1 else None

    def _layer_hint(self, seen: Seen) -> str:
        """The name of the parameter that these layers are given by; empty where that is unknown."""
        return ""

    def _are_alike(self, seen: Seen) -> bool:
        """Whether blocks are of classes whose constructors take the same arguments."""
        made = [self.find(index, step.block)[0] for index, step in seen]
        return len({(frozenset(one.arguments), one.drops) for one in made}) == 1

    def _operator(self, seen: Seen, channels: str | None) -> tuple[str, str | None]:
        operators: list[Operator] = [step.operator for _, step in seen]
        operator = operators[0]
        for attribute in type(operator).model_fields:
            if len({_form(getattr(one, attribute)) for one in operators}) > 1:
                raise Unmergeable(attribute)
        texts = _Texts(
            lambda name: self._in_channels(seen, channels) if name == "in_channels" else self._attribute(seen, name)
        )
        text = (vector_module(operator, texts) if self.on_vectors else None) or module(operator, texts)
        return text, OUT_CHANNELS[operator](self, seen, texts, channels)

    def _attribute(self, seen: Seen, name: str) -> str:
        """The text of an attribute of an operator."""
        values = [(index, getattr(step.operator, name)) for index, step in seen]
        if seen[0][1].operator.kind == "drop_path" and name == "rate" and any(rate is None for _, rate in values):
            if any(rate is not None for _, rate in values):
                raise Unmergeable(name)
            return self.drop_path()
        formulas = [step.formulas.get(name) for _, step in seen]
        default = type(seen[0][1].operator).model_fields[name].default
        if name in _OF_CHANNELS and any(value != default for _, value in values):
            return self.followed(values, formulas, self._hint(seen[0][1], name))
        return self.builder.text(values, formulas, self._hint(seen[0][1], name))

    def followed(self, values: Sequence[tuple[int, Any]], formulas: Sequence[str | None], hint: str) -> str:
        """The text of a number that may follow the channels of the input; where it cannot say so, it is baked."""
        text = self.builder.text(values, formulas, hint)
        wanted = {root for formula in formulas for root in self.builder.roots(formula)}
        self.baked |= wanted - self.builder.roots(text)
        return text

    def _hint(self, step: Apply, attribute: str) -> str:
        return f"{step.name}_{attribute}" if step.name else attribute

    def _in_channels(self, seen: Seen, channels: str | None) -> str:
        if seen[0][1].operator.kind == "linear" and any(step.input.elements != step.input.channels for _, step in seen):
            # A linear layer reads the flattened map.
            self.bake([channels])
            return self.builder.text([(index, step.input.elements) for index, step in seen], [None], "features")
        return self.channels(seen, channels)

    def channels(self, seen: Seen, channels: str | None) -> str:
        """The channels that a layer reads."""
        return self.channels_text([(index, step.input.channels) for index, step in seen], channels)

    def channels_text(self, values: Sequence[tuple[int, int]], known: str | None, hint: str | None = None) -> str:
        """Channels with these values: as they came about if that is known and still holds, else by their values."""
        if known is None or not self.builder.gives(known, values):
            self.bake([known])
            return self.builder.text(values, [None], hint or self.width_hint)
        plain = self.builder.matching(values, names(known)) if isinstance(known, Derived) else None
        if plain is not None and OPEN & names(known) - {plain} and not self.may_say(plain, known):
            plain = None
        return self.builder.whole(plain or known, values)

    def may_say(self, plain: str, known: str) -> bool:
        """Whether a name may stand for channels that are equal here, and with other channels of the image perhaps not:
        `hidden` for `hidden if expansion != 1 else in_channels`. It is the plainer text, so other ones are refused."""
        self.bake([known])
        return True

    def drop_path(self) -> str:
        """The rate of the drop path of the layer that is being built."""
        self.uses_drop_path = True
        return "drop_path"

    def _block(self, seen: Seen, channels: str | None) -> tuple[str, str | None]:
        found = [self.find(index, step.block) for index, step in seen]
        made = found[0][0]
        texts: list[str] = []
        for argument in made.arguments:
            if argument == "drop_path":
                texts.append(f"drop_path={self.drop_path() if made.drops else '0.0'}")
                continue
            values = [(index, one.values[key][argument]) for (index, _), (one, key) in zip(seen, found, strict=True)]
            # What the class has made up means the same here: `norm_eps` of a layer is that of its users.
            hint = self._hint(seen[0][1], argument) if argument in made.declared else argument
            if argument == "in_channels":
                text = self.channels(seen, channels)
            else:
                formulas = [step.formulas.get(argument) for _, step in seen]
                # An argument without a formula is the parameter's default, or the cell of a row.
                write = self.builder.text if None in formulas else self.followed
                text = write(values, formulas, hint)
            texts.append(text if argument in ("in_channels", "channels") else f"{argument}={text}")
        baked = frozenset[str]().union(*(one.baked for one, _ in found))
        if "in_channels" in baked:
            self.bake([channels])
        self.bake(step.formulas[name] for _, step in seen for name in baked if name in step.formulas)
        after = None
        if "channels" in made.arguments and all(
            one.values[key]["channels"] == step.output.channels
            for (_, step), (one, key) in zip(seen, found, strict=True)
        ):
            after = texts[made.arguments.index("channels")]
        elif all(step.input.channels == step.output.channels for _, step in seen):
            # Equal in every instance is not yet the same by construction; values decide where the text is needed.
            after = channels if channels is not None and not channels.isdigit() else None
            if not all(one.keeps for one, _ in found):
                self.bake([channels])
        return f"{self._constructor(seen, made)}({', '.join(texts)})", after

    def _constructor(self, seen: Seen, made: Made) -> str:
        """The text of a block's class: the argument that holds it where a layer of that name has one."""
        argument = self._constructs.get(seen[0][1].name, "")
        known = self.builder.arguments.get(argument)
        is_it = known is not None and all(known[index] == Code(made.name) for index, _ in seen)
        return argument if is_it else made.name


# The text of the channels that come out of an operator, given those of its attributes and of what it reads; None where
# its values must do.
OUT_CHANNELS = RuleTable[Callable[[StepWriter, Seen, dict[str, str], str | None], str | None]]("channels as text")


@OUT_CHANNELS.rule(Conv, WeightStandardizedConv)
def _given(writer: StepWriter, seen: Seen, texts: dict[str, str], channels: str | None) -> str:
    return texts["channels"]


@OUT_CHANNELS.rule(Linear)
def _features(writer: StepWriter, seen: Seen, texts: dict[str, str], channels: str | None) -> str:
    return texts["features"]


@OUT_CHANNELS.rule(Depthwise)
def _multiplied(writer: StepWriter, seen: Seen, texts: dict[str, str], channels: str | None) -> str | None:
    multiplier = texts["multiplier"]
    return channels if multiplier == "1" else Derived(f"({writer.channels(seen, channels)}) * ({multiplier})")


@OUT_CHANNELS.rule(Chunk)
def _divided(writer: StepWriter, seen: Seen, texts: dict[str, str], channels: str | None) -> str:
    return Derived(f"({writer.channels(seen, channels)}) // ({texts['parts']})")


@OUT_CHANNELS.rule(Flatten)
def _of_elements(writer: StepWriter, seen: Seen, texts: dict[str, str], channels: str | None) -> None:
    return None


@OUT_CHANNELS.rule(
    *(BatchNorm, GroupNorm, LayerNorm, L2Norm, Activation, LeakyRelu, Prelu, MaxPool, AvgPool, GlobalPool),
    *(Dropout, DropPath, ChannelShuffle, Pad, Resize, Gain, ChannelGain),
)
def _kept(writer: StepWriter, seen: Seen, texts: dict[str, str], channels: str | None) -> str | None:
    return channels


# Attributes that often depend on the channels of a block's input.
_OF_CHANNELS = ("channels", "features", "groups", "multiplier", "parts")


class _Texts(dict[str, str]):
    """The texts of an operator's attributes, made on demand: what no text mentions is not an argument."""

    def __init__(self, make: Callable[[str], str]):
        super().__init__()
        self.make = make

    def __missing__(self, key: str) -> str:
        text = self[key] = self.make(key)
        return text


def conditional(child: Child, otherwise: str) -> str:
    """The text of a child that may exist only under a condition."""
    return only_if(child.condition, child.text, otherwise)


def _form(value: Any) -> Any:
    """What operators that are written as one must have in common of an attribute: a word itself, else its form."""
    return value if isinstance(value, str) else isinstance(value, Size)


def _one_type(seen: Seen) -> type:
    kind = type(seen[0][1])
    if any(type(step) is not kind for _, step in seen):
        raise Unmergeable("kind")
    return kind


def agreed(seen: Seen, of: Callable[[Any], Any]) -> Any:
    values = {of(step) for _, step in seen}
    if len(values) != 1:
        raise Unmergeable("name")
    return values.pop()


def columns_of(seen: Seen, of: Callable[[Any], Sequence[Any]]) -> list[Seen]:
    """Position by position: the first step of every instance, the second of every instance, ..."""
    lengths = {len(of(step)) for _, step in seen}
    if len(lengths) != 1:
        raise Unmergeable("length")
    return [[(index, of(step)[position]) for index, step in seen] for position in range(lengths.pop())]


def _name_of(step: Any, otherwise: str = "layers") -> str:
    """The name of a step; `otherwise` that of one without, which is not a module of its own or a copy."""
    match step:
        case Apply(name=name) | Repeat(name=name):
            return name or otherwise
        case Steps(name=name, steps=steps):
            return name or (_name_of(steps[0], otherwise) if steps and otherwise else otherwise)
        case Guard(value=value) | Alternative(value=value) if value is not None:
            return _name_of(value, otherwise)
        case _:
            return otherwise


def _is_composite(step: Any) -> bool:
    """Whether a step is layers in brackets, without a name."""
    return isinstance(step, Steps) and not step.name


def _does_nothing(step: Any) -> bool:
    """Whether a step is the module that stands for a layer that is left out."""
    match step:
        case Apply(operator=Activation(kind="identity", gain=1.0)):
            return True
    return False


def _any_reads_others(children: Sequence[Child]) -> bool:
    return any(child.reads_others for child in children)
