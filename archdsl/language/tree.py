"""The syntax tree: what was written, frozen, every node with its place.

Two nodes are equal when they say the same thing, wherever they stand: spans take no part in comparison.
"""

from __future__ import annotations

from msgspec import Struct

from archdsl.diagnostics import Source, Span


class _Compared(Struct, frozen=True, eq=False):
    """Equal to another of its type in all fields but those that say where it stands."""

    @property
    def _content(self) -> tuple[object, ...]:
        return tuple([getattr(self, name) for name in self.__struct_fields__ if name not in _PLACES])

    def __eq__(self, other: object) -> bool:
        return self is other or (type(self) is type(other) and self._content == other._content)

    def __ne__(self, other: object) -> bool:  # A struct has one of its own, which does not ask `__eq__`.
        return not self == other

    def __hash__(self) -> int:
        return hash((type(self).__name__, self._content))


_PLACES = frozenset({"span", "source", "comments", "part_of"})


class Node(_Compared, frozen=True):
    span: Span


class Identifier(Node, frozen=True):
    text: str


# Expressions ---------------------------------------------------------------------------------------------------


class Literal(Node, frozen=True):
    """A number (with its unit applied), a string, `true`, `false` or `none`; `text` is how it was written."""

    value: int | float | bool | str | None
    text: str


class Name(Node, frozen=True):
    text: str


class Fact(Node, frozen=True):
    """`owner.name`: something known about a tensor, such as `in.channels`."""

    owner: Expression
    name: Identifier


class Argument(Node, frozen=True):
    name: Identifier | None
    value: Expression


class Call(Node, frozen=True):
    function: Expression
    arguments: tuple[Argument, ...]


class Unary(Node, frozen=True):
    """`operator` is `-` or `not`."""

    operator: str
    operand: Expression


class Binary(Node, frozen=True):
    """`operator` is one of `operators.BINARY`, `+-` (a tolerance) among them."""

    operator: str
    left: Expression
    right: Expression


class Conditional(Node, frozen=True):
    """`if condition then chosen else otherwise`."""

    condition: Expression
    chosen: Expression
    otherwise: Expression


class ShapeOf(Node, frozen=True):
    """`3 x 224 x 224`."""

    sizes: tuple[Expression, ...]


class Step(Node, frozen=True):
    """One element of a pipeline: `value as name when condition`."""

    value: Expression
    name: Identifier | None = None
    condition: Expression | None = None


class Pipeline(Node, frozen=True):
    """`a -> b -> c`; a single guarded or named step is a pipeline of one."""

    steps: tuple[Step, ...]


class Composite(Node, frozen=True):
    """`[a -> b]`: a pipeline as one layer."""

    value: Expression


class Listing(Node, frozen=True):
    """`[3, 5, 7]`: a list. One of a single value may be written as a `Composite`, `[3]`, unless that is a layer. Behind
    the `=` of a block's binding it may be bare: `out = a, b`."""

    elements: tuple[Expression, ...]
    is_bare: bool = False


class Element(Node, frozen=True):
    """`owner[index]`: one of the values of a list, counted from 0."""

    owner: Expression
    index: Expression


class Each(Node, frozen=True):
    """`for index, variable in over: body`: the list of what the body is for each value of a list, or each number below
    a count."""

    index: Identifier | None
    variable: Identifier
    over: Expression
    body: Expression


class Choice(Node, frozen=True):
    """`{a, b}`: one of several values, left open."""

    options: tuple[Expression, ...]


Expression = (
    Literal
    | Name
    | Fact
    | Call
    | Unary
    | Binary
    | Conditional
    | ShapeOf
    | Pipeline
    | Composite
    | Listing
    | Element
    | Each
    | Choice
)


# Statements ----------------------------------------------------------------------------------------------------


