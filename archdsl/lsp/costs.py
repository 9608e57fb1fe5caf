"""Shapes, parameters and MACs of what is under the cursor."""

from __future__ import annotations

from collections.abc import Sequence

from archdsl.diagnostics import Span
from archdsl.elaborate.resolve.definitions import Definition
from archdsl.elaborate.resolve.scopes import rows_of
from archdsl.elaborate.resolve.symbols import Kind, Symbol
from archdsl.language import tree
from archdsl.lsp.document import Document
from archdsl.lsp.markdown import several, table
from archdsl.lsp.networks import LocatedPart, Networks, section_part, stage_part, whole


def costs(document: Document, nodes: Sequence[tree.Node], symbol: Symbol | None) -> str:
    """What the networks of a document say of the innermost of some nodes that they know, or else of a symbol."""
    if document.sound is None:
        return ""
    networks = document.sound.networks
    for depth in reversed(range(len(nodes))):
        if text := _of_node(document, networks, nodes[: depth + 1]):
            return text
    return _of_symbol(document, networks, symbol) if symbol else ""


def _of_node(document: Document, networks: Networks, nodes: Sequence[tree.Node]) -> str:
    """What is known of the last of some nodes that lie in each other."""
    span = document.to_sound(nodes[-1].span)
    match nodes:
        case [*_, tree.Stages() | tree.AddedStages(), _, tree.Row()] if span is not None:
            return _stage(networks, span)
        case [tree.Variants(model=model), tree.Table() as variants, tree.Row() as row]:
            return _variant(networks, model.text, variants, row)
        case [*outer, tree.Name() | tree.Call()] if span is not None:
            is_cell = any(isinstance(node, tree.Row) for node in outer)  # the row has more to say
            return "" if is_cell else several(networks.layers(span))
        case [tree.Model(), *_, tree.Binding()] if span is not None:
            return table([section_part(*found) for found in networks.sections(span)])
        case [tree.Model(name=name), tree.StagesOverride() as override]:
            return _override(document, networks, name.text, override)
        case [tree.Model(name=name), tree.Require()]:
            return _models(networks, name.text)
        case _:
            return ""


def _of_symbol(document: Document, networks: Networks, symbol: Symbol) -> str:
    match symbol:
        case Symbol(kind=Kind.MODEL):
            return _models(networks, symbol.name)
        case Symbol(kind=Kind.BLOCK, meaning=Definition(block=block)):
            span = document.to_sound(block.name.span) if block.name.span.source is document.source else block.name.span
            found = networks.instances(span) if span is not None else ()
            return several(
                [LocatedPart(one.name, made.input, made.output, one.costs.block(made.id)) for one, made in found]
            )
        case _:
            return ""


def _models(networks: Networks, name: str) -> str:
    return table([whole(one) for one in networks.of_model(name)], exact=True)


def _stage(networks: Networks, row: Span) -> str:
    found = networks.stages(row)
    if not found:
        return ""
    counts = sorted({len(stage.layers) for _, stage in found})
    times = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    ops = dict.fromkeys(f"`{stage.op}`" for _, stage in found)
    title = f"`stages.{found[0][1].name}`: {times} x {' or '.join(ops)}"
    return f"{title}\n\n{table([stage_part(*each) for each in found])}"


def _variant(networks: Networks, model: str, variants: tree.Table, row: tree.Row) -> str:
    cells = zip(variants.header, row.cells, strict=True)
    labels = [cell.span.text for column, cell in cells if column.text == "name"]
    return table([whole(one) for one in networks.of_model(model) if one.variant in labels], exact=True)


def _override(document: Document, networks: Networks, model: str, override: tree.StagesOverride) -> str:
    definition = document.environment.model(model)
    rows = rows_of(definition) if definition is not None else []
    # Rows are numbered as they were before the model added some and removed others.
    numbers = {row.number for row in rows if row.before and override.first <= row.before <= override.last}
    parts = [
        stage_part(one, stage)._replace(network=f"{one.name}, stage {number}")
        for one in networks.of_model(model)
        for number, stage in enumerate(one.stages, start=1)
        if number in numbers
    ]
    return table(parts)
