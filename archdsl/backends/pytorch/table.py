"""The stages of all variants of a model as one kind of table, and the loop that builds from it."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from archdsl.backends.pytorch.blocks import Contract
from archdsl.backends.pytorch.grouping import Classes
from archdsl.backends.pytorch.layout import WIDTH, expression_lines, loop_lines
from archdsl.backends.pytorch.module import Unmergeable, annotation
from archdsl.backends.pytorch.naming import Names
from archdsl.backends.pytorch.nodes import Code, Given, call
from archdsl.backends.pytorch.reductions import Feature, features_of
from archdsl.backends.pytorch.spelling import spelled
from archdsl.backends.pytorch.stages import Written, feature_lines
from archdsl.backends.pytorch.steps import Made
from archdsl.backends.pytorch.texts import literal
from archdsl.ir.architecture import Architecture
from archdsl.ir.description import Layer, Stage
from archdsl.ir.formula import Call, Comparison, Conditional, Expression, Name, constant
from archdsl.ir.names import python_name


class StageTable:
    """Rows (class, arguments..., layers); each variant has rows of its own, the loop is shared.

    Raises Unmergeable where a stage's layers differ in more than the stride of the first, the channels that flow in,
    and facts that a block hands on.
    """

    def __init__(self, architectures: Sequence[Architecture], numbers: Sequence[int], classes: Classes, names: Names):
        self.architectures, self.numbers, self.classes = architectures, numbers, classes
        self.width: Expression = Name("width")
        self.made: list[list[Made]] = [
            [self._class(number, stage) for stage in architecture.stages]
            for number, architecture in zip(numbers, architectures, strict=True)
        ]
        used = {made.name: made for row in self.made for made in row}
        arguments = list(dict.fromkeys(name for made in used.values() for name in made.arguments))
        self.uses_drop_path = "drop_path" in arguments
        self.threaded = [name[3:] for name in arguments if name.startswith("in_") and name != "in_channels"]
        if "height" in self.threaded or "width" in self.threaded:
            raise Unmergeable("the size of the input")
        if not all(classes.know(name, f"in_{fact}") for name in used for fact in self.threaded):
            raise Unmergeable("a fact that not every block knows")
        # What the loop hands to one block it hands to all.
        self.takes = tuple(name for name in arguments if _is_given_by_loop(name))
        columns = [name for name in arguments if not _is_given_by_loop(name)]
        # As papers print it: channels last, then the number of layers.
        columns.sort(key=lambda name: name == "channels")
        # A column that every class has stands in the row; the others go into one cell of the row, by name.
        self.shared = [name for name in columns if all(name in made.arguments for made in used.values())]
        self.extra = [name for name in columns if name not in self.shared]
        self.values = [
            [self._row(number, stage) for stage in architecture.stages]
            for number, architecture in zip(numbers, architectures, strict=True)
        ]
        # What no row of the text says, and all rows of a variant agree in, is an argument of the network.
        declared = frozenset[str]().union(*(made.declared for made in used.values()))
        self.lifted = [name for name in self.shared if name not in declared and self._is_constant(name)]
        self.shared = [name for name in self.shared if name not in self.lifted]
        self.lifted_values: dict[str, Expression] = {}
        self.channels_flow = "channels" in self.shared and all(
            layer.apply.output.channels == self._argument(number, layer, "channels")
            for number, architecture in zip(numbers, architectures, strict=True)
            for stage in architecture.stages
            for layer in stage.layers
        )
        self.has_names = any(
            stage.name != str(number)
            for architecture in architectures
            for number, stage in enumerate(architecture.stages)
        )
        self.features = [features_of(architecture) for architecture in architectures]
        # The variables of the loop: a column is called after its parameter where it can be.
        self.variables = {name: names.new(name) for name in self.shared}
        self.facts = {fact: names.new(python_name(fact)) for fact in self.threaded}

        self.hands_on = (*(() if self.channels_flow else ("channels",)), *self.threaded)

    def _is_constant(self, name: str) -> bool:
        """Whether all rows of each variant that have an argument have the same value of it."""
        return all(len({repr(row[name]) for row in rows if name in row}) <= 1 for rows in self.values)

    def lift(self, write: Callable[[list[Any], str], Expression]) -> None:
        """Makes what the rows of each variant have in common arguments of the network."""
        for name in self.lifted:
            self.lifted_values[name] = write([rows[0][name] for rows in self.values], name)

    @property
    def baked(self) -> frozenset[str]:
        """The arguments that the blocks which read the channels of what comes before the stages do not follow."""
        first = [made for row in self.made for made in (row[:1] if self.channels_flow else row)]
        return frozenset().union(*(made.baked for made in first)) & {"in_channels"}

    def contracts(self) -> dict[str, Contract]:
        """What the loop asks of each class of the table."""
        return {made.name: Contract(self.hands_on, self.takes) for row in self.made for made in row}

    def _class(self, number: int, stage: Stage) -> Made:
        found = []
        for layer in stage.layers:
            if layer.apply.block is None:
                raise Unmergeable("a primitive as a stage")
            found.append(self.classes.made(f"{number}/{layer.apply.block}"))
        if any(made.name != found[0].name for made in found):
            raise Unmergeable("classes of a stage")
        return found[0]

    def _argument(self, number: int, layer: Layer, name: str) -> Any:
        key = f"{number}/{layer.apply.block}"
        return self.classes.made(key).values[key].get(name)

    def _row(self, number: int, stage: Stage) -> dict[str, Any]:
        first, *rest = stage.layers
        row: dict[str, Any] = {}
        for name in self.classes.made(f"{number}/{first.apply.block}").arguments:
            if _is_given_by_loop(name):
                continue
            row[name] = self._argument(number, first, name)
            expected = repr(1 if name == "stride" else row[name])
            if any(repr(self._argument(number, layer, name)) != expected for layer in rest):
                raise Unmergeable(name)
        return row

    # Rows ------------------------------------------------------------------------------------------------------------

    @property
    def parameters(self) -> list[str]:
        if self.is_single:
            return []
        reductions = [f"reductions: dict[{'str' if self.has_names else 'int'}, int]"]
        return [f"stages: {self._type}", *([] if self.features_agree else reductions)]

    def arguments(self, index: int) -> list[str]:
        if self.is_single:
            return []
        lines = ["(", *(f"    {row}" for row in self._rows(index)), "),"]
        return lines if self.features_agree else [*lines, f"reductions={literal(self._reductions(index))},"]

    @property
    def is_single(self) -> bool:
        """Whether the table is that of one network, and stands in its constructor."""
        return len(self.architectures) == 1

    @property
    def _type(self) -> str:
        types = [f"type[{'Block' if self.hands_on else 'nn.Module'}]"]
        types += [annotation([row[name] for rows in self.values for row in rows]) for name in self.shared]
        if self.extra:
            values = [row[name] for rows in self.values for row in rows for name in self.extra if name in row]
            types.append(f"dict[str, {annotation(values)}]")
        types += ["str"] if self.has_names else []
        return f"tuple[tuple[{', '.join([*types, 'int'])}], ...]"

    @property
    def _opening(self) -> list[str]:
        """The beginning of the table in a constructor."""
        line = f"stages: {self._type} = ("
        inside = self._type.removeprefix("tuple[").removesuffix("]")
        return [line] if len(line) <= WIDTH - 8 else ["stages: tuple[", f"    {inside}", "] = ("]

    def _cells(self, columns: Mapping[str, str]) -> list[str]:
        header = ["block", *columns.values(), *(["arguments"] if self.extra else [])]
        header += ["name"] if self.has_names else []
        return [*header, "layers"]

    def _rows(self, index: int) -> list[str]:
        """The rows of one variant as Python source, under a comment that names their columns."""
        architecture = self.architectures[index]
        header = ", ".join(self._cells({name: name for name in self.shared}))
        lines = [f"# {line}" for line in textwrap.wrap(header, WIDTH - 14, break_long_words=False)]
        columns = architecture.stages, self.made[index], self.values[index]
        for stage, made, row in zip(*columns, strict=True):
            cells = [made.name, *(literal(row[name]) for name in self.shared)]
            if self.extra:
                cells.append(self._extra_cell(row))
            if self.has_names:
                cells.append(literal(stage.name))
            cells.append(str(len(stage.layers)))
            lines.append(f"({', '.join(cells)}),")
        return lines

    # The loop --------------------------------------------------------------------------------------------------------

    def constructor_lines(
        self, width: Expression, facts: Mapping[str, Expression], of_stem: Sequence[Written]
    ) -> list[str]:
        """The loop that builds `self.stages`, and `feature_info` after it."""
        reads_widths = self._reads_widths
        table = [*self._opening, *(f"    {row}" for row in self._rows(0)), ")"] if self.is_single else []
        lines = [
            *(self.preamble(0) if self.is_single else []),
            *table,
            f"width = {spelled(width)}",
            *(f"{self.facts[fact]} = {spelled(value)}" for fact, value in facts.items()),
        ]
        if reads_widths:
            lines.append("widths = {}" if self.has_names else "widths = []")
        if self.uses_drop_path:
            lines += self._rates()
        lines += [
            "self.stages = nn.Sequential()",
            *loop_lines(self._cells(self.variables), "stages"),
            "    stage = Stage()",
        ]
        if "stride" in self.extra:
            lines.append('    rest = {**arguments, "stride": 1} if "stride" in arguments else arguments')
        lines += self._layer_loop()
        lines.append("    self.stages.add_module(name, stage)" if self.has_names else "    self.stages.append(stage)")
        if reads_widths:
            lines.append("    widths[name] = width" if self.has_names else "    widths.append(width)")
        if not self.features_agree:
            name, place = ("name", "{name}") if self.has_names else ("index", "{index}")
            comprehension = [
                f'{{"num_chs": widths[{name}], "reduction": reduction, "module": f"stages.{place}"}}',
                f"for {name}, reduction in reductions.items()",
            ]
            if of_stem:
                comprehension = ["*(", *(f"    {line}" for line in comprehension), "),"]
            return [*lines, *feature_lines(of_stem, comprehension)]
        own = [(self._width_of(feature), feature) for feature in self.features[0]]
        return [*lines, *feature_lines([*of_stem, *own])]

    @property
    def features_agree(self) -> bool:
        """Whether the maps of all variants come from the same stages, with the same reductions."""
        return all(
            [(one.module, one.reduction) for one in features]
            == [(one.module, one.reduction) for one in self.features[0]]
            for features in self.features
        )

    @property
    def _reads_widths(self) -> bool:
        return not self.features_agree or any(self._width_of(one).startswith("widths") for one in self.features[0])

    def _width_of(self, feature: Feature) -> str:
        """The text of the channels of a map: a number where it is the same in all variants and for all images."""
        counts = {one.channels for features in self.features for one in features if one.module == feature.module}
        if self.channels_flow and len(counts) == 1:
            return str(feature.channels)
        return f"widths[{literal(feature.stage) if self.has_names else feature.stage}]"

    @property
    def _layers(self) -> list[str]:
        """The arguments that construct layers, and are the same in all rows of a variant that have any."""
        every = [row for rows in self.values for row in rows]
        names = [name for name in self.extra if any(_makes_layers(row.get(name)) for row in every)]
        together = all(len({name in row for name in names}) == 1 for rows in self.values for row in rows)
        return names if together and all(map(self._is_constant, names)) else []

    def _extra_cell(self, row: dict[str, Any]) -> str:
        """The arguments that not every class has."""
        layers = self._layers
        cell = literal({name: row[name] for name in self.extra if name in row and name not in layers})
        if not layers or layers[0] not in row:
            return cell
        return "{" + ", ".join(filter(None, [cell[1:-1], f"**{self._common}"])) + "}"

    @property
    def _common(self) -> str:
        """The variable with the arguments that all rows of a variant have; the loop over a table beside it has
        `arguments` of its own."""
        return "shared_arguments" if self.is_single else "arguments"

    def preamble(self, index: int) -> list[str]:
        """The lines before the table of a variant: the layers that its rows have in common."""
        row = next((row for row in self.values[index] if self._layers and self._layers[0] in row), None)
        if row is None:
            return []
        values = {name: row[name] for name in self._layers}
        return [f"{self._common}: dict[str, {annotation(list(values.values()))}] = {literal(values)}"]

    def _reductions(self, index: int) -> dict[str | int, int]:
        """The stages of a variant that end in a map of `feature_info`, with its reduction."""
        return {
            feature.stage if self.has_names else int(feature.stage): feature.reduction
            for feature in self.features[index]
        }

    def _layer_loop(self) -> list[str]:
        made = self._made_layer()
        lines = [f"    for {'index' if 'stride' in self.extra else '_'} in range(layers):"]
        handed = {fact: f"layer.{self.classes.attribute(fact)}" for fact in self.hands_on}
        after = {"width": self.variables["channels"] if self.channels_flow else handed["channels"]}
        after |= {variable: handed[fact] for fact, variable in self.facts.items()}
        if "stride" in self.shared:
            after[self.variables["stride"]] = "1"  # but for the first layer
        if self.hands_on:
            lines += [*expression_lines("        layer = ", made), "        stage.append(layer)"]
        else:
            lines += expression_lines("        ", call("stage.append", made))
        return [*lines, f"        {', '.join(after)} = {', '.join(after.values())}"]

    def _made_layer(self) -> Call:
        """A block with the arguments that the loop passes to it."""
        first = [Name("width"), *(Name(variable) for name, variable in self.variables.items() if name == "channels")]
        named: list[tuple[str, Expression]] = [(f"in_{fact}", Name(variable)) for fact, variable in self.facts.items()]
        named += [(name, Name(variable)) for name, variable in self.variables.items() if name != "channels"]
        named += self.lifted_values.items()
        if self.extra:
            rest: Expression = Name("arguments")
            if "stride" in self.extra:
                rest = Conditional(Comparison("==", Name("index"), constant(0)), rest, Name("rest"))
            named.append(("**", rest))
        if self.uses_drop_path:
            named.append(("drop_path", call("next", Name("rates"))))
        return Call("block", tuple(first), tuple(named))

    def _rates(self) -> list[str]:
        reach = {architecture.drop_path.reach for architecture in self.architectures}
        if len(reach) > 1:
            raise Unmergeable("drop path")
        steps = "max(depth - 1, 1)" if reach.pop() else "depth"
        return [
            "depth = sum(layers for *_, layers in stages)",
            f"rates = iter([drop_path_rate * index / {steps} for index in range(depth)])",
        ]


def _makes_layers(value: Any) -> bool:
    """Whether an argument constructs layers, and is not the caller's, which has a name of one word anyway."""
    return isinstance(value, Code) and not isinstance(value, Given)


def _is_given_by_loop(name: str) -> bool:
    return name == "drop_path" or name.startswith("in_")
