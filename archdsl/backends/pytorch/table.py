"""The stages of all variants of a model as one kind of table, and the loop that builds from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from archdsl.backends.pytorch.grouping import Classes
from archdsl.backends.pytorch.layout import call_lines
from archdsl.backends.pytorch.module import Unmergeable, annotation
from archdsl.backends.pytorch.steps import Made
from archdsl.backends.pytorch.texts import literal
from archdsl.ir.architecture import Architecture, Stage


class StageTable:
    """Rows (class, arguments..., layers); each variant has rows of its own, the loop is shared.

    Raises Unmergeable where a stage's layers differ in more than the stride of the first, the channels that flow in, and
    facts that a block hands on.
    """

    def __init__(self, architectures: Sequence[Architecture], numbers: Sequence[int], classes: Classes):
        self.architectures, self.numbers, self.classes = architectures, numbers, classes
        self.has_stages = any(architecture.stages for architecture in architectures)
        if self.has_stages and not all(architecture.stages for architecture in architectures):
            raise Unmergeable("stages")
        self.made: list[list[Made]] = [
            [self._class(number, stage) for stage in architecture.stages]
            for number, architecture in zip(numbers, architectures, strict=True)
        ]
        used = {made.name: made for row in self.made for made in row}
        arguments = list(dict.fromkeys(name for made in used.values() for name in made.arguments))
        self.uses_drop_path = "drop_path" in arguments
        self.threaded = [name[3:] for name in arguments if name.startswith("in_") and name != "in_channels"]
        self._check_threaded()
        for name in arguments:
            # What the loop hands to every block, every block must take.
            if (name == "drop_path" or name.startswith("in_")) and not all(name in m.arguments for m in used.values()):
                raise Unmergeable(name)
        columns = [n for n in arguments if not n.startswith("in_") and n != "drop_path"]
        # As papers print it: channels last, then the number of layers.
        self.columns = [*(n for n in columns if n != "channels"), *(n for n in columns if n == "channels")]
        # A column that every class has stands in the row; the others go into the row's last cell, by name.
        self.shared = [n for n in self.columns if all(n in made.arguments for made in used.values())]
        self.extra = [n for n in self.columns if n not in self.shared]
        self.channels_column = "channels" in self.shared and all(
            layer.apply.output.channels == self._argument(number, layer, "channels")
            for number, architecture in zip(numbers, architectures, strict=True)
            for stage in architecture.stages
            for layer in stage.layers
        )
        self.values = [
            [self._row(number, stage) for stage in architecture.stages]
            for number, architecture in zip(numbers, architectures, strict=True)
        ]
        self.strided = self._is_strided()
        self.named = [[stage.name for stage in architecture.stages] for architecture in architectures]
        self.has_names = any(not name.isdigit() for names in self.named for name in names)

    @property
    def hands_on(self) -> tuple[str, ...]:
        """What the classes of this table must set as attributes for the loop."""
        return (*(() if self.channels_column else ("channels",)), *self.threaded) if self.has_stages else ()

    def class_names(self) -> set[str]:
        return {made.name for row in self.made for made in row}

    def _class(self, number: int, stage: Stage) -> Made:
        found = []
        for layer in stage.layers:
            if layer.apply.block is None:
                raise Unmergeable("a primitive as a stage")
            found.append(self.classes.made(f"{number}/{layer.apply.block}"))
        if any(made.name != found[0].name for made in found):
            raise Unmergeable("classes of a stage")
        return found[0]

    def _argument(self, number: int, layer: Any, name: str) -> Any:
        key = f"{number}/{layer.apply.block}"
        return self.classes.made(key).values[key].get(name)

    def _check_threaded(self) -> None:
        if any(fact in ("height", "width") for fact in self.threaded):
            raise Unmergeable("size of the input")

    def _row(self, number: int, stage: Stage) -> dict[str, Any]:
        row: dict[str, Any] = {}
        first, *rest = stage.layers
        made = self.classes.made(f"{number}/{first.apply.block}")
        for name in made.arguments:
            if name.startswith("in_") or name == "drop_path":
                continue
            value = self._argument(number, first, name)
            later = {repr(self._argument(number, layer, name)) for layer in rest}
            expected = repr(1) if name == "stride" else repr(value)
            if later - {expected}:
                raise Unmergeable(name)
            row[name] = value
        return row

    def _is_strided(self) -> bool:
        """Whether the product of the strides is the reduction of the map, as `feature_info` reports it."""
        for architecture, rows in zip(self.architectures, self.values, strict=True):
            for stage, row in zip(architecture.stages, rows, strict=True):
                stride = row.get("stride", 1)
                if -(-stage.input.height // stride) != stage.output.height:
                    return False
        return True

    # Text ------------------------------------------------------------------------------------------------------------

    @property
    def row_type(self) -> str | None:
        base = "Block" if self.hands_on else "nn.Module"
        return f"tuple[{', '.join([f'type[{base}]', *self._types()])}]"

    def _types(self) -> list[str]:
        types = [annotation([row[name] for rows in self.values for row in rows]) for name in self.shared]
        types.append("int")
        if self.extra:
            values = [row[name] for rows in self.values for row in rows for name in self.extra if name in row]
            types.append(f"dict[str, {annotation(values)}]")
        if not self.strided:
            types.append("int")
        if self.has_names:
            types.append("str")
        return types

    @property
    def _header(self) -> list[str]:
        header = ["block", *self.shared, "layers"]
        header += ["arguments"] if self.extra else []
        header += [] if self.strided else ["reduction"]
        return [*header, *(["name"] if self.has_names else [])]

    def rows(self, index: int) -> list[str]:
        """The rows of one variant as Python source, their columns aligned."""
        architecture = self.architectures[index]
        cells = [[f"# {', '.join(self._header)}"]]
        body = []
        for stage, made, row in zip(architecture.stages, self.made[index], self.values[index], strict=True):
            line = [made.name, *(literal(row[name]) for name in self.shared), str(len(stage.layers))]
            if self.extra:
                line.append(repr({name: row[name] for name in self.extra if name in row}).replace("'", '"'))
            if not self.strided:
                line.append(str(round(architecture.input.height / stage.output.height)))
            if self.has_names:
                line.append(f'"{stage.name}"')
            body.append(line)
        return [cells[0][0], *(f"({', '.join(line)})," for line in body)]

    def constructor_lines(self, width: str, facts: dict[str, str], reduction: str) -> list[str]:
        """The loop that builds `self.stages`, and `feature_info` with it."""
        calls = ["width"]
        if "channels" in self.shared:
            calls.append("channels")
        calls += [f"in_{fact}={fact}" for fact in facts]
        for name in self.shared:
            if name == "stride":
                calls.append("stride=stride if index == 0 else 1")
            elif name != "channels":
                calls.append(f"{name}={name}")
        if self.extra:
            calls.append("**(arguments if index == 0 else rest)" if "stride" in self.extra else "**arguments")
        if self.uses_drop_path:
            calls.append("drop_path=next(rates)")
        lines = [f"width = {width}", *(f"{fact} = {text}" for fact, text in facts.items())]
        if self.strided:
            lines.append(f"reduction = {reduction}")
        if self.uses_drop_path:
            lines += self._rates()
        lines += [
            "self.stages = nn.Sequential()",
            "self.feature_info: list[dict[str, int | str]] = []",
            "self.feature_stages: list[int] = []",
            f"for number, ({', '.join(self._header)}) in enumerate(stages):",
            "    stage = nn.Sequential()",
        ]
        if "stride" in self.extra:
            lines.append('    rest = {**arguments, "stride": 1} if "stride" in arguments else arguments')
        index = "index" if any("index" in call for call in calls) else "_"
        lines.append(f"    for {index} in range(layers):")
        hands_on = self.hands_on
        if hands_on:
            lines += [f"        {line}" for line in call_lines("layer = block", calls, "")]
            lines.append("        stage.append(layer)")
            for fact in hands_on:
                name = "width" if fact == "channels" else fact
                lines.append(f"        {name} = layer.out_{fact}")
            if self.channels_column:
                lines.append("        width = channels")
        else:
            lines += [f"        {line}" for line in call_lines("stage.append(block", calls, ")")]
            lines.append("        width = channels")
        lines.append("    self.stages.add_module(name, stage)" if self.has_names else "    self.stages.append(stage)")
        if self.strided:
            stride = "stride" if "stride" in self.shared else 'arguments.get("stride", 1)' if "stride" in self.extra else ""
            if stride:
                lines.append(f"    reduction *= {stride}")
        module = 'f"stages.{name}"' if self.has_names else 'f"stages.{number}"'
        lines += [
            '    if self.feature_info and self.feature_info[-1]["reduction"] == reduction:',
            "        self.feature_info.pop()",
            "        self.feature_stages.pop()",
            f'    self.feature_info.append({{"num_chs": width, "reduction": reduction, "module": {module}}})',
            "    self.feature_stages.append(number)",
        ]
        return lines

    def _rates(self) -> list[str]:
        reach = {architecture.drop_path.reach for architecture in self.architectures}
        if len(reach) > 1:
            raise Unmergeable("drop path")
        position = self._header.index("layers")
        lines = [f"depth = sum(row[{position}] for row in stages)"]
        steps = "max(depth - 1, 1)" if reach.pop() else "depth"
        return [*lines, f"rates = iter([drop_path_rate * index / {steps} for index in range(depth)])"]
