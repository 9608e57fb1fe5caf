"""Which bindings of a model are tensors: those that read what its stem and its stages put out.

They are made after the stages, and stand together for a block of their own, the model's head: its parameters are the
tensors that it reads, its text the bindings. `neck = c5 -> up(c4, 256)` reads the stages that the table calls so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from heapq import heapify, heappop, heappush

from msgspec import Struct

from archdsl.diagnostics import Span
from archdsl.elaborate.problems import ElaborationError
from archdsl.elaborate.resolve.definitions import Environment
from archdsl.elaborate.resolve.errors import NoOutputs, RefersToItself
from archdsl.elaborate.resolve.labels import label
from archdsl.elaborate.resolve.meaning import meaning_of
from archdsl.elaborate.resolve.merge import Merged
from archdsl.elaborate.resolve.stage_rows import StageRow
from archdsl.elaborate.resolve.words import SETTINGS
from archdsl.language import tree
from archdsl.language.nodes import children

# Bindings with a meaning that no tensor has.
_OTHER = frozenset({"input", "classes", "stem", "objective", *SETTINGS})
_Written = tuple[tree.Binding, Environment]


class Graph(Struct, frozen=True, eq=False):
    """The head of a model as a block.

    `reads` are the images, the stem and the stages that it reads, in their order, and `outputs` the names of what it
    puts out, with those of the bindings that make them; none where it has `out` alone. `bindings` are those of the
    model that are made here, and nowhere before.
    """

    block: tree.Block
    environments: tuple[Environment, ...]  # of the statements of the block
    reads: tuple[str, ...]
    reads_last: bool  # whether it reads the last stage without its name
    outputs: Mapping[str, str]
    bindings: frozenset[str]


def readable(merged: Merged, part: Iterable[str] = ()) -> list[str]:
    """The tensors that bindings of a model can read: the images, the stem, and stages whose name means nothing else;
    where it has a part, the maps of that, as far as it does read them."""
    bound = {*merged.bindings, *merged.parameters}
    found: list[str] = [*merged.inputs, *(name for name in ("input", "stem") if name in bound), *part]
    for row in merged.rows.rows:
        name = stage_label(row)
        if name is not None and name not in bound and meaning_of(name, row.cells["name"][1]) is None:
            found.append(name)
    return found


def hidden(merged: Merged) -> dict[str, Span]:
    """The stages that cannot be read by their names, which mean something else, with the places of these."""
    names = {name: row.cells["name"][0].span for row in merged.rows.rows if (name := stage_label(row)) is not None}
    found = set(readable(merged))
    return {name: span for name, span in names.items() if name not in found}


def stage_label(row: StageRow) -> str | None:
    """The name that a stage has in the text, unless it is a number."""
    name = label(row.cells["name"][0]) if "name" in row.cells else None
    return name if name is not None and name.isidentifier() else None


def _tensors(merged: Merged, maps: Iterable[str]) -> set[str]:
    """The bindings of a model that read its tensors, directly or by way of others. `maps` are those it can read."""
    images = images_of(merged)
    read = {
        name: _read(binding.value, images)
        for name, (binding, _) in merged.bindings.items()
        if name not in _OTHER and not binding.is_input
    }
    found, new = set[str](), {*maps, "parameter"}  # which is a tensor by itself
    while new:
        new = {name for name, names in read.items() if name not in found and names & new}
        found |= new
    return found


def graph(merged: Merged, part: Iterable[str] = ()) -> Graph | None:
    """The head of a model that reads tensors by name, or has named outputs; None where layers are all of it.

    `part` are the names of the maps of its part, which the model, `inlined`, reads. Raises ElaborationError where
    tensors are made of each other.
    """
    maps = readable(merged, part)
    members = _tensors(merged, maps)
    if "head" not in members and merged.outputs is None:
        return None
    written = {name: merged.bindings[name] for name in members}
    outputs: dict[str, str] = {}
    if merged.outputs is None:
        head, environment = written.pop("head")
        written["out"] = (_named(head, "out"), environment)
    else:
        statement, environment = merged.outputs
        if not statement.bindings:
            raise ElaborationError(NoOutputs().at(statement.span))
        if "head" in merged.bindings and "head" not in members:
            head, home = merged.bindings["head"]
            written["head"] = (_on_last(head), home)
        taken = {*merged.bindings, *merged.parameters, *maps, "in", "out"}
        for binding in statement.bindings:
            name = binding.name.text
            match binding.value:
                case _ if binding.unpacked:  # a list, whose values are the outputs
                    taken.add(name)
                    written[name] = (binding, environment)
                case tree.Name(text=text) if text in written or text in maps:
                    outputs[name] = text
                case _:
                    outputs[name] = own = _free(name, taken)
                    taken.add(own)
                    written[own] = (_named(binding, own), environment)
    images = images_of(merged)
    ordered = _ordered(written, images)
    read = {name for binding, _ in ordered for name in _read(binding.value, images)} | {*outputs.values()}
    reads = tuple(name for name in maps if name in read)
    model, span = merged.definition.model, _place(merged).span
    block = tree.Block(
        span,
        tree.Identifier(span, f"{model.name.text}_head"),
        tuple(tree.Parameter(model.name.span, tree.Identifier(model.name.span, name), None) for name in reads),
        tuple(binding for binding, _ in ordered),
    )
    environments = tuple(environment for _, environment in ordered)
    return Graph(block, environments, reads, "in" in read, outputs, frozenset({*members, "head"}))


def images_of(merged: Merged) -> frozenset[str]:
    """What the images are called."""
    return frozenset(merged.inputs or ("input",))


def _read(value: tree.Expression, images: frozenset[str]) -> set[str]:
    """The names that an expression reads. The size of the images is known without them: `input.height`."""
    found = set[str]()
    ahead: list[tree.Node] = [value]
    while ahead:
        node = ahead.pop()
        match node:
            case tree.Name(text=text):
                found.add(text)
            case tree.Fact(owner=tree.Name(text=text)) if text in images:
                pass
            case _:
                ahead += children(node)
    return found


def _place(merged: Merged) -> tree.Node:
    """What stands for the head in diagnostics."""
    return merged.outputs[0] if merged.outputs is not None else merged.bindings["head"][0].name


def _named(binding: tree.Binding, name: str) -> tree.Binding:
    return tree.Binding(binding.span, tree.Identifier(binding.name.span, name), None, binding.value)


def _on_last(head: tree.Binding) -> tree.Binding:
    """A head of layers, as a tensor: on what comes out of the last stage."""
    value = head.value
    steps = value.steps if isinstance(value, tree.Pipeline) else (tree.Step(value.span, value),)
    source = tree.Step(value.span, tree.Name(head.name.span, "in"))
    return tree.Binding(head.span, head.name, None, tree.Pipeline(value.span, (source, *steps)))


def _free(name: str, taken: set[str]) -> str:
    """The name itself, or a longer one where a binding or a stage has it."""
    own, count = name, 1
    while own in taken:
        count += 1
        own = f"{name}_out" if count == 2 else f"{name}_out_{count - 1}"
    return own


def _ordered(written: Mapping[str, _Written], images: frozenset[str]) -> list[_Written]:
    """Bindings, each after those that it reads, else in their order."""
    places = {name: (binding.span.source.name, binding.span.start) for name, (binding, _) in written.items()}
    read = {
        name: {found for found in _read(binding.value, images) if found in written}
        for name, (binding, _) in written.items()
    }
    readers: dict[str, list[str]] = {name: [] for name in written}
    for name, names in read.items():
        for inner in names:
            readers[inner].append(name)
    missing = {name: len(names) for name, names in read.items()}
    ready = [(places[name], name) for name, count in missing.items() if not count]
    heapify(ready)
    ordered: list[_Written] = []
    while ready:
        _, done = heappop(ready)
        ordered.append(written[done])
        for name in readers[done]:
            missing[name] -= 1
            if not missing[name]:
                heappush(ready, (places[name], name))
    if len(ordered) < len(written):
        raise _cycle({name: read[name] for name, count in missing.items() if count}, written)
    return ordered


def _cycle(read: Mapping[str, set[str]], written: Mapping[str, _Written]) -> ElaborationError:
    """Bindings that are made of each other; every one of `read` leads to some."""
    way = [min(read)]
    while (after := min(name for name in read[way[-1]] if name in read)) not in way:
        way.append(after)
    way = way[way.index(after) :]
    text = " -> ".join([*way, way[0]]) if len(way) > 1 else ""
    return ElaborationError(RefersToItself(way[0]).at(written[way[0]][0].name.span, text))
