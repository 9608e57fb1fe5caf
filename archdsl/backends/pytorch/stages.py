"""What the class of a model needs to know of its stages, whichever way they are written.

`table.StageTable` is the usual way: rows and a loop. `ListedStages` is for stages that no table can say (layers that
differ from one to the next in more than a stride, primitives as stages): every layer is written out, equal ones folded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Protocol

from archdsl.backends.pytorch.layout import expression_lines
from archdsl.backends.pytorch.reductions import stage_reductions
from archdsl.backends.pytorch.texts import literal
from archdsl.ir.architecture import Architecture
from archdsl.ir.description import Layer


class Stages(Protocol):
    """The stages of a model's class."""

    uses_drop_path: bool
    threaded: list[str]  # facts that blocks hand on to the next ones

    @property
    def width(self) -> str:
        """The text of the channels at their end."""

    @property
    def row_type(self) -> str | None:
        """The type of a row of the table that the constructor takes; None when it takes none."""

    def rows(self, index: int) -> list[str]:
        """The rows of a variant's table as Python source."""

    def constructor_lines(self, width: str, facts: Mapping[str, str], reduction: str) -> list[str]:
        """The lines of the constructor that build `self.stages` and `self.feature_info`."""


class ListedStages:
    """The stages of one architecture, layer by layer. `write` gives the text of a layer for a text of its rate."""

    threaded: list[str]
    row_type: str | None = None

    def __init__(self, architecture: Architecture, write: Callable[[Layer, str], str]):
        self.architecture, self.write = architecture, write
        self.threaded = []
        # The texts of the channels that come out of the stages.
        self.channels = [str(stage.output.channels) for stage in architecture.stages]
        layers = [layer for stage in architecture.stages for layer in stage.layers]
        self.uses_drop_path = any(write(layer, "0.0") != write(layer, "rate") for layer in layers)

    @property
    def width(self) -> str:
        return self.channels[-1]

    def rows(self, index: int) -> list[str]:
        return []

    def constructor_lines(self, width: str, facts: Mapping[str, str], reduction: str) -> list[str]:
        stages = self.architecture.stages
        depth = sum(len(stage.layers) for stage in stages)
        lines = []
        if self.uses_drop_path:
            steps = max(depth - 1, 1) if self.architecture.drop_path.reach else depth
            lines.append(f"rates = [drop_path_rate * index / {steps} for index in range({depth})]")
        lines.append("self.stages = nn.Sequential()")
        index = 0
        for number, stage in enumerate(stages):
            built = f"nn.Sequential({', '.join(self._parts(stage.layers, index))})"
            name = "" if stage.name == str(number) else f"{literal(stage.name)}, "
            added = f"self.stages.add_module({name}{built})" if name else f"self.stages.append({built})"
            lines += expression_lines("", added)
            index += len(stage.layers)
        return [*lines, *self._feature_lines()]

    def _parts(self, layers: Sequence[Layer], first: int) -> list[str]:
        """The layers of one stage, equal ones folded; `first` is the number of the first in the whole network."""
        parts = []
        for _, run in groupby(layers, key=lambda layer: self.write(layer, "rate")):
            same = list(run)
            one, many = self.write(same[0], f"rates[{first}]"), self.write(same[0], "rate")
            if len(same) == 1:
                parts.append(one)
            elif one == many:
                parts.append(f"*({many} for _ in range({len(same)}))")
            else:
                parts.append(f"*({many} for rate in rates[{first}:{first + len(same)}])")
            first += len(same)
        return parts

    def _feature_lines(self) -> list[str]:
        kept: list[int] = []
        lines = ["self.feature_info: list[dict[str, int | str]] = ["]
        stages = self.architecture.stages
        reductions = stage_reductions(self.architecture)
        for number, (stage, reduction) in enumerate(zip(stages, reductions, strict=True)):
            if reductions[number + 1 : number + 2] == [reduction]:
                continue  # the next stage has the same reduction; the last of them counts
            kept.append(number)
            module = literal(f"stages.{stage.name}")
            lines.append(f'    {{"num_chs": {self.channels[number]}, "reduction": {reduction}, "module": {module}}},')
        return [*lines, "]", f"self.feature_stages = {kept}"]
