"""The inside of a block: concrete, and in the form in which it was written.

A block's body is a tree, not a flat list of operators: it keeps which guard dropped a step, which branch was taken and
what repeats. Two instances of one block therefore have bodies of the same form, differing only where the text decides,
and a backend can fold them back into one piece of code. `walk.py` gives the flat view.
"""

from typing import Annotated, Literal

from pydantic import Field

from archdsl.ir.base import BlockId, Dotted, Frozen, Label, Name, Place, Scalar, Shape
from archdsl.ir.formula import Formula
from archdsl.ir.operators import Primitive

# Tensors ---------------------------------------------------------------------------------------------------------


class Input(Frozen):
    """The tensor `in` of the block."""

    node: Literal["input"] = "input"


class Bound(Frozen):
    """The tensor of a binding further up in the same block, or its list of tensors where that is an operand or goes
    into a block. A list that the block itself gets is bound to its parameter, or to `in`."""

    node: Literal["bound"] = "bound"
    name: Dotted


class Element(Frozen):
    """One tensor of a list that is bound further up, by its number, which counts from 0."""

    node: Literal["element"] = "element"
    name: Dotted
    index: int
    formula: Formula | None = None


class Number(Frozen):
    """A scalar in tensor arithmetic, as in `2 * x`."""

    node: Literal["number"] = "number"
    value: float
    formula: Formula | None = None


class Combine(Frozen):
    """Tensors (and scalars) combined: elementwise with broadcasting over 1 x 1, or concatenated along channels.

    Operands of `concat` and `sum` may be lists of tensors; a `sum` adds one after the other.
    """

    node: Literal["combine"] = "combine"
    operator: Literal["add", "subtract", "multiply", "divide", "negate", "maximum", "minimum", "concat", "sum"]
    operands: tuple["TensorExpression", ...]
    name: Label
    output: Shape


class Chain(Frozen):
    """A tensor fed through steps in sequence, or a list of tensors. What comes out may be a list as well: then it is
    what a binding is of, and nothing else."""

    node: Literal["chain"] = "chain"
    source: "TensorExpression"
    steps: tuple["Step", ...]


class Select(Frozen):
    """`if condition then chosen else otherwise`, decided: only the tensor that was taken remains."""

    node: Literal["select"] = "select"
    condition: Formula | None
    taken: bool
    value: "TensorExpression"


class Loop(Frozen):
    """`for index, variable in over`: what the rounds of a loop go over.

    `index` is what the formulas inside call the number of a round. `elements` are the values of a list of scalars, by
    round, which they call `variable`; there are none where it goes over a count or over tensors. `over` is the formula
    of the list or of the count.
    """

    index: Name
    variable: Name | None = None
    elements: tuple[Scalar, ...] = ()
    over: Formula | None = None


class TensorList(Frozen):
    """A list of tensors: the value of a binding, or an operand. In a `loop`, `values` has the tensor of each round.

    A round that is a pipeline is a sub-module, called by its number in the module list `name`.
    """

    node: Literal["list"] = "list"
    name: Label
    values: tuple["TensorExpression", ...]
    loop: Loop | None = None


TensorExpression = Annotated[
    Input | Bound | Element | Number | Combine | Chain | Select | TensorList, Field(discriminator="node")
]

# Steps -----------------------------------------------------------------------------------------------------------


class Apply(Frozen):
    """One operator or one block, applied. `name` is its sub-module's; exactly one of `operator`, `block` is set.

    `formulas` says how attributes (of the operator) or arguments (of the block) were computed. `others` are further
    tensors that it reads: of an operator (`resize(like = x)`), or a block's `tensors` in their order. Where a block
    reads or puts out a list, `input_list` and `output_list` have the shapes of all its tensors, and `input`, `output`
    and `other_shapes` that of the first.
    """

    step: Literal["apply"] = "apply"
    name: Label
    operator: Primitive | None = None
    block: BlockId | None = None
    others: tuple[TensorExpression, ...] = ()
    other_shapes: tuple[Shape, ...] = ()
    input: Shape
    output: Shape
    input_list: tuple[Shape, ...] = ()
    output_list: tuple[Shape, ...] = ()
    formulas: dict[Name, Formula]
    place: Place


class Sequence(Frozen):
    """Steps as one: `[a -> b]`. With a name it is a sub-module of its own, without it is no more than its steps."""

    step: Literal["sequence"] = "sequence"
    name: Label | None
    steps: tuple["Step", ...]


class Repeat(Frozen):
    """`layer * count`: copies in sequence, each with parameters of its own."""

    step: Literal["repeat"] = "repeat"
    name: Label
    count: int
    formula: Formula | None
    copies: tuple["Step", ...]


class Guard(Frozen):
    """`layer when condition`, decided; `value` is None where the condition is false."""

    step: Literal["guard"] = "guard"
    condition: Formula | None
    value: "Step | None"


class Alternative(Frozen):
    """`if condition then layer else layer`, decided."""

    step: Literal["alternative"] = "alternative"
    condition: Formula | None
    taken: bool
    value: "Step"


class Shared(Frozen):
    """A layer whose uses have the same weights: a sub-module of the block, `name`, that each use applies.

    `value` is what it is on the tensor at hand; it has that name, too.
    """

    step: Literal["shared"] = "shared"
    name: Label
    value: "Step"


Step = Annotated[Apply | Sequence | Repeat | Guard | Alternative | Shared, Field(discriminator="step")]


# Blocks ----------------------------------------------------------------------------------------------------------


class TensorBinding(Frozen):
    """`name = tensor` in a block; `value` is None where the block's output is made without it.

    `condition` is the formula of when it is read, where that is not always and a formula can say it. `output` is None
    for a list of tensors, and for a tensor of a block that applies itself which is not elaborated, because nothing
    reads it.
    """

    name: Name
    value: TensorExpression | None
    output: Shape | None
    condition: Formula | None = None


class OutputFact(Frozen):
    """A fact of the user's own that the output carries, such as its variance."""

    value: float
    formula: Formula | None = None


class NamedOutput(Frozen):
    """A tensor that a block puts out under a name."""

    value: TensorExpression
    shape: Shape


class BlockInstance(Frozen):
    """A block with one set of arguments and one input shape; each distinct one stands once in an architecture.

    `scalars` are the named numbers in scope (facts of the input as `in_channels` and so on, parameters, bindings), and
    `formulas` says how the bound ones, and parameters that are not given, were computed; `lists` are lists of scalars
    that have names. `layers` are the arguments and settings that are layers or names, as text. `tensors` are the
    further tensors that it reads besides `input`, by the parameters that they are given to. The head of a model with
    named outputs has these as `outputs`, and `output` is the shape of the first; any other block puts out what it binds
    to `out`. Of lists, `input_list`, `tensor_lists` (by parameter) and `output_list` have the shapes of all tensors,
    and the fields beside them that of the first.
    """

    id: BlockId
    name: Name
    doc: str = ""
    parameters: tuple[Name, ...]
    scalars: dict[Name, Scalar]
    formulas: dict[Name, Formula]
    lists: dict[Name, tuple[Scalar, ...]] = Field(default_factory=dict)
    layers: dict[Name, str]
    input: Shape
    input_list: tuple[Shape, ...] = ()
    tensors: dict[Name, Shape] = Field(default_factory=dict)
    tensor_lists: dict[Name, tuple[Shape, ...]] = Field(default_factory=dict)
    outputs: dict[Name, NamedOutput] = Field(default_factory=dict)
    output: Shape
    output_list: tuple[Shape, ...] = ()
    facts: dict[Name, OutputFact]
    body: tuple[TensorBinding, ...]
    place: Place
