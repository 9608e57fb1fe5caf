"""Whether the cells of a table of stages fit the blocks of its rows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from msgspec import Struct

from archdsl.diagnostics import Diagnostic, Edit, Fix, Note, Span
from archdsl.diagnostics.nearest import is_slip
from archdsl.elaborate.check.errors import (
    BadLabel,
    ColumnOfNoBlock,
    ColumnsNotOfBlock,
    EmptyRow,
    MissingCell,
    NoOp,
    NoOpColumn,
    OpWithoutColumns,
    SameStage,
    UnknownColumn,
)
from archdsl.elaborate.check.paper_columns import meaning, of_a_paper
from archdsl.elaborate.deduplication import numbered
from archdsl.elaborate.resolve.labels import label, stage_name
from archdsl.elaborate.resolve.signatures import Signature
from archdsl.elaborate.resolve.stage_rows import OWN_COLUMNS, StageRow
from archdsl.language import tree


def no_op(row: StageRow) -> Diagnostic:
    """A diagnostic for a row that names no block."""
    if "op" in row.cells:
        place = row.cells["op"][0].span
        if all(isinstance(cell, tree.DefaultCell) for cell, _ in row.cells.values()):
            from archdsl.language.fixes import without_line  # late: most texts have no mistake

            return EmptyRow().at(row.span, fix=without_line(row.span))
        return NoOp().at(place)
    for column, header in row.columns.items():
        if is_slip(column, "op"):
            return UnknownColumn(column).at(header).suggesting(column, ("op",))
        if meaning(column) == "op" and (named := of_a_paper(column, header, ("op",))):
            return named
    columns = list(row.columns.values())
    place = columns[0].to(columns[-1]) if columns and columns[0].source is columns[-1].source else row.span
    return NoOpColumn().at(place)


class Blocks(Struct, frozen=True):
    """The blocks of all rows of a table: their names, and the parameters that any of them has."""

    names: frozenset[str]
    parameters: tuple[str, ...]

    @staticmethod
    def of(signatures: Collection[Signature]) -> Blocks:
        parameters = dict.fromkeys(name for signature in signatures for name in signature.parameters)
        return Blocks(frozenset(signature.name for signature in signatures), tuple(parameters))


def check_row(row: StageRow, takes: Signature, given: Collection[str], blocks: Blocks) -> Iterator[Diagnostic]:
    """What is wrong with the columns of one row: its block takes `takes`, its `op` cell gives `given` already."""
    if "" in row.cells:
        return  # a header that is not a name has been reported
    own = {column: cell for column, (cell, _) in row.cells.items() if column not in OWN_COLUMNS}
    for column, cell in own.items():
        if column not in takes.parameters:
            yield from _unknown_column(row, column, cell, takes, blocks)
    for parameter in takes.required:
        empty = own.get(parameter)
        strangers = [column for column in own if column not in takes.parameters]
        if any(meaning(column) == parameter or is_slip(column, parameter) for column in strangers):
            continue  # it is there under another name
        if parameter in given or (empty is not None and not isinstance(empty, tree.DefaultCell)):
            continue
        place = empty.span if empty is not None else row.cells["op"][0].span
        yield MissingCell(takes.name, parameter, empty is not None).at(place)


def _is_older_than_op(row: StageRow, cell: tree.Expression | tree.DefaultCell) -> bool:
    """Whether the row fitted until a model that extends this one gave it another block."""
    return row.holds(cell.span) and not row.holds(row.cells["op"][0].span)


def unfit(row: StageRow, takes: Signature) -> list[str]:
    """The columns that a row gives and that the block which it was given later does not take."""
    own = {column: cell for column, (cell, _) in row.cells.items() if column and column not in OWN_COLUMNS}
    return [
        column
        for column, cell in own.items()
        if column not in takes.parameters and not isinstance(cell, tree.DefaultCell) and _is_older_than_op(row, cell)
    ]


def foreign_columns(rows: Iterable[tuple[StageRow, Signature]]) -> Iterator[Diagnostic]:
    """One diagnostic for each `op` that was put into rows whose columns its block does not take."""
    met: dict[Span, list[tuple[StageRow, Signature, list[str]]]] = {}
    for row, takes in rows:
        if columns := unfit(row, takes):
            met.setdefault(row.cells["op"][0].span, []).append((row, takes, columns))
    for op, found in met.items():
        row, takes, (first, *_) = found[0]
        columns = list(dict.fromkeys(column for _, _, given in found for column in given))
        stages = numbered("stage", [row.number for row, _, _ in found])
        problem = OpWithoutColumns(takes.name, columns, stages, len(found) > 1)
        yield problem.at(op, notes=(Note("given here", row.cells[first][0].span),))


def _unknown_column(
    row: StageRow, column: str, cell: tree.Expression | tree.DefaultCell, takes: Signature, blocks: Blocks
) -> Iterator[Diagnostic]:
    header = row.columns[column]
    is_default = isinstance(cell, tree.DefaultCell)
    if _is_older_than_op(row, cell):
        return  # reported by `foreign_columns`
    if column not in blocks.parameters:
        known = f"a column is `op`, `layers`, `name` or one of {', '.join(sorted(blocks.parameters))}"
        free = [name for name in (*blocks.parameters, *OWN_COLUMNS) if name not in row.columns]
        if named := of_a_paper(column, header, free):
            yield named
            return
        is_alone = len(blocks.names) == 1
        problem = ColumnsNotOfBlock(takes.name, [column]) if is_alone else ColumnOfNoBlock(column)
        yield problem.at(header, "unknown column", help=known).suggesting(column, free)
    elif not is_default:
        yield ColumnsNotOfBlock(takes.name, [column]).at(
            cell.span,
            notes=(Note(f"the parameters of `{takes.name}` are {', '.join(takes.parameters) or 'none'}"),),
            help="write `-` in this cell",
            # As wide as what it replaces: the columns stay under each other.
            fix=Fix("write `-` in the cell", (Edit(cell.span, "-".ljust(len(cell.span.text))),), is_safe=False),
        )


def check_label(cell: tree.Expression | tree.DefaultCell, what: str) -> Diagnostic | None:
    """A diagnostic for a cell that should hold a label and does not."""
    if label(cell) is not None:
        return None
    return BadLabel(what).at(cell.span)


def check_names_of_stages(rows: list[StageRow]) -> Iterator[Diagnostic]:
    """What is wrong with the `name` cells of a table of stages."""
    seen: dict[str, StageRow] = {}
    for row in rows:
        cell = row.cells["name"][0] if "name" in row.cells else None
        if cell is not None and not isinstance(cell, tree.DefaultCell):
            problem = check_label(cell, "stage")
            if problem is not None:
                yield problem
                continue
        name = stage_name(row)
        first = seen.setdefault(name, row)
        if first is not row:
            place = cell.span if cell is not None else row.span
            before = first.cells["name"][0].span if "name" in first.cells else first.span
            notes = (Note(f"stage {first.number} has that name", before),)
            yield SameStage(name).at(place, notes=notes)
