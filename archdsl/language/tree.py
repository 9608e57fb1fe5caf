"""The syntax tree: what was written, frozen, every node with its place.

Two nodes are equal when they say the same thing, wherever they stand: spans take no part in comparison.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from archdsl.diagnostics import Source, Span
from archdsl.language.record import Record


class Node(Record):
    span: Span


class Identifier(Node):
    text: str


# Expressions ---------------------------------------------------------------------------------------------------


class Literal(Node):
    """A number (with its unit applied), a string, `true`, `false` or `none`; `text` is how it was written."""

    value: int | float | bool | str | None
    text: str


class Name(Node):
    text: str


class Fact(Node):
    """`owner.name`: something known about a tensor, such as `in.channels`."""

    owner: Expression
    name: Identifier


class Argument(Node):
    name: Identifier | None
    value: Expression


class Call(Node):
    function: Expression
    arguments: tuple[Argument, ...]


class Unary(Node):
    """`operator` is `-` or `not`."""

    operator: str
    operand: Expression


class Binary(Node):
    """`operator` is one of `operators.BINARY`, `+-` (a tolerance) among them."""

    operator: str
    left: Expression
    right: Expression


class Conditional(Node):
    """`if condition then chosen else otherwise`."""

    condition: Expression
    chosen: Expression
    otherwise: Expression


class ShapeOf(Node):
    """`3 x 224 x 224`."""

    sizes: tuple[Expression, ...]


class Step(Node):
    """One element of a pipeline: `value as name when condition`."""

    value: Expression
    name: Identifier | None = None
    condition: Expression | None = None


class Pipeline(Node):
    """`a -> b -> c`; a single guarded or named step is a pipeline of one."""

    steps: tuple[Step, ...]


class Composite(Node):
    """`[a -> b]`: a pipeline as one layer."""

    value: Expression


class Choice(Node):
    """`{a, b}`: one of several values, left open."""

    options: tuple[Expression, ...]


Expression = Literal | Name | Fact | Call | Unary | Binary | Conditional | ShapeOf | Pipeline | Composite | Choice


# Statements ----------------------------------------------------------------------------------------------------


class Binding(Node):
    """`name = value`, or `name.fact = value` for a fact of a tensor."""

    name: Identifier
    fact: Identifier | None
    value: Expression


class Require(Node):
    claim: Expression


class DefaultCell(Node):
    """`-` in a table: whatever the block says by default."""


class Row(Node):
    cells: tuple[Expression | DefaultCell, ...]


class Table(Node):
    header: tuple[Identifier, ...]
    rows: tuple[Row, ...]


class Scale(Node):
    bindings: tuple[Binding, ...]


class Stages(Node):
    table: Table


class StagesOverride(Node):
    """`stages first..last { column = value }` in a model that extends another; 1-based, `last` included."""

    first: int
    last: int
    bindings: tuple[Binding, ...]


class AddedStages(Node):
    """`stages after 3 { | op | ... | }` in a model that extends another: rows between two of its table."""

    number: int
    is_after: bool
    table: Table


class RemovedStages(Node):
    """`stages without first..last` in a model that extends another; 1-based, `last` included."""

    first: int
    last: int


class Nested(Node):
    """A table with a name inside a recipe: `progressive(stages = 4) { ... }`."""

    name: Identifier
    arguments: tuple[Argument, ...]
    table: Table


# Items ---------------------------------------------------------------------------------------------------------


class Parameter(Node):
    name: Identifier
    default: Expression | None


class Reference(Node):
    """A model, perhaps one of its variants, perhaps with parameter values: `efficientnet.b4`, `base(width = 2)`."""

    name: Identifier
    variant: Identifier | None
    arguments: tuple[Argument, ...]


class Use(Node):
    path: str
    doc: str = ""


class Block(Node):
    name: Identifier
    parameters: tuple[Parameter, ...]
    body: tuple[Binding | Require, ...]
    doc: str = ""


class Model(Node):
    name: Identifier
    parameters: tuple[Parameter, ...]
    parent: Reference | None
    body: tuple[Binding | Require | Scale | Stages | StagesOverride | AddedStages | RemovedStages, ...]
    doc: str = ""


class Variants(Node):
    model: Identifier
    table: Table
    doc: str = ""


class Recipe(Node):
    name: Identifier
    model: Reference
    body: tuple[Binding | Nested, ...]
    doc: str = ""


Statement = Binding | Require | Scale | Stages | StagesOverride | AddedStages | RemovedStages | Nested
Item = Use | Block | Model | Variants | Recipe


class Comment(Node):
    """A `#` comment with its text; `own_line` when nothing but white space stands before it."""

    text: str
    own_line: bool


@dataclass(frozen=True)
class Module:
    """One file."""

    source: Source = field(compare=False, repr=False)
    items: tuple[Item, ...]
    comments: tuple[Comment, ...] = field(default=(), compare=False)
