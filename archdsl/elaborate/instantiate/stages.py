"""The table of stages: rows to repeated blocks."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from archdsl.diagnostics import Diagnostic, Note, Problems
from archdsl.diagnostics.codes import CHANNEL_MISMATCH, INDIVISIBLE, REQUIRE_FAILED, UNKNOWN_FACT, VANISHING
from archdsl.elaborate.check.columns import Blocks, check_names_of_stages, check_row, foreign_columns, no_op, unfit
from archdsl.elaborate.deduplication import InStages
from archdsl.elaborate.evaluate.describe import describe, kind, named
from archdsl.elaborate.evaluate.explain import reasons, trace
from archdsl.elaborate.evaluate.expressions import evaluate
from archdsl.elaborate.evaluate.layers import primitive, signature_of
from archdsl.elaborate.evaluate.values import SCALARS, BlockLayer, Origin, PrimitiveLayer, Scope, Tensor, Value
from archdsl.elaborate.instantiate.apply import Applier, place
from archdsl.elaborate.instantiate.errors import BadChannels, BadLayers, OpNotBlock, TooManyLayers
from archdsl.elaborate.instantiate.replacing import at_block, mismatch, replaces
from archdsl.elaborate.problems import ElaborationError, at_home, bounded_depth
from archdsl.elaborate.resolve.labels import stage_name
from archdsl.elaborate.resolve.merge import Merged
from archdsl.elaborate.resolve.signatures import Signature
from archdsl.elaborate.resolve.stage_rows import StageRow
from archdsl.ir.base import Scalar, Shape, Size
from archdsl.ir.body import Apply, Step
from archdsl.ir.description import Layer, Schedule, Stage
from archdsl.ir.functions import as_whole
from archdsl.ir.operators.window import sides
from archdsl.language import tree
from archdsl.limits import limits

_OF_SHAPES = (CHANNEL_MISMATCH, INDIVISIBLE, VANISHING, REQUIRE_FAILED, UNKNOWN_FACT)
_MAX_CHANGES = 3
_PROMINENT = ("kernel", "stride", "expansion", "channels", "se")


class Planned(Struct):
    """A row with the values of its cells after scaling."""

    row: StageRow
    op: BlockLayer | PrimitiveLayer | None
    values: dict[str, Value]
    origins: dict[str, Origin]
    layers: int = 1
    is_sound: bool = True


class StageBuilder:
    """Builds the stages of one network; a mistake in one row does not hide those in the next."""

    def __init__(self, merged: Merged, scope: Scope, problems: Problems):
        self.merged, self.scope, self.problems = merged, scope, problems
        self.rows = merged.rows.rows
        self.own = merged.definition.model.span.source
        self.mistakes = InStages()

    def _report(self, problem: ElaborationError, row: StageRow) -> None:
        self.mistakes.add(at_home(at_block(problem.diagnostic, self.own)), row.number)

    # Planning --------------------------------------------------------------------------------------------------------

    def plan(self) -> list[Planned]:
        """The rows with their values; mistakes in them are reported."""
        planned = [self._plan(row) for row in self.rows]
        takes = [(plan, signature_of(plan.op, plan.row.span)) for plan in planned if plan.op is not None]
        blocks = Blocks.of([signature for _, signature in takes])
        replaced: dict[Signature, list[tuple[StageRow, list[Diagnostic]]]] = {}
        for plan, signature in takes:
            assert plan.op is not None
            given = dict(plan.op.arguments) if isinstance(plan.op, BlockLayer) else plan.op.given
            wrong = list(check_row(plan.row, signature, given, blocks))
            plan.is_sound = plan.is_sound and not wrong and not unfit(plan.row, signature)
            if wrong and replaces(signature, plan.row, self.own):
                replaced.setdefault(signature, []).append((plan.row, wrong))
                continue
            for problem in wrong:
                self.mistakes.add(problem, plan.row.number)
        self.problems.add(*self.mistakes.taken())
        for signature, found in replaced.items():
            self.problems.add(mismatch(signature, [row for row, _ in found], found[0][1]))
        self.problems.add(*foreign_columns((plan.row, signature) for plan, signature in takes))
        self.problems.add(*check_names_of_stages(self.rows))
        self._check_total(planned)
        return planned

    def one(self, applier: Applier, number: int, tensor: Tensor) -> tuple[Stage, Tensor] | None:
        """The stage of one row, by its position, on a tensor, and what comes out; None when there is a mistake in it.

        The stage drops no paths, for that depends on the stages before it.
        """
        plan = self._plan(self.rows[number])
        self.problems.add(*self.mistakes.taken())
        if plan.op is None or not plan.is_sound:
            return None
        signature = signature_of(plan.op, plan.row.span)
        given = dict(plan.op.arguments) if isinstance(plan.op, BlockLayer) else plan.op.given
        # What the other rows' blocks take has been looked at with the whole table.
        blocks = Blocks(frozenset({signature.name}), (*signature.parameters, *plan.row.cells))
        if wrong := [*check_row(plan.row, signature, given, blocks), *foreign_columns([(plan.row, signature)])]:
            self.problems.add(*wrong)
            return None
        try:
            with bounded_depth(plan.row.span):
                return self._stage(applier, plan, plan.op, tensor, [0.0] * plan.layers)
        except ElaborationError as problem:
            self.problems.add(at_home(problem.diagnostic))
            return None

    def _plan(self, row: StageRow) -> Planned:
        plan = Planned(row, None, {}, {})
        for column, (cell, environment) in row.cells.items():
            if column in ("op", "name") or isinstance(cell, tree.DefaultCell):
                continue
            scope = self.scope.among(environment)
            plan.origins[column] = Origin(cell, scope)
            try:
                with bounded_depth(cell.span):
                    value = plan.values[column] = evaluate(cell, scope)
                is_number = isinstance(value, int | float) and not isinstance(value, bool)
                if column == "channels" and is_number and value <= 0:  # type: ignore[operator]
                    raise ElaborationError(BadChannels(describe(value)).at(cell.span))
            except ElaborationError as problem:
                plan.is_sound = False
                self._report(problem, row)
        plan.values.setdefault("layers", 1)
        try:
            plan.op = self._op(row)
            self._scale(plan)
            plan.layers = self._layers(plan)
        except ElaborationError as problem:
            plan.is_sound = False
            self._report(problem, row)
        plan.values.pop("layers", None)
        return plan

    def _op(self, row: StageRow) -> BlockLayer | PrimitiveLayer:
        cell, environment = row.cells.get("op", (None, None))
        if cell is None or environment is None or isinstance(cell, tree.DefaultCell):
            raise ElaborationError(no_op(row))
        value = evaluate(cell, self.scope.among(environment))
        if not isinstance(value, BlockLayer | PrimitiveLayer):
            raise ElaborationError(OpNotBlock(kind(value)).at(cell.span))
        return value

    def _scale(self, plan: Planned) -> None:
        """Rewrites the row's values. A cell that is missing, or left to the block's default, is not scaled."""
        if self.merged.scale is None:
            return
        scale, environment = self.merged.scale
        for binding in scale.bindings:
            column = binding.name.text
            if column not in plan.values:
                continue
            scope = self.scope.among(environment, plan.values, plan.origins)
            try:
                plan.values[column] = evaluate(binding.value, scope)
            except ElaborationError as problem:
                raise problem.within(f"in stage {plan.row.number}", plan.row.span) from None
            plan.origins[column] = Origin(binding.value, scope)

    def _layers(self, plan: Planned) -> int:
        layers = as_whole(plan.values["layers"])
        if isinstance(layers, int) and not isinstance(layers, bool) and layers >= 1:
            return layers
        origin = trace(plan.origins["layers"])
        place = origin.node.span
        notes = reasons(origin, layers)
        if not plan.row.holds(place):
            notes += (Note(f"in stage {plan.row.number}", plan.row.span),)
        help = None
        if layers == 0:
            help = "remove the row if the stage is not wanted"
        elif isinstance(layers, float):
            help = "round it, for example with `ceil(...)`"
        raise ElaborationError(BadLayers(named(layers)).at(place, notes=notes, help=help))

    def _check_total(self, planned: list[Planned]) -> None:
        total = sum(plan.layers for plan in planned)
        if total <= limits().layers:
            return
        most = max(planned, key=lambda plan: plan.layers)
        origin = most.origins.get("layers")
        place = trace(origin).node.span if origin else most.row.span
        raise ElaborationError(TooManyLayers(total, most.row.number, most.layers).at(place))

    # Building --------------------------------------------------------------------------------------------------------

    def build(
        self,
        applier: Applier,
        planned: list[Planned],
        tensor: Tensor,
        schedule: Schedule,
        count: int | None = None,
    ) -> tuple[tuple[Stage, ...], list[Tensor]] | None:
        """The stages, the first `count` of them, and the tensors that come out of them; None when one of them has a
        mistake."""
        stages: list[Stage] = []
        made: list[Tensor] = []
        total = sum(plan.layers for plan in planned[:count])
        index = 0
        is_known = True  # whether the input of the row is known, or likely; else its shape means nothing
        for plan in planned[:count]:
            result: Tensor | None = None
            if plan.is_sound and plan.op is not None:
                rates = [schedule.at(index + position, total) for position in range(plan.layers)]
                try:
                    with bounded_depth(plan.row.span):
                        stage, result = self._stage(applier, plan, plan.op, tensor, rates)
                    stages.append(stage)
                    made.append(result)
                except ElaborationError as problem:
                    if is_known or problem.diagnostic.code not in _OF_SHAPES:
                        self._report(problem, plan.row)
                    is_known = is_known and problem.diagnostic.code is not VANISHING
            if result is None:
                result, is_likely = _guess(plan.values, plan.origins, tensor)
                is_known = is_known and is_likely
            tensor = result
            index += plan.layers
        self.problems.add(*self.mistakes.taken())
        return (tuple(stages), made) if len(stages) == len(planned[:count]) else None

    def _stage(
        self, applier: Applier, plan: Planned, op: BlockLayer | PrimitiveLayer, tensor: Tensor, rates: list[float]
    ) -> tuple[Stage, Tensor]:
        source, row = tensor.shape, plan.row
        made: list[Layer] = []
        first = later = self._layer(op, plan, plan.values)
        if plan.layers > 1 and "stride" in signature_of(op, row.span).parameters:
            later = self._layer(op, plan, {**plan.values, "stride": 1})
        settled: Apply | None = None
        for position, rate in enumerate(rates):
            if settled is not None:
                # The last repetition gave back what it was given, so this one is the same again.
                step: Step = Apply.made(**{**settled.__dict__, "name": str(position)})
            else:
                before = tensor
                try:
                    step, tensor = applier.apply(first if position == 0 else later, tensor, str(position))
                except ElaborationError as problem:
                    raise self._within(problem, plan, op, position, tensor) from None
                assert isinstance(step, Apply)
                if position > 0 and (tensor.shape, tensor.facts) == (before.shape, before.facts):
                    settled = step
            made.append(Layer.made(apply=step, drop_path=rate))
        complete: dict[str, Any] = {name: _plain(value) for name, value in _defaults(first).items()}
        complete.update({name: _plain(value) for name, value in plan.values.items()})
        stage = Stage.made(
            name=stage_name(row),
            op=_op_name(op),
            **{column: _fitting(column, complete.get(column)) for column in _PROMINENT},
            arguments={k: v for k, v in complete.items() if k not in _PROMINENT or v != _fitting(k, v)},
            layers=tuple(made),
            input=source,
            output=tensor.shape,
            place=place(row.span),
        )
        return stage, tensor

    def _within(
        self, problem: ElaborationError, plan: Planned, op: BlockLayer | PrimitiveLayer, position: int, tensor: Tensor
    ) -> ElaborationError:
        """The stop with notes on the stage that it happened in, and on values that `scale` made."""
        known = {note.text for note in problem.diagnostic.notes}
        scaled = [
            note
            for column, origin in plan.origins.items()
            if column in plan.values and plan.row.cells[column][0] is not origin.node
            for note in reasons(origin, plan.values[column])[:1]
            if note.text not in known
        ]
        stage = f"stage {plan.row.number} of {len(self.rows)}" if len(self.rows) > 1 else "the stage"
        which = f"layer {position + 1} of {plan.layers} of {stage}" if plan.layers > 1 else stage
        given = ", ".join(f"{name} = {describe(value)}" for name, value in plan.values.items())
        text = f"in {which}: `{_op_name(op)}({given})` on an input of {tensor.shape}"
        changed = [
            Note(f"`{column}` is changed here", cell.span)
            for column, (cell, _) in plan.row.cells.items()
            if not plan.row.holds(cell.span) and cell.span != problem.diagnostic.span
        ]
        return problem.within(text, plan.row.span).noted((*scaled, *changed[:_MAX_CHANGES]))

    def _layer(
        self, op: BlockLayer | PrimitiveLayer, plan: Planned, values: dict[str, Value]
    ) -> BlockLayer | PrimitiveLayer:
        if isinstance(op, PrimitiveLayer):
            kept: dict[str, Value] = {name: getattr(op.operator, name) for name in op.given}
            origins = {**op.origins, **plan.origins}
            return primitive(op.operator.kind, {**kept, **values}, {}, origins, plan.row.span, self.scope)
        arguments = {**dict(op.arguments), **values}
        return BlockLayer(
            op.definition, tuple(sorted(arguments.items())), {}, {**op.origins, **plan.origins}, plan.row.span
        )


def _defaults(layer: BlockLayer | PrimitiveLayer) -> dict[str, Value]:
    """What the block takes where the row says nothing, for the reader of the IR."""
    if isinstance(layer, PrimitiveLayer):
        return {k: v for k, v in layer.operator.__dict__.items() if k != "kind"}
    given = dict(layer.arguments)
    found: dict[str, Value] = {}
    for name, parameter in layer.definition.parameters.items():
        if name in given:
            found[name] = given[name]
        elif isinstance(parameter.default, tree.Literal):
            found[name] = parameter.default.value
        elif isinstance(parameter.default, tree.Name) and parameter.default.text in found:
            found[name] = found[parameter.default.text]
    return found


def _op_name(op: BlockLayer | PrimitiveLayer) -> str:
    return op.definition.name if isinstance(op, BlockLayer) else op.operator.kind


def _plain(value: Value) -> Scalar:
    return value if isinstance(value, SCALARS) else describe(value)


def _fitting(column: str, value: Any) -> Any:
    """The value for a prominent field of a stage; None where a block uses the name for something else."""
    if column in ("kernel", "stride") and isinstance(value, Size):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if column in ("expansion", "se"):
        return float(value)
    return int(value) if int(value) == value else None


def _guess(values: dict[str, Value], origins: dict[str, Origin], tensor: Tensor) -> tuple[Tensor, bool]:
    """What comes out of a stage that failed, so that later rows can still be checked, and whether that is likely."""
    channels, stride = values.get("channels"), values.get("stride", 1)
    steps = sides(stride) if isinstance(stride, int | Size) else Size(1, 1)
    size = (-(-length // max(step, 1)) for length, step in zip(tensor.shape[1:], steps, strict=True))
    is_likely = isinstance(channels, int) and not isinstance(channels, bool) and 0 < channels <= limits().channels
    shape = Shape(channels if is_likely else tensor.shape.channels, *size)  # type: ignore[arg-type]
    channels_from = origins.get("channels") if is_likely else tensor.channels_from
    return Tensor(shape, tensor.expression, tensor.facts, channels_from), is_likely
