"""A block of a file that takes the place of another of its name, and does not fit where that one is used.

The text that uses it is another file's, and right as it stands: what there is to correct is the block.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from archdsl.diagnostics import Diagnostic, Note, Source
from archdsl.diagnostics.codes import MISSING_ARGUMENT, UNKNOWN_ARGUMENT
from archdsl.elaborate.deduplication import numbered
from archdsl.elaborate.instantiate.errors import ReplacementMismatch, ReplacementWithoutColumns
from archdsl.elaborate.resolve.signatures import Signature
from archdsl.elaborate.resolve.stage_rows import OWN_COLUMNS, StageRow
from archdsl.language import tree


def replaces(takes: Signature, row: StageRow, own: Source) -> bool:
    """Whether the block of a row is the file's own, and the row names it in another file."""
    return takes.declared is not None and takes.declared.source is own and row.cells["op"][0].span.source is not own


def mismatch(takes: Signature, rows: Sequence[StageRow], wrong: Sequence[Diagnostic]) -> Diagnostic:
    """One diagnostic, at the block, for all that is wrong with it in the rows that name it."""
    strangers: dict[str, StageRow] = {}
    for row in rows:
        for column, (cell, _) in row.cells.items():
            if column not in (*OWN_COLUMNS, *takes.parameters) and not isinstance(cell, tree.DefaultCell):
                strangers.setdefault(column, row)
    stages = numbered("stage", [row.number for row in rows])
    give = "gives" if len(rows) == 1 else "give"
    if not strangers:
        notes = (Note(f"{stages} {give} no such value", rows[0].cells["op"][0].span),)
        return ReplacementMismatch(wrong[0].message).at(takes.declared, notes=notes)
    name, row = next(iter(strangers.items()))
    notes = (Note(f"{stages} {give} {'them' if len(strangers) > 1 else 'it'} here", row.columns[name]),)
    return ReplacementWithoutColumns(takes.name, list(strangers)).at(takes.declared, notes=notes)


def at_block(diagnostic: Diagnostic, own: Source) -> Diagnostic:
    """A diagnostic of a call in another file, at the block of this file that it calls."""
    span = diagnostic.span
    if diagnostic.code not in (UNKNOWN_ARGUMENT, MISSING_ARGUMENT) or span is None or span.source is own:
        return diagnostic
    first, *others = diagnostic.notes or (None,)
    if first is None or first.span is None or first.span.source is not own:
        return diagnostic
    used = Note(diagnostic.label or "called here", span)
    return replace(
        diagnostic,
        span=first.span,
        label=ReplacementMismatch.label,
        notes=(used, *others),
        help=ReplacementMismatch.help,
        fix=None,
    )
