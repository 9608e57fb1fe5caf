"""Layers applied to tensors. Each distinct (block, arguments, input) is elaborated once."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any

from archdsl.diagnostics import Note, Source, Span
from archdsl.elaborate.check.errors import NoOut
from archdsl.elaborate.evaluate import scalars
from archdsl.elaborate.evaluate.describe import describe, kind
from archdsl.elaborate.evaluate.expressions import evaluate, evaluate_binding
from archdsl.elaborate.evaluate.layers import channels_from, check_complete
from archdsl.elaborate.evaluate.tensors import check_facts, within_bounds
from archdsl.elaborate.evaluate.values import (
    LAYERS,
    NUMBERS,
    SCALARS,
    UNDECIDED,
    AlternativeLayer,
    BlockLayer,
    Decisions,
    Flow,
    Layer,
    LayerStep,
    List,
    Origin,
    PrimitiveLayer,
    RepeatLayer,
    Scope,
    SequenceLayer,
    SharedLayer,
    Tensor,
    Value,
    bulk,
    expression_of,
    heeds_facts,
    holds_tensor,
    is_flow,
    key,
    shapes_of,
    without_formulas,
)
from archdsl.elaborate.instantiate.errors import (
    BlockRequireFailed,
    EndlessRecursion,
    FactNotNumber,
    FactOfOtherBinding,
    FactOfShape,
    LayerOfTensor,
    ListThroughLayer,
    OutNotTensor,
    SeveralPutOut,
    SharedDiffers,
    SharedElsewhere,
    SharedNotLayer,
)
from archdsl.elaborate.instantiate.instances import Instances, Made
from archdsl.elaborate.instantiate.work import Work
from archdsl.elaborate.problems import ElaborationError
from archdsl.elaborate.resolve.definitions import Definition
from archdsl.elaborate.resolve.formulas import formula, of_default
from archdsl.elaborate.resolve.liveness import without_unread
from archdsl.elaborate.resolve.signatures import missing
from archdsl.elaborate.resolve.words import OWN_FACTS
from archdsl.elaborate.resolve.written import shown
from archdsl.ir.base import Place, Shape, ShapeError
from archdsl.ir.body import (
    Alternative,
    Apply,
    BlockInstance,
    Bound,
    Chain,
    Guard,
    Input,
    OutputFact,
    Repeat,
    Sequence,
    Shared,
    Step,
    TensorBinding,
)
from archdsl.ir.names import identifier, module_name
from archdsl.ir.operators import Operator
from archdsl.ir.operators.extern import Extern
from archdsl.ir.operators.lines import on_line
from archdsl.language import tree
from archdsl.limits import limits

if TYPE_CHECKING:
    from archdsl.elaborate.instantiate.deferred import Deferred

# A block instance that is new takes about as long as so many layers.
INSTANCE = 25
# One that another network of the file has already is still counted and written.
TAKEN = 5

INPUT = Input.made(node="input")


def place(span: Span) -> Place:
    return _place(span.source, span.start)


@lru_cache(maxsize=8192)
def _place(source: Source, offset: int) -> Place:
    """A layer is applied again and again from where it is written."""
    line, column = source.position(offset)
    name = source.name
    if not name.isascii():  # A file's name may hold bytes that are not text, which JSON cannot.
        name = name.encode("utf-8", "backslashreplace").decode()
    return Place(name, line, column)


@lru_cache(maxsize=16384, typed=True)
def _output(operator: Operator, *inputs: Shape) -> Shape:
    """The output shape of an operator that takes long to say it: networks apply the same ones again and again."""
    return operator.output(*inputs)


class Applier:
    """Applies layers under one model's settings and keeps every distinct block instance."""

    def __init__(self, settings: Mapping[str, Value], effort: Work, decisions: Decisions = UNDECIDED):
        self.settings, self.effort, self.decisions = settings, effort, decisions
        self.instances = Instances()
        self._externs: dict[Hashable, Extern] = {}
        self._open: list[Hashable] = []
        # The instances that each open one applies.
        self._parts: list[list[Made]] = []
        # The layers that each open one shares: their weights, and where they were used first.
        self._shared: list[dict[str, tuple[Any, Span]]] = []
        self.shown = {name: describe(settings[name]) for name in ("norm", "act", "padding")}
        self._heeds_facts = any(heeds_facts(value) for value in settings.values())
        # What a block depends on besides its arguments and its input.
        self._style = (*(key(settings[name]) for name in self.shown), *decisions.items())

    def chain(self, flow: Flow, layers: SequenceLayer) -> Flow:
        """A tensor, or a list of tensors, fed through the steps of a pipeline."""
        made: list[Step] = []
        result = flow
        for item in layers.steps:
            if isinstance(item.layer, SharedLayer):
                step, result = self._share(item.layer, result, layers.span)
                made.append(Guard.made(step="guard", condition=item.condition, value=step) if item.guarded else step)
            else:
                steps, result = self._steps((item,), result)
                made += steps
        expression = Chain.made(
            node="chain",
            source=expression_of(flow),
            steps=tuple(made),
        )
        if isinstance(result, List):
            return List(result.items, expression)
        return Tensor(result.shape, expression, result.facts, result.channels_from)

    def apply(self, layer: Layer, tensor: Tensor, name: str) -> tuple[Step, Tensor]:
        """One layer on one tensor: the step for the IR, and the tensor that comes out. Raises ElaborationError where
        several come out."""
        step, result = self.through(layer, tensor, name)
        if isinstance(result, List):
            raise ElaborationError(SeveralPutOut(len(result.items)).at(_span(layer)))
        return step, result

    def through(self, layer: Layer, flow: Flow, name: str) -> tuple[Step, Flow]:
        """One layer on a tensor or a list of them: the step for the IR, and what comes out."""
        if isinstance(layer, PrimitiveLayer):
            return self._primitive(layer, self._alone(layer, flow), name)
        if isinstance(layer, BlockLayer):
            return self._block(layer, flow, name)
        if isinstance(layer, RepeatLayer):
            return self._repeat(layer, flow, name)
        if isinstance(layer, AlternativeLayer):
            step, result = self.through(layer.layer, flow, name)
            made = Alternative.made(step="alternative", condition=layer.condition, taken=layer.taken, value=step)
            return made, result
        if isinstance(layer, SharedLayer):
            raise ElaborationError(SharedElsewhere(layer.name).at(layer.span))
        steps, result = self._steps(layer.steps, flow)
        return Sequence.made(step="sequence", name=name or None, steps=steps), result

    def _alone(self, layer: PrimitiveLayer | BlockLayer, flow: Flow) -> Tensor:
        """What an operator, or a module of the caller's, is applied to: one tensor."""
        if isinstance(flow, Tensor):
            return flow
        name = layer.operator.kind if isinstance(layer, PrimitiveLayer) else layer.definition.name
        raise ElaborationError(ListThroughLayer(name, len(flow.items)).at(layer.span))

    def _steps(self, layers: tuple[LayerStep, ...], flow: Flow) -> tuple[tuple[Step, ...], Flow]:
        steps: list[Step] = []
        for item in layers:
            step: Step | None = None
            if item.layer is not None:
                step, flow = self.through(item.layer, flow, item.name or "")
            if item.guarded:
                step = Guard.made(step="guard", condition=item.condition, value=step)
            if step is not None:
                steps.append(step)
        return tuple(steps), flow

    def _share(self, layer: SharedLayer, flow: Flow, span: Span) -> tuple[Shared, Flow]:
        """A layer that others use as well, on one more tensor."""
        from archdsl.ir.walk import PartTracer  # late: few files share
        from archdsl.ir.walk import Scope as Frame
        from archdsl.ir.walk import Tensor as Traced

        name = module_name(layer.name)
        step, result = self.through(layer.layer, flow, name)
        tracer = PartTracer(name, self.instances.blocks)
        traced = [Traced("", shape) for shape in shapes_of(flow)]
        source = traced[0] if isinstance(flow, Tensor) else traced
        tracer.step(step, source, "", Frame("", source))
        weights = [_weights(visit.primitive, visit.shapes) for visit in tracer.visits if visit.primitive]
        if not self._shared:
            raise ElaborationError(SharedElsewhere(layer.name).at(span))
        known, first = self._shared[-1].setdefault(layer.name, (weights, span))
        if known != weights:
            note = Note("used first here", first)
            on = f"on {_of_shapes(flow)}"
            raise ElaborationError(SharedDiffers(layer.name).at(span, on, notes=(note,)))
        return Shared.made(step="shared", name=name, value=step), result

    def _count(self, layer: Layer) -> None:
        instead = "use fewer repetitions, or repeat a block instead of single layers"
        self.effort.spend(bulk(layer), layer.span, instead)  # type: ignore[union-attr]

    def _primitive(self, layer: PrimitiveLayer, tensor: Tensor, name: str) -> tuple[Step, Tensor]:
        self._count(layer)
        check_complete(layer)
        others = tuple(layer.others.values())
        shapes = (tensor.shape, *(other.shape for other in others))
        try:
            operator = on_line(layer.operator) if tensor.shape.is_line else layer.operator
            shape = _output(operator, *shapes) if operator.is_weighted else operator.output(*shapes)
        except ShapeError as error:
            from archdsl.elaborate.instantiate.shape_errors import refused  # late: most layers fit

            raise refused(error, layer, tensor) from None
        shape = tensor.shape.alike(within_bounds(shape, layer.span))
        step = _step(layer, name, operator, tensor, others, shape)
        written = tensor.channels_from
        if shape is not tensor.shape:
            written = channels_from(layer, getattr(operator, "channels", None), shape, tensor)
        return step, Tensor(shape, None, tensor.facts, written)

    def _repeat(self, layer: RepeatLayer, flow: Flow, name: str) -> tuple[Step, Flow]:
        if isinstance(layer.layer, SharedLayer):
            raise ElaborationError(SharedElsewhere(layer.layer.name).at(layer.span))
        copies: list[Step] = []
        for _ in range(layer.count):
            self._count(layer)
            step, flow = self.through(layer.layer, flow, "")
            copies.append(step)
        made = Repeat.made(step="repeat", name=name, count=layer.count, formula=layer.formula, copies=tuple(copies))
        return made, flow

    # Blocks ----------------------------------------------------------------------------------------------------------

    def _block(self, layer: BlockLayer, flow: Flow, name: str) -> tuple[Step, Flow]:
        self._count(layer)
        given = dict(layer.arguments)
        if layer.definition.is_extern:
            return self._extern(layer, given, self._alone(layer, flow), name)
        facts = flow.facts if isinstance(flow, Tensor) else ()
        if isinstance(flow, List):
            self.effort.spend(len(flow.items), layer.span)
        elif facts and self._open and not (self._heeds_facts or heeds_facts(layer)):
            # Facts pass through unseen: what differs in them alone is one instance.
            flow = Tensor(flow.shape, flow.expression, (), flow.channels_from)
        identity = (
            id(layer.definition),
            tuple((parameter, key(value)) for parameter, value in layer.arguments),
            key(flow),
            self._style,
        )
        made = self.effort.made.get(identity)
        if made is None:
            if identity in self._open:
                raise _endless(layer, "it gets the same arguments and input again")
            if len(self._open) >= limits().calls:
                raise _endless(layer, f"{limits().calls} calls deep")
            self.effort.spend(INSTANCE + layer.definition.excess, layer.span)
            self._open.append(identity)
            self._parts.append([])
            self._shared.append({})
            try:
                made = self._instance(layer, given, flow)
            except ElaborationError as problem:
                shown = ", ".join(f"{parameter} = {describe(value)}" for parameter, value in layer.arguments)
                text = f"in `{layer.definition.name}({shown})` on {_of_shapes(flow, 'an input')}"
                raise problem.within(text, layer.span, is_call=True) from None
            except RecursionError:
                if len(self._open) <= limits().calls // 4:
                    raise  # deep text, not deep calls
                raise _endless(layer, f"{len(self._open)} calls deep") from None
            finally:
                self._open.pop()
                self._parts.pop()
                self._shared.pop()
            self.effort.made[identity] = made
        elif made not in self.instances:
            self.effort.spend(TAKEN * self.instances.take(made), layer.span)
        if self._parts:
            self._parts[-1].append(made)
        others = [value for value in map(given.get, layer.definition.parameters) if is_flow(value)]
        result = made.result
        step = Apply.made(
            step="apply",
            name=name,
            operator=None,
            block=self.instances.id_of(made),
            others=tuple([expression_of(other) for other in others]),
            other_shapes=tuple([shapes_of(other)[0] for other in others]),
            input=shapes_of(flow)[0],
            output=shapes_of(result)[0],
            input_list=shapes_of(flow) if isinstance(flow, List) else (),
            output_list=shapes_of(result) if isinstance(result, List) else (),
            formulas=dict(layer.formulas),
            place=place(layer.span),
        )
        is_seen = isinstance(flow, List) or flow.facts == facts
        if isinstance(result, List):
            self.effort.spend(len(result.items), layer.span)
            items = [Tensor(one.shape, None, one.facts if is_seen else facts) for one in result.tensors]
            return step, List(tuple(items))
        written = channels_from(layer, given.get("channels"), result.shape, flow) if isinstance(flow, Tensor) else None
        return step, Tensor(result.shape, None, result.facts if is_seen else facts, written)

    def _extern(self, layer: BlockLayer, given: dict[str, Value], tensor: Tensor, name: str) -> tuple[Step, Tensor]:
        """A block whose module the caller of the network brings, as the operator that its text declares."""
        definition = layer.definition
        arguments = tuple((parameter, key(value)) for parameter, value in layer.arguments)
        identity = (id(definition), arguments, tensor.shape, tensor.facts, self._style)
        operator = self._externs.get(identity)
        if operator is None:
            self.effort.spend(INSTANCE + definition.excess, layer.span)
            try:
                operator = self._externs[identity] = self._declared(layer, given, tensor)
            except ElaborationError as problem:
                shown = ", ".join(f"{parameter} = {describe(value)}" for parameter, value in layer.arguments)
                text = f"in `{definition.name}({shown})` on an input of {tensor.shape}"
                raise problem.within(text, layer.span, is_call=True) from None
        others = [value for value in map(given.get, definition.parameters) if isinstance(value, Tensor)]
        shape = tensor.shape.alike(operator.output())
        step = _step(layer, name, operator, tensor, others, shape)
        return step, Tensor(shape, None, tensor.facts, channels_from(layer, given.get("channels"), shape, tensor))

    def _declared(self, layer: BlockLayer, given: dict[str, Value], tensor: Tensor) -> Extern:
        definition = layer.definition
        others = frozenset(name for name, value in given.items() if isinstance(value, Tensor))
        steps = definition.names(others)
        environment, decisions = definition.environment, self.decisions
        scope = Scope(environment, {}, self.settings, self, steps, decisions=decisions, effort=self.effort)
        scope.names["in"] = Tensor(tensor.shape, INPUT, tensor.facts)
        for parameter in definition.block.parameters:
            scope.names[parameter.name.text] = self._argument(parameter, given, layer, scope)
        arguments = {name: scope.names[name] for name in definition.parameters}
        from archdsl.elaborate.instantiate.externs import declared  # late: few files have any

        return declared(definition, arguments, scope, partial(self._require, definition=definition, scope=scope))

    def _instance(self, layer: BlockLayer, given: dict[str, Value], flow: Flow) -> Made:
        definition = layer.definition
        arguments = {name: given.get(name) for name in definition.parameters}
        others = {name: shapes_of(value)[0] for name, value in arguments.items() if is_flow(value)}
        lists = {
            name: shapes_of(value) for name, value in arguments.items() if isinstance(value, List) and value.tensors
        }
        modules = definition.names(frozenset(others))
        scope = Scope(
            definition.environment, {}, self.settings, self, modules, {}, decisions=self.decisions, effort=self.effort
        )
        body = scope.body = []
        names = scope.names
        known: dict[str, Any] = {}
        if isinstance(flow, List):
            names["in"] = flow.under("in")
        else:
            names["in"] = Tensor(flow.shape, INPUT, flow.facts, flow.channels_from)
            known = {f"in_{fact}": value for fact, value in (*flow.shape.facts, *flow.facts)}
        layers: dict[str, str] = dict(self.shown)
        formulas: dict[str, str] = {}
        for parameter in definition.block.parameters:
            value = self._argument(parameter, given, layer, scope)
            if parameter.name.text in others:
                known |= facts_of(parameter.name.text, value, known) if isinstance(value, Tensor) else {}
            elif isinstance(value, Tensor):
                value = scope.bound(parameter.name.text, value)
            elif isinstance(value, List):
                value = scope.bound_list(parameter.name.text, value)
            names[parameter.name.text] = value
            note(parameter.name.text, value, known, layers)
            if parameter.name.text not in given and identifier(parameter.name.text) in known:
                formulas |= of_default(parameter)
        fact_formulas: dict[str, str | None] = {}
        lazy = definition.deferred(modules)
        deferred = _deferred(scope) if lazy else None
        for statement in definition.block.body:
            if isinstance(statement, tree.Require):
                self._require(statement, definition, scope)
                continue
            bind = partial(bind_name, statement, known=known, layers=layers, formulas=formulas, facts=fact_formulas)
            if deferred is not None and statement.fact is None and statement.name.text in lazy:
                deferred.add(statement, bind)
                continue
            if deferred is not None:
                deferred.make_for(statement.value)
            bind(scope)
        out = out_of(definition, scope)
        out_facts = out.facts if isinstance(out, Tensor) else ()
        if definition.conditions or any(binding.name not in definition.bound for binding in body):
            body = without_unread(body, definition.conditions)
        block = BlockInstance.made(
            id=self.instances.new_id(definition.name),
            name=definition.name,
            doc=definition.block.doc,
            parameters=tuple(definition.parameters),
            scalars=scalars_of(known),
            formulas=formulas,
            lists=lists_of(known),
            layers=layers,
            input=shapes_of(flow)[0],
            input_list=shapes_of(flow) if isinstance(flow, List) else (),
            tensors=others,
            tensor_lists=lists,
            outputs={},
            output=shapes_of(out)[0],
            output_list=shapes_of(out) if isinstance(out, List) else (),
            facts={
                fact: OutputFact.made(value=float(value), formula=fact_formulas.get(fact)) for fact, value in out_facts
            },
            body=tuple(body),
            place=place(definition.block.name.span),
        )
        result: Flow
        if isinstance(out, List):
            result = List(tuple([Tensor(one.shape, None, one.facts) for one in out.tensors]))
        else:
            result = Tensor(out.shape, None, out.facts)
        parts = dict.fromkeys(self._parts[-1])
        return self.instances.add(block, result, parts, tries_layers=definition.tries_layers)

    @contextmanager
    def parts(self) -> Iterator[list[Made]]:
        """Collects the instances that are applied meanwhile."""
        self._parts.append([])
        self._shared.append({})
        try:
            yield self._parts[-1]
        finally:
            self._parts.pop()
            self._shared.pop()

    def _require(self, statement: tree.Require, definition: Definition, scope: Scope) -> None:
        from archdsl.elaborate.evaluate.refutation import refute  # late: few blocks claim anything

        refuted = refute(statement.claim, scope)
        if refuted is not None:
            problem = BlockRequireFailed(definition.name, shown(statement.claim))
            raise ElaborationError(problem.at(statement.claim.span, refuted.label, notes=refuted.notes))

    def _argument(self, parameter: tree.Parameter, given: dict[str, Value], layer: BlockLayer, scope: Scope) -> Value:
        name = parameter.name.text
        if name not in given:
            if parameter.default is None:
                declared = Note(f"`{name}` has no default", parameter.span)
                absent = missing(layer.definition.signature, given, layer.span, declared)
                assert absent is not None
                raise ElaborationError(absent)
            scope.origins[name] = Origin(parameter.default, scope)
            return evaluate(parameter.default, scope)
        value = given[name]
        origin = layer.origins.get(name)
        if origin is not None:
            scope.origins[name] = origin
        if isinstance(value, SCALARS):
            return value
        if isinstance(value, Tensor):
            return Tensor(value.shape, Bound.made(node="bound", name=name), value.facts, value.channels_from)
        if isinstance(value, SharedLayer):
            raise ElaborationError(SharedElsewhere(value.name).at(origin.node.span if origin else layer.span))
        if isinstance(value, List) and value.tensors:
            return value.under(name)
        if isinstance(value, (List, *LAYERS)) and holds_tensor(value):
            raise ElaborationError(LayerOfTensor(name).at(origin.node.span if origin else layer.span))
        if isinstance(value, List):
            return List(tuple(without_formulas(item) if isinstance(item, LAYERS) else item for item in value.items))
        return without_formulas(value) if isinstance(value, LAYERS) else value


