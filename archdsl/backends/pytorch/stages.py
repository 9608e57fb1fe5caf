"""What the class of a model needs to know of its stages, whichever way they are written.

`table.StageTable` is the usual way: rows and a loop. `ListedStages` is for stages that no table can say (layers that
differ from one to the next in more than a stride, primitives as stages): every layer is written out, equal ones folded.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from typing import Protocol

from archdsl.backends.pytorch.layout import expression_lines
from archdsl.ir.architecture import Architecture, Layer


class Stages(Protocol):
    """The stages of a model's class."""

    has_stages: bool
    uses_drop_path: bool
    threaded: list[str]

    @property
    def row_type(self) -> str | None:
        """The type of a row of the table that the constructor takes; None when it takes none."""

    def rows(self, index: int) -> list[str]:
        """The rows of a variant's table as Python source."""

    def constructor_lines(self, width: str, facts: dict[str, str], reduction: str) -> list[str]:
        """The lines of the constructor that build `self.stages` and `self.feature_info`."""


class ListedStages:
    """The stages of one architecture, layer by layer."""

    threaded: list[str]

    def __init__(self, architecture: Architecture, write: Callable[[Layer], str]):
        self.architecture = architecture
        self.has_stages = bool(architecture.stages)
        self.threaded = []
        # The rate stands in the text as a name, so that layers which differ in nothing else can be folded.
        self.texts = [[write(layer) for layer in stage.layers] for stage in architecture.stages]
        self.uses_drop_path = any("drop_path=drop_path" in text for texts in self.texts for text in texts)

    row_type: str | None = None

    def rows(self, index: int) -> list[str]:
        return []

    def constructor_lines(self, width: str, facts: dict[str, str], reduction: str) -> list[str]:
        depth = sum(len(texts) for texts in self.texts)
        lines = []
        if self.uses_drop_path:
            steps = max(depth - 1, 1) if self.architecture.drop_path.reach else depth
            lines.append(f"rates = [drop_path_rate * index / {steps} for index in range({depth})]")
        lines.append("self.stages = nn.Sequential()")
        index = 0
        for stage, texts in zip(self.architecture.stages, self.texts, strict=True):
            parts = []
            for text, run in groupby(texts):
                count = len(list(run))
                parts.append(_folded(text, index, count))
                index += count
            name = stage.name if not stage.name.isdigit() else ""
            built = f"nn.Sequential({', '.join(parts)})"
            lines += (
                expression_lines("self.stages.append(", built, ")")
                if not name
                else expression_lines(f'self.stages.add_module("{name}", ', built, ")")
            )
        last = self.architecture.stages[-1].output.channels if self.architecture.stages else None
        return [*lines, *self._feature_lines(), *([f"width = {last}"] if last else [])]

    def _feature_lines(self) -> list[str]:
        lines = ["self.feature_info: list[dict[str, int | str]] = ["]
        kept: list[int] = []
        reductions = [round(self.architecture.input.height / s.output.height) for s in self.architecture.stages]
        for number, stage in enumerate(self.architecture.stages):
            if number + 1 < len(reductions) and reductions[number + 1] == reductions[number]:
                continue
            kept.append(number)
            name = number if stage.name.isdigit() else stage.name
            lines.append(
                f'    {{"num_chs": {stage.output.channels}, "reduction": {reductions[number]}, '
                f'"module": "stages.{name}"}},'
            )
        return [*lines, "]", f"self.feature_stages = {kept}"]


def _folded(text: str, index: int, count: int) -> str:
    """`count` layers of one text; each takes its own rate."""
    if "drop_path=drop_path" not in text:
        return text if count == 1 else f"*({text} for _ in range({count}))"
    if count == 1:
        return text.replace("drop_path=drop_path", f"drop_path=rates[{index}]")
    folded = text.replace("drop_path=drop_path", "drop_path=rate")
    return f"*({folded} for rate in rates[{index}:{index + count}])"

