"""What figures show as one box, and what stands in it.

A normalization, an activation or a drop path that follows another operator is a further line in that operator's box, as
papers draw it: `conv 3 x 3` with `batch norm · silu` below.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from archdsl.backends.diagram.style import FAMILIES, NEUTRAL, Colors, spread
from archdsl.ir.architecture import Architecture
from archdsl.ir.base import Shape, Size
from archdsl.ir.body import Alternative, Apply, BlockInstance, Chain, Guard, Input, Repeat, Select, Step
from archdsl.ir.description import Section, Stage
from archdsl.ir.operators import Primitive
from archdsl.ir.operators.activation import Activation
from archdsl.ir.operators.extern import Extern
from archdsl.ir.operators.lines import as_given
from archdsl.ir.operators.window import sides
from archdsl.ir.walk import Flow, Level, Scope, ShallowTracer, Tensor, Visit, tensors_of

_FOLLOWERS = {"normalization", "activation", "regularization"}
_COMBINED = {
    "add": "+",
    "subtract": "–",
    "multiply": "×",
    "divide": "÷",
    "negate": "–",
    "maximum": "max",
    "minimum": "min",
    "concat": "concat",
}
# Beside the arrows into what is not the same the other way round.
_SIGNS = {"subtract": ("+", "–"), "divide": ("", "divisor")}

# How an attribute reads, and the value that goes without saying. `kernel` and the channels have a form of their own.
_ATTRIBUTES: dict[str, tuple[str, object]] = {
    "stride": ("stride {}", 1),
    "groups": ("{} groups", 1),
    "experts": ("{} experts", None),
    "heads": ("{} heads", 1),
    "dilation": ("dilation {}", 1),
    "multiplier": ("multiplier {}", 1),
    "parts": ("{} parts", None),
    "index": ("part {}", None),
    "factor": ("x {}", None),
    "size": ("{}", None),
    "rate": ("{}", None),
}


# Before the name of an output, in its path.
OUT = "out."


class DrawnBox(NamedTuple):
    """One box: an operator, block or combined tensor, and what follows it in the same box."""

    members: tuple[Visit, ...]

    @property
    def first(self) -> Visit:
        return self.members[0]


class FigureTracer(ShallowTracer):
    """Follows one block or section as a figure does: of copies the first, and of blocks in sequence the layers."""

    # Behind the paths of what is in a shared layer, which would be the same for each of its uses.
    use = ""
    uses = 0

    def block(self, identity: str, source: Flow, path: str, others: tuple[Flow, ...] = ()) -> Flow:
        is_shown_inside = is_pipeline(self.architecture.blocks[identity])
        follow = self.inside if is_shown_inside else super().block
        return follow(identity, source, path, others)

    def note(
        self,
        path: str,
        operator: str,
        inputs: tuple[Tensor, ...],
        output: Shape,
        primitive: Primitive | None = None,
        *rest: Any,
        **named: Any,
    ) -> Tensor:
        if isinstance(primitive, Activation) and primitive.kind == "identity" and primitive.gain == 1:
            return inputs[0]  # an activation that is none here: what comes in goes on
        # What is a tensor by itself reads of another no more than how many images there are.
        read = () if primitive is not None and primitive.is_source else inputs
        return super().note(path, operator, read, output, primitive, *rest, **named)

    def whole(self, identity: str) -> list[Visit]:
        visits, instance = super().whole(identity), self.architecture.blocks[identity]
        named = [f"{OUT}{name}" for name in instance.outputs]
        named = named or [f"out[{number}]" for number in range(len(instance.output_list))]
        # Further tensors that are not read, as in a branch that is not taken, are not drawn.
        read = {visits[0].path, *(tensor.path for visit in visits for tensor in visit.inputs)}
        visits = [visit for visit in visits if visit.operator != "input" or visit.path in read]
        if not named:
            return visits
        end = visits.pop()
        return [
            *visits,
            *(
                end._replace(path=path, inputs=(tensor,), output=tensor.shape)
                for path, tensor in zip(named, end.inputs, strict=True)
            ),
        ]

    def repeat(self, step: Repeat, source: Flow, path: str, scope: Scope) -> Flow:
        level = Level(f"{path}{self.use}", step.name, copies=step.count)
        outer, self.levels = self.levels, (*self.levels, level)
        last = source
        for index, copy in enumerate(step.copies):
            drawn = len(self.visits)
            last = self.step(copy, last, path, scope)
            if index == 0:
                source = last
            else:
                del self.visits[drawn:]
        self.levels = outer
        first = tensors_of(source)
        made = [tensor._replace(path=drawn.path) for drawn, tensor in zip(first, tensors_of(last), strict=True)]
        return made if isinstance(last, list) else made[0]

    def shared(self, name: str, step: Step, source: Flow, scope: Scope) -> Flow:
        self.uses += 1
        outer, self.use = (self.levels, self.use), f"..{self.uses}"
        self.levels = (*self.levels, Level(f"{name}{self.use}", name, shared=True))
        tensor = super().shared(name, step, source, scope)
        self.levels, self.use = outer
        return tensor


def section_parts(architecture: Architecture, section: Section) -> list[DrawnBox]:
    """The boxes of a stem or head."""
    tracer = FigureTracer(architecture)
    tracer.section(section, Tensor("input", section.input))
    return parts(tracer.visits)


def is_identity(instance: BlockInstance) -> bool:
    """Whether a block gives what it gets, as a branch that is not taken does: figures do not show it."""
    value = instance.body[-1].value if instance.body else None
    while isinstance(value, Select):
        value = value.value
    return isinstance(value, Input)


def is_pipeline(instance: BlockInstance) -> bool:
    """Whether a block is no more than a few operators in sequence, as `conv_norm_act` is: figures show them instead."""
    value = instance.body[0].value if len(instance.body) == 1 else None
    if is_identity(instance):
        return True
    if not isinstance(value, Chain) or not isinstance(value.source, Input):
        return False
    return len(value.steps) <= 6 and all(map(_is_plain, value.steps))


def _is_plain(step: Step) -> bool:
    match step:
        case Apply():
            return step.operator is not None and not step.others
        case Guard(value=value) | Alternative(value=value):
            return value is None or _is_plain(value)
        case _:
            return False


def family(visit: Visit) -> str:
    """What kind of thing a visited operator is; for primitives, the file that it is defined in."""
    if visit.block is not None:
        return "block"
    if visit.primitive is None:
        return visit.operator if visit.operator in ("input", "output") else "combine"
    return type(visit.primitive).__module__.rpartition(".")[2]


def colors(visit: Visit) -> Colors:
    return FAMILIES.get(family(visit), NEUTRAL)


class Arrow(NamedTuple):
    """A tensor with an operator that reads it; `skips` where it gets there past others, as a skip connection does, and
    `sign` is which operand it is, where that makes a difference."""

    tensor: Tensor
    visit: Visit
    skips: bool
    sign: str


def flows(visits: Sequence[Visit]) -> Iterator[Arrow]:
    """Every tensor with every operator that reads it."""
    readers = Counter(tensor.path for visit in visits for tensor in visit.inputs)
    for visit in visits:
        signs = _SIGNS.get(visit.operator, ()) if visit.primitive is None and visit.block is None else ()
        for index, tensor in enumerate(visit.inputs):
            is_joined = len(visit.inputs) > 1 and (visit.primitive is None or index > 0)
            sign = signs[index] if len(visit.inputs) == len(signs) else ""
            yield Arrow(tensor, visit, is_joined and readers[tensor.path] > 1, sign)


def parts(visits: Iterable[Visit]) -> list[DrawnBox]:
    """Operators as boxes, in their order."""
    visits = list(visits)
    readers = Counter(tensor.path for visit in visits for tensor in visit.inputs)
    boxes: list[list[Visit]] = []
    box_of: dict[str, list[Visit]] = {}
    for visit in visits:
        box = box_of.get(visit.inputs[0].path) if len(visit.inputs) == 1 else None
        follows = (
            box is not None
            and family(visit) in _FOLLOWERS
            and box[0].primitive is not None
            and box[-1].path == visit.inputs[0].path
            and readers[visit.inputs[0].path] == 1
            and box[-1].levels == visit.levels
        )
        if box is not None and follows:
            box.append(visit)
        else:
            box = [visit]
            boxes.append(box)
        box_of[visit.path] = box
    return [DrawnBox(tuple(box)) for box in boxes]


# Texts ---------------------------------------------------------------------------------------------------------------


def stage_heading(architecture: Architecture, stage: Stage) -> str:
    """What is repeated in a stage and how often, after its name where the column `name` gives it one."""
    heading = f"{stage.op} x {len(stage.layers)}"
    is_named = stage.name != str(architecture.stages.index(stage))
    return f"{stage.name}: {heading}" if is_named else heading


def facts(columns: Sequence[Sequence[Visit]]) -> list[str]:
    """What a box says. Each column is one member of the box, once for every place that the figure stands for."""
    first, *followers = columns
    found = [title(first), _channels(first), " · ".join(map(title, followers))]
    return [fact for fact in found if fact]


def title(visits: Sequence[Visit]) -> str:
    """An operator and its attributes: `conv 3 x 3, stride 2`."""
    visit = visits[0]
    if visit.primitive is None:
        return _combined(visits) if visit.block is None else visit.operator
    text = visit.label.replace("_", " ")
    if isinstance(visit.primitive, Extern):
        return f"{text} (extern)"
    if visit.primitive.is_source:
        text += " " + " x ".join(spread(sizes) for sizes in zip(*(each.output.sizes for each in visits), strict=True))
    given = (kernel for visit in visits if (kernel := _attribute(visit, "kernel")) is not None)
    kernels = sorted({kernel if visit.output.is_line else sides(kernel) for kernel in given})
    if kernels:
        text += " " + " / ".join(map(str, kernels))
    found = []
    for attribute, (form, default) in _ATTRIBUTES.items():
        values = [value for visit in visits if isinstance(value := _attribute(visit, attribute), int | float | Size)]
        if values and any(value != default for value in values):
            numbers = [value for value in values if not isinstance(value, Size)]
            is_plain = len(numbers) == len(values)
            found.append(form.format(spread(numbers) if is_plain else " / ".join(dict.fromkeys(map(str, values)))))
    return ", ".join([text, *found]) if kernels else " ".join([text, ", ".join(found)]).strip()


def _combined(visits: Sequence[Visit]) -> str:
    symbol = _COMBINED.get(visits[0].operator, visits[0].operator)
    factors = [spread(values) for values in zip(*(visit.factors for visit in visits), strict=True)]
    # A number alone follows its sign, `– 1` of what comes in; one that stands first is said in full, `1 – x`.
    is_turned = visits[0].leads and visits[0].operator in _SIGNS
    return " ".join([*factors, symbol, "x"] if is_turned else [symbol, *factors])


def _channels(visits: Sequence[Visit]) -> str:
    """`96 → 384` for what changes the number of channels by weights."""
    if visits[0].primitive is None or not visits[0].primitive.is_weighted:
        return ""
    flat = visits[0].operator == "linear"  # reads every element, not channels
    shapes = [visit.inputs[0].shape for visit in visits]
    before = spread(shape.elements if flat else shape.channels for shape in shapes)
    after = spread(visit.output.channels for visit in visits)
    return f"{before} → {after}" if before != after else f"{after} channels"


def _attribute(visit: Visit, attribute: str) -> Any:
    return None if visit.primitive is None else getattr(as_given(visit.primitive, visit.output), attribute, None)
