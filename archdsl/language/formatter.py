"""The canonical text of a module: one way to write each thing, the author's grouping and every comment kept.

The rules, beyond the spaces around words and signs:
 - A line break that the author chose stays: before `->`, before `then` and `else`, and behind an opening bracket.
   What is broken is indented by two spaces. A pipeline that is by itself longer than 120 characters breaks before each
   `->`, a conditional before `then` and `else`, and brackets behind each comma.
 - Tables, the `=` of settings, the operators of `require` and the `when` of a pipeline's lines stand in columns. A
   blank line ends a column, and so does a statement of another kind: `stem`, `head`, or a fact such as `stem.variance`.
 - One blank line at most between statements, where the author had one; one between items, save that the author
   decides between `use` lines and between a model and its variants.
 - A comment that is inside an expression, where no line of its own could be, goes above the line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from archdsl.language import tree
from archdsl.language.expressions import Brackets, arguments, one_line, operands, parameters
from archdsl.language.layout import Layout, align, indented, joined
from archdsl.language.operators import BINARY, COMPARISON
from archdsl.limits import limits

_BRACE_OR_COMMENT = re.compile(r"\{|#[^\n]*")
# Bindings of a model that are not settings: layers, often long, that read better by themselves.
_LAYERS = ("stem", "head")


def format_module(module: tree.Module) -> str:
    """The canonical text of a module that was parsed without problems."""
    lines = _Formatter(module).module()
    text = "\n".join(lines) + "\n" if lines else ""
    # Indentation must not make a text too large to be read again.
    return text if len(text) <= limits().characters else module.source.text


@dataclass
class _Entry:
    """A statement, item or table row: comments and blank lines above, its own lines, a comment behind the last."""

    above: list[str]
    lines: list[str]
    trailing: str = ""
    column: str = ""
    """What is aligned with its like on the lines around: `setting`, `claim` or nothing."""
    cells: Sequence[str] = ()


class _Formatter:
    def __init__(self, module: tree.Module):
        self.items = module.items
        self.layout = Layout(module)
        self.end = 0  # of what was printed last
        self.inputs: list[tree.Binding] = []  # of the model at hand

    def module(self) -> list[str]:
        whole = len(self.layout.text)
        entries: list[_Entry] = []
        for number, item in enumerate(self.items):
            entry = self._entry(item, whole)
            if number and entry.above[:1] != [""] and not _may_touch(self.items[number - 1], item):
                entry.above.insert(0, "")
            entries.append(entry)
        return _lines(entries, self._above(whole))

    # What stands between the lines

    def _above(self, start: int) -> list[str]:
        """The comments between what was printed last and an offset, with one blank line wherever there are some."""
        lines = []
        for comment in self.layout.take(start):
            if self.layout.has_blank_line(self.end, comment.span.start):
                lines.append("")
            lines.append(comment.text)
            self.end = comment.span.end
        if self.layout.has_blank_line(self.end, start):
            lines.append("")
        return lines

    def _trailing(self, after: int, before: int) -> str:
        """The comment behind what was printed last, which ends at `after`, on the same line and before an offset."""
        self.end = after
        comment = self.layout.take_trailing(after, before)
        if comment is None:
            return ""
        self.end = comment.span.end
        return f"  {comment.text}"

    # Statements

    def _entry(
        self, node: tree.Item | tree.Statement | tree.CellBinding, before: int, *, has_settings: bool = False
    ) -> _Entry:
        """An item, or a statement of a body that ends with the brace at `before`."""
        entry = _Entry(self._above(node.span.start), [])
        match node:
            case tree.Binding() | tree.CellBinding():
                entry.lines = self._binding(node)
                is_fact = isinstance(node, tree.Binding) and node.fact is not None
                if has_settings and not is_fact and node.name.text not in _LAYERS and len(entry.lines) == 1:
                    entry.column, entry.cells = (
                        "setting",
                        (f"{_shared(node)}{_bound(node)}", f"= {_cell(node.value)}"),
                    )
            case tree.Require(claim=claim):
                entry.lines = joined(["require "], self.layout.expression(claim))
                if (cells := _claim_cells(claim)) and len(entry.lines) == 1:
                    entry.column, entry.cells = "claim", cells
            case tree.Scale(bindings=bindings):
                entry.lines = self._bindings("scale", node, bindings)
            case tree.Inputs(span=span):
                inside = [one for one in self.inputs if span.start <= one.span.start < span.end]
                entry.lines = self._bindings("inputs", node, inside)
            case tree.Outputs(bindings=bindings):
                entry.lines = self._bindings("outputs", node, bindings)
            case tree.StagesOverride(first=first, last=last, bindings=bindings):
                entry.lines = self._bindings(f"stages {_range(first, last)}", node, bindings)
            case tree.AddedStages(number=number, is_after=is_after, table=table):
                head = f"stages {'after' if is_after else 'before'} {number}"
                entry.lines = self._table([head], node, node.span.start, table)
            case tree.RemovedStages(first=first, last=last):
                entry.lines = [f"stages without {_range(first, last)}"]
            case tree.Stages(table=table):
                entry.lines = self._table(["stages"], node, node.span.start, table)
            case tree.Nested(name=name, arguments=given, table=table):
                after = given[-1].span.end if given else name.span.end
                parts = arguments(given, name.span.end, self._brace(after))
                entry.lines = self._table(joined([name.text], self._optional(parts)), node, after, table)
            case tree.Use():
                entry.lines = [f"use {node.span.text.removeprefix('use').strip()}"]
            case tree.Variants(model=model, table=table):
                entry.lines = self._table([f"variants {model.text}"], node, model.span.end, table)
            case tree.Block() | tree.Model() | tree.Recipe():
                entry.lines = self._definition(node)
        entry.above += self.layout.take_inside(node.span.end)
        entry.trailing = self._trailing(node.span.end, before)
        return entry

    def _binding(self, binding: tree.Binding | tree.CellBinding) -> list[str]:
        fact = f".{binding.fact.text}" if isinstance(binding, tree.Binding) and binding.fact else ""
        if isinstance(binding.value, tree.DefaultCell):
            return [f"{binding.name.text} = -"]
        text = f"{_shared(binding)}{_bound(binding)}{fact} = "
        return joined([text], self.layout.expression(binding.value))

    def _bindings(
        self,
        head: str,
        node: tree.Scale | tree.Inputs | tree.Outputs | tree.StagesOverride,
        bindings: Sequence[tree.Binding | tree.CellBinding],
    ) -> list[str]:
        bindings = [binding for binding in bindings if not _is_part(binding)]
        if len(bindings) == 1 and not self.layout.has_line_end(node.span.start, node.span.end):
            lines = self._binding(bindings[0])
            if len(lines) == 1:
                return [f"{head} {{ {lines[0]} }}"]
        return self._body([head], node, node.span.start, bindings, has_settings=True)

    # Items

    def _definition(self, item: tree.Block | tree.Model | tree.Recipe) -> list[str]:
        name = item.name.text
        match item:
            case tree.Recipe(model=model, parent=base, body=body):
                head = joined([f"recipe {name} for "], self._reference(model))
                if base:
                    head = joined(head, [f" extends {base.text}"])
                return self._body(head, item, (base or model).span.end, body, has_settings=True)
            case tree.Block(parameters=declared, body=body):
                after = declared[-1].span.end if declared else item.name.span.end
                parts = parameters(declared, item.name.span.end, self._brace(after))
                word = "extern block" if item.is_extern else "block"
                head = joined([f"{word} {name}"], self.layout.brackets(parts))
                return self._body(head, item, after, body, has_settings=False)
            case tree.Model(parameters=declared, parent=parent, body=body):
                after = declared[-1].span.end if declared else item.name.span.end
                parts = parameters(declared, item.name.span.end, parent.span.start if parent else self._brace(after))
                head = joined([f"model {name}"], self._optional(parts))
                own = (one for one in body if isinstance(one, tree.Binding) and one.is_input)
                self.inputs = [replace(one, is_input=False) for one in own]
                if parent:
                    head = joined(head, [" extends "], self._reference(parent))
                    after = parent.span.end
                return self._body(head, item, after, body, has_settings=True)

    def _reference(self, reference: tree.Reference) -> list[str]:
        last = reference.variant or reference.name
        name = reference.name.text + (f".{last.text}" if reference.variant else "")
        given = self._optional(arguments(reference.arguments, last.span.end, reference.span.end))
        # `2%(` would be a remainder.
        return joined([f"{name} " if name.endswith("%") and given[0] else name], given)

    def _optional(self, brackets: Brackets) -> list[str]:
        """Brackets that are left out when nothing is in them."""
        is_empty = not brackets.elements and not self.layout.has_comment(brackets.start, brackets.end)
        return [""] if is_empty else self.layout.brackets(brackets)

    # Bodies

    def _brace(self, after: int) -> int:
        """Where the first `{` behind an offset stands."""
        found = _BRACE_OR_COMMENT.finditer(self.layout.text, after)
        return next(match.start() for match in found if match.group() == "{")

    def _body(
        self,
        head: list[str],
        node: tree.Node,
        after: int,
        statements: Sequence[tree.Statement | tree.CellBinding],
        *,
        has_settings: bool,
    ) -> list[str]:
        """A head and, in braces that are the first behind an offset, statements."""
        end, statements = node.span.end - 1, [statement for statement in statements if not _is_part(statement)]
        opening = self._opening(head, after, statements[0].span.start if statements else end)
        entries = [self._entry(statement, end, has_settings=has_settings) for statement in statements]
        return _closed(opening, _lines(entries, self._above(end)))

    def _table(self, head: list[str], node: tree.Node, after: int, table: tree.Table) -> list[str]:
        """A head and, in braces, a table: its columns aligned whatever stands between the rows."""
        end = node.span.end - 1
        opening = self._opening(head, after, table.span.start)
        texts = [[name.text for name in table.header]]
        texts += [[_cell(cell) for cell in row.cells] for row in table.rows]
        spans = [table.header[0].span.to(table.header[-1].span), *(row.span for row in table.rows)]
        entries = []
        for line, span in zip(align([[*(f"| {text}" for text in row), "|"] for row in texts]), spans, strict=True):
            above = self._above(span.start) + self.layout.take_inside(span.end)
            entries.append(_Entry(above, [line], self._trailing(span.end, end)))
        return _closed(opening, _lines(entries, self._above(end)))

    def _opening(self, head: list[str], after: int, first: int) -> list[str]:
        """A head with its brace and the comment behind that, if one comes before the first thing inside."""
        return joined(head, [" {" + self._trailing(self._brace(after) + 1, first)])


def _range(first: int, last: int) -> str:
    return f"{first}..{last}" if last != first else str(first)


def _closed(opening: list[str], lines: list[str]) -> list[str]:
    if not lines and opening[-1].endswith("{"):
        return joined(opening, ["}"])
    return [*opening, *indented(lines), "}"]


def _may_touch(before: tree.Item, item: tree.Item) -> bool:
    """Whether no blank line has to stand between two items."""
    if isinstance(item, tree.Variants):
        return isinstance(before, tree.Model) and before.name.text == item.model.text
    return isinstance(item, tree.Use) and isinstance(before, tree.Use)


def _shared(binding: tree.Binding | tree.CellBinding) -> str:
    return "shared " if isinstance(binding, tree.Binding) and binding.is_shared else ""


def _bound(binding: tree.Binding | tree.CellBinding) -> str:
    """What stands before `=`: a name, or those of the values of a list."""
    names = binding.unpacked if isinstance(binding, tree.Binding) else ()
    return ", ".join(name.text for name in names) or binding.name.text


def _is_part(statement: tree.Statement | tree.CellBinding) -> bool:
    """Whether it is written as a part of the statement before it."""
    return isinstance(statement, tree.Binding) and (statement.part_of is not None or statement.is_input)


def _cell(cell: tree.Expression | tree.DefaultCell) -> str:
    return "-" if isinstance(cell, tree.DefaultCell) else one_line(cell)


def _claim_cells(claim: tree.Expression) -> Sequence[str]:
    """The columns of a claim that compares: `require` and what is measured, the comparison, a value, its tolerance."""
    if not isinstance(claim, tree.Binary) or BINARY[claim.operator] != COMPARISON:
        return ()
    loosest, _ = operands(claim.operator)
    cells = f"require {one_line(claim.left, loosest)}", claim.operator
    match claim.right:
        case tree.Binary(operator="+-", left=value, right=tolerance):
            loosest_value, loosest_tolerance = operands("+-")
            return *cells, one_line(value, loosest_value), f"+- {one_line(tolerance, loosest_tolerance)}"
        case value:
            return *cells, one_line(value, loosest)


def _lines(entries: Sequence[_Entry], below: Sequence[str]) -> list[str]:
    """The lines of entries and of what stands below the last, without blank lines at either end."""
    for run in _runs(entries):
        if run[0].column:
            for entry, line in zip(run, align([entry.cells for entry in run]), strict=True):
                entry.lines = [line]
    lines: list[str] = []
    for entry in entries:
        lines += [*entry.above, *joined(entry.lines, [entry.trailing])]
    lines += below
    start, end = 0, len(lines)
    while start < end and not lines[start]:
        start += 1
    while start < end and not lines[end - 1]:
        end -= 1
    return lines[start:end]


def _runs(entries: Sequence[_Entry]) -> Iterator[list[_Entry]]:
    """Entries that follow one another without a blank line and are aligned in the same way."""
    run: list[_Entry] = []
    for entry in entries:
        if run and ("" in entry.above or entry.column != run[-1].column):
            yield run
            run = []
        run.append(entry)
    if run:
        yield run
