"""Hover: what a name means, and what the part of the network under the cursor costs."""

from __future__ import annotations

from lsprotocol.types import Hover, MarkupContent, MarkupKind, Position

from archdsl.diagnostics import Span
from archdsl.language import tree
from archdsl.language.nodes import enclosing
from archdsl.lsp import words
from archdsl.lsp.costs import costs
from archdsl.lsp.describe import describe
from archdsl.lsp.document import Document
from archdsl.lsp.escapes import code
from archdsl.lsp.values import values


def hover(document: Document, position: Position) -> Hover | None:
    """What to show at a position; None where there is nothing to say."""
    offset = document.positions.offset(position)
    nodes = enclosing(document.environment.module, offset)
    if nodes:
        return _hover(document, offset, nodes)
    # An item that cannot be read at the moment, perhaps, and could be before.
    place = document.to_sound(Span(document.source, offset, offset))
    if document.sound is None or document.sound is document or place is None:
        return None
    said = _hover(document.sound, place.start, enclosing(document.sound.environment.module, place.start))
    return Hover(said.contents) if said else None


def _hover(document: Document, offset: int, nodes: list[tree.Node]) -> Hover | None:
    found = document.at(offset)
    first = found.symbols[0] if found else None
    parts = [describe(symbol) for symbol in found.symbols] if found else _word(nodes)
    if first is not None:
        parts.append(values(document, nodes[0] if nodes else None, first))
    parts.append(costs(document, nodes, first))
    text = "\n\n---\n\n".join(filter(None, parts))
    if not text:
        return None
    span = found.span if found else nodes[-1].span
    return Hover(MarkupContent(MarkupKind.Markdown, text), document.positions.range(span))


def _word(nodes: list[tree.Node]) -> list[str]:
    """What is said of a word that is not a symbol: a measure in a claim, a fact that every tensor has, `in`."""
    match nodes:
        case [_, tree.Require(), *_, tree.Name(text=text)] if text in (said := words.MEASURES | words.QUANTITIES):
            return [f"{code(text)}\n{said[text]}"]
        case [_, tree.Binding(name=tree.Identifier(text="objective")), *_, tree.Name(text=text)] if text in (
            said := words.MEASURES | words.QUANTITIES | words.MERITS | words.GOALS
        ):
            return [f"{code(text)}\n{said[text]}"]
        case [*_, tree.Fact(), tree.Identifier(text=text)] if text in words.FACTS:
            return [f"{code(text)}\n{words.FACTS[text]}"]
        case [*_, tree.Name(text="in")]:
            return [f"{code('in')}\n{words.WORDS['in']}"]
        case _:
            return []
