"""The class of one model and the functions that build its variants."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from archdsl.backends.pytorch.blocks import Contract
from archdsl.backends.pytorch.class_layers import images_decide_head
from archdsl.backends.pytorch.externs import call_of
from archdsl.backends.pytorch.formulas import same, spell, value_of
from archdsl.backends.pytorch.grouping import Classes
from archdsl.backends.pytorch.layout import call_lines, expression_lines
from archdsl.backends.pytorch.methods import Head, Images, Reset, method_lines
from archdsl.backends.pytorch.module import ModuleBuilder, Unmergeable, annotation
from archdsl.backends.pytorch.naming import OF_NETWORKS, Names, classifier_attribute, is_free_attribute
from archdsl.backends.pytorch.nodes import IDENTITY, call, replaced, spoken
from archdsl.backends.pytorch.reductions import stem_features_of
from archdsl.backends.pytorch.seen import Seen
from archdsl.backends.pytorch.spelling import spelled
from archdsl.backends.pytorch.stages import ListedStages, Stages, Trunk, Written
from archdsl.backends.pytorch.steps import OPEN, Child, Made, StepWriter, conditional
from archdsl.backends.pytorch.table import StageTable
from archdsl.backends.pytorch.texts import docstring_lines, function_name, literal
from archdsl.ir.architecture import Architecture
from archdsl.ir.base import Shape
from archdsl.ir.body import Apply
from archdsl.ir.description import Layer, Section
from archdsl.ir.externs import externs
from archdsl.ir.formula import Constant, Expression, Name, constant, names, parse, walk
from archdsl.ir.head import divided, dropout_rates
from archdsl.ir.operators.regularization import Dropout

# What a method that makes the head again reads of the constructor's, besides arguments of variants, as attributes.
_KEPT = {"width": "num_features", "in_channels": "in_channels", "dropout_rate": "dropout_rate"}


class BeforeHead(NamedTuple):
    """What is written before the head: the lines of the stem, or of a part, and of the stages; the channels that come
    out."""

    stem: list[str]
    loop: list[str]
    stages: Stages | None
    width: Expression | None


class NetworkWriter(StepWriter):
    """Writes the class of one model, for all its variants at once. Raises Unmergeable when they do not fit into one.

    `functions` are the names of the functions that build the variants; with `listed` (for one network alone) the layers
    of its stages are written out, else they come from a table. Networks with a part have its `trunk` in common.
    """

    def __init__(
        self,
        name: str,
        architectures: Sequence[tuple[int, Architecture]],
        classes: Classes,
        listed: bool = False,
        trunk: Trunk | None = None,
    ):
        self.name, self.architectures, self.classes = name, [a for _, a in architectures], classes
        self.trunk = trunk
        self.numbers = [number for number, _ in architectures]
        self.listed = listed
        self.names = Names(OF_NETWORKS)
        count = len(architectures)
        builder = ModuleBuilder([{} for _ in range(count)], [{} for _ in range(count)], (), externs=classes.externs)
        super().__init__(builder, self._find)
        self.externs = [classes.externs[module] for module in externs(self.architectures[0])]
        for argument in self.externs:
            self.builder.given(argument)
        self.rate: Expression = constant(0.0)  # outside the stages nothing is dropped
        # The variants, by index, in which the channels at hand depend on those of the image: a convolution to so many
        # ends that. And those which the image's channels have decided something in.
        self.open = set(self._variants) if not self.architectures[0].inputs else set()
        self.decided: set[int] = set()
        # The same of `width`, the variable of the loop over stages.
        self.open_width: set[int] = set()
        self.section = ""
        self.has_stem_maps = False  # whether `feature_info` lists maps of the stem
        self._pools = False  # whether the steps at hand are those between the last map and the classifier
        self._reads: dict[int, Expression] = {}
        self._says_classes = False  # whether layers of the head follow the number of classes

    def _find(self, index: int, block: str) -> tuple[Made, str]:
        key = f"{self.numbers[index]}/{block}"
        return self.classes.made(key), key

    def bake(self, formulas: Iterable[Expression | None]) -> None:
        """Only the channels of the image are open in a model: its parameters are what the variant says."""
        self.decided.update(*map(self._following, formulas))

    def followed(
        self, values: Sequence[tuple[int, Any]], formulas: Sequence[Expression | None], hint: str
    ) -> Expression:
        is_classes = self.section == "head" and all(formula == Name("classes") for formula in formulas)
        if is_classes and all(value == self.architectures[index].classes for index, value in values):
            self._says_classes = True
            return Name("num_classes")
        if self.section == "head" and (made := self._of_classes(values, formulas)) is not None:
            self._says_classes = True
            return made
        return self.builder.source(values, formulas, hint)

    def _of_classes(
        self, values: Sequence[tuple[int, Any]], formulas: Sequence[Expression | None]
    ) -> Expression | None:
        """A number that is computed of the number of classes and nothing else, if it is: `3 * num_classes`."""
        formula = formulas[0]
        if formula is None or names(formula) != {"classes"} or any(one != formula for one in formulas):
            return None
        made = spell(formula, {})
        if not all(same(value_of(made, {"classes": self.architectures[i].classes}), value) for i, value in values):
            return None
        return replaced(made, lambda part: Name("num_classes") if part == Name("classes") else None)

    def may_say(self, known: Expression) -> bool:
        return not self._following(known)

    def apply(self, seen: Seen, channels: Expression | None) -> tuple[Expression, Expression | None]:
        self._follow(channels)
        made, after = super().apply(seen, channels)
        others = self.open - {index for index, _ in seen}
        self.open = self._following(after) | others
        return made, after

    def _follow(self, channels: Expression | None) -> None:
        self.open = self._following(channels)

    def _following(self, channels: Expression | None) -> set[int]:
        """The variants in which channels, as far as they are known, depend on those of the image."""
        if channels is None:
            return self.open
        if not OPEN & names(channels):
            return set()
        # `w if has_conv else in_channels` is `w` in some variants.
        found: set[int] = set()
        for index in self._variants:
            known = self.builder.arguments_of(index)
            one, two = (
                value_of(channels, {**known, "in_channels": count, "width": count if index in self.open_width else 0})
                for count in (1, 2)
            )
            if one is None or one != two:
                found.add(index)
        return found

    @property
    def _variants(self) -> range:
        return range(len(self.architectures))

    def drop_path(self) -> Expression:
        return self.rate

    def _hint(self, step: Apply, attribute: str) -> str:
        formula = parse(step.formulas[attribute]) if attribute in step.formulas else None
        if isinstance(formula, Name) and formula.name not in self.names:
            return formula.name  # the model's own parameter, such as `dropout_rate`
        return f"{self.section}_{attribute}" if attribute != "rate" else f"{step.name}_rate"

    def write(self) -> tuple[str, list[str]]:
        """The class and its functions, as texts."""
        if self.trunk is None:
            before = self.before_head()
        else:
            self.builder.taken |= self.names.taken
            before = self._part(self.trunk)
        head = self._head(before.width)
        return self._class(before, head), self._functions(head, before.stages)

    def _part(self, trunk: Trunk) -> BeforeHead:
        """The line for the part of a network; its maps have the channels that they have."""
        channels = [(index, self._before_head(one).channels) for index, one in enumerate(self.architectures)]
        self.open = set()
        self.has_stem_maps = trunk.has_stem_maps
        if trunk.is_fixed:
            self.decided |= set(self._variants)
        given = list(trunk.arguments)
        if self.architectures[0].inputs:
            given = [f"in_channels={spelled(self._image_channels())}", *given[1:]]
        lines = call_lines(f"self.{self.part} = {trunk.name}", given, "")
        return BeforeHead(lines, [], None, self.channels_of(channels, None, "part_channels"))

    @staticmethod
    def _before_head(architecture: Architecture) -> Shape:
        if architecture.stages:
            return architecture.stages[-1].output
        return architecture.stem.output if architecture.stem is not None else architecture.input

    def _image_channels(self) -> Expression:
        """The channels of what the stem and the stages read: an option where that is the one input."""
        if not self.architectures[0].inputs:
            return Name("in_channels")
        return self._number([architecture.input.channels for architecture in self.architectures], "source_channels")

    @property
    def part(self) -> str:
        """The attribute that is the part of the networks."""
        part = self.architectures[0].part
        return part.name if part is not None else ""

    @property
    def is_fixed(self) -> bool:
        """Whether what has been written depends on the channels of the images in other ways than by their number."""
        return bool(self.decided or self.open)

    def before_head(self) -> BeforeHead:
        """The stem and the stages."""
        stages = self._stages()
        self.builder.taken |= self.names.taken
        stem_lines, width = self._stem()
        of_stem = self._stem_features() if stages is not None else []
        stage_lines: list[str] = []
        if stages is not None:
            before = [a.stem.output.channels if a.stem else a.input.channels for a in self.architectures]
            start = self.channels_of(list(enumerate(before)), width, "stem_channels")
            facts = {fact: self._initial(fact) for fact in stages.threaded}
            self._follow(start)
            if isinstance(stages, ListedStages):
                self._thread(stages, start)
            elif isinstance(stages, StageTable):
                stages.lift(self._number)
                self.decided |= self.open if stages.baked else set()
                self.open = self.open_width = set() if stages.channels_flow else self.open
            stage_lines = stages.constructor_lines(start, facts, of_stem)
            width = stages.width
        return BeforeHead(stem_lines, stage_lines, stages, width)

    # Parts -----------------------------------------------------------------------------------------------------------

    def _stages(self) -> Stages | None:
        counts = {len(architecture.stages) > 0 for architecture in self.architectures}
        if len(counts) > 1:
            raise Unmergeable("stages")
        if counts == {False}:
            return None
        if self.listed:
            (architecture,) = self.architectures
            return ListedStages(architecture, self._layer)
        table = StageTable(self.architectures, self.numbers, self.classes, self.names)
        known = self.classes.contracts
        if any(known.get(name, Contract()).plus(asked) != known.get(name) for name, asked in table.contracts().items()):
            raise Unmergeable("the classes do not do what the loop needs")
        return table

    def _layer(self, layer: Layer, rate: Expression) -> Expression:
        """A layer of listed stages."""
        self.section, self.rate = "stage", rate
        channels = self._reads.get(id(layer), constant(layer.apply.input.channels))
        made, _ = self.apply([(0, layer.apply)], channels)
        self.rate = constant(0.0)
        return made

    def _thread(self, stages: ListedStages, channels: Expression) -> None:
        """The channels that each layer of listed stages reads, from one to the next."""
        (architecture,) = self.architectures
        for number, stage in enumerate(architecture.stages):
            for layer in stage.layers:
                self._reads[id(layer)] = channels
                _, after = self.apply([(0, layer.apply)], channels)
                channels = self.channels_of([(0, layer.apply.output.channels)], after)
            stages.channels[number] = channels

    def _enter(self, section: str) -> None:
        self.section = section
        self.width_hint = f"{section}_features"

    def _number(self, values: Sequence[Any], hint: str) -> Expression:
        """A number that each variant has."""
        return self.builder.source(list(enumerate(values)), [None], hint)

    def _initial(self, fact: str) -> Expression:
        firsts = [(a, a.stages[0].layers[0].apply.block) for a in self.architectures]
        return self._number([a.blocks[block or ""].scalars[f"in_{fact}"] for a, block in firsts], fact)

    def _columns(self, sections: Sequence[Section | None]) -> list[Seen]:
        """The steps of a section, position by position; of none when no variant has the section."""
        if len({section is None for section in sections}) > 1:
            raise Unmergeable("sections")
        steps = [section.steps.steps for section in sections if section is not None]
        if len({len(one) for one in steps}) > 1:
            raise Unmergeable("steps")
        return [list(enumerate(column)) for column in zip(*steps, strict=True)]

    def _stem(self) -> tuple[list[str], Expression | None]:
        self._enter("stem")
        columns = self._columns([architecture.stem for architecture in self.architectures])
        children, channels = self.children(columns, self._image_channels())
        if not children:
            # Whatever takes a network with stages apart finds a stem.
            return ["self.stem = nn.Identity()"] if self.architectures[0].stages else [], channels
        is_single = len(columns) == 1 and all(isinstance(step, Apply) for _, step in columns[0])
        stem = conditional(children[0], IDENTITY) if is_single else self.pipeline(children)
        return expression_lines("self.stem = ", stem), channels

    def _stem_features(self) -> list[Written]:
        """The maps of the stem in `feature_info`."""
        found = [stem_features_of(architecture) for architecture in self.architectures]
        if any(len(features) != len(found[0]) for features in found):
            raise Unmergeable("the maps of the stem")
        written: list[Written] = []
        for each in zip(*found, strict=True):
            if len({(feature.module, feature.reduction) for feature in each}) > 1:
                raise Unmergeable("the maps of the stem")
            channels = self._number([feature.channels for feature in each], "stem_channels")
            written.append((spelled(channels), each[0]))
        self.has_stem_maps = bool(written)
        return written

    def _head(self, channels: Expression | None) -> Head:
        self._enter("head")
        sections = [architecture.head for architecture in self.architectures]
        columns = self._columns(sections)
        head = Head()
        division = divided(self.architectures[0])
        if any(divided(architecture)[:-1] != division[:-1] for architecture in self.architectures):
            raise Unmergeable("the parts of the head")
        head.single = frozenset.intersection(*(divided(architecture).single for architecture in self.architectures))
        flatten = Child(
            "", call("nn.Flatten", constant(1)), None
        )  # keeps nothing, so it takes the name that the others leave
        for position, column in enumerate(columns):
            if position == division.vectors and division.is_flattened:
                head.pool.append(flatten)
            self.on_vectors, self._pools = position >= division.vectors, position >= division.maps
            if position == division.end:
                head.classifier = classifier_attribute(column[0][1].name, self.architectures[0])
                head.features = self._in_channels(column, channels)
                bias = self._attribute(column, "bias")
                if not isinstance(bias, Constant):
                    raise Unmergeable("bias")
                head.bias = bool(bias.value)
                break
            made, channels = self._step(column, channels, None)
            if position < division.maps:
                head.maps += made
            else:
                head.pool += made
            if any(section is not None and section.reads_maps for section in sections):
                self._read_maps(head, column)
        self.on_vectors = self._pools = False
        flatten.name = Names(child.name for child in head.pool).new("flatten")
        return head

    def _read_maps(self, head: Head, seen: Seen) -> None:
        """What a head that reads maps by name reads and puts out."""
        places = []
        read_names = {other.name for _, step in seen for other in step.others}
        first = self.architectures[0]
        head.images = tuple(path for path in first.images if path in read_names)
        for architecture in self.architectures:
            names = [*head.images, f"{architecture.prefix}stem", *map(architecture.path, architecture.stages)]
            places.append({name: number for number, name in enumerate(names)})
        read = [[places[index][other.name] for other in step.others] for index, step in seen]
        if any(numbers != read[0] for numbers in read):
            raise Unmergeable("the maps of the head")
        head.reads = read[0]
        returned = {self.find(index, step.block)[0].returns for index, step in seen}
        if len(returned) > 1:
            raise Unmergeable("what the head puts out")
        (head.returns,) = returned
        self.decided |= self.open  # what the channels of images would be further on is not followed
        self.decided.update(index for index, each in enumerate(self.architectures) if images_decide_head(each))

    # Text ------------------------------------------------------------------------------------------------------------

    def _class(self, before: BeforeHead, head: Head) -> str:
        stem, stages = before.stem, before.stages
        arguments = self.builder.arguments
        own = [f"{name}: {annotation(values)}" for name, values in arguments.items()]
        table = stages.parameters if stages is not None else []
        options = self._options(head, stages, self.architectures).values()
        begin = "initialize_own" if self.externs else "initialize"
        body = [*stem, *before.loop, *self._head_lines(head), f"self.apply({begin})"]
        lines = [
            f"class {self.name}(nn.Module):",
            *(f"    {line}".rstrip() for line in docstring_lines(self._doc())),
            "",
            *call_lines("    def __init__", ["self", *table, *own, *options], " -> None:"),
            "        super().__init__()",
            *(f"        {line}" for line in body),
            *self._methods(head, bool(stem), stages is not None),
        ]
        return "\n".join(lines) + "\n"

    def _methods(self, head: Head, has_stem: bool, has_stages: bool) -> list[str]:
        images = Images(self.architectures[0])
        if self.trunk is not None:
            return method_lines(head, images, True, self.trunk.has_stages, self.part)
        return method_lines(head, images, has_stem, has_stages)

    @property
    def _is_family(self) -> bool:
        """Whether the class is that of several models."""
        return len({architecture.model for architecture in self.architectures}) > 1

    def _doc(self) -> str:
        doc = self.architectures[0].doc
        if doc.strip() and not self._is_family:
            return doc
        *names, last = [architecture.name for architecture in self.architectures]
        if len(names) > 3:
            return f"The networks {names[0]} to {last}."
        return f"The networks {', '.join(names)} and {last}." if names else f"The network {last}."

    def _head_lines(self, head: Head) -> list[str]:
        lines: list[str] = []
        for part, children in (("head", head.maps), ("pool", head.pool)):
            if children:
                made = conditional(children[0], IDENTITY) if part in head.single else self.pipeline(children)
                reset = self._reset(part, made) if head.classifier is None else None
                if reset is not None:
                    head.reset = reset
                    lines += [f"self.{attribute} = {name}" for name, attribute in reset.kept.items()]
                    made = call(f"self.{reset.method}", Name("num_classes"))
                lines += expression_lines(f"self.{part} = ", made)
        if head.classifier and head.features:
            lines += expression_lines("self.num_features = ", head.features)
            lines.append(f"self.{head.classifier} = {head.linear}")
        return lines

    def _reset(self, part: str, made: Expression) -> Reset | None:
        """How a part of the head gets layers for other classes, if it has all that follow their number."""
        first, *others = [self.classes.class_layers[number] for number in self.numbers]
        if Name("num_classes") not in walk(made) or any(other.layers != first.layers for other in others):
            return None
        if not first.are_all or any(path.partition(".")[0] != part for path in first.layers):
            return None
        said = spoken(made)
        kept = {name: _KEPT.get(name, name) for name in sorted(said & {*self.builder.arguments, *_KEPT})}
        are_free = all(is_free_attribute(name, self.architectures[0]) for name in kept.values())
        if said & {*self.externs, *self.builder.assigned} or not are_free:
            return None
        made = replaced(made, lambda node: _as_attribute(node, kept))
        inside = [path.partition(".")[2] for path in first.layers]
        return Reset(part, made, kept, tuple(filter(None, inside)), "initialize_own" if self.externs else "initialize")

    def _options(self, head: Head, stages: Stages | None, variants: Sequence[Architecture]) -> dict[str, str]:
        """The options of a constructor or function that makes these variants, with types, and defaults of the first."""
        first = variants[0]
        options: dict[str, str] = {}
        if head.classifier is not None or self._says_classes:
            options["num_classes"] = f"num_classes: int = {first.classes}"
        if not first.inputs:
            options["in_channels"] = f"in_channels: int = {first.input.channels}"
        if self._says_dropout and (rates := [rate for one in variants for rate in dropout_rates(one) or ()]):
            options["dropout_rate"] = f"dropout_rate: float = {literal(rates[0])}"
        trunk = self.trunk if self.trunk is not None else stages
        if trunk is not None and trunk.uses_drop_path:
            options["drop_path_rate"] = f"drop_path_rate: float = {literal(first.drop_path.rate)}"
        return options

    @property
    def _says_dropout(self) -> bool:
        """Whether one option can say the rates of dropout before the classifier."""
        rates = [dropout_rates(architecture) for architecture in self.architectures]
        return all(found is not None and len(set(found)) <= 1 for found in rates)

    def _attribute(self, seen: Seen, name: str) -> Expression:
        operator = seen[0][1].operator
        if isinstance(operator, Dropout) and name == "rate" and self._pools and self._says_dropout:
            return Name("dropout_rate")
        return super()._attribute(seen, name)

    def _functions(self, head: Head, stages: Stages | None) -> list[str]:
        return [
            self._function(index, architecture, head, stages) for index, architecture in enumerate(self.architectures)
        ]

    def _refusal(self, index: int, architecture: Architecture) -> list[str]:
        """Refuses images of other channels where those of the image have decided what the network is."""
        if index not in self.decided or architecture.inputs:
            return []
        count = architecture.input.channels
        message = (
            f"{architecture.name} is made for {count} channels; for others, change its `input` and compile it again"
        )
        return [f"    if in_channels != {count}:", *call_lines("        raise ValueError", [literal(message)], "")]

    def _function(self, index: int, architecture: Architecture, head: Head, stages: Stages | None) -> str:
        cost = architecture.costs.model()
        each = "a series" if architecture.input.is_line else "an image"
        each = "of one each" if architecture.inputs else each
        counts = f"{human(cost.params)} parameters, {human(cost.macs)} MACs, {human(cost.flops)} FLOPs {each}."
        doc = f"{architecture.doc.strip()}\n\n" if self._is_family and architecture.doc.strip() else ""
        read = ", ".join(f"`{name}` {shape}" for name, shape in architecture.inputs.items())
        doc += f"Inputs {read}: {counts}" if read else f"Input {architecture.input}: {counts}"
        if needed := externs(architecture):
            calls = [f"`{call_of(self.classes.externs[module], layers)}`" for module, layers in needed.items()]
            doc += f"\n\nThe caller's own modules are constructed by {' and '.join(calls)}."
        options = self._options(head, stages, [architecture])
        arguments = [f"{name}={literal(values[index])}" for name, values in self.builder.arguments.items()]
        arguments += [f"{option}={option}" for option in options]
        table = stages.arguments(index) if stages is not None else []
        parameters, returned, target = list(options.values()), self.name, "return"
        has_stages = stages is not None or (self.trunk is not None and self.trunk.has_stages)
        if has_stages:
            parameters.append("features_only: bool = False")
            returned, target = f"{self.name} | FeatureMaps", "model ="
        if self.externs:
            parameters += ["*", *(f"{name}: Callable[..., nn.Module]" for name in self.externs)]
        lines = [
            *call_lines(f"def {function_name(architecture.name)}", parameters, f" -> {returned}:"),
            *(f"    {line}".rstrip() for line in docstring_lines(doc)),
            *self._refusal(index, architecture),
        ]
        if table:
            preamble = stages.preamble(index) if isinstance(stages, StageTable) else []
            lines += [f"    {line}" for line in preamble]
            lines += [f"    {target} {self.name}(", *(f"        {line}" for line in table)]
            lines += [*(f"        {argument}," for argument in arguments), "    )"]
        else:
            lines += call_lines(f"    {target} {self.name}", arguments, "")
        if has_stages:
            maps = "StemFeatureMaps" if self.has_stem_maps else "FeatureMaps"
            if self.part:
                lines += ["    if not features_only:", "        return model", f"    trunk = model.{self.part}"]
                lines.append(f"    return {maps}(trunk.stem, trunk.stages, trunk.feature_info)")
            else:
                features = f"{maps}(model.stem, model.stages, model.feature_info)"
                lines.append(f"    return {features} if features_only else model")
        return "\n".join(lines) + "\n"


def _as_attribute(node: Expression, kept: Mapping[str, str]) -> Expression | None:
    return Name(f"self.{kept[node.name]}") if isinstance(node, Name) and node.name in kept else None


def human(count: int) -> str:
    """A count in the units of the field: 118.52M, 56.08G."""
    for unit, size in (("T", 10**12), ("G", 10**9), ("M", 10**6), ("K", 10**3)):
        if count >= size:
            return f"{count / size:.2f}{unit}"
    return str(count)
