"""Layers applied to tensors. Each distinct (block, arguments, input) is elaborated once."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

from archdsl.diagnostics import Note, Span
from archdsl.diagnostics.codes import (
    BAD_VALUE,
    CHANNEL_MISMATCH,
    ENDLESS_RECURSION,
    INDIVISIBLE,
    MISSING_ARGUMENT,
    MISSING_BINDING,
    TOO_LARGE,
    VANISHING,
    WRONG_KIND,
)
from archdsl.elaborate import scalars
from archdsl.elaborate.evaluate import Scope, evaluate, missing
from archdsl.elaborate.formulas import formula
from archdsl.elaborate.problems import Stop, stop
from archdsl.elaborate.program import Definition
from archdsl.elaborate.values import (
    LAYERS,
    AlternativeLayer,
    BlockLayer,
    Layer,
    LayerStep,
    PrimitiveLayer,
    RepeatLayer,
    SequenceLayer,
    Tensor,
    Value,
    describe,
    key,
    kind,
)
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
    Step,
    TensorBinding,
)
from archdsl.ir.formula import identifier
from archdsl.language import tree

MAX_DEPTH = 64
MAX_APPLICATIONS = 200_000
MAX_CHANNELS = 2**24

_CODES = {"vanishing": VANISHING, "indivisible": INDIVISIBLE, "mismatch": CHANNEL_MISMATCH, "value": BAD_VALUE}
_INPUT = Input.model_construct(node="input")


def place(span: Span) -> Place:
    line, column = span.source.position(span.start)
    return Place(span.source.name, line, column)


class Applier:
    """Applies layers under one model's settings and keeps every distinct block instance."""

    def __init__(self, settings: Mapping[str, Value]):
        self.settings = settings
        self.blocks: dict[str, BlockInstance] = {}
        self._known: dict[Hashable, tuple[str, Tensor]] = {}
        self._open: list[Hashable] = []
        self._counts: dict[str, int] = {}
        self._applications = 0
        self._shown = {name: describe(settings[name]) for name in ("norm", "act", "padding")}

    def chain(self, tensor: Tensor, layers: SequenceLayer) -> Tensor:
        """A tensor fed through the steps of a pipeline."""
        steps, result = self._steps(layers.steps, tensor)
        expression = Chain.model_construct(node="chain", source=tensor.expression, steps=steps)
        return Tensor(result.shape, expression, result.facts)  # type: ignore[arg-type]

    def apply(self, layer: Layer, tensor: Tensor, name: str) -> tuple[Step, Tensor]:
        """One layer on one tensor: the step for the IR, and the tensor that comes out."""
        if isinstance(layer, PrimitiveLayer):
            return self._primitive(layer, tensor, name)
        if isinstance(layer, BlockLayer):
            return self._block(layer, tensor, name)
        if isinstance(layer, RepeatLayer):
            return self._repeat(layer, tensor, name)
        if isinstance(layer, AlternativeLayer):
            step, result = self.apply(layer.layer, tensor, name)
            made = Alternative.model_construct(
                step="alternative", condition=layer.condition, taken=layer.taken, value=step
            )
            return made, result
        steps, result = self._steps(layer.steps, tensor)
        return Sequence.model_construct(step="sequence", name=name or None, steps=steps), result

    def _steps(self, layers: tuple[LayerStep, ...], tensor: Tensor) -> tuple[tuple[Step, ...], Tensor]:
        steps: list[Step] = []
        for item in layers:
            step: Step | None = None
            if item.layer is not None:
                step, tensor = self.apply(item.layer, tensor, item.name or "")
            if item.guarded:
                step = Guard.model_construct(step="guard", condition=item.condition, value=step)
            if step is not None:
                steps.append(step)
        return tuple(steps), tensor

    def _count(self, span: Span) -> None:
        self._applications += 1
        if self._applications > MAX_APPLICATIONS:
            raise stop(
                TOO_LARGE,
                f"the network applies more than {MAX_APPLICATIONS:,} distinct layers",
                span,
                help="fewer repetitions, or repeat a block instead of single layers",
            )

    def _primitive(self, layer: PrimitiveLayer, tensor: Tensor, name: str) -> tuple[Step, Tensor]:
        self._count(layer.span)
        operator = layer.operator
        missing(layer)
        shapes = (tensor.shape, layer.like.shape) if layer.like else (tensor.shape,)
        try:
            shape = operator.output(*shapes)
        except ShapeError as error:
            span = layer.spans.get(error.attribute or "", layer.span)
            raise stop(
                _CODES[error.kind], error.message, span, f"the input is {tensor.shape}", help=error.help
            ) from None
        if shape.channels > MAX_CHANNELS:
            raise stop(TOO_LARGE, f"{shape.channels:,} channels are more than the bound of {MAX_CHANNELS:,}", layer.span)
        step = Apply.model_construct(
            step="apply",
            name=name,
            operator=operator,  # type: ignore[arg-type]
            block=None,
            others=(layer.like.expression,) if layer.like else (),  # type: ignore[arg-type]
            other_shapes=shapes[1:],
            input=tensor.shape,
            output=shape,
            formulas=dict(layer.formulas),
            place=place(layer.span),
        )
        return step, Tensor(shape, None, tensor.facts)

    def _repeat(self, layer: RepeatLayer, tensor: Tensor, name: str) -> tuple[Step, Tensor]:
        copies: list[Step] = []
        for _ in range(layer.count):
            self._count(layer.span)
            step, tensor = self.apply(layer.layer, tensor, "")
            copies.append(step)
        made = Repeat.model_construct(
            step="repeat", name=name or layer.name, count=layer.count, formula=layer.formula, copies=tuple(copies)
        )
        return made, tensor

    # Blocks ----------------------------------------------------------------------------------------------------------

    def _block(self, layer: BlockLayer, tensor: Tensor, name: str) -> tuple[Step, Tensor]:
        self._count(layer.span)
        given = dict(layer.arguments)
        identity = (
            id(layer.definition),
            tuple((parameter, key(value)) for parameter, value in layer.arguments),
            tensor.shape,
            tensor.facts,
        )
        known = self._known.get(identity)
        if known is None:
            if identity in self._open or len(self._open) >= MAX_DEPTH:
                raise stop(
                    ENDLESS_RECURSION,
                    f"`{layer.definition.name}` calls itself without end",
                    layer.span,
                    "it gets the same arguments and input again" if identity in self._open else f"{MAX_DEPTH} calls deep",
                    help="guard the call: `-> block(depth - 1) when depth > 1`, or `if depth > 1 then ... else ...`",
                )
            self._open.append(identity)
            try:
                known = self._instance(layer, given, tensor)
            except Stop as problem:
                shown = ", ".join(f"{parameter} = {describe(value)}" for parameter, value in layer.arguments)
                raise problem.within(
                    f"in `{layer.definition.name}({shown})` on an input of {tensor.shape}", layer.span
                ) from None
            finally:
                self._open.pop()
            self._known[identity] = known
        block, result = known
        step = Apply.model_construct(
            step="apply",
            name=name,
            operator=None,
            block=block,
            others=(),
            other_shapes=(),
            input=tensor.shape,
            output=result.shape,
            formulas=dict(layer.formulas),
            place=place(layer.span),
        )
        return step, result

    def _instance(self, layer: BlockLayer, given: dict[str, Value], tensor: Tensor) -> tuple[str, Tensor]:
        definition = layer.definition
        scope = Scope(definition.environment, {}, self.settings, self, definition.names)
        names = scope.names
        source = Tensor(tensor.shape, _INPUT, tensor.facts)
        names["in"] = source
        facts = (("channels", tensor.shape.channels), ("height", tensor.shape.height), ("width", tensor.shape.width))
        known: dict[str, Any] = {f"in_{fact}": value for fact, value in (*facts, *tensor.facts)}
        layers: dict[str, str] = dict(self._shown)
        for parameter in definition.block.parameters:
            value = self._argument(parameter, given, layer, scope)
            names[parameter.name.text] = value
            _note(parameter.name.text, value, known, layers)
        formulas: dict[str, str] = {}
        body: list[TensorBinding] = []
        fact_formulas: dict[str, str | None] = {}
        for statement in definition.block.body:
            if isinstance(statement, tree.Require):
                if not scalars.truth(evaluate(statement.claim, scope), statement.claim.span):
                    raise stop(BAD_VALUE, f"`{definition.name}` requires {statement.claim.span.text}", statement.span)
                continue
            _bind(statement, scope, known, layers, formulas, body, fact_formulas)
        out = names.get("out")
        if not isinstance(out, Tensor):
            label = "no binding `out`" if out is None else f"`out` is {kind(out)}"
            raise stop(
                MISSING_BINDING,
                f"block `{definition.name}` must bind `out` to a tensor",
                definition.block.name.span,
                label,
                help="for example `out = in -> conv(channels)`",
            )
        number = self._counts[definition.name] = self._counts.get(definition.name, 0) + 1
        block = BlockInstance.model_construct(
            id=f"{definition.name}:{number}",
            name=definition.name,
            doc=definition.block.doc,
            parameters=tuple(definition.parameters),
            scalars=known,
            formulas=formulas,
            layers=layers,
            input=tensor.shape,
            output=out.shape,
            facts={
                fact: OutputFact.model_construct(value=float(value), formula=fact_formulas.get(fact))
                for fact, value in out.facts
            },
            body=tuple(body),
            place=place(definition.block.name.span),
        )
        self.blocks[block.id] = block
        return block.id, Tensor(out.shape, None, out.facts)

    def _argument(self, parameter: tree.Parameter, given: dict[str, Value], layer: BlockLayer, scope: Scope) -> Value:
        name = parameter.name.text
        if name in given:
            value = given[name]
            if isinstance(value, Tensor):
                raise stop(
                    WRONG_KIND,
                    "a block takes numbers and layers; its tensor is the one that flows into it",
                    layer.spans.get(name, layer.span),
                )
            return value
        if parameter.default is None:
            raise stop(
                MISSING_ARGUMENT,
                f"`{layer.definition.name}` needs `{name}`",
                layer.span,
                notes=(Note(f"`{name}` has no default", parameter.span),),
                help=f"write `{layer.definition.name}({name} = ...)`",
            )
        return evaluate(parameter.default, scope)


