"""The outline of a document: its blocks, models and tables, and what is in them."""

from __future__ import annotations

from collections.abc import Iterator

from lsprotocol.types import DocumentSymbol, SymbolKind
from msgspec.structs import replace

from archdsl.diagnostics import Span
from archdsl.language import tree
from archdsl.lsp.describe import head_of_parameters
from archdsl.lsp.document import Document


def outline(document: Document) -> list[DocumentSymbol]:
    """The symbols of a document, nested as the text is."""
    return [_Outline(document).item(item) for item in document.environment.module.items]


class _Outline:
    def __init__(self, document: Document):
        self.positions = document.positions

    def item(self, item: tree.Item) -> DocumentSymbol:
        match item:
            case tree.Use(path=path):
                return self._symbol(path or '""', SymbolKind.File, item.span, item.span)
            case tree.Block(name=name, parameters=parameters, body=body):
                inside = [*self._parameters(parameters), *self._statements(body)]
                detail = f"({head_of_parameters(parameters)})"
                return self._symbol(name.text, SymbolKind.Function, item.span, name.span, inside, detail)
            case tree.Model(name=name, parameters=parameters, parent=parent, body=body):
                inside = [*self._parameters(parameters), *self._statements(body)]
                detail = f"extends {parent.name.text}" if parent else ""
                return self._symbol(name.text, SymbolKind.Class, item.span, name.span, inside, detail)
            case tree.Variants(model=model, table=table):
                rows = list(self._rows(table, "name", SymbolKind.EnumMember))
                return self._symbol(model.text, SymbolKind.Enum, item.span, model.span, rows, "variants")
            case tree.Recipe(name=name):
                return self._symbol(name.text, SymbolKind.Object, item.span, name.span, (), "recipe")

    def _parameters(self, parameters: tuple[tree.Parameter, ...]) -> Iterator[DocumentSymbol]:
        for parameter in parameters:
            detail = f"= {_line(parameter.default.span.text)}" if parameter.default else ""
            yield self._symbol(
                parameter.name.text, SymbolKind.Variable, parameter.span, parameter.name.span, (), detail
            )

    def _statements(self, body: tuple[tree.Statement, ...]) -> Iterator[DocumentSymbol]:
        inputs = [one for one in body if isinstance(one, tree.Binding) and one.is_input]
        for statement in body:
            match statement:
                case tree.Binding(is_input=True):
                    pass  # inside of the statement before
                case tree.Inputs(span=span):
                    own = [replace(one, is_input=False) for one in inputs if span.start <= one.span.start < span.end]
                    inside = list(self._statements(tuple(own)))
                    yield self._symbol("inputs", SymbolKind.Array, span, _word(span, "inputs"), inside)
                case tree.Binding(unpacked=names) if names:
                    pass  # each of them is a statement of its own
                case tree.Binding(name=name, part_of=whole) if whole is not None:
                    yield self._symbol(name.text, SymbolKind.Property, name.span, name.span, (), _line(whole.text))
                case tree.Binding(name=name, fact=fact, value=value):
                    text = f"{name.text}.{fact.text}" if fact else name.text
                    yield self._symbol(
                        text, SymbolKind.Property, statement.span, name.span, (), f"= {_line(value.span.text)}"
                    )
                case tree.Stages(table=table):
                    rows = list(self._rows(table, "op", SymbolKind.Struct))
                    yield self._symbol(
                        "stages", SymbolKind.Array, statement.span, _word(statement.span, "stages"), rows
                    )
                case tree.AddedStages(number=number, is_after=is_after, table=table):
                    text = f"stages {'after' if is_after else 'before'} {number}"
                    rows = list(self._rows(table, "op", SymbolKind.Struct))
                    yield self._symbol(text, SymbolKind.Array, statement.span, _word(statement.span, "stages"), rows)
                case tree.StagesOverride(first=first, last=last) | tree.RemovedStages(first=first, last=last):
                    text = f"{first}..{last}" if last != first else f"{first}"
                    text = f"stages {'' if isinstance(statement, tree.StagesOverride) else 'without '}{text}"
                    yield self._symbol(text, SymbolKind.Array, statement.span, _word(statement.span, "stages"))
                case tree.Scale():
                    yield self._symbol("scale", SymbolKind.Operator, statement.span, _word(statement.span, "scale"))
                case tree.Outputs(bindings=bindings):
                    inside = list(self._statements(bindings))
                    place = _word(statement.span, "outputs")
                    yield self._symbol("outputs", SymbolKind.Array, statement.span, place, inside)
                case _:
                    pass

    def _rows(self, table: tree.Table, column: str, kind: SymbolKind) -> Iterator[DocumentSymbol]:
        """The rows of a table, each called by its cell in a column."""
        columns = [header.text for header in table.header]
        for number, row in enumerate(table.rows, start=1):
            cell = row.cells[columns.index(column)] if column in columns else None
            text = _line(cell.span.text) if cell is not None else str(number)
            detail = f"stage {number}" if kind is SymbolKind.Struct else ""
            yield self._symbol(text, kind, row.span, cell.span if cell is not None else row.span, (), detail)

    def _symbol(
        self,
        name: str,
        kind: SymbolKind,
        span: Span,
        selection: Span,
        inside: list[DocumentSymbol] | tuple[()] = (),
        detail: str = "",
    ) -> DocumentSymbol:
        to_range = self.positions.range
        return DocumentSymbol(name, kind, to_range(span), to_range(selection), detail or None, children=list(inside))


def _word(span: Span, word: str) -> Span:
    return Span(span.source, span.start, span.start + len(word))


def _line(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 60 else f"{text[:57]}..."
