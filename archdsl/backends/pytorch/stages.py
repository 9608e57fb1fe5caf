"""What the class of a model needs to know of its stages, whichever way they are written.

`table.StageTable` is the usual way: rows and a loop. `ListedStages` is for stages that no table can say (layers that
differ from one to the next in more than a stride, primitives as stages): every layer is written out, equal ones folded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Protocol

from archdsl.backends.pytorch.layout import expression_lines
from archdsl.backends.pytorch.reductions import Feature, features_of
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
    def parameters(self) -> list[str]:
        """The parameters of the constructor by which variants have stages of their own, with their types."""

    def arguments(self, index: int) -> list[str]:
        """The lines that give them for a variant."""

    def constructor_lines(self, width: str, facts: Mapping[str, str]) -> list[str]:
        """The lines of the constructor that build `self.stages` and `self.feature_info`."""


# The type is that of its constants, which Python would take for less.
FEATURE_INFO = "self.feature_info: list[dict[str, int | str]]"


def feature_lines(features: Sequence[tuple[str, Feature]]) -> list[str]:
    """`self.feature_info` as a constant, of maps with the texts of their channels."""
    return [
        f"{FEATURE_INFO} = [",
        *(
            f'    {{"num_chs": {channels}, "reduction": {feature.reduction}, "module": {literal(feature.module)}}},'
            for channels, feature in features
        ),
        "]",
    ]


class ListedStages:
    """The stages of one architecture, layer by layer. `write` gives the text of a layer for a text of its rate."""

    threaded: list[str]
    parameters: list[str]

    def __init__(self, architecture: Architecture, write: Callable[[Layer, str], str]):
        self.architecture, self.write = architecture, write
        self.threaded, self.parameters = [], []
        # The texts of the channels that come out of the stages.
        self.channels = [str(stage.output.channels) for stage in architecture.stages]
        layers = [layer for stage in architecture.stages for layer in stage.layers]
        self.uses_drop_path = any(write(layer, "0.0") != write(layer, "rate") for layer in layers)

    @property
    def width(self) -> str:
        return self.channels[-1]

    def arguments(self, index: int) -> list[str]:
        return []

    def constructor_lines(self, width: str, facts: Mapping[str, str]) -> list[str]:
        stages = self.architecture.stages
        depth = sum(len(stage.layers) for stage in stages)
        lines = []
        if self.uses_drop_path:
            steps = max(depth - 1, 1) if self.architecture.drop_path.reach else depth
            lines.append(f"rates = [drop_path_rate * index / {steps} for index in range({depth})]")
        lines.append("self.stages = nn.Sequential()")
        index = 0
        for number, stage in enumerate(stages):
            built = f"Stage({', '.join(self._parts(stage.layers, index))})"
            name = "" if stage.name == str(number) else f"{literal(stage.name)}, "
            added = f"self.stages.add_module({name}{built})" if name else f"self.stages.append({built})"
            lines += expression_lines("", added)
            index += len(stage.layers)
        channels = dict(zip((stage.name for stage in stages), self.channels, strict=True))
        return [
            *lines,
            *feature_lines([(channels[feature.stage], feature) for feature in features_of(self.architecture)]),
        ]

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
