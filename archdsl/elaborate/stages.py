"""The table of stages: rows to repeated blocks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from archdsl.diagnostics import Note, Problems, Span, did_you_mean
from archdsl.diagnostics.codes import (
    BAD_VALUE,
    MISSING_BINDING,
    TOO_LARGE,
    UNKNOWN_BLOCK,
    UNKNOWN_COLUMN,
    WRONG_KIND,
)
from archdsl.elaborate.apply import Applier, place
from archdsl.elaborate.evaluate import Scope, evaluate, primitive
from archdsl.elaborate.problems import Stop, stop
from archdsl.elaborate.program import Environment
from archdsl.elaborate.values import BlockLayer, PrimitiveLayer, Tensor, Value, describe, kind
from archdsl.ir.architecture import Layer, Schedule, Stage
from archdsl.ir.base import Shape
from archdsl.ir.body import Apply
from archdsl.ir.formula import module_name
from archdsl.ir.operators import PRIMITIVES
from archdsl.ir.operators.checks import attributes
from archdsl.language import tree

if TYPE_CHECKING:
    from archdsl.elaborate.models import Merged

MAX_LAYERS = 10_000
OWN_COLUMNS = ("op", "layers", "name")
_PROMINENT = ("kernel", "stride", "expansion", "channels", "se")


@dataclass
class StageRow:
    """One row: its cells by column, as written or as overridden by a model that extends the one with the table."""

    span: Span
    cells: dict[str, tuple[tree.Expression | tree.DefaultCell, Environment]]
    columns: dict[str, Span]


@dataclass
class StageRows:
    rows: list[StageRow] = field(default_factory=list)
    environment: Environment | None = None

    @staticmethod
    def of(table: tree.Table, environment: Environment) -> StageRows:
        rows = [
            StageRow(
                row.span,
                {
                    column.text: (cell, environment)
                    for column, cell in zip(table.header, row.cells, strict=True)
                },
                {column.text: column.span for column in table.header},
            )
            for row in table.rows
        ]
        return StageRows(rows, environment)

    def override(self, statement: tree.StagesOverride, environment: Environment) -> None:
        """Sets cells of the rows `first..last`. Raises Stop when there are no such rows."""
        if not 1 <= statement.first <= statement.last <= len(self.rows):
            raise stop(
                BAD_VALUE,
                f"there are {len(self.rows)} stages, not {statement.first}..{statement.last}",
                statement.span,
                help="stages count from 1, the last one included",
            )
        for row in self.rows[statement.first - 1 : statement.last]:
            for binding in statement.bindings:
                row.cells[binding.name.text] = (binding.value, environment)
                row.columns.setdefault(binding.name.text, binding.name.span)


class StageBuilder:
    """Builds the stages of one network; a mistake in one row does not hide those in the next."""

    def __init__(self, merged: Merged, scope: Scope, applier: Applier, problems: Problems):
        self.merged, self.scope, self.applier, self.problems = merged, scope, applier, problems

    def build(self, tensor: Tensor, schedule: Schedule) -> tuple[tuple[Stage, ...], Tensor]:
        planned = []
        for row in self.merged.rows.rows:
            try:
                planned.append((row, *self._plan(row)))
            except Stop as problem:
                self.problems.add(problem.diagnostic)
        total = sum(layers for _, _, layers, _ in planned)
        if total > MAX_LAYERS:
            raise stop(
                TOO_LARGE,
                f"{total:,} layers are more than the bound of {MAX_LAYERS:,}",
                self.merged.definition.model.name.span,
            )
        stages: list[Stage] = []
        index = 0
        for number, (row, values, layers, op) in enumerate(planned, start=1):
            try:
                stage, tensor = self._stage(number, row, values, layers, op, tensor, schedule, index, total)
                stages.append(stage)
            except Stop as problem:
                self.problems.add(problem.diagnostic)
                tensor = _guess(values, tensor)
            index += layers
        return tuple(stages), tensor

    # A row -----------------------------------------------------------------------------------------------------------

    def _plan(self, row: StageRow) -> tuple[dict[str, Value], int, BlockLayer | PrimitiveLayer]:
        """The values of a row after scaling, how often its block repeats, and the block."""
        op = self._op(row)
        values: dict[str, Value] = {}
        for column, (cell, environment) in row.cells.items():
            if column in ("op", "name") or isinstance(cell, tree.DefaultCell):
                continue
            scope = self.scope if environment is self.scope.environment else self._in(environment)
            values[column] = evaluate(cell, scope)
        values.setdefault("layers", 1)
        self._scale(values, row, op)
        layers = values.pop("layers")
        if isinstance(layers, float) and layers.is_integer():
            layers = int(layers)
        if not isinstance(layers, int) or isinstance(layers, bool) or layers < 1:
            span = row.cells["layers"][0].span if "layers" in row.cells else row.span
            raise stop(
                BAD_VALUE, f"`layers` must be a positive whole number, not {describe(layers)}", span,
                help="remove the row if the stage is not wanted",
            )
        self._check_columns(values, row, op)
        return values, layers, op

    def _in(self, environment: Environment) -> Scope:
        scope = self.scope
        return Scope(
            environment, scope.names, scope.settings, scope.applier, scope.steps, scope.pending, scope.waiting
        )

    def _op(self, row: StageRow) -> BlockLayer | PrimitiveLayer:
        if "op" not in row.cells:
            raise stop(
                MISSING_BINDING, "the table of stages needs an `op` column", next(iter(row.columns.values()), row.span),
                help="it names the block of each stage",
            )
        cell, environment = row.cells["op"]
        if isinstance(cell, tree.DefaultCell):
            raise stop(MISSING_BINDING, "a stage needs an `op`", cell.span)
        scope = self.scope if environment is self.scope.environment else self._in(environment)
        if isinstance(cell, tree.Name) and cell.text not in scope.names and cell.text not in scope.waiting:
            name = cell.text
            if environment.block(name) is None and name not in PRIMITIVES:
                raise stop(
                    UNKNOWN_BLOCK,
                    f"unknown block `{name}`",
                    cell.span,
                    "not defined here",
                    help=did_you_mean(name, environment.block_names())
                    or 'define it, or bring its file in with `use "file.arch"`',
                )
        value = evaluate(cell, scope)
        if not isinstance(value, BlockLayer | PrimitiveLayer):
            raise stop(WRONG_KIND, f"`op` names a block, not {kind(value)}", cell.span)
        return value

    def _scale(self, values: dict[str, Value], row: StageRow, op: BlockLayer | PrimitiveLayer) -> None:
        if self.merged.scale is None:
            return
        scale, environment = self.merged.scale
        for binding in scale.bindings:
            column = binding.name.text
            if column not in values:
                # The block's default is not scaled; a column that the row's block lacks is no concern of the row.
                continue
            scope = self._in(environment)
            scope.names = {**self.scope.names, **values}
            try:
                values[column] = evaluate(binding.value, scope)
            except Stop as problem:
                raise problem.within("in the row", row.span) from None

    def _check_columns(self, values: dict[str, Value], row: StageRow, op: BlockLayer | PrimitiveLayer) -> None:
        parameters = list(_parameters(op))
        for column in values:
            if column in parameters:
                continue
            cell = row.cells[column][0] if column in row.cells else None
            name = _op_name(op)
            suggestion = did_you_mean(column, [*parameters, *OWN_COLUMNS])
            others = any(column in self._parameters_of(other) for other in self.merged.rows.rows)
            raise stop(
                UNKNOWN_COLUMN,
                f"`{name}` has no parameter `{column}`",
                cell.span if cell is not None and others else row.columns.get(column, row.span),
                f"not a parameter of `{name}`",
                notes=(Note(f"the parameters of `{name}` are {', '.join(parameters) or 'none'}"),),
                help="write `-` in this cell" if others else suggestion,
            )

    def _parameters_of(self, row: StageRow) -> list[str]:
        try:
            return list(_parameters(self._op(row)))
        except Stop:
            return []

    # A stage ---------------------------------------------------------------------------------------------------------

    def _stage(
        self,
        number: int,
        row: StageRow,
        values: dict[str, Value],
        layers: int,
        op: BlockLayer | PrimitiveLayer,
        tensor: Tensor,
        schedule: Schedule,
        index: int,
        total: int,
    ) -> tuple[Stage, Tensor]:
        source = tensor.shape
        spans = {column: cell.span for column, (cell, _) in row.cells.items()}
        made: list[Layer] = []
        first = self._layer(op, values, spans, row)
        later = first
        if layers > 1 and "stride" in _parameters(op):
            later = self._layer(op, {**values, "stride": 1}, spans, row)
        for position in range(layers):
            try:
                step, tensor = self.applier.apply(first if position == 0 else later, tensor, str(position))
            except Stop as problem:
                which = f"stage {number}, layer {position + 1} of {layers}"
                shown = ", ".join(f"{name} = {describe(value)}" for name, value in values.items())
                raise problem.within(f"{which}: `{_op_name(op)}` with {shown}", row.span) from None
            assert isinstance(step, Apply)
            rate = schedule.at(index + position, total)
            made.append(Layer.model_construct(apply=step, drop_path=rate))
        complete: dict[str, Any] = {name: _plain(value) for name, value in self._defaults(op, first).items()}
        complete.update({name: _plain(value) for name, value in values.items()})
        name = row.cells["name"][0].span.text if "name" in row.cells else str(number - 1)
        stage = Stage.model_construct(
            name=name if name.isdigit() else module_name(name),
            op=_op_name(op),
            **{column: _fitting(column, complete.get(column)) for column in _PROMINENT},
            arguments={k: v for k, v in complete.items() if k not in _PROMINENT or v != _fitting(k, v)},
            layers=tuple(made),
            input=source,
            output=tensor.shape,
            place=place(row.span),
        )
        return stage, tensor

    def _layer(
        self, op: BlockLayer | PrimitiveLayer, values: dict[str, Value], spans: dict[str, Span], row: StageRow
    ) -> BlockLayer | PrimitiveLayer:
        if isinstance(op, PrimitiveLayer):
            kept = {name: getattr(op.operator, name) for name in op.given}
            return primitive(op.operator.kind, {**kept, **values}, {}, spans, row.span, self.scope)
        arguments = {**dict(op.arguments), **values}
        return BlockLayer(op.definition, tuple(sorted(arguments.items())), {}, spans, row.span)

    def _defaults(self, op: BlockLayer | PrimitiveLayer, layer: BlockLayer | PrimitiveLayer) -> dict[str, Value]:
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


def _parameters(op: BlockLayer | PrimitiveLayer) -> Any:
    return op.definition.parameters if isinstance(op, BlockLayer) else attributes(type(op.operator))


def _op_name(op: BlockLayer | PrimitiveLayer) -> str:
    return op.definition.name if isinstance(op, BlockLayer) else op.operator.kind


def _plain(value: Value) -> bool | int | float | str | None:
    return value if isinstance(value, bool | int | float | str | None) else describe(value)


def _fitting(column: str, value: Any) -> Any:
    """The value for a prominent field of a stage; None where a block uses the name for something else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if column in ("expansion", "se"):
        return float(value)
    return value if isinstance(value, int) else None


def _guess(values: dict[str, Value], tensor: Tensor) -> Tensor:
    """What most likely comes out of a stage that failed, so that later rows can still be checked."""
    channels, stride = values.get("channels"), values.get("stride", 1)
    shape = tensor.shape
    if isinstance(channels, int) and channels > 0:
        shape = shape._replace(channels=channels)
    if isinstance(stride, int) and stride > 1:
        shape = Shape(shape.channels, max(1, -(-shape.height // stride)), max(1, -(-shape.width // stride)))
    return Tensor(shape, tensor.expression, tensor.facts)