class Binding(Node, frozen=True):
    """`name = value`, or `name.fact = value` for a fact of a tensor.

    With `shared name = value` all uses of a layer have the same weights. `x, y = value` is a binding of the list, whose
    `unpacked` names are those of its values, followed by one `x = list[0]` for each of them, where the whole is what it
    is `part_of`; a value that is called `_` has none. One that `is_input` stands in `inputs { }`.
    """

    name: Identifier
    fact: Identifier | None
    value: Expression
    is_shared: bool = False
    unpacked: tuple[Identifier, ...] = ()
    part_of: Span | None = None
    is_input: bool = False


class Require(Node, frozen=True):
    claim: Expression


class DefaultCell(Node, frozen=True):
    """`-` in a table: whatever the block says by default."""


class Row(Node, frozen=True):
    cells: tuple[Expression | DefaultCell, ...]


class Table(Node, frozen=True):
    header: tuple[Identifier, ...]
    rows: tuple[Row, ...]


class Scale(Node, frozen=True):
    bindings: tuple[Binding, ...]


class Inputs(Node, frozen=True):
    """`inputs { rgb = 3 x 224 x 224 }`: what a model reads, each with its name. The bindings inside are the statements
    that follow this one."""


class Outputs(Node, frozen=True):
    """`outputs { boxes = neck -> conv(64) }`: what a model puts out, each with its name."""

    bindings: tuple[Binding, ...]


class Stages(Node, frozen=True):
    table: Table


class CellBinding(Node, frozen=True):
    """`column = value`, or `column = -` for whatever the block says by default, whatever the table has."""

    name: Identifier
    value: Expression | DefaultCell


class StagesOverride(Node, frozen=True):
    """`stages first..last { column = value }` in a model that extends another; 1-based, `last` included."""

    first: int
    last: int
    bindings: tuple[CellBinding, ...]


class AddedStages(Node, frozen=True):
    """`stages after 3 { | op | ... | }` in a model that extends another: rows between two of its table."""

    number: int
    is_after: bool
    table: Table


class RemovedStages(Node, frozen=True):
    """`stages without first..last` in a model that extends another; 1-based, `last` included."""

    first: int
    last: int


class Nested(Node, frozen=True):
    """A table with a name inside a recipe: `progressive(stages = 4) { ... }`."""

    name: Identifier
    arguments: tuple[Argument, ...]
    table: Table


# Items ---------------------------------------------------------------------------------------------------------


class Parameter(Node, frozen=True):
    name: Identifier
    default: Expression | None


class Reference(Node, frozen=True):
    """A model, perhaps one of its variants, perhaps with parameter values: `efficientnet.b4`, `base(width = 2)`."""

    name: Identifier
    variant: Identifier | None
    arguments: tuple[Argument, ...]


class Use(Node, frozen=True):
    path: str
    doc: str = ""


class Block(Node, frozen=True):
    """One that `is_extern` declares the shape and the costs of a module that the caller of the network brings."""

    name: Identifier
    parameters: tuple[Parameter, ...]
    body: tuple[Binding | Require, ...]
    doc: str = ""
    is_extern: bool = False


class Model(Node, frozen=True):
    name: Identifier
    parameters: tuple[Parameter, ...]
    parent: Reference | None
    body: tuple[
        Binding | Require | Scale | Inputs | Outputs | Stages | StagesOverride | AddedStages | RemovedStages, ...
    ]
    doc: str = ""


class Variants(Node, frozen=True):
    model: Identifier
    table: Table
    doc: str = ""


class Recipe(Node, frozen=True):
    """`recipe name for model extends parent { ... }`: how a network is trained."""

    name: Identifier
    model: Reference
    parent: Identifier | None
    body: tuple[Binding | Nested, ...]
    doc: str = ""


Statement = (
    Binding | Require | Scale | Inputs | Outputs | Stages | StagesOverride | AddedStages | RemovedStages | Nested
)
Item = Use | Block | Model | Variants | Recipe


class Comment(Node, frozen=True):
    """A `#` comment with its text; `own_line` when nothing but white space stands before it."""

    text: str
    own_line: bool


class Module(_Compared, frozen=True):
    """One file."""

    source: Source
    items: tuple[Item, ...]
    comments: tuple[Comment, ...] = ()
