"""The class of one model and the functions that build its variants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from archdsl.backends.pytorch.grouping import Classes
from archdsl.backends.pytorch.layout import call_lines, expression_lines
from archdsl.backends.pytorch.module import ModuleBuilder, Unmergeable, annotation
from archdsl.backends.pytorch.stages import ListedStages, Stages
from archdsl.backends.pytorch.steps import Child, Made, Seen, StepWriter, conditional
from archdsl.backends.pytorch.table import StageTable
from archdsl.backends.pytorch.texts import docstring
from archdsl.ir.architecture import Architecture, Layer, Section
from archdsl.ir.body import Apply
from archdsl.ir.cost import Costs


@dataclass
class _Head:
    """A head in its parts: what still makes maps, what makes the vector, and the classifier."""

    maps: list[Child] = field(default_factory=list)
    pool: list[Child] = field(default_factory=list)
    classifier: Child | None = None
    features: str = ""  # the text of the classifier's input size


class NetworkWriter(StepWriter):
    """Writes the class of one model, for all its variants at once. Raises Unmergeable when they do not fit into one."""

    def __init__(
        self, name: str, architectures: Sequence[tuple[int, Architecture]], classes: Classes, listed: bool = False
    ):
        self.listed, self.in_stages = listed, False
        self.name, self.architectures, self.classes = name, [a for _, a in architectures], classes
        self.numbers = [number for number, _ in architectures]
        builder = ModuleBuilder([{} for _ in architectures], [{} for _ in architectures], ())
        builder.taken |= {"stages", "num_classes", "in_channels", "drop_path_rate", "features_only", "width"}
        super().__init__(builder, self._find)
        self.section = ""

    def _find(self, index: int, block: str) -> tuple[Made, str]:
        key = f"{self.numbers[index]}/{block}"
        return self.classes.made(key), key

    def drop_path(self) -> str:
        return "drop_path" if self.in_stages else "0.0"  # outside the stages nothing is dropped

    def _hint(self, step: Apply, attribute: str) -> str:
        formula = step.formulas.get(attribute)
        if formula is not None and formula.isidentifier():
            return formula  # the model's own parameter, such as `dropout_rate`
        return f"{self.section}_{attribute}" if attribute != "rate" else f"{step.name}_rate"

    # Parts -----------------------------------------------------------------------------------------------------------

    def write(self) -> tuple[str, list[str]]:
        """The class and its functions, as texts."""
        stem_lines, width = self._stem()
        table = self._stages()
        width_text = width if width is not None else self._width([a.stem.output.channels if a.stem else a.input.channels for a in self.architectures])
        facts = {fact: self._initial(fact) for fact in table.threaded}
        after = "width" if table.has_stages else width_text
        head = self._head(after)
        stage_lines = table.constructor_lines(width_text, facts, self._reduction()) if table.has_stages else []
        if not table.has_stages:
            stage_lines = [f"width = {width_text}"] if "width" in (head.features, after) else []
        return self._class(stem_lines, stage_lines, head, table), self._functions(table)

    def _stages(self) -> Stages:
        if not self.listed:
            table = StageTable(self.architectures, self.numbers, self.classes)
            if any(set(table.hands_on) - set(self.classes.hands_on.get(name, ())) for name in table.class_names()):
                raise Unmergeable("facts that the blocks do not hand on")
            return table
        (architecture,) = self.architectures
        self.section = "stage"
        self.in_stages = True
        stages = ListedStages(architecture, self._layer)
        self.in_stages = False
        return stages

    def _layer(self, layer: Layer) -> str:
        is_first = self.architectures[0].stem is None and layer is self.architectures[0].stages[0].layers[0]
        text, _ = self.apply([(0, layer.apply)], "in_channels" if is_first else str(layer.apply.input.channels))
        return text

    def _width(self, values: list[int]) -> str:
        return self.builder.text(list(enumerate(values)), [None], "width")

    def _initial(self, fact: str) -> str:
        values: list[tuple[int, Any]] = []
        for index, architecture in enumerate(self.architectures):
            first = architecture.stages[0].layers[0].apply
            block = architecture.blocks[first.block or ""]
            values.append((index, block.scalars[f"in_{fact}"]))
        return self.builder.text(values, [None], fact)

    def _reduction(self) -> str:
        values = []
        for index, a in enumerate(self.architectures):
            before = a.stem.output if a.stem else a.input
            values.append((index, round(a.input.height / before.height)))
        return self.builder.text(values, [None], "reduction")

    def _sections(self, which: str) -> list[Section | None]:
        sections = [getattr(architecture, which) for architecture in self.architectures]
        if any((section is None) != (sections[0] is None) for section in sections):
            raise Unmergeable(which)
        return sections

    def _columns(self, sections: list[Section | None]) -> list[Seen]:
        steps = [section.steps.steps for section in sections if section is not None]
        if len({len(one) for one in steps}) > 1:
            raise Unmergeable("steps")
        return [[(index, one[position]) for index, one in enumerate(steps)] for position in range(len(steps[0]))] if steps else []

    def _stem(self) -> tuple[list[str], str | None]:
        self.section = "stem"
        columns = self._columns(self._sections("stem"))
        if not columns:
            return [], "in_channels"
        children, channels = self.children(columns, "in_channels")
        if not children:
            return [], channels
        is_single = len(columns) == 1 and all(isinstance(step, Apply) for _, step in columns[0])
        text = conditional(children[0], "nn.Identity()") if is_single else self.pipeline(children)
        return expression_lines("        self.stem = ", text), channels

    def _head(self, channels: str | None) -> _Head:
        """The head, divided where maps end (the first step whose output is 1 x 1) and before a final linear layer."""
        self.section = "head"
        columns = self._columns(self._sections("head"))
        head = _Head()
        last = len(columns) - 1
        is_map = True
        for position, column in enumerate(columns):
            steps = [step for _, step in column]
            is_map = is_map and not all(isinstance(step, Apply) and _ends_map(step) for step in steps)
            is_linear = all(isinstance(step, Apply) and step.operator is not None and step.operator.kind == "linear" for step in steps)
            before = channels
            made, channels = self._step(column, channels, None)
            if is_linear:
                # nn.Linear wants vectors.
                self._flatten(head)
            if position == last and is_linear and self._has_classes(steps):
                (child,) = made
                head.classifier = Child("classifier" if child.name == "linear" else child.name, child.text, None)
                head.features = self._features(column, before)
            elif is_map:
                head.maps += made
            else:
                head.pool += made
        return head

    def _flatten(self, head: _Head) -> None:
        if not any(child.text == "nn.Flatten(1)" for child in head.pool):
            head.pool.append(Child("flatten", "nn.Flatten(1)", None))

    def _has_classes(self, steps: list[Any]) -> bool:
        return all(a.classes == step.operator.features for a, step in zip(self.architectures, steps, strict=True))

    def _features(self, column: Seen, channels: str | None) -> str:
        if any(step.input.elements != step.input.channels for _, step in column):
            return self.builder.text([(index, step.input.elements) for index, step in column], [None], "num_features")
        return self.channels(column, channels)

    # Text ------------------------------------------------------------------------------------------------------------

    def _class(self, stem: list[str], stages: list[str], head: _Head, table: Stages) -> str:
        builder = self.builder
        own = [f"{name}: {annotation(builder.arguments[name])}" for name in builder.arguments]
        options = ["num_classes: int = " + str(self.architectures[0].classes)] if head.classifier else []
        options += ["in_channels: int = " + str(self.architectures[0].input.channels)]
        if table.uses_drop_path:
            options.append(f"drop_path_rate: float = {self.architectures[0].drop_path.rate}")
        if table.has_stages:
            options.append("features_only: bool = False")
        first = [f"stages: tuple[{table.row_type}, ...]"] if table.has_stages and table.row_type else []
        lines = [f"class {self.name}(nn.Module):"]
        doc = docstring(self.architectures[0].doc) or self.name
        lines += [f'    """{doc.splitlines()[0]}', *(f"    {line}".rstrip() for line in doc.splitlines()[1:])]
        lines[-1] += '"""'
        lines.append("")
        lines += call_lines("    def __init__", ["self", *first, *own, *options], " -> None:")
        lines.append("        super().__init__()")
        lines += stem
        lines += [f"        {line}".rstrip() for line in stages]
        lines += self._head_lines(head, table)
        self.builder.helpers.add("initialize")
        lines.append("        self.apply(initialize)")
        lines += self._methods(head, table, bool(stem))
        return "\n".join(lines) + "\n"

    def _head_lines(self, head: _Head, table: Stages) -> list[str]:
        lines: list[str] = []
        if head.maps:
            is_single = len(head.maps) == 1
            text = conditional(head.maps[0], "nn.Identity()") if is_single else self.pipeline(head.maps)
            lines += expression_lines("        self.head: nn.Module = ", text)
        if head.pool:
            lines += expression_lines("        self.pool: nn.Module = ", self.pipeline(head.pool))
        if head.classifier:
            name = head.classifier.name
            lines.append(f"        self.num_features = {head.features}")
            lines.append(f"        self.{name} = self._linear(num_classes)")
        if table.has_stages and (head.maps or head.pool or head.classifier):
            parts = [part for part, there in (("head", head.maps), ("pool", head.pool)) if there]
            parts += [head.classifier.name] if head.classifier else []
            lines.append("        self.features_only = features_only")
            lines.append("        if features_only:")
            lines.append("            " + " = ".join(f"self.{part}" for part in parts) + " = nn.Identity()")
        elif table.has_stages:
            lines.append("        self.features_only = features_only")
        return lines

    def _methods(self, head: _Head, table: Stages, has_stem: bool) -> list[str]:
        image = f"B x {self.architectures[0].input.channels} x H x W"
        flow = "x"
        if has_stem:
            flow = f"self.stem({flow})"
        before_stages = flow
        if table.has_stages:
            flow = f"self.stages({flow})"
        if head.maps:
            flow = f"self.head({flow})"
        lines = [
            "",
            "    def forward_features(self, x: Tensor) -> Tensor:",
            f'        """Images, {image}, to the last feature map."""',
            f"        x = {flow}" if flow != "x" else "",
            "        return x",
            "",
        ]
        lines = [line for i, line in enumerate(lines) if line or i in (0, len(lines) - 1)]
        lines += self._head_methods(head)
        if table.has_stages:
            lines += [
                "    def forward_intermediates(self, x: Tensor) -> list[Tensor]:",
                '        """The feature maps that `feature_info` lists, one for each reduction, largest first."""',
                *([f"        x = {before_stages}"] if before_stages != "x" else []),
                "        features: list[Tensor] = []",
                "        for index, stage in enumerate(self.stages):",
                "            x = stage(x)",
                "            if index in self.feature_stages:",
                "                features.append(x)",
                "        return features",
                "",
                "    def forward(self, x: Tensor) -> Tensor | list[Tensor]:",
                "        if self.features_only:",
                "            return self.forward_intermediates(x)",
                "        return self.forward_head(self.forward_features(x))",
            ]
        else:
            lines += [
                "    def forward(self, x: Tensor) -> Tensor:",
                "        return self.forward_head(self.forward_features(x))",
            ]
        return lines

    def _head_methods(self, head: _Head) -> list[str]:
        pooled = ["        x = self.pool(x)"] if head.pool else []
        if head.classifier is None:
            return [
                "    def forward_head(self, x: Tensor) -> Tensor:",
                '        """The last feature map to what the network puts out."""',
                *pooled,
                "        return x",
                "",
            ]
        name = head.classifier.name
        bias = ", bias=False" if "bias=False" in head.classifier.text else ""
        return [
            "    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Tensor:",
            '        """The last feature map to logits, or to the vector that the classifier reads."""',
            *pooled,
            "        if not pre_logits:",
            f"            x = self.{name}(x)",
            "        return x",
            "",
            "    def reset_classifier(self, num_classes: int) -> None:",
            '        """A fresh classifier for other classes; 0 leaves it out."""',
            f"        self.{name} = self._linear(num_classes)",
            f"        self.{name}.apply(initialize)",
            "",
            "    def _linear(self, num_classes: int) -> nn.Module:",
            f"        return nn.Linear(self.num_features, num_classes{bias}) if num_classes else nn.Identity()",
            "",
        ]

    def _functions(self, table: Stages) -> list[str]:
        texts = []
        for index, architecture in enumerate(self.architectures):
            cost = Costs(architecture).model()
            options = []
            passed = []
            if architecture.classes is not None and "num_classes" in self._options():
                options.append(f"num_classes: int = {architecture.classes}")
                passed.append("num_classes=num_classes")
            options.append(f"in_channels: int = {architecture.input.channels}")
            passed.append("in_channels=in_channels")
            if table.uses_drop_path:
                options.append(f"drop_path_rate: float = {architecture.drop_path.rate}")
                passed.append("drop_path_rate=drop_path_rate")
            if table.has_stages:
                options.append("features_only: bool = False")
                passed.append("features_only=features_only")
            lines = call_lines(f"def {architecture.name}", options, f" -> {self.name}:")
            lines.append(
                f'    """Input {architecture.input}: {human(cost.params)} parameters, {human(cost.macs)} MACs, '
                f'{human(cost.flops)} FLOPs an image."""'
            )
            own = [f"{name}={values[index]!r}" for name, values in self.builder.arguments.items()]
            lines.append(f"    return {self.name}(")
            if table.has_stages and table.row_type:
                lines.append("        (")
                lines += [f"            {line}" for line in table.rows(index)]
                lines.append("        ),")
            lines += [f"        {argument}," for argument in [*own, *passed]]
            lines.append("    )")
            texts.append("\n".join(lines) + "\n")
        return texts

    def _options(self) -> set[str]:
        head = self.architectures[0].head
        if head is None or not head.steps.steps:
            return set()
        last = head.steps.steps[-1]
        is_classifier = (
            isinstance(last, Apply) and last.operator is not None and last.operator.kind == "linear"
        )
        return {"num_classes"} if is_classifier else set()


def _ends_map(step: Apply) -> bool:
    """Whether a step takes a map to a vector: global pooling, flattening, a linear layer."""
    return step.operator is not None and step.operator.kind in (
        "global_avg_pool",
        "global_max_pool",
        "flatten",
        "linear",
    )


def human(count: int) -> str:
    """A count in the units of the field: 118.52M, 56.08G."""
    for unit, size in (("T", 10**12), ("G", 10**9), ("M", 10**6), ("K", 10**3)):
        if count >= size:
            return f"{count / size:.2f}{unit}"
    return str(count)