def _deferred(scope: Scope) -> Deferred:
    from archdsl.elaborate.instantiate.deferred import Deferred  # late: few blocks apply themselves

    return Deferred(scope)


def _of_shapes(flow: Flow, what: str = "a tensor") -> str:
    """What a layer is applied to, in a diagnostic: `an input of 3 x 32 x 32`."""
    if isinstance(flow, Tensor):
        return f"{what} of {flow.shape}"
    return f"a list of {len(flow.items)} tensors, the first of {flow.tensors[0].shape}"


def _span(layer: Layer) -> Span:
    return _span(layer.layer) if isinstance(layer, AlternativeLayer) else layer.span


def _weights(operator: Operator, shapes: tuple[Shape, ...]) -> Hashable:
    """What the weights of an operator depend on; of a module that is not known here, what it is constructed with."""
    if isinstance(operator, Extern):
        return operator.module, operator.arguments, operator.params, shapes[0].channels
    return operator, tuple(operator.state(*shapes).items())


def shared(statement: tree.Binding, value: Value) -> Value:
    """The value of a binding, as a layer that is shared where the text says so. Raises ElaborationError."""
    if not statement.is_shared:
        return value
    name = statement.name.text
    if not isinstance(value, LAYERS) or isinstance(value, SharedLayer):
        raise ElaborationError(SharedNotLayer(name, kind(value)).at(statement.value.span))
    return SharedLayer(name, value.layer if isinstance(value, AlternativeLayer) else value, statement.value.span)


