"""The stages of all variants of a model as one kind of table, and the loop that builds from it."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from archdsl.backends.pytorch.blocks import Contract
from archdsl.backends.pytorch.grouping import Classes
from archdsl.backends.pytorch.layout import WIDTH, expression_lines, loop_lines
from archdsl.backends.pytorch.module import Unmergeable, annotation
from archdsl.backends.pytorch.naming import Names
from archdsl.backends.pytorch.reductions import stage_reductions
from archdsl.backends.pytorch.steps import Made
from archdsl.backends.pytorch.texts import literal
from archdsl.ir.architecture import Architecture
from archdsl.ir.description import Layer, Stage
from archdsl.ir.formula import python_name


class StageTable:
    """Rows (class, arguments..., layers); each variant has rows of its own, the loop is shared.

    Raises Unmergeable where a stage's layers differ in more than the stride of the first, the channels that flow in,
    and facts that a block hands on.
    """

    def __init__(self, architectures: Sequence[Architecture], numbers: Sequence[int], classes: Classes, names: Names):
        self.architectures, self.numbers, self.classes = architectures, numbers, classes
        self.width = "width"
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
        self.channels_flow = "channels" in self.shared and all(
            layer.apply.output.channels == self._argument(number, layer, "channels")
            for number, architecture in zip(numbers, architectures, strict=True)
            for stage in architecture.stages
            for layer in stage.layers
        )
        self.strided = self._is_strided()
        self.has_names = any(
            stage.name != str(number)
            for architecture in architectures
            for number, stage in enumerate(architecture.stages)
        )
        # The variables of the loop: a column is called after its parameter where it can be.
        self.variables = {name: names.new(name) for name in self.shared}
        self.facts = {fact: names.new(python_name(fact)) for fact in self.threaded}

        self.hands_on = (*(() if self.channels_flow else ("channels",)), *self.threaded)

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

    def _is_strided(self) -> bool:
        """Whether the product of the strides is the reduction of the map, as `feature_info` reports it."""
        return all(
            -(-stage.input.height // row.get("stride", 1)) == stage.output.height
            for architecture, rows in zip(self.architectures, self.values, strict=True)
            for stage, row in zip(architecture.stages, rows, strict=True)
        )

    # Rows ------------------------------------------------------------------------------------------------------------

    @property
    def row_type(self) -> str:
        """The type of a row."""
        types = [f"type[{'Block' if self.hands_on else 'nn.Module'}]"]
        types += [annotation([row[name] for rows in self.values for row in rows]) for name in self.shared]
        if self.extra:
            values = [row[name] for rows in self.values for row in rows for name in self.extra if name in row]
            types.append(f"dict[str, {annotation(values)}]")
        types += [] if self.strided else ["int"]
        types += ["str"] if self.has_names else []
        return f"tuple[{', '.join([*types, 'int'])}]"

    def _cells(self, columns: Mapping[str, str]) -> list[str]:
        header = ["block", *columns.values(), *(["arguments"] if self.extra else [])]
        header += [] if self.strided else ["reduction"]
        header += ["name"] if self.has_names else []
        return [*header, "layers"]

    def rows(self, index: int) -> list[str]:
        """The rows of one variant as Python source, under a comment that names their columns."""
        architecture = self.architectures[index]
        header = ", ".join(self._cells({name: name for name in self.shared}))
        lines = [f"# {line}" for line in textwrap.wrap(header, WIDTH - 14, break_long_words=False)]
        columns = architecture.stages, self.made[index], self.values[index], stage_reductions(architecture)
        for stage, made, row, reduction in zip(*columns, strict=True):
            cells = [made.name, *(literal(row[name]) for name in self.shared)]
            if self.extra:
                cells.append(literal({name: row[name] for name in self.extra if name in row}))
            if not self.strided:
                cells.append(str(reduction))
            if self.has_names:
                cells.append(literal(stage.name))
            cells.append(str(len(stage.layers)))
            lines.append(f"({', '.join(cells)}),")
        return lines

    # The loop --------------------------------------------------------------------------------------------------------

    def constructor_lines(self, width: str, facts: Mapping[str, str], reduction: str) -> list[str]:
        """The loop that builds `self.stages`, and `feature_info` with it."""
        lines = [f"width = {width}", *(f"{self.facts[fact]} = {text}" for fact, text in facts.items())]
        if self.strided:
            lines.append(f"reduction = {reduction}")
        if self.uses_drop_path:
            lines += self._rates()
        lines += [
            "self.stages = nn.Sequential()",
            "self.feature_info: list[dict[str, int | str]] = []",
            "self.feature_stages: list[int] = []",
            *loop_lines(self._cells(self.variables), "stages"),
            "    stage = nn.Sequential()",
        ]
        if "stride" in self.extra:
            lines.append('    rest = {**arguments, "stride": 1} if "stride" in arguments else arguments')
        lines += self._layer_loop()
        lines.append("    self.stages.add_module(name, stage)" if self.has_names else "    self.stages.append(stage)")
        if self.strided and "stride" in self.shared:
            lines.append(f"    reduction *= {self.variables['stride']}")
        elif self.strided and "stride" in self.extra:
            lines.append('    reduction *= int(arguments.get("stride", 1))')
        module = 'f"stages.{name}"' if self.has_names else 'f"stages.{number}"'
        return [
            *lines,
            "    number = len(self.stages) - 1",
            '    if self.feature_info and self.feature_info[-1]["reduction"] == reduction:',
            "        self.feature_info.pop()",
            "        self.feature_stages.pop()",
            f'    self.feature_info.append({{"num_chs": width, "reduction": reduction, "module": {module}}})',
            "    self.feature_stages.append(number)",
        ]

    def _layer_loop(self) -> list[str]:
        call = f"block({', '.join(self._passed())})"
        lines = [f"    for {'index' if ' index ' in call else '_'} in range(layers):"]
        if not self.hands_on:
            lines += expression_lines("        ", f"stage.append({call})")
            return [*lines, f"        width = {self.variables['channels']}"]
        lines += [*expression_lines("        layer = ", call), "        stage.append(layer)"]
        handed = {fact: f"layer.{self.classes.attribute(fact)}" for fact in self.hands_on}
        lines.append(f"        width = {self.variables['channels'] if self.channels_flow else handed['channels']}")
        return [*lines, *(f"        {variable} = {handed[fact]}" for fact, variable in self.facts.items())]

    def _passed(self) -> list[str]:
        """The arguments that the loop passes to a block."""
        passed = ["width", *(variable for name, variable in self.variables.items() if name == "channels")]
        passed += [f"in_{fact}={variable}" for fact, variable in self.facts.items()]
        for name, variable in self.variables.items():
            if name == "stride":
                passed.append(f"stride={variable} if index == 0 else 1")
            elif name != "channels":
                passed.append(f"{name}={variable}")
        if self.extra:
            passed.append("**(arguments if index == 0 else rest)" if "stride" in self.extra else "**arguments")
        return [*passed, "drop_path=next(rates)"] if self.uses_drop_path else passed

    def _rates(self) -> list[str]:
        reach = {architecture.drop_path.reach for architecture in self.architectures}
        if len(reach) > 1:
            raise Unmergeable("drop path")
        steps = "max(depth - 1, 1)" if reach.pop() else "depth"
        return [
            "depth = sum(layers for *_, layers in stages)",
            f"rates = iter([drop_path_rate * index / {steps} for index in range(depth)])",
        ]


def _is_given_by_loop(name: str) -> bool:
    return name == "drop_path" or name.startswith("in_")