def _note(name: str, value: Value, known: dict[str, Any], layers: dict[str, str]) -> None:
    """Numbers go to a block's scalars, layers and names to its layers."""
    if isinstance(value, bool | int | float) or value is None:
        known[identifier(name)] = value
    elif not isinstance(value, Tensor | Shape):
        layers[name] = describe(value)


def _bind(
    statement: tree.Binding,
    scope: Scope,
    known: dict[str, Any],
    layers: dict[str, str],
    formulas: dict[str, str],
    body: list[TensorBinding],
    fact_formulas: dict[str, str | None],
) -> None:
    name = statement.name.text
    value = evaluate(statement.value, scope)
    text = formula(statement.value)
    if statement.fact is not None:
        tensor = scope.names.get(name)
        if not isinstance(tensor, Tensor):
            raise stop(WRONG_KIND, f"`{name}` is no tensor here, so it has no facts", statement.name.span)
        if not isinstance(value, int | float):
            raise stop(WRONG_KIND, f"a fact is a number, not {kind(value)}", statement.value.span)
        fact = statement.fact.text
        if fact in ("channels", "height", "width"):
            raise stop(BAD_VALUE, f"`{fact}` follows from the layers; it cannot be set", statement.fact.span)
        facts = {**dict(tensor.facts), fact: float(value)}
        scope.names[name] = Tensor(tensor.shape, tensor.expression, tuple(sorted(facts.items())))
        if name == "out":
            fact_formulas[fact] = text
        return
    if isinstance(value, Tensor):
        assert value.expression is not None
        body.append(TensorBinding.model_construct(name=name, value=value.expression, output=value.shape))
        scope.names[name] = Tensor(value.shape, Bound.model_construct(node="bound", name=name), value.facts)
        return
    scope.names[name] = value
    _note(name, value, known, layers)
    if text is not None and not isinstance(value, LAYERS):
        formulas[identifier(name)] = text