def out_of(definition: Definition, scope: Scope) -> Flow:
    """What a block puts out: a tensor, or a list of them."""
    out = scope.names.get("out")
    if is_flow(out):
        return out
    if out is None:  # reported by the check of names, unless the block is another file's
        raise ElaborationError(NoOut(definition.name).at(definition.block.name.span))
    raise ElaborationError(OutNotTensor(definition.name, kind(out)).at(scope.origins["out"].node.span))


def facts_of(name: str, tensor: Value, known: Mapping[str, Any]) -> dict[str, int]:
    """The scalars that say the shape of a further tensor: `in_skip_channels` and so on, unless `in` has such a fact."""
    assert isinstance(tensor, Tensor)
    return {key: value for fact, value in tensor.shape.facts if (key := f"in_{name}_{fact}") not in known}


def _endless(layer: BlockLayer, label: str) -> ElaborationError:
    return ElaborationError(EndlessRecursion(layer.definition.name).at(layer.span, label))


def scalars_of(known: Mapping[str, Any]) -> dict[str, Any]:
    """The scalars among the values that have names in a block."""
    return {name: value for name, value in known.items() if type(value) is not tuple}


def lists_of(known: Mapping[str, Any]) -> dict[str, Any]:
    """The lists of scalars among them."""
    return {name: value for name, value in known.items() if type(value) is tuple}


