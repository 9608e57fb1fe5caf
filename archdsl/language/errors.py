"""Problems with a text: its syntax, characters, tables and bounds.

Parsing imports these late: most texts have no mistake, and defining the classes takes as long as parsing one.
"""

from __future__ import annotations

from archdsl.diagnostics import OverBound, Problem, codes
from archdsl.limits import raising

# Bounds --------------------------------------------------------------------------------------------------------------


class TooManyCharacters(OverBound):
    message = "the file has {needed:,} characters, more than the bound of {most:,}"
    bound = "characters"
    instead = "split it and bring the parts together with `use`"
    needed: int


class TooDeep(OverBound):
    """`what` is nested: brackets, or expressions."""

    message = "{what} nested more than {most} deep"
    bound = "nesting"
    instead = "give the inner part a name of its own"
    what: str


class TooLongName(OverBound):
    """`what` is a name, or a text, which may be `times` as long."""

    message = "a {what} of {length:,} characters is longer than the bound of {longest:,}"
    bound = "name"
    what: str
    length: int
    times: int

    @property
    def longest(self) -> int:
        return self.times * self.most

    @property
    def raising(self) -> str:
        return raising(self.bound, -(-self.length // self.times), f"use a shorter {self.what}")


class TooManyElements(OverBound):
    """`what` a list has: arguments, cells, options."""

    message = "{needed:,} {what} are more than the bound of {most:,}"
    bound = "elements"
    needed: int
    what: str


class TooLongNumber(OverBound):
    message = "a number of more than {most} characters"
    bound = "digits"
    needed: int


class TooLongOperation(OverBound):
    """`count` operands and operators, where at most `longest` fit into the bound; `needed` would be enough."""

    message = "{count:,} operands and operators in a row are more than the bound of {longest}"
    bound = "nesting"
    instead = "give its parts names of their own"
    count: int
    longest: int
    needed: int


# Values --------------------------------------------------------------------------------------------------------------


class TooLargeNumber(Problem):
    code = codes.BAD_VALUE
    message = "{number} is too large a number"
    number: str


class NotLabel(Problem):
    code = codes.SYNTAX
    message = "`{text}` is not a name"
    help = "behind a dot stands what a tensor knows, `in.channels`, a stage, or a variant, `b0` or `050`"
    text: str


class NotStageNumber(Problem):
    code = codes.BAD_VALUE
    message = "{number} is not the number of a stage"
    help = "stages are numbered from 1"
    number: str


class ChainedComparison(Problem):
    code = codes.SYNTAX
    message = "comparisons cannot be chained"
    help = "write both comparisons and join them with `and`"


class ArrowAfterElse(Problem):
    """`branch` stands behind `else`, and `rest` behind the `->` that follows it."""

    code = codes.SYNTAX
    message = "this `->` may follow the `else` branch, or both branches"
    label = "after which of them?"
    help = "{advice}"
    branch: str
    rest: str

    @property
    def advice(self) -> str:
        both = f"`(if ... else {self.branch}) -> {self.rest}` follows both"
        return f"write parentheses: {both}, `else ({self.branch} -> {self.rest})` the `else` branch alone"


# Tables --------------------------------------------------------------------------------------------------------------


class EmptyTable(Problem):
    code = codes.EMPTY_TABLE
    message = "this table is empty"
    help = "write a header row, `| name | name |`, and rows below it"


class TableWithoutRows(Problem):
    code = codes.EMPTY_TABLE
    message = "this table has a header but no rows"


class HeaderNotName(Problem):
    code = codes.SYNTAX
    message = "the first row of a table names its columns"
    label = "not a name"


class RaggedRow(Problem):
    code = codes.RAGGED_TABLE
    message = "this row has {cells} cells, the header has {columns}"
    help = "{advice}"
    cells: int
    columns: int

    @property
    def advice(self) -> str:
        if self.cells < self.columns:
            return "write `-` for a cell that takes the default"
        return "give the column a name in the header, or remove the cell"


class CommentInRow(Problem):
    code = codes.SYNTAX
    message = "`#` begins a comment, so the rest of this row is not part of the table"
    help = "write the names of columns without `#`"


# Tokens --------------------------------------------------------------------------------------------------------------


class UnexpectedToken(Problem):
    """`found` and `expected` are in words: a token in backticks, or `end of line`."""

    code = codes.SYNTAX
    message = "unexpected {found}"
    label = "expected {expected}"
    found: str
    expected: str


class UnknownKeyword(Problem):
    code = codes.SYNTAX
    message = "`{word}` is not a keyword"
    word: str


class Unclosed(Problem):
    code = codes.UNCLOSED
    message = "`{bracket}` is never closed"
    label = "opened here"
    bracket: str


class UnclosedTable(Problem):
    code = codes.UNCLOSED
    message = "`{{` of this table is never closed"
    label = "opened here"
    help = "close it with `}}` on a line of its own"


class ForeignNotation(Problem):
    """What another language, or a paper, writes in that place; `reason` is the message of its `Form`."""

    code = codes.SYNTAX
    message = "{reason}"
    reason: str


class ForeignCharacter(ForeignNotation):
    """The same, found at a character that no token begins with."""

    code = codes.BAD_CHARACTER


# Characters ----------------------------------------------------------------------------------------------------------
# `shown` is a character in words, `number` its code point and `name` its Unicode name.


class UnexpectedCharacter(Problem):
    code = codes.BAD_CHARACTER
    message = "{shown} has no meaning here"
    shown: str


class ForeignSpace(Problem):
    code = codes.BAD_CHARACTER
    message = "{number}, {name}, is not a space of the language"
    help = "write a space"
    number: str
    name: str


class ControlCharacter(Problem):
    code = codes.BAD_CHARACTER
    message = "{number}, {name}, is not shown as it is and has no meaning here"
    help = "remove it"
    number: str
    name: str


class InvisibleCharacter(Problem):
    """`latin` is the word that it is in, without it; empty where that is not a word of the language."""

    code = codes.BAD_CHARACTER
    message = "{number}, {name}, is not shown and has no meaning here"
    help = "{advice}"
    number: str
    name: str
    latin: str

    @property
    def advice(self) -> str:
        return f"write `{self.latin}` without it" if self.latin else "remove it"


class NotPlainCharacter(Problem):
    code = codes.BAD_CHARACTER
    message = "{shown} is not the `{plain}` of the language"
    help = "write `{plain}`"
    shown: str
    plain: str


class NotLatin(Problem):
    """A letter of another alphabet that looks `like` Latin ones, in a word that looks like `latin`."""

    code = codes.BAD_CHARACTER
    message = "{shown} is not the {letters} `{like}`"
    help = "write `{latin}` in Latin letters"
    shown: str
    like: str
    latin: str

    @property
    def letters(self) -> str:
        return "letter" if len(self.like) == 1 else "letters"


class NotLetter(Problem):
    """`transcribed` is the nearest that Latin letters come to the word."""

    code = codes.BAD_CHARACTER
    message = "{shown} is not a letter of the language"
    help = "names are made of the letters a to z, digits and `_`{example}"
    shown: str
    transcribed: str

    @property
    def example(self) -> str:
        return f": `{self.transcribed}`" if self.transcribed else ""


class HiddenCharacter(Problem):
    """`what` holds them, a comment or a string; `number` is the first of `count`."""

    code = codes.HIDDEN_CHARACTER
    message = "this {what} holds {number}, which {effect}"
    label = "here"
    help = "remove it{others}"
    what: str
    number: str
    reorders: bool
    count: int

    @property
    def effect(self) -> str:
        return "changes the order in which text is shown" if self.reorders else "is not shown as it is"

    @property
    def others(self) -> str:
        return f", and {self.count - 1} more like it" if self.count > 1 else ""


class LoneReturn(Problem):
    """One of `count` lines."""

    code = codes.HIDDEN_CHARACTER
    message = "this line ends in U+000D alone, and other lines do not"
    label = "here"
    help = "end it like the others{others}"
    count: int

    @property
    def others(self) -> str:
        return f", and {self.count - 1} more like it" if self.count > 1 else ""
