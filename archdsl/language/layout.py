"""Expressions on lines: what the author broke stays broken, and every comment finds a place.

A text of several lines is a list of lines; all but the first are indented relative to the line of the first.
"""

from __future__ import annotations

import itertools
import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

from archdsl.language import tree
from archdsl.language.expressions import (
    Brackets,
    Fragment,
    Slot,
    Widths,
    element_fragments,
    fragments,
    one_line,
    step_condition,
    step_value,
)
from archdsl.language.operators import CONDITIONAL, PIPELINE, precedence

# An expression, or what stands in a pair of brackets, is broken over lines when it is longer than this.
WIDTH = 120
INDENT = "  "

_INDENTATION = re.compile(r"\s*")
_BLANK_LINE = re.compile(r"\n[^\S\n]*\n")
_ARROW_ON_NEW_LINE = re.compile(r"\n\s*->")
_BRANCH_ON_NEW_LINE = re.compile(r"\n\s*(?:then|else)\b")


def align(rows: Sequence[Sequence[str]]) -> list[str]:
    """Each row on a line, its cells in columns; the last cell of a row widens no column, nor does a very long one."""
    widths: dict[int, int] = {}
    for row in rows:
        for column, cell in enumerate(row[:-1]):
            widths[column] = max(widths.get(column, 0), len(cell) if len(cell) <= WIDTH else 0)
    return [" ".join([*(cell.ljust(widths[column]) for column, cell in enumerate(row[:-1])), row[-1]]) for row in rows]


def indented(lines: Sequence[str]) -> list[str]:
    """Lines one step further in; blank ones stay empty."""
    return [INDENT + line if line else line for line in lines]


def joined(*parts: Sequence[str]) -> list[str]:
    """Texts of several lines one behind the other: each goes on where the one before it ended."""
    lines: list[str] = []
    unfinished: list[str] = []
    for part in parts:
        if len(part) == 1:
            unfinished.append(part[0])
            continue
        first, *between, last = part
        lines += ["".join([*unfinished, first]), *between]
        unfinished = [last]
    return [*lines, "".join(unfinished)]


@dataclass
class _StepLine:
    """The steps of a pipeline that share a line, with the comments above and behind it."""

    above: list[str]
    parts: list[Sequence[str]]
    """The texts that make up the line, but for the condition of its last step."""
    condition: list[str] = field(default_factory=list)
    written: int | None = None
    """How far from the `->` that begins the line the author wrote `when`."""
    trailing: str = ""

    def go_on(self) -> None:
        """Gets ready for another step on the same line."""
        self.parts += [*self._condition(), [" -> "]]

    def lines(self) -> list[str]:
        return joined(*self.parts, *self._condition(), [self.trailing])

    def _condition(self) -> list[list[str]]:
        return [[" "], self.condition] if self.condition else []


