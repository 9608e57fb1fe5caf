"""A model and one set of parameter values to an `Architecture`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from archdsl.diagnostics import Diagnostic, Problems, did_you_mean
from archdsl.diagnostics.codes import (
    BAD_VALUE,
    MISSING_ARGUMENT,
    MISSING_BINDING,
    UNKNOWN_MODEL,
    UNKNOWN_PARAMETER,
    USE_CYCLE,
    WRONG_KIND,
)
from archdsl.elaborate.apply import Applier, place
from archdsl.elaborate.evaluate import Scope, evaluate
from archdsl.elaborate.naming import Names, name_expression
from archdsl.elaborate.problems import Stop, stop
from archdsl.elaborate.program import SETTINGS, Environment, ModelDefinition, parent
from archdsl.elaborate.stages import StageBuilder, StageRows
from archdsl.elaborate.values import (
    LAYERS,
    LayerStep,
    PrimitiveLayer,
    SequenceLayer,
    Tensor,
    Value,
    describe,
    kind,
)
from archdsl.ir.architecture import Architecture, Requirement, Schedule, Section, Stage
from archdsl.ir.base import Shape
from archdsl.ir.body import Input, Sequence
from archdsl.ir.operators import PRIMITIVES
from archdsl.language import tree

_NO_NAMES = Names()


@dataclass
class Merged:
    """A model with everything that it inherits: bindings by name, each with the file whose names it means."""

    definition: ModelDefinition
    parameters: dict[str, tuple[tree.Parameter, Environment]] = field(default_factory=dict)
    values: dict[str, Value] = field(default_factory=dict)
    bindings: dict[str, tuple[tree.Binding, Environment]] = field(default_factory=dict)
    facts: list[tuple[tree.Binding, Environment]] = field(default_factory=list)
    scale: tuple[tree.Scale, Environment] | None = None
    rows: StageRows = field(default_factory=StageRows)
    requires: tuple[tree.Require, ...] = ()
    doc: str = ""


@dataclass(frozen=True)
class Variant:
    """One network of a file: a model and the row of its variants table, if it has one."""

    definition: ModelDefinition
    row: tuple[tree.Table, tree.Row] | None
    label: str | None
    # Where the table's cells are evaluated; a model can inherit the variants of the one it extends.
    environment: Environment

    @property
    def name(self) -> str:
        return f"{self.definition.name}_{self.label}" if self.label else self.definition.name


def variants(definition: ModelDefinition, problems: Problems | None = None) -> list[Variant]:
    """The networks that a model stands for: its variants, or those of the model it extends, or itself alone."""
    owner: ModelDefinition | None = definition
    while owner is not None:
        found = [
            Variant(definition, (item.table, row), _label(item.table, row), owner.environment)
            for item in owner.variants
            for row in item.table.rows
        ]
        if found:
            return found
        if owner.model.parent is not None and (owner.model.parent.variant or owner.model.parent.arguments):
            break
        owner = parent(owner)
    return [Variant(definition, None, None, definition.environment)]


def _label(table: tree.Table, row: tree.Row) -> str:
    index = next(i for i, column in enumerate(table.header) if column.text == "name")
    return row.cells[index].span.text


def merge(definition: ModelDefinition) -> Merged:
    """A model over the one that it extends, all the way up."""
    model, environment = definition.model, definition.environment
    base = parent(definition)
    merged = merge(base) if base is not None else Merged(definition)
    merged.definition, merged.requires, merged.doc = definition, (), model.doc or merged.doc
    if base is not None and model.parent is not None:
        _fix_parent(merged, base, model.parent, environment)
    for parameter in model.parameters:
        merged.parameters[parameter.name.text] = (parameter, environment)
        merged.values.pop(parameter.name.text, None)
    for statement in model.body:
        match statement:
            case tree.Binding(fact=None):
                merged.bindings[statement.name.text] = (statement, environment)
            case tree.Binding():
                merged.facts.append((statement, environment))
            case tree.Scale():
                merged.scale = (statement, environment)
            case tree.Stages(table=table):
                merged.rows = StageRows.of(table, environment)
            case tree.StagesOverride():
                merged.rows.override(statement, environment)
            case tree.Require():
                merged.requires += (statement,)
    return merged


def _fix_parent(merged: Merged, base: ModelDefinition, reference: tree.Reference, environment: Environment) -> None:
    if reference.variant is not None:
        wanted = reference.variant.text
        choices = [v for v in variants(base) if v.label is not None]
        found = next((v for v in choices if v.label == wanted), None)
        if found is None:
            raise stop(
                UNKNOWN_MODEL,
                f"`{base.name}` has no variant `{wanted}`",
                reference.variant.span,
                help=did_you_mean(wanted, [v.label or "" for v in choices])
                or (f"it has {', '.join(v.label or '' for v in choices)}" if choices else "it has no variants"),
            )
        merged.values.update(row_values(found, merged))
    for argument in reference.arguments:
        if argument.name is None or argument.name.text not in merged.parameters:
            raise stop(
                UNKNOWN_PARAMETER,
                f"`{base.name}` has no parameter `{argument.name.text}`"
                if argument.name
                else "parameters of a model are given by name",
                argument.span,
                help=did_you_mean(argument.name.text, merged.parameters) if argument.name else None,
            )
        merged.values[argument.name.text] = evaluate(argument.value, _bare(environment))


def row_values(variant: Variant, merged: Merged) -> dict[str, Value]:
    """The parameter values of a row of a variants table."""
    values: dict[str, Value] = {}
    if variant.row is None:
        return values
    table, row = variant.row
    for column, cell in zip(table.header, row.cells, strict=True):
        if column.text == "name" or isinstance(cell, tree.DefaultCell):
            continue
        if column.text not in merged.parameters:
            raise stop(
                UNKNOWN_PARAMETER,
                f"`{merged.definition.name}` has no parameter `{column.text}`",
                column.span,
                help=did_you_mean(column.text, merged.parameters)
                or "the columns of a variants table are the parameters of its model",
            )
        values[column.text] = evaluate(cell, _bare(variant.environment))
    return values


def _bare(environment: Environment) -> Scope:
    settings = dict.fromkeys(SETTINGS)
    return Scope(environment, {}, {**settings, "padding": "symmetric"}, _NO_APPLIER, _NO_NAMES)


_NO_APPLIER: Any = None


class ModelElaborator:
    """One network: evaluates the bindings of a model in whatever order they need each other."""

    def __init__(
        self,
        variant: Variant,
        problems: Problems,
        resolution: int | tuple[int, int] | None = None,
        overrides: dict[str, Value] | None = None,
    ):
        self.variant, self.problems, self.resolution = variant, problems, resolution
        self.overrides = overrides or {}
        self.settings: dict[str, Value] = {}

    def run(self) -> tuple[Architecture, Merged, dict[str, Value]] | None:
        """The architecture with what its `require` lines need, or None with the reasons in `problems`."""
        try:
            return self._run()
        except Stop as problem:
            self.problems.add(self._in_variant(problem.diagnostic))
            return None

    def _in_variant(self, diagnostic: Diagnostic) -> Diagnostic:
        return diagnostic

    def _run(self) -> tuple[Architecture, Merged, dict[str, Value]] | None:
        merged = merge(self.variant.definition)
        model = merged.definition.model
        names: dict[str, Value] = {}
        given = {**merged.values, **row_values(self.variant, merged), **self.overrides}
        for name, (parameter, environment) in merged.parameters.items():
            names[name] = self._parameter(name, parameter, environment, given, names)
        for name in self.overrides:
            if name not in merged.parameters:
                raise stop(
                    UNKNOWN_PARAMETER,
                    f"`{merged.definition.name}` has no parameter `{name}`",
                    model.name.span,
                    help=did_you_mean(name, merged.parameters),
                )
        self.parameters = dict(names)
        self.merged, self.names = merged, names
        self.waiting = set(merged.bindings) - set(names)
        self.opened: list[str] = []
        self._bind_settings()
        self.applier = Applier(self.settings)
        for name in list(merged.bindings):
            if name not in names and name not in SETTINGS:
                self._value(name)
        return self._assemble()

    def _parameter(
        self,
        name: str,
        parameter: tree.Parameter,
        environment: Environment,
        given: dict[str, Value],
        names: dict[str, Value],
    ) -> Value:
        if name in given:
            return given[name]
        if parameter.default is None:
            raise stop(
                MISSING_ARGUMENT,
                f"parameter `{name}` of `{self.variant.definition.name}` has no value",
                parameter.span,
                help=f"give it a default, `{name} = ...`, or a column in `variants {self.variant.definition.name}`",
            )
        scope = _bare(environment)
        scope.names = names
        return evaluate(parameter.default, scope)

    # Bindings --------------------------------------------------------------------------------------------------------

    def _scope(self, environment: Environment, steps: Names = _NO_NAMES) -> Scope:
        applier: Any = getattr(self, "applier", None)
        return Scope(environment, self.names, self.settings, applier, steps, self._value, frozenset(self.waiting))

    def _value(self, name: str) -> Value:
        if name in self.names:
            return self.names[name]
        if name in self.opened:
            binding, _ = self.merged.bindings[name]
            raise stop(USE_CYCLE, f"`{name}` refers to itself", binding.name.span, " -> ".join([*self.opened, name]))
        binding, environment = self.merged.bindings[name]
        self.opened.append(name)
        value = evaluate(binding.value, self._scope(environment, name_expression(binding.value)))
        self.opened.pop()
        if name not in SETTINGS:
            self.names[name] = value
        return value

    def _bind_settings(self) -> None:
        defaults: dict[str, Value] = {
            "padding": "symmetric",
            "drop_path": Schedule.model_construct(rate=0.0, reach=False),
        }
        self.settings.update(defaults)
        for name in ("padding", "norm", "act", "drop_path"):
            if name not in self.merged.bindings:
                if name in ("norm", "act"):
                    self.settings[name] = self._default_layer("batch_norm" if name == "norm" else "relu")
                continue
            binding, environment = self.merged.bindings[name]
            scope = self._scope(environment)
            scope.waiting = scope.waiting - set(SETTINGS)
            value = evaluate(binding.value, scope)
            self.settings[name] = self._checked_setting(name, value, binding)

    def _default_layer(self, name: str) -> PrimitiveLayer:
        operator = PRIMITIVES[name]
        defaults = {key: f.default for key, f in operator.model_fields.items() if key != "kind"}
        return PrimitiveLayer(
            operator.model_construct(**{"kind": name, **defaults}), (), {}, {}, self.merged.definition.model.name.span
        )

    def _checked_setting(self, name: str, value: Value, binding: tree.Binding) -> Value:
        span = binding.value.span
        if name in ("norm", "act") and not isinstance(value, LAYERS):
            raise stop(WRONG_KIND, f"`{name}` is a layer, not {kind(value)}", span, help="for example `act = silu`")
        if name == "padding" and not (
            value in ("symmetric", "same", "valid")
            or (isinstance(value, int) and not isinstance(value, bool) and value >= 0)
        ):
            raise stop(BAD_VALUE, f"`padding` is symmetric, same, valid or a number, not {describe(value)}", span)
        if name == "drop_path":
            if value is None:
                return Schedule.model_construct(rate=0.0, reach=False)
            if not isinstance(value, Schedule):
                raise stop(WRONG_KIND, f"`drop_path` is a schedule, not {kind(value)}", span, help="write `ramp(0.2)`")
        return value

    # The network -----------------------------------------------------------------------------------------------------

    def _assemble(self) -> Architecture | None | Any:
        merged, names = self.merged, self.names
        model = merged.definition.model
        image = self._input(model)
        classes = names.get("classes")
        if classes is not None and (not isinstance(classes, int) or isinstance(classes, bool) or classes < 1):
            binding, _ = merged.bindings["classes"]
            raise stop(BAD_VALUE, f"`classes` is a positive whole number, not {describe(classes)}", binding.value.span)
        before = len(self.problems.found)
        tensor = Tensor(image, Input.model_construct(node="input"))
        stem, tensor = self._section("stem", tensor)
        tensor = self._with_facts("stem", tensor)
        names_of_stages = self._scope(merged.rows.environment or merged.definition.environment)
        builder = StageBuilder(merged, names_of_stages, self.applier, self.problems)
        stages: tuple[Stage, ...] = ()
        if merged.rows.rows:
            schedule = self.settings["drop_path"]
            assert isinstance(schedule, Schedule)
            stages, tensor = builder.build(tensor, schedule)
        if len(self.problems.found) > before:
            return None
        head, tensor = self._section("head", tensor)
        if stem is None and head is None and not stages:
            raise stop(
                MISSING_BINDING,
                f"model `{model.name.text}` has neither a stem, nor stages, nor a head",
                model.name.span,
            )
        schedule = self.settings["drop_path"]
        assert isinstance(schedule, Schedule)
        architecture = Architecture.model_construct(
            schema_version="1.0",
            name=self.variant.name,
            model=model.name.text,
            variant=self.variant.label,
            doc=merged.doc,
            input=image,
            classes=classes,
            parameters={
                name: value if isinstance(value, bool | int | float | str | None) else describe(value)
                for name, value in self.parameters.items()
            },
            settings={name: describe(self.settings[name]) for name in ("norm", "act", "padding")},
            drop_path=schedule,
            blocks=self.applier.blocks,
            stem=stem,
            stages=stages,
            head=head,
            output=tensor.shape,
            requirements=tuple(
                Requirement.model_construct(text=claim.claim.span.text, place=place(claim.span))
                for claim in merged.requires
            ),
            place=place(model.name.span),
        )
        return architecture, merged, names

    def _input(self, model: tree.Model) -> Shape:
        if "input" not in self.merged.bindings:
            raise stop(
                MISSING_BINDING, f"model `{model.name.text}` needs an `input`", model.name.span,
                help="write `input = 3 x 224 x 224`",
            )
        image = self.names["input"]
        binding, _ = self.merged.bindings["input"]
        if not isinstance(image, Shape):
            raise stop(
                WRONG_KIND, f"`input` is a shape, not {kind(image)}", binding.value.span,
                help="write `input = 3 x 224 x 224`",
            )
        if self.resolution is None:
            return image
        height, width = self.resolution if isinstance(self.resolution, tuple) else (self.resolution, self.resolution)
        return Shape(image.channels, height, width)

    def _section(self, name: str, tensor: Tensor) -> tuple[Section | None, Tensor]:
        if name not in self.merged.bindings:
            return None, tensor
        binding, _ = self.merged.bindings[name]
        layer = self.names[name]
        if not isinstance(layer, LAYERS):
            raise stop(
                WRONG_KIND, f"`{name}` is a layer, not {kind(layer)}", binding.value.span,
                help=f"for example `{name} = conv(32, 3, stride = 2) -> norm -> act`",
            )
        if not isinstance(layer, SequenceLayer):
            layer = SequenceLayer((LayerStep(_alone(binding.value), layer),), binding.value.span)
        try:
            steps, result = self.applier.apply(layer, tensor, "")
        except Stop as problem:
            raise problem.within(f"in the {name} of `{self.variant.name}`", None) from None
        assert isinstance(steps, Sequence)
        section = Section.model_construct(
            name=name,  # type: ignore[arg-type]
            steps=steps,
            input=tensor.shape,
            output=result.shape,
            place=place(binding.span),
        )
        return section, result

    def _with_facts(self, name: str, tensor: Tensor) -> Tensor:
        facts = dict(tensor.facts)
        for binding, environment in self.merged.facts:
            if binding.name.text not in ("stem", "head", "input"):
                raise stop(
                    WRONG_KIND, f"`{binding.name.text}` is no tensor here", binding.name.span,
                    help="a model sets facts of its stem: `stem.variance = 1`",
                )
            if binding.name.text != name or binding.fact is None:
                continue
            value = evaluate(binding.value, self._scope(environment))
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise stop(WRONG_KIND, f"a fact is a number, not {kind(value)}", binding.value.span)
            facts[binding.fact.text] = float(value)
        return Tensor(tensor.shape, tensor.expression, tuple(sorted(facts.items())))


def _alone(value: tree.Expression) -> str:
    match value:
        case tree.Call(function=tree.Name(text=text)) | tree.Name(text=text):
            return text
        case _:
            return "layer"
