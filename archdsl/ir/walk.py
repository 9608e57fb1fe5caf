"""The flat view of an architecture: its operators one by one, in the order in which they run.

Paths are those of the sub-modules in the emitted PyTorch source: `stages.3.0.main.depthwise`. What is elementwise in a
block's expressions (`in + main`) is not a module there, but stands here under the name of its block all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from archdsl.ir.base import Shape
from archdsl.ir.body import (
    Alternative,
    Apply,
    BlockInstance,
    Bound,
    Chain,
    Combine,
    Element,
    Guard,
    Input,
    Number,
    Repeat,
    Select,
    Sequence,
    Shared,
    Step,
    TensorBinding,
    TensorExpression,
    TensorList,
)
from archdsl.ir.description import Description, Layer, Section, Stage
from archdsl.ir.names import module_name
from archdsl.ir.operators import Primitive
from archdsl.ir.operators.extern import Extern
from archdsl.ir.parts import applied, is_module, is_own_module
from archdsl.limits import limits

# A block instance stands once in the IR however often it is used, so a short text can unfold to more than any machine
# holds: 60 blocks that each apply the next one twice make 2 ** 60 operators. `limits.steps` bounds that, where every
# step and every tensor counts.


class Tensor(NamedTuple):
    """What flows: the path of the operator that it comes from, and its shape."""

    path: str
    shape: Shape


# What flows where a list of tensors may: into a block, and out of it.
Flow = Tensor | list[Tensor]


def tensors_of(flow: Flow) -> tuple[Tensor, ...]:
    """The tensor, or those of a list."""
    return (flow,) if isinstance(flow, Tensor) else tuple(flow)


class Level(NamedTuple):
    """A part of the network that has parts: a stage, a block (then `block` is its instance's id), copies of a layer, a
    layer whose uses have the same weights (then it is `shared`)."""

    path: str
    name: str
    block: str | None = None
    copies: int = 1
    shared: bool = False


class Visit(NamedTuple):
    """One operator where it stands.

    `operator` is its name in the language, `add`, `multiply` and so on for combined tensors, `input` and `output` for
    the two ends; for a block that was not looked into it is the block's name, and `block` its instance's id. `inputs`
    are the tensors that it reads; `factors` the plain numbers that tensors are combined with, as in `2 * x`;
    `leads` says that such a number stands first, as in `1 - x`. It `is_again` where its weights are those of another
    visit.
    """

    path: str
    operator: str
    inputs: tuple[Tensor, ...]
    output: Shape
    levels: tuple[Level, ...] = ()
    primitive: Primitive | None = None
    block: str | None = None
    factors: tuple[float, ...] = ()
    leads: bool = False
    is_again: bool = False

    @property
    def shapes(self) -> tuple[Shape, ...]:
        return tuple(tensor.shape for tensor in self.inputs)

    @property
    def label(self) -> str:
        """What it is called where people read it: a module that the caller brings after its block."""
        return self.primitive.module if isinstance(self.primitive, Extern) else self.operator

    @property
    def params(self) -> int:
        return self.primitive.parameters(*self.shapes) if self.primitive is not None and not self.is_again else 0

    @property
    def macs(self) -> int:
        return self.primitive.macs(*self.shapes) if self.primitive is not None else 0


def in_stages(path: str) -> bool:
    """Whether a path of a network is that of a stage or inside one: the stages may be those of a part."""
    return ".stages." in f".{path}"


def walk(architecture: Description) -> list[Visit]:
    """Every operator of the network, each after those that it reads, from `input` to `output`.

    Raises DiagnosticError where blocks within blocks unfold to more than `limits.steps` steps.
    """
    return Tracer(architecture).network()


class Scope:
    """A block (or section) while it is followed: where it hangs, its input, and the tensors that it has bound, alone
    and in lists, an input that is a list as `in`. In a loop, `round` is the number of the round, which the names of
    layers have behind a dot."""

    def __init__(self, path: str, source: Flow):
        self.path, self.source = path, source
        self.bound: dict[str, Tensor] = {}
        self.lists: dict[str, list[Tensor]] = {"in": source} if isinstance(source, list) else {}
        self.round = ""

    def bind(self, name: str, flow: Flow) -> None:
        """Bind a tensor, or a list of them."""
        if isinstance(flow, list):
            self.lists[name] = flow
        else:
            self.bound[name] = flow

    def join(self, prefix: str, name: str) -> str:
        """The path of a layer under another."""
        path = _join(prefix, name)
        return f"{path}{self.round}" if self.round and name and prefix == self.path else path


class PartTracer:
    """Follows tensors through parts that are made of the given blocks, and notes each operator met.

    A subclass may look into less than everything. `name` is whose parts they are, `prefix` what the paths of the stem
    and the stages begin with.
    """

    def __init__(self, name: str, blocks: Mapping[str, BlockInstance], prefix: str = ""):
        self.name, self.blocks, self.prefix = name, blocks, prefix
        self.visits: list[Visit] = []
        self.levels: tuple[Level, ...] = ()
        # What the stem and the stages put out, for the head, by the names that it reads them by.
        self.maps: dict[str, Tensor] = {}
        # The outputs of a network that have names.
        self.outputs: tuple[Tensor, ...] = ()
        # Whether the layer at hand has been met before, with the same weights; and those that were met.
        self.is_again = False
        self._shared: set[str] = set()
        self._paths: dict[str, int] = {}
        self._followed, self._most = 0, limits().steps

    def stage(self, stage: Stage, source: Tensor, path: str) -> Tensor:
        """Follow the layers of a stage."""
        for index, layer in enumerate(stage.layers):
            source = self.layer(layer, source, f"{path}.{index}", Scope(path, source))
        return source

    def layer(self, layer: Layer, source: Tensor, path: str, scope: Scope) -> Tensor:
        """Follow one layer of a stage."""
        return single(self._apply(layer.apply, source, path, scope), path)

    def section(self, section: Section, source: Tensor) -> Tensor:
        """Follow the stem or the head: a stem of one layer is that layer's module."""
        name, steps = section.name, section.steps.steps
        path = name if name == "head" else f"{self.prefix}{name}"
        outer, self.levels = self.levels, (*self.levels, Level(path, name))
        scope = Scope(path, source)
        for apply in applied(section.steps) if section.reads_maps else ():
            for other, shape in zip(apply.others, apply.other_shapes, strict=True):
                if isinstance(other, Bound):
                    scope.bound[other.name] = self.maps.get(other.name, Tensor(other.name, shape))
        if len(steps) == 1 and isinstance(steps[0], Apply) and (name == "stem" or section.reads_maps):
            tensor = self._apply(steps[0], source, path, scope)
        else:
            tensor = self.step(section.steps, source, path, scope)
        self.levels = outer
        return single(tensor, path)

    def whole_block(self, instance: BlockInstance, source: Flow, path: str, others: tuple[Flow, ...]) -> Flow:
        """Note a block without a look into it: one operator, which may put out several tensors."""
        inputs = tuple(tensor for flow in (source, *others) for tensor in tensors_of(flow))
        made = self.note(path, instance.name, inputs, instance.output, block=instance.id)
        return [made._replace(shape=shape) for shape in instance.output_list] or made

    def note(
        self,
        path: str,
        operator: str,
        inputs: tuple[Tensor, ...],
        output: Shape,
        primitive: Primitive | None = None,
        block: str | None = None,
        factors: tuple[float, ...] = (),
        *,
        leads: bool = False,
    ) -> Tensor:
        """Note one operator. A path that is taken already (modules and tensors have separate names) gets a number."""
        count = self._paths[path] = self._paths.get(path, 0) + 1
        while count > 1 and f"{path}_{count}" in self._paths:
            count += 1
        if count > 1:
            path = f"{path}_{count}"
            self._paths[path] = 1
        visit = Visit(path, operator, inputs, output, self.levels, primitive, block, factors, leads, self.is_again)
        self.visits.append(visit)
        return Tensor(path, output)

    def _count(self) -> None:
        self._followed += 1
        if self._followed > self._most:
            from archdsl.ir.errors import TooManySteps  # late: few networks are so large

            raise TooManySteps(self.name).error()

    # Steps -----------------------------------------------------------------------------------------------------------

    def step(self, step: Step, source: Flow, prefix: str, scope: Scope) -> Flow:
        """Follow a tensor through a step whose module is a child of `prefix`."""
        self._count()
        match step:
            case Apply():
                return self._apply(step, source, scope.join(prefix, step.name), scope)
            case Sequence(name=name, steps=steps):
                for part in steps:
                    source = self.step(part, source, scope.join(prefix, name or ""), scope)
                return source
            case Repeat():
                return self.repeat(step, source, scope.join(prefix, step.name), scope)
            case Guard(value=value) | Alternative(value=value):
                return self.step(value, source, prefix, scope) if value is not None else source
            case Shared(name=name, value=value):
                return self.shared(name, value, source, scope)

    def shared(self, name: str, step: Step, source: Flow, scope: Scope) -> Flow:
        """Follow a tensor through a layer of the block that others use as well; its weights count where it is met
        first."""
        path, outer = _join(scope.path, name), self.is_again
        self.is_again = outer or path in self._shared
        self._shared.add(path)
        round, scope.round = scope.round, ""  # it is the same in each
        tensor = self.step(step, source, scope.path, scope)
        self.is_again, scope.round = outer, round
        return tensor

    def repeat(self, step: Repeat, source: Flow, path: str, scope: Scope) -> Flow:
        """Follow a tensor through the copies of a layer, called 0, 1, ..."""
        for index, copy in enumerate(step.copies):
            source = self.step(copy, source, f"{path}.{index}", scope)
        return source

    def _apply(self, step: Apply, source: Flow, path: str, scope: Scope) -> Flow:
        others = tuple(self._flow(other, scope) for other in step.others)
        if step.block is not None:
            return self.block(step.block, source, path, others)
        if step.operator is None:
            raise ValueError(f"`{path}` is neither an operator nor a block")
        inputs = tuple(single(flow, path) for flow in (source, *others))
        return self.note(path, step.operator.kind, inputs, step.output, step.operator)

    # Blocks ----------------------------------------------------------------------------------------------------------

    def block(self, identity: str, source: Flow, path: str, others: tuple[Flow, ...] = ()) -> Flow:
        """Follow a tensor, and the others that it reads, through a block, given by its instance's id, whose module is
        at `path`."""
        level = Level(path, self.blocks[identity].name, identity)
        outer, self.levels = self.levels, (*self.levels, level)
        tensor = self.inside(identity, source, path, others)
        self.levels = outer
        return tensor

    def inside(self, identity: str, source: Flow, path: str, others: tuple[Flow, ...] = ()) -> Flow:
        """The bindings of a block that its output is made of, in order."""
        instance, scope = self.blocks[identity], Scope(path, source)
        for name, other in zip(instance.tensors, others, strict=True):
            scope.bind(name, other)
        self.bindings(identity, scope)
        if not instance.outputs:
            return scope.lists["out"] if instance.output_list else scope.bound["out"]
        self.outputs = tuple(self._only_tensor(output.value, scope) for output in instance.outputs.values())
        return self.outputs[0]

    def bindings(self, identity: str, scope: Scope) -> None:
        """Bind what a block binds."""
        for binding in self.blocks[identity].body:
            if isinstance(binding.value, TensorList):
                self._list(binding.value, scope, binding.name)
            elif binding.value is not None:
                scope.bind(binding.name, self._binding(binding, binding.value, scope))

    def _binding(self, binding: TensorBinding, value: TensorExpression, scope: Scope) -> Flow:
        if isinstance(value, Chain) and is_own_module(binding):
            source = self._flow(value.source, scope)
            return self.own_module(value.steps, source, _join(scope.path, module_name(binding.name)), scope)
        return self._flow(value, scope)

    def _list(self, made: TensorList, scope: Scope, name: str = "") -> list[Tensor]:
        """The tensors of a list. A loop may read those that it has made, by the `name` of its binding."""
        found: list[Tensor] = []
        outer = scope.round
        if name:
            scope.lists[name] = found
        for number, value in enumerate(made.values):
            if made.loop is not None:
                scope.round = f"{outer}.{number}"
            if made.loop is not None and isinstance(value, Chain) and is_module(value):
                source = self._flow(value.source, scope)
                path = scope.join(scope.path, made.name)
                found.append(single(self.own_module(value.steps, source, path, scope), path))
            else:
                found.append(self._only_tensor(value, scope))
        scope.round = outer
        return found

    def own_module(self, steps: tuple[Step, ...], source: Flow, path: str, scope: Scope) -> Flow:
        """Follow a tensor through a pipeline that is a module of its own; one of a single layer is that layer's."""
        if len(steps) == 1 and isinstance(steps[0], Apply):
            return self._apply(steps[0], source, path, scope)
        for step in steps:
            source = self.step(step, source, path, scope)
        return source

    def _flow(self, expression: TensorExpression, scope: Scope) -> Flow:
        """A tensor, or a list where one may be: what goes into a block or comes out of one."""
        match expression:
            case TensorList():
                return self._list(expression, scope)
            case Bound(name=name) if name in scope.lists:
                return scope.lists[name]
            case Chain(source=start, steps=steps):
                self._count()
                source = self._flow(start, scope)
                for step in steps:
                    source = self.step(step, source, scope.path, scope)
                return source
        return self._only_tensor(expression, scope)

    def _only_tensor(self, expression: TensorExpression, scope: Scope) -> Tensor:
        tensor = self._tensor(expression, scope)
        if not isinstance(tensor, Tensor):
            raise ValueError(f"a number stands for a tensor in `{scope.path}`")
        return tensor

    def _tensor(self, expression: TensorExpression, scope: Scope) -> Tensor | float:
        self._count()
        match expression:
            case Input():
                return single(scope.source, scope.path)
            case Bound(name=name):
                return scope.bound[name]
            case Element(name=name, index=index):
                return scope.lists[name][index]
            case Number(value=value):
                return value
            case Select(value=value):
                return self._tensor(value, scope)
            case Chain():
                return single(self._flow(expression, scope), scope.path)
            case Combine(operator=operator, operands=operands, name=name, output=output):
                found = [tensor for operand in operands for tensor in self._operand(operand, scope, operator)]
                if operator == "sum":
                    return self._sum([tensor for tensor in found if isinstance(tensor, Tensor)], name, scope)
                tensors = tuple(operand for operand in found if isinstance(operand, Tensor))
                factors = tuple(operand for operand in found if not isinstance(operand, Tensor))
                leads = bool(found) and not isinstance(found[0], Tensor)
                path = scope.join(scope.path, name)
                return self.note(path, operator, tensors, output, factors=factors, leads=leads)
        raise ValueError(f"a list stands for a tensor in `{scope.path}`")

    def _operand(self, operand: TensorExpression, scope: Scope, operator: str) -> list[Tensor | float]:
        """An operand, or those of a list. One that is added up is read more than once, so it has a name."""
        if isinstance(operand, TensorList):
            return [*self._list(operand, scope, operand.name if operator == "sum" else "")]
        if isinstance(operand, Bound) and operand.name in scope.lists:
            return [*scope.lists[operand.name]]
        return [self._tensor(operand, scope)]

    def _sum(self, tensors: list[Tensor], name: str, scope: Scope) -> Tensor:
        """Tensors added one after the other."""
        total, *others = tensors
        for tensor in others:
            shape = total.shape.stretched(tensor.shape)
            total = self.note(scope.join(scope.path, name), "add", (total, tensor), shape)
        return total


class Tracer(PartTracer):
    """Follows tensors through a network."""

    def __init__(self, architecture: Description):
        super().__init__(architecture.name, architecture.blocks, architecture.prefix)
        self.architecture = architecture

    def network(self) -> list[Visit]:
        """Follow the whole network."""
        architecture = self.architecture
        for path, shape in architecture.images.items():
            self.maps[path] = self.note(path, "input", (), shape)
        tensor = self.maps[architecture.first]
        if architecture.stem is not None:
            tensor = self.maps[f"{architecture.prefix}stem"] = self.section(architecture.stem, tensor)
        tensor = self.stages(tensor)
        if architecture.head is not None:
            tensor = self.section(architecture.head, tensor)
        self.note("output", "output", self.outputs or (tensor,), tensor.shape)
        return self.visits

    def before_head(self) -> Tensor:
        """The last map before the head. Nothing is followed: the head may read it, and those before it by name."""
        architecture = self.architecture
        self.maps |= {path: Tensor(path, shape) for path, shape in architecture.images.items()}
        last = self.maps[architecture.first]
        for part in (*((architecture.stem,) if architecture.stem is not None else ()), *architecture.stages):
            path = architecture.path(part)
            last = self.maps[path] = Tensor(path, part.output)
        return last

    def stages(self, source: Tensor) -> Tensor:
        """Follow the stages, one after the other."""
        for stage in self.architecture.stages:
            path = self.architecture.path(stage)
            outer, self.levels = self.levels, (*self.levels, Level(path, stage.name))
            source = self.maps[path] = self.stage(stage, source, path)
            self.levels = outer
        return source


class ShallowTracer(Tracer):
    """Follows one block or section without looking into the blocks that it applies."""

    def whole(self, identity: str) -> list[Visit]:
        """The operators and blocks that a block applies, from `input` to `output`."""
        instance = self.architecture.blocks[identity]
        source = self._given("input", instance.input, instance.input_list)
        others = tuple(
            self._given(name, shape, instance.tensor_lists.get(name, ())) for name, shape in instance.tensors.items()
        )
        out = tensors_of(self.inside(identity, source, "", others))
        self.note("output", "output", self.outputs or out, out[0].shape)
        return self.visits

    def _given(self, name: str, shape: Shape, shapes: tuple[Shape, ...]) -> Flow:
        """What a block gets: a tensor, or those of a list, each noted by itself as the text would call it."""
        if not shapes:
            return self.note(name, "input", (), shape)
        name = "in" if name == "input" else name
        return [self.note(f"{name}[{number}]", "input", (), one) for number, one in enumerate(shapes)]

    def block(self, identity: str, source: Flow, path: str, others: tuple[Flow, ...] = ()) -> Flow:
        instance = self.architecture.blocks[identity]
        return self.whole_block(instance, source, path, others)


def single(flow: Flow, path: str) -> Tensor:
    """A tensor. Raises ValueError for a list, which only goes into blocks and comes out of them."""
    if isinstance(flow, list):
        raise ValueError(f"a list stands for a tensor in `{path}`")
    return flow


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path and name else path or name