class Layout:
    """Lays out the expressions of a module in the order of the text, taking the module's comments along."""

    def __init__(self, module: tree.Module):
        self.text = module.source.text
        self._line_starts = module.source.line_starts
        self._comments = module.comments
        self._starts = [comment.span.start for comment in module.comments]
        self._next = 0
        self._displaced: list[str] = []
        self._widths = Widths()

    # Comments

    def take(self, before: int) -> list[tree.Comment]:
        """The comments before an offset that have no place yet."""
        first, self._next = self._next, max(self._next, bisect_left(self._starts, before))
        return list(self._comments[first : self._next])

    def take_inside(self, end: int) -> list[str]:
        """The comments inside of what has just been laid out that found no place there."""
        found = self._displaced + [comment.text for comment in self.take(end)]
        self._displaced = []
        return found

    def take_trailing(self, after: int, end: int) -> tree.Comment | None:
        """The comment behind an offset on the same line and before `end`."""
        if self._next == len(self._comments):
            return None
        comment = self._comments[self._next]
        if comment.span.start >= end or self.has_line_end(after, comment.span.start):
            return None
        self._next += 1
        return comment

    def has_comment(self, start: int, end: int) -> bool:
        """Whether a comment stands between two offsets."""
        return bisect_left(self._starts, start) < bisect_left(self._starts, end)

    def has_line_end(self, start: int, end: int) -> bool:
        """Whether two offsets are on different lines."""
        return bisect_right(self._line_starts, start) != bisect_right(self._line_starts, end)

    def has_blank_line(self, start: int, end: int) -> bool:
        """Whether a blank line stands between two offsets."""
        return _BLANK_LINE.search(self.text, start, end) is not None

    def begins_line(self, offset: int) -> bool:
        """Whether only white space stands before an offset on its line."""
        line_start = self._line_starts[bisect_right(self._line_starts, offset) - 1]
        return _INDENTATION.match(self.text, line_start, offset).end() == offset  # type: ignore[union-attr]

    # Expressions

    def expression(self, expression: tree.Expression, loosest: int = PIPELINE) -> list[str]:
        """The lines of an expression."""
        span = expression.span
        # Most expressions are short. The way below comes to the same for these, only slower.
        if not self.has_line_end(span.start, span.end) and self._widths.expression(expression, loosest) <= WIDTH:
            return [one_line(expression, loosest)]
        if isinstance(expression, tree.Pipeline):
            lines, breaks = self._pipeline(expression), self._breaks(expression)
        elif isinstance(expression, tree.Conditional) and self._branches(expression):
            lines, breaks = self._conditional(expression), True
        elif isinstance(expression, tree.Each) and self._body_breaks(expression):
            lines, breaks = self._each(expression), True
        else:
            lines, breaks = self._lay(fragments(expression)), False
        if precedence(expression) >= loosest:
            return lines
        return ["(", *indented(lines), ")"] if breaks else joined(["("], lines, [")"])

    def brackets(self, brackets: Brackets) -> list[str]:
        """The lines of what stands in brackets, each element on a line of its own if one of them has to be."""
        if not self._opens(brackets):
            inside: list[list[str]] = []
            for element in brackets.elements:
                laid = self._lay(element_fragments(element))
                inside += [[", "], laid] if inside else [laid]
            return joined([brackets.opening], *inside, [brackets.closing])
        # Comments from before the brackets have no place in them.
        displaced = self.take_inside(brackets.start)
        lines = []
        comma = "," if brackets.opening == "(" or len(brackets.elements) > 1 else ""
        ends = [*(element.span.start for element in brackets.elements[1:]), brackets.end]
        for element, end in zip(brackets.elements, ends, strict=False):
            above = [comment.text for comment in self.take(element.span.start)]
            body = self._lay(element_fragments(element))
            above += self.take_inside(element.span.end)
            trailing = self.take_trailing(element.span.end, end)
            lines += [*above, *joined(body, [comma + (f"  {trailing.text}" if trailing else "")])]
        lines += [comment.text for comment in self.take(brackets.end)]
        self._displaced = displaced
        return [brackets.opening, *indented(lines), brackets.closing]

    def _lay(self, parts: Sequence[Fragment]) -> list[str]:
        laid = []
        for part in parts:
            match part:
                case str():
                    laid.append([part])
                case Slot(expression=expression, loosest=loosest):
                    laid.append(self.expression(expression, loosest))
                case Brackets():
                    laid.append(self.brackets(part))
        return joined(*laid)

    def _opens(self, brackets: Brackets) -> bool:
        """Whether the elements stand on lines of their own.

        So they do where the author began a line with the first of them, where there are comments, where a pipeline
        takes several lines, and where they would be too long for one.
        """
        elements = brackets.elements
        return (
            self.has_comment(brackets.start, brackets.end)
            or (bool(elements) and self.begins_line(elements[0].span.start))
            or any(isinstance(element.value, tree.Pipeline) and self._breaks(element.value) for element in elements)
            or self._widths.of([brackets]) > WIDTH
        )

    # Conditionals

    def _branches(self, conditional: tree.Conditional) -> bool:
        """Whether `then` and `else` begin lines: one of them does in the text, or the whole is too long for a line."""
        condition, chosen, otherwise = conditional.condition, conditional.chosen, conditional.otherwise
        return (
            _BRANCH_ON_NEW_LINE.search(self.text, condition.span.end, chosen.span.start) is not None
            or _BRANCH_ON_NEW_LINE.search(self.text, chosen.span.end, otherwise.span.start) is not None
            or self._widths.of(fragments(conditional)) > WIDTH
        )

    def _conditional(self, conditional: tree.Conditional) -> list[str]:
        condition = self.expression(conditional.condition)
        chosen = self.expression(conditional.chosen)
        otherwise = self.expression(conditional.otherwise, CONDITIONAL)
        return [
            *joined(["if "], condition),
            *indented(joined(["then "], chosen)),
            *indented(joined(["else "], otherwise)),
        ]

    # Loops

    def _body_breaks(self, each: tree.Each) -> bool:
        """Whether the body begins a line: it does in the text, or takes several, or the whole is too long for one."""
        return (
            self.has_line_end(each.over.span.end, each.body.span.start)
            or (isinstance(each.body, tree.Pipeline) and self._breaks(each.body))
            or self._widths.of(fragments(each)) > WIDTH
        )

    def _each(self, each: tree.Each) -> list[str]:
        head, over, *_ = fragments(each)
        assert isinstance(over, Slot)
        # Comments from before the loop have no place in it.
        displaced = self.take_inside(each.span.start)
        above = self._lay([head, over, ":"])
        comments = [comment.text for comment in self.take(each.body.span.start)]
        body = self.expression(each.body)
        self._displaced = displaced + self._displaced
        return [*above, *indented([*comments, *body])]

    # Pipelines

    def _breaks(self, pipeline: tree.Pipeline) -> bool:
        return any(arrow is not None for arrow in self._arrows(pipeline))

    def _arrows(self, pipeline: tree.Pipeline) -> list[int | None]:
        """Of each step whose `->` begins a line, where the author began a line with it, or -1; else None."""
        arrows: list[int | None] = [None]
        for before, step in itertools.pairwise(pipeline.steps):
            start, end = before.span.end, step.span.start
            if written := _ARROW_ON_NEW_LINE.search(self.text, start, end):
                arrows.append(written.end() - len("->"))
            else:
                arrows.append(-1 if self.has_comment(start, end) else None)
        if arrows.count(None) == len(arrows) and self._widths.of(fragments(pipeline)) > WIDTH:
            arrows[1:] = [-1] * len(arrows[1:])
        return arrows

    def _pipeline(self, pipeline: tree.Pipeline) -> list[str]:
        rows: list[_StepLine] = []
        # The comments inside the first step go above the whole, those inside another above its line.
        displaced: list[str] = []
        arrow: int | None = None
        end = pipeline.span.start
        for step, own_arrow in zip(pipeline.steps, self._arrows(pipeline), strict=True):
            if own_arrow is not None:
                arrow = own_arrow
                if trailing := self.take_trailing(end, step.span.start):
                    rows[-1].trailing = f"  {trailing.text}"
                rows.append(_StepLine([comment.text for comment in self.take(step.span.start)], [["-> "]]))
            elif rows:
                rows[-1].go_on()
            else:
                rows.append(_StepLine([], []))
            row = rows[-1]
            row.parts.append(self._lay(step_value(step, is_last=step is pipeline.steps[-1])))
            row.condition = self._lay(step_condition(step)) if step.condition else []
            row.written = self._distance(arrow, step)
            end = step.span.end
            (displaced if len(rows) == 1 else row.above).extend(self.take_inside(end))
        self._displaced = displaced
        first, *others = rows
        _align_conditions(others)
        lines = first.lines()
        for row in others:
            lines += indented([*row.above, *row.lines()])
        return lines

    def _distance(self, arrow: int | None, step: tree.Step) -> int | None:
        """How far from an arrow the condition of a step was written, if both stand on one line."""
        if step.condition is None or arrow is None or arrow < 0:
            return None
        condition = self.text.rfind("when", arrow, step.condition.span.start)
        return None if self.has_line_end(arrow, condition) else condition - arrow


def _align_conditions(rows: Sequence[_StepLine]) -> None:
    """Puts the conditions of consecutive lines in one column: where the author has them all, else further left."""
    steps = {}
    for number, row in enumerate(rows):
        first, *others = joined(*row.parts)
        if len(row.condition) == 1 and not others and len(first) <= WIDTH:
            steps[number] = first
    longest = max(map(len, steps.values()), default=0)
    written = {rows[number].written for number in steps}
    column = written.pop() if len(written) == 1 else None
    if column is None or column <= longest:
        column = longest + 1
    for number, text in steps.items():
        rows[number].parts = [[text.ljust(column - 1)]]
