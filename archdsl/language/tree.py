"""The syntax tree: what was written, frozen, every node with its place.

Two nodes are equal when they say the same thing, wherever they stand: spans take no part in comparison.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from archdsl.diagnostics import Source, Span


@dataclass(frozen=True, slots=True)
class Node:
    span: Span = field(compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Identifier(Node):
    text: str


# Expressions ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Literal(Node):
    """A number (with its unit applied), a string, `true`, `false` or `none`; `text` is how it was written."""

    value: int | float | bool | str | None
    text: str


@dataclass(frozen=True, slots=True)
class Name(Node):
    text: str


@dataclass(frozen=True, slots=True)
class Fact(Node):
    """`owner.name`: something known about a tensor, such as `in.channels`."""

    owner: Expression
    name: Identifier


@dataclass(frozen=True, slots=True)
class Argument(Node):
    name: Identifier | None
    value: Expression


@dataclass(frozen=True, slots=True)
class Call(Node):
    function: Expression
    arguments: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class Unary(Node):
    """`operator` is `-` or `not`."""

    operator: str
    operand: Expression


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """`operator` is one of `operators.BINARY`, `+-` (a tolerance) among them."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Conditional(Node):
    """`if condition then chosen else otherwise`."""

    condition: Expression
    chosen: Expression
    otherwise: Expression


@dataclass(frozen=True, slots=True)
class ShapeOf(Node):
    """`3 x 224 x 224`."""

    sizes: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Step(Node):
    """One element of a pipeline: `value as name when condition`."""

    value: Expression
    name: Identifier | None = None
    condition: Expression | None = None


@dataclass(frozen=True, slots=True)
class Pipeline(Node):
    """`a -> b -> c`; a single guarded or named step is a pipeline of one."""

    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Composite(Node):
    """`[a -> b]`: a pipeline as one layer."""

    value: Expression


@dataclass(frozen=True, slots=True)
class Choice(Node):
    """`{a, b}`: one of several values, left open."""

    options: tuple[Expression, ...]


Expression = Literal | Name | Fact | Call | Unary | Binary | Conditional | ShapeOf | Pipeline | Composite | Choice


# Statements ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Binding(Node):
    """`name = value`, or `name.fact = value` for a fact of a tensor."""

    name: Identifier
    fact: Identifier | None
    value: Expression


@dataclass(frozen=True, slots=True)
class Require(Node):
    claim: Expression


@dataclass(frozen=True, slots=True)
class DefaultCell(Node):
    """`-` in a table: whatever the block says by default."""


@dataclass(frozen=True, slots=True)
class Row(Node):
    cells: tuple[Expression | DefaultCell, ...]


@dataclass(frozen=True, slots=True)
class Table(Node):
    header: tuple[Identifier, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Scale(Node):
    bindings: tuple[Binding, ...]


@dataclass(frozen=True, slots=True)
class Stages(Node):
    table: Table


@dataclass(frozen=True, slots=True)
class StagesOverride(Node):
    """`stages first..last { column = value }` in a model that extends another; 1-based, `last` included."""

    first: int
    last: int
    bindings: tuple[Binding, ...]


@dataclass(frozen=True, slots=True)
class Nested(Node):
    """A table with a name inside a recipe: `progressive(stages = 4) { ... }`."""

    name: Identifier
    arguments: tuple[Argument, ...]
    table: Table


# Items ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Parameter(Node):
    name: Identifier
    default: Expression | None


@dataclass(frozen=True, slots=True)
class Reference(Node):
    """A model, perhaps one of its variants, perhaps with parameter values: `efficientnet.b4`, `base(width = 2)`."""

    name: Identifier
    variant: Identifier | None
    arguments: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class Use(Node):
    path: str
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Block(Node):
    name: Identifier
    parameters: tuple[Parameter, ...]
    body: tuple[Binding | Require, ...]
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Model(Node):
    name: Identifier
    parameters: tuple[Parameter, ...]
    parent: Reference | None
    body: tuple[Binding | Require | Scale | Stages | StagesOverride, ...]
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Variants(Node):
    model: Identifier
    table: Table
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Recipe(Node):
    name: Identifier
    model: Reference
    body: tuple[Binding | Nested, ...]
    doc: str = ""


Statement = Binding | Require | Scale | Stages | StagesOverride | Nested
Item = Use | Block | Model | Variants | Recipe


@dataclass(frozen=True, slots=True)
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
