"""What figures of blocks say: a panel for each kind of block, as papers draw them.

Uses of a block that differ in numbers only are one panel, which gives the range of each number; uses of a different
structure, such as with and without a skip connection, have panels of their own. Variants of a model share panels.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from archdsl.backends.diagram import style
from archdsl.backends.diagram.figure import Edge, Figure, Frame, Group, Kind, Node, Panel
from archdsl.backends.diagram.options import Options
from archdsl.backends.diagram.parts import OUT, DrawnBox, FigureTracer, colors, facts, family, flows, parts, title
from archdsl.backends.units import human
from archdsl.ir.architecture import Architecture
from archdsl.ir.base import Size
from archdsl.ir.body import BlockInstance
from archdsl.ir.operators.window import sides
from archdsl.ir.walk import ShallowTracer, Tensor, Visit

_KINDS: dict[str, Kind] = {"input": "end", "output": "end", "combine": "combine", "block": "block"}


def block_figure(architectures: Sequence[Architecture], options: Options) -> Figure:
    """A panel for each kind of block of each model."""
    models: dict[str, list[Architecture]] = {}
    for architecture in architectures:
        models.setdefault(architecture.model, []).append(architecture)
    groups = []
    for model, variants in models.items():
        first, end = variants[0].name, f" … {variants[-1].name}" if len(variants) > 1 else ""
        panels = tuple(_panel(drawn, str(index), options) for index, drawn in enumerate(drawn_blocks(variants)))
        groups.append(Group(model, f"{first}{end}", panels))
    return Figure("block", architectures[0].model, (), tuple(groups))


def _panel(drawn: DrawnBlock, index: str, options: Options) -> Panel:
    boxes = drawn.parts
    keys = {member.path: str(number) for number, box in enumerate(boxes) for member in box.members}
    frames = drawn.frames()
    nodes = tuple(_node(drawn, box, keys[box.first.path], frames, options) for box in boxes)
    edges = tuple(
        Edge(keys[tensor.path], keys[visit.path], skips=skips, sign=sign)
        for tensor, visit, skips, sign in flows(drawn.visits[0])
        if keys[tensor.path] != keys[visit.path]
    )
    tooltip = (drawn.name, *style.wrapped(drawn.instances[0].doc, 60, 6))
    return Panel(index, drawn.name, tuple(_about(drawn)), tooltip, nodes, edges)


def _node(drawn: DrawnBlock, box: DrawnBox, key: str, frames: dict[str, Frame], options: Options) -> Node:
    columns = drawn.columns(box)
    found = family(box.first)
    kind = _KINDS.get(found, "layer")
    cost = tuple(_costs(columns)) if options.costs and kind in ("layer", "block") else ()
    name = box.first.path if kind in ("layer", "block") else box.first.operator
    around = tuple(frames[level.path] for level in box.first.levels if level.path in frames)
    lines = tuple(_said(columns))
    return Node(key, box.first.path, kind, lines, colors(box.first), (name, *cost), None, cost, around)


# What there is to draw -----------------------------------------------------------------------------------------------


@dataclass
class DrawnBlock:
    """A block of one structure: the uses that it stands for, each with its visits, which correspond in their order."""

    name: str
    instances: list[BlockInstance] = field(default_factory=list)
    visits: list[list[Visit]] = field(default_factory=list)
    uses: Counter[str] = field(default_factory=Counter)
    places: dict[int, str] = field(default_factory=dict)

    @property
    def parts(self) -> list[DrawnBox]:
        return parts(self.visits[0])

    def frames(self) -> dict[str, Frame]:
        """What is around layers that are repeated or shared, by its path."""
        levels = [level for visits in self.visits for visit in visits for level in visit.levels]
        counts: dict[str, set[int]] = {}
        for level in levels:
            counts.setdefault(level.path, set()).add(level.copies)
        repeated = {path: Frame(path, style.spread(found)) for path, found in counts.items() if found != {1}}
        return repeated | {level.path: Frame(level.path, shared=level.name) for level in levels if level.shared}

    def columns(self, part: DrawnBox) -> list[list[Visit]]:
        """The members of a box, each for every use."""
        position = {visit.path: index for index, visit in enumerate(self.visits[0])}
        return [[visits[position[member.path]] for visits in self.visits] for member in part.members]


def drawn_blocks(architectures: Iterable[Architecture]) -> list[DrawnBlock]:
    """The panels of some variants: the blocks of the table first, then those inside them."""
    found: dict[tuple[str, object], DrawnBlock] = {}
    for architecture in architectures:
        uses, places = _uses(architecture)
        queue = list(dict.fromkeys(_applied(architecture)))
        seen = set(queue)
        for identity in queue:  # grows while blocks inside blocks come up
            visits = FigureTracer(architecture).whole(identity)
            if len(visits) == 2:  # what comes in goes out
                continue
            instance = architecture.blocks[identity]
            drawn = found.setdefault((instance.name, _structure(visits)), DrawnBlock(instance.name))
            drawn.instances.append(instance)
            drawn.visits.append(visits)
            drawn.uses[architecture.name] += uses[identity]
            drawn.places |= places[identity]
            inside = dict.fromkeys(visit.block for visit in visits if visit.block is not None)
            queue += [block for block in inside if block not in seen]
            seen.update(inside)
    order = {name: index for index, name in reversed([*enumerate(name for name, _ in found)])}
    return sorted(found.values(), key=lambda drawn: order[drawn.name])


def _structure(visits: Sequence[Visit]) -> object:
    """What two uses of a block have in common if they differ in numbers only."""
    index = {visit.path: position for position, visit in enumerate(visits)}
    return tuple(
        (
            visit.operator,
            tuple(index[tensor.path] for tensor in visit.inputs),
            tuple(level.path for level in visit.levels),
            (len(visit.factors), visit.leads),
        )
        for visit in visits
    )


def _applied(architecture: Architecture) -> Iterable[str]:
    """The block instances that the table, the stem and the head apply, as often as they do."""
    yield from (layer.apply.block for stage in architecture.stages for layer in stage.layers if layer.apply.block)
    for section in (architecture.stem, architecture.head):
        if section is not None:
            tracer = FigureTracer(architecture)
            tracer.section(section, Tensor("input", section.input))
            yield from (visit.block for visit in tracer.visits if visit.block is not None)


def _uses(architecture: Architecture) -> tuple[Counter[str], dict[str, dict[int, str]]]:
    """How often each block instance is used in the network, and in which stages (by their positions)."""
    uses = Counter(_applied(architecture))
    places: dict[str, dict[int, str]] = {identity: {} for identity in architecture.blocks}
    for position, stage in enumerate(architecture.stages):
        for layer in stage.layers:
            if layer.apply.block:
                # Counted as in the language, which begins with 1.
                is_numbered = stage.name == str(position)
                places[layer.apply.block][position] = str(position + 1) if is_numbered else stage.name
    for identity in reversed(architecture.blocks):  # those that use others before those that they use
        for visit in ShallowTracer(architecture).whole(identity):
            if visit.block is not None:
                uses[visit.block] += uses[identity]
                places[visit.block] |= places[identity]
    return uses, places


# Texts ---------------------------------------------------------------------------------------------------------------


def _said(columns: list[list[Visit]]) -> list[str]:
    """What stands in a box."""
    kind = family(columns[0][0])
    if kind in ("input", "output"):
        channels = style.spread(visit.output.channels for visit in columns[0])
        path, own = columns[0][0].path, "in" if kind == "input" else "out"
        return [own if path == kind else path.removeprefix(OUT), f"{channels} channels"]
    return [title(columns[0])] if kind == "combine" else facts(columns)


def _about(drawn: DrawnBlock) -> list[str]:
    """How often the block is used and where, and the numbers that it is used with."""
    uses = style.spread(drawn.uses.values())
    where = f" in stage{'s' if len(drawn.places) > 1 else ''} {_stages(drawn.places)}" if drawn.places else ""
    used = style.wrapped(f"used {uses} times{where}" if uses != "1" else f"used once{where}", 40)
    arguments = []
    for parameter in drawn.instances[0].parameters:
        found = [instance.scalars.get(parameter) for instance in drawn.instances]
        values = [value for value in found if isinstance(value, int | float | Size) and not isinstance(value, bool)]
        if values:
            arguments.append(f"{parameter.replace('_', ' ')} {_spread(values)}")
    return [*used, *style.filled(arguments, 40)]


def _spread(values: Sequence[float | Size]) -> str:
    """Numbers as `3` or `16–320`; where one of them is a size, all are: `3` says the same as `3 x 3`."""
    numbers = [value for value in values if not isinstance(value, Size)]
    if len(numbers) == len(values):
        return style.spread(numbers)
    sizes = {sides(value) if isinstance(value, int | Size) else value for value in values}
    return " / ".join(str(size) if isinstance(size, Size) else style.number(size) for size in sorted(sizes, key=str))


def _stages(places: dict[int, str]) -> str:
    """The names of stages; three or more in a row as `1–6`."""
    runs: list[list[int]] = []
    for position in sorted(places):
        if runs and runs[-1][-1] == position - 1:
            runs[-1].append(position)
        else:
            runs.append([position])
    texts = []
    for run in runs:
        names = [places[position] for position in run]
        texts += [f"{names[0]}–{names[-1]}"] if len(names) > 2 else names
    return ", ".join(texts)


def _costs(columns: Sequence[Sequence[Visit]]) -> list[str]:
    """What a box costs in one use, parameters and MACs, when it is made of primitives."""
    uses = list(zip(*columns, strict=True))
    params = [sum(visit.params for visit in use) for use in uses]
    macs = [sum(visit.macs for visit in use) for use in uses]
    return [f"{_range(params)} params · {_range(macs)} MACs"] if any(params) else []


def _range(counts: Sequence[int]) -> str:
    low, high = human(min(counts)), human(max(counts))
    return low if low == high else f"{low}–{high}"
