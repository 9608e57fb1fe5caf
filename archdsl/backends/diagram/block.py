"""The block level: one figure for each kind of block, as papers draw them.

Uses of a block that differ in numbers only are one figure, which gives the range of each number; uses of a different
structure, such as with and without a skip connection, are figures of their own. Variants of a model share figures.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field

import graphviz

from archdsl.backends.diagram import style
from archdsl.backends.diagram.options import Options
from archdsl.backends.diagram.parts import FigureTracer, Part, colors, facts, family, flows, parts, title
from archdsl.backends.units import human
from archdsl.ir.architecture import Architecture
from archdsl.ir.base import Size
from archdsl.ir.body import BlockInstance
from archdsl.ir.operators.base import sides
from archdsl.ir.walk import ShallowTracer, Tensor, Visit


def draw_blocks(architectures: Sequence[Architecture], options: Options) -> graphviz.Digraph:
    """The figures of each model, side by side."""
    drawing = style.canvas(architectures[0].model, options, {"ranksep": "0.3", "nodesep": "0.3"})
    models: dict[str, list[Architecture]] = {}
    for architecture in architectures:
        models.setdefault(architecture.model, []).append(architecture)
    style.bound_networks(len(models), "models")
    tops: list[str] = []
    for model, variants in options.ordered(models.items()):
        found = figures(variants)
        tallest = max((len(about(figure)) for figure in found), default=0)
        style.bound(sum(len(figure.parts) for figure in found), "drawn_blocks", "boxes", "draw the stages instead")
        first, end = variants[0].name, f" … {variants[-1].name}" if len(variants) > 1 else ""
        around = nullcontext(drawing) if len(models) == 1 else drawing.subgraph(name=f"cluster_{style.name(model)}")
        with around as row:
            row.attr(**style.HEADING, label=style.heading(f"{first}{end}"), labelloc="t")
            names = [style.name(model, figure.name, index) for index, figure in enumerate(found)]
            for figure, name in options.ordered(zip(found, names, strict=True)):
                _draw(row, figure, name, tallest if options.layout == "tb" else 0, options)
        tops += [f"{name}.about" for name in options.ordered(names)]
    style.side_by_side(drawing, options.ordered(tops), options)
    return drawing


# What there is to draw -----------------------------------------------------------------------------------------------


@dataclass
class Figure:
    """A block of one structure: the uses that it stands for, each with its visits, which correspond in their order."""

    name: str
    instances: list[BlockInstance] = field(default_factory=list)
    visits: list[list[Visit]] = field(default_factory=list)
    uses: Counter[str] = field(default_factory=Counter)
    places: dict[int, str] = field(default_factory=dict)

    @property
    def parts(self) -> list[Part]:
        return parts(self.visits[0])

    def copies(self) -> dict[str, str]:
        """How often the layers at each path are repeated."""
        levels = [level for visits in self.visits for visit in visits for level in visit.levels]
        counts: dict[str, set[int]] = {}
        for level in levels:
            counts.setdefault(level.path, set()).add(level.copies)
        return {path: style.spread(found) for path, found in counts.items()}

    def columns(self, part: Part) -> list[list[Visit]]:
        """The members of a box, each for every use."""
        position = {visit.path: index for index, visit in enumerate(self.visits[0])}
        return [[visits[position[member.path]] for visits in self.visits] for member in part.members]


def figures(architectures: Iterable[Architecture]) -> list[Figure]:
    """The figures of some variants: the blocks of the table first, then those inside them."""
    found: dict[tuple[str, object], Figure] = {}
    for architecture in architectures:
        uses, places = _uses(architecture)
        queue = list(dict.fromkeys(_applied(architecture)))
        seen = set(queue)
        for identity in queue:  # grows while blocks inside blocks come up
            visits = FigureTracer(architecture).whole(identity)
            instance = architecture.blocks[identity]
            figure = found.setdefault((instance.name, _structure(visits)), Figure(instance.name))
            figure.instances.append(instance)
            figure.visits.append(visits)
            figure.uses[architecture.name] += uses[identity]
            figure.places |= places[identity]
            inside = dict.fromkeys(visit.block for visit in visits if visit.block is not None)
            queue += [block for block in inside if block not in seen]
            seen.update(inside)
    order = {name: index for index, name in reversed([*enumerate(name for name, _ in found)])}
    return sorted(found.values(), key=lambda figure: order[figure.name])


def _structure(visits: Sequence[Visit]) -> object:
    """What two uses of a block have in common if they differ in numbers only."""
    index = {visit.path: position for position, visit in enumerate(visits)}
    return tuple(
        (
            visit.operator,
            tuple(index[tensor.path] for tensor in visit.inputs),
            tuple(level.path for level in visit.levels),
            len(visit.factors),
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
                places[layer.apply.block][position] = stage.name
    for identity in reversed(architecture.blocks):  # those that use others before those that they use
        for visit in ShallowTracer(architecture).whole(identity):
            if visit.block is not None:
                uses[visit.block] += uses[identity]
                places[visit.block] |= places[identity]
    return uses, places


# Drawing -------------------------------------------------------------------------------------------------------------


def _draw(row: graphviz.Digraph, figure: Figure, name: str, tallest: int, options: Options) -> None:
    with row.subgraph(name=f"cluster_{name}") as drawn:
        drawn.attr(
            id=name,
            label=style.heading(figure.name),
            fontname=style.BOLD,
            fontsize="12",
            labeljust="c" if options.layout == "tb" else "l",  # where nothing that skips ahead bends over it
            style="rounded",
            color=style.LINE,
            penwidth="1",
            margin="24",
            tooltip=style.label([figure.name, *_doc(figure)]),
        )
        top, lines = f"{name}.about", about(figure)
        if len(lines) < tallest:  # figures side by side begin at one height; the last empty line does not count
            lines += [""] * (tallest - len(lines) + 1)
        drawn.node(top, style.label(lines), shape="plaintext", style="", fontcolor=style.SOFT, fontsize="9")
        boxes = figure.parts
        names = {member.path: f"{name}.{index}" for index, box in enumerate(boxes) for member in box.members}
        drawn.edge(top, names[boxes[0].first.path], style="invis")
        copies = figure.copies()
        style.nested(
            drawn,
            [(tuple(level for level in box.first.levels if copies[level.path] != "1"), box) for box in boxes],
            lambda graph, box: _box(graph, figure, box, names[box.first.path], options),
            lambda level, _: _copies(f"cluster_{style.name(name, level.path)}", copies[level.path]),
        )
        for tensor, visit, skips in flows(figure.visits[0]):
            if names[tensor.path] != names[visit.path]:
                drawn.edge(
                    names[tensor.path],
                    names[visit.path],
                    **(style.SKIP_IN_FRAME[options.layout] if skips else style.THROUGH),
                )


def _box(graph: graphviz.Digraph, figure: Figure, box: Part, name: str, options: Options) -> None:
    columns = figure.columns(box)
    ground, border = colors(box.first)
    kind = family(box.first)
    lines = said(columns)
    shown = style.label(lines)
    if kind in ("input", "output"):
        graph.node(name, shown, shape="plaintext", style="", margin="0.05,0.02", tooltip=kind)
    elif kind == "combine":
        is_symbol = len(lines[0]) == 1
        look = {"shape": "circle", "width": "0.3", "fixedsize": "true", "margin": "0"} if is_symbol else {}
        size = {"fontsize": "13"} if is_symbol else {"margin": "0.1,0.03"}
        graph.node(name, shown, fillcolor=ground, color=border, tooltip=box.first.operator, **look, **size)
    else:
        tooltip = [box.first.path, *(_costs(columns) if options.costs else [])]
        more = {"peripheries": "2"} if kind == "block" else {}
        graph.node(name, shown, fillcolor=ground, color=border, tooltip=style.label(tooltip), **more)


def said(columns: list[list[Visit]]) -> list[str]:
    """What stands in a box."""
    kind = family(columns[0][0])
    if kind in ("input", "output"):
        channels = style.spread(visit.output.channels for visit in columns[0])
        return ["in" if kind == "input" else "out", f"{channels} channels"]
    return [title(columns[0])] if kind == "combine" else facts(columns)


def _copies(name: str, copies: str) -> dict[str, str]:
    """The frame around layers that are repeated."""
    label = style.label([f"x {copies}"])
    look = {"fontsize": "10", "style": "rounded,dashed", "color": style.SOFT, "labeljust": "r", "margin": "8"}
    return {"name": name, "id": "", "label": label, "tooltip": label, **look}


def about(figure: Figure) -> list[str]:
    """How often the block is used and where, and the numbers that it is used with."""
    uses = style.spread(figure.uses.values())
    where = f" in stage{'s' if len(figure.places) > 1 else ''} {_stages(figure.places)}" if figure.places else ""
    used = style.wrapped(f"used {uses} times{where}" if uses != "1" else f"used once{where}", 40)
    arguments = []
    for parameter in figure.instances[0].parameters:
        found = [instance.scalars.get(parameter) for instance in figure.instances]
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


def _doc(figure: Figure) -> list[str]:
    return style.wrapped(figure.instances[0].doc, 60, 6)


def _costs(columns: Sequence[Sequence[Visit]]) -> list[str]:
    """What a box costs in one use, parameters and MACs, when it is made of primitives."""
    uses = list(zip(*columns, strict=True))
    params = [sum(visit.params for visit in use) for use in uses]
    macs = [sum(visit.macs for visit in use) for use in uses]
    return [f"{_range(params)} params · {_range(macs)} MACs"] if any(params) else []


def _range(counts: Sequence[int]) -> str:
    low, high = human(min(counts)), human(max(counts))
    return low if low == high else f"{low}–{high}"
