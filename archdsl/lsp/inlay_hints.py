"""Inlay hints: the shape that comes out of each stage, of the stem and of the head, behind its line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lsprotocol.types import InlayHint, InlayHintKind, MarkupContent, MarkupKind, Range

from archdsl.diagnostics import Span
from archdsl.ir.architecture import Architecture
from archdsl.language import tree
from archdsl.lsp.document import Document
from archdsl.lsp.markdown import table
from archdsl.lsp.networks import LocatedPart, Networks, section_part, stage_part


def inlay_hints(document: Document, visible: Range) -> list[InlayHint]:
    """The hints of some lines. While the text is broken, those of its last sound version where that still stands."""
    sound = document.sound
    if sound is None:
        return []
    found = []
    for model in sound.environment.module.items:
        if not isinstance(model, tree.Model):
            continue
        for span, parts in _parts(model, sound.networks):
            here = document.from_sound(span)
            if here is not None and parts:
                hint = _hint(document, here, parts)
                if visible.start.line <= hint.position.line <= visible.end.line:
                    found.append(hint)
    return found


def _parts(model: tree.Model, networks: Networks) -> Iterator[tuple[Span, list[LocatedPart]]]:
    """Each place of a model that a hint belongs to, with what stands there in its networks, its own ones first."""
    for statement in model.body:
        match statement:
            case tree.Stages(table=rows) | tree.AddedStages(table=rows):
                for row in rows.rows:
                    stages = sorted(networks.stages(row.span), key=lambda found: not _is_of(found[0], model))
                    yield row.span, [stage_part(*found) for found in stages]
            case tree.Binding(fact=None):
                sections = sorted(networks.sections(statement.span), key=lambda found: not _is_of(found[0], model))
                yield statement.span, [section_part(*found) for found in sections]
            case _:
                pass


def _is_of(architecture: Architecture, model: tree.Model) -> bool:
    return architecture.model == model.name.text


def _hint(document: Document, span: Span, parts: Sequence[LocatedPart]) -> InlayHint:
    first = parts[0]
    of_all = all(part.output == first.output for part in parts)
    label = f"→ {first.output}" if of_all else f"→ {first.output} in {first.network}"
    return InlayHint(
        document.positions.position(span.end),
        label,
        InlayHintKind.Type,
        tooltip=MarkupContent(MarkupKind.Markdown, table(parts)),
        padding_left=True,
    )
