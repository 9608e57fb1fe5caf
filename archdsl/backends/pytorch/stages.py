"""What the class of a model needs to know of its stages, whichever way they are written.

`table.StageTable` is the usual way: rows and a loop. `ListedStages` is for stages that no table can say (layers that
differ from one to the next in more than a stride, primitives as stages): every layer is written out, equal ones folded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple, Protocol

from archdsl.backends.pytorch.layout import expression_lines
from archdsl.backends.pytorch.nodes import Copies, Item, Slice, call, copies
from archdsl.backends.pytorch.reductions import Feature, features_of
from archdsl.backends.pytorch.spelling import spelled
from archdsl.backends.pytorch.texts import literal
from archdsl.ir.architecture import Architecture
from archdsl.ir.description import Layer
from archdsl.ir.formula import Expression, Name, constant


class Stages(Protocol):
    """The stages of a model's class."""

    uses_drop_path: bool
    threaded: list[str]  # facts that blocks hand on to the next ones

    @property
    def width(self) -> Expression:
        """The channels at their end."""

    @property
    def parameters(self) -> list[str]:
        """The parameters of the constructor by which variants have stages of their own, with their types."""

    def arguments(self, index: int) -> list[str]:
        """The lines that give them for a variant."""

    def constructor_lines(
        self, width: Expression, facts: Mapping[str, Expression], of_stem: Sequence[Written]
    ) -> list[str]:
        """The lines of the constructor that build `self.stages` and `self.feature_info`, which begins with the maps
        `of_stem`."""


class Trunk(NamedTuple):
    """The class of a model that is a part of others, with what they give to its constructor: values, and options of
    their own."""

    name: str
    arguments: tuple[str, ...]
    uses_drop_path: bool
    has_stages: bool
    has_stem_maps: bool
    # Whether it fits images of so many channels alone, or puts out maps whose channels follow from theirs.
    is_fixed: bool


# The variable of a loop over the rates of drop paths.
_RATE = Name("rate")
# The type is that of its constants, which Python would take for less.
FEATURE_INFO = "self.feature_info: list[dict[str, int | str]]"


# A map of `feature_info`, with the text of its channels.
Written = tuple[str, Feature]


def feature_lines(features: Sequence[Written], others: Sequence[str] = ()) -> list[str]:
    """`self.feature_info` as a constant: maps, and lines for others behind them."""
    return [
        f"{FEATURE_INFO} = [",
        *(
            f'    {{"num_chs": {channels}, "reduction": {feature.reduction}, "module": {literal(feature.module)}}},'
            for channels, feature in features
        ),
        *(f"    {line}" for line in others),
        "]",
    ]


class ListedStages:
    """The stages of one architecture, layer by layer. `write` gives a layer for its rate."""

    threaded: list[str]
    parameters: list[str]

    def __init__(self, architecture: Architecture, write: Callable[[Layer, Expression], Expression]):
        self.architecture, self.write = architecture, write
        self.threaded, self.parameters = [], []
        # The channels that come out of the stages.
        self.channels: list[Expression] = [constant(stage.output.channels) for stage in architecture.stages]
        layers = [layer for stage in architecture.stages for layer in stage.layers]
        self.uses_drop_path = any(write(layer, constant(0.0)) != write(layer, _RATE) for layer in layers)

    @property
    def width(self) -> Expression:
        return self.channels[-1]

    def arguments(self, index: int) -> list[str]:
        return []

    def constructor_lines(
        self, width: Expression, facts: Mapping[str, Expression], of_stem: Sequence[Written]
    ) -> list[str]:
        stages = self.architecture.stages
        depth = sum(len(stage.layers) for stage in stages)
        lines = []
        if self.uses_drop_path:
            steps = max(depth - 1, 1) if self.architecture.drop_path.reach else depth
            lines.append(f"rates = [drop_path_rate * index / {steps} for index in range({depth})]")
        lines.append("self.stages = nn.Sequential()")
        index = 0
        for number, stage in enumerate(stages):
            built = call("Stage", *self._parts(stage.layers, index))
            if stage.name == str(number):
                added = call("self.stages.append", built)
            else:
                added = call("self.stages.add_module", constant(stage.name), built)
            lines += expression_lines("", added)
            index += len(stage.layers)
        channels = dict(zip((stage.name for stage in stages), self.channels, strict=True))
        own = [(spelled(channels[feature.stage]), feature) for feature in features_of(self.architecture)]
        return [*lines, *feature_lines([*of_stem, *own])]

    def _parts(self, layers: Sequence[Layer], first: int) -> list[Expression]:
        """The layers of one stage, equal ones folded; `first` is the number of the first in the whole network."""
        parts: list[Expression] = []
        for _, run in groupby(layers, key=lambda layer: self.write(layer, _RATE)):
            same = list(run)
            one, many = self.write(same[0], Item(Name("rates"), constant(first))), self.write(same[0], _RATE)
            if len(same) == 1:
                parts.append(one)
            elif one == many:
                parts += copies(many, constant(len(same))).arguments
            else:
                rates = Slice(Name("rates"), constant(first), constant(first + len(same)))
                parts.append(Copies(many, _RATE.name, rates))
            first += len(same)
        return parts