def note(name: str, value: Value, known: dict[str, Any], layers: dict[str, str]) -> None:
    """Numbers, and lists of scalars, go to a block's scalars, layers and names to its layers."""
    if isinstance(value, NUMBERS):
        known[identifier(name)] = value
    elif isinstance(value, List) and value.is_of_scalars:
        known[identifier(name)] = value.items
    elif not isinstance(value, Tensor | Shape):
        layers[name] = describe(value)


def bind_name(
    statement: tree.Binding,
    scope: Scope,
    known: dict[str, Any],
    layers: dict[str, str],
    formulas: dict[str, str],
    facts: dict[str, str | None],
) -> None:
    name = statement.name.text
    value = shared(statement, evaluate_binding(statement, scope))
    text = formula(statement.value)
    if statement.fact is not None:
        tensor = scope.value(name)
        if not isinstance(tensor, Tensor):
            raise ElaborationError(FactOfOtherBinding(name).at(statement.name.span))
        if not scalars.is_number(value):
            raise ElaborationError(FactNotNumber(kind(value)).at(statement.value.span))
        assert isinstance(value, int | float)
        fact = statement.fact.text
        if fact in (*OWN_FACTS, *dict(tensor.shape.facts)):
            raise ElaborationError(FactOfShape(fact).at(statement.fact.span))
        all_facts = {**dict(tensor.facts), fact: float(value)}
        check_facts(all_facts, statement.fact.span)
        known_facts = tuple(sorted(all_facts.items()))
        scope.names[name] = Tensor(tensor.shape, tensor.expression, known_facts, tensor.channels_from)
        if name == "out":
            facts[fact] = text
        return
    scope.origins[name] = Origin(statement.value, scope)
    if isinstance(value, Tensor):
        assert value.expression is not None
        assert scope.body is not None
        scope.body.append(TensorBinding.made(name=name, value=value.expression, output=value.shape, condition=None))
        bound = Bound.made(node="bound", name=name)
        scope.names[name] = Tensor(value.shape, bound, value.facts, value.channels_from)
        return
    if isinstance(value, List) and value.tensors and (value.expression is not None or name == "out"):
        # One that is bound already, by another name, is `out` all the same.
        scope.names[name] = scope.bound_list(name, List(value.items, expression_of(value)))
        return
    scope.names[name] = value
    note(name, value, known, layers)
    if text is not None and not isinstance(value, LAYERS):
        formulas[identifier(name)] = text


def _step(
    layer: PrimitiveLayer | BlockLayer,
    name: str,
    operator: Operator,
    tensor: Tensor,
    others: Iterable[Tensor],
    shape: Shape,
) -> Apply:
    """An operator applied to a tensor, and to the further ones that it reads."""
    others = tuple(others)
    return Apply.made(
        step="apply",
        name=name,
        operator=operator,
        block=None,
        others=tuple([other.expression for other in others]),
        other_shapes=tuple([other.shape for other in others]),
        input=tensor.shape,
        output=shape,
        input_list=(),
        output_list=(),
        formulas=dict(layer.formulas),
        place=place(layer.span),
    )
