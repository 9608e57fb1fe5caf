"""The networks of a model: what it inherits, and the rows of its table of variants."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from msgspec import Struct, field
from msgspec.structs import replace

from archdsl.diagnostics import Diagnostic, Note
from archdsl.elaborate.problems import ElaborationError
from archdsl.elaborate.resolve.definitions import Environment, ModelDefinition, work_of_text
from archdsl.elaborate.resolve.errors import GivenTwice, ParameterWithoutName, UnknownParameter, UnknownVariant
from archdsl.elaborate.resolve.inheritance import ancestry, parent
from archdsl.elaborate.resolve.stage_rows import Change, StageRows
from archdsl.language import tree


class Given(NamedTuple):
    """The value of a parameter as written: in a row of a variants table, or where a model names the one it extends.

    The names in it are those of the file `environment`. A reference can also speak of parameters; a cell cannot.
    """

    node: tree.Expression
    environment: Environment
    speaks_of_parameters: bool


class Merged(Struct):
    """A model with everything that it inherits: bindings by name, each with the file whose names it means.

    Of several inputs, `source` is the one that the stem begins with, which is then no part of its binding.
    """

    definition: ModelDefinition
    parameters: dict[str, tuple[tree.Parameter, Environment]] = field(default_factory=dict)
    given: dict[str, Given] = field(default_factory=dict)
    bindings: dict[str, tuple[tree.Binding, Environment]] = field(default_factory=dict)
    facts: list[tuple[tree.Binding, Environment]] = field(default_factory=list)
    scale: tuple[tree.Scale, Environment] | None = None
    outputs: tuple[tree.Outputs, Environment] | None = None
    source: str | None = None
    rows: StageRows = field(default_factory=StageRows)
    requires: tuple[tree.Require, ...] = ()
    doc: str = ""

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of several inputs, in their order; none where the input is `input`."""
        return tuple(name for name, (binding, _) in self.bindings.items() if binding.is_input)

    @property
    def size(self) -> int:
        """How much there is to be looked at: one for each binding, claim or cell, more where its text is long."""
        nodes: list[tree.Node] = [parameter for parameter, _ in self.parameters.values()]
        nodes += [binding for binding, _ in (*self.bindings.values(), *self.facts)]
        nodes += [given.node for given in self.given.values()]
        nodes += self.requires
        nodes += self.outputs[0].bindings if self.outputs is not None else ()
        nodes += [cell for row in self.rows.rows for cell, _ in row.cells.values()]
        return sum(max(1, work_of_text(node)) for node in nodes)


class Variant(Struct, frozen=True):
    """One network of a file: a model and the row of its variants table, if it has one."""

    definition: ModelDefinition
    row: tuple[tree.Table, tree.Row] | None
    label: str | None
    # Where the table's cells are evaluated; a model can inherit the variants of the one it extends.
    environment: Environment

    @property
    def name(self) -> str:
        return f"{self.definition.name}_{self.label}" if self.label else self.definition.name


def variants(definition: ModelDefinition) -> list[Variant]:
    """The networks that a model stands for: its variants, or those of the model it extends, or itself alone."""
    for owner in ancestry(definition):
        found = [
            Variant(definition, (item.table, row), _label(item.table, row), owner.environment)
            for item in owner.variants
            for row in item.table.rows
        ]
        if found:
            return found
        reference = owner.model.parent
        if reference is not None and (reference.variant or reference.arguments):
            break
    return [Variant(definition, None, None, definition.environment)]


def _label(table: tree.Table, row: tree.Row) -> str:
    index = next(i for i, column in enumerate(table.header) if column.text == "name")
    return row.cells[index].span.text


def merge(definition: ModelDefinition) -> Merged:
    """A model over the one that it extends, all the way up."""
    merged = _merged(definition)
    if (inputs := merged.inputs) and "stem" in merged.bindings:
        stem, environment = merged.bindings["stem"]
        source, rest = divided(stem.value, inputs)
        if rest is not None:
            merged.bindings["stem"] = (replace(stem, value=rest), environment)
        elif source is not None:
            del merged.bindings["stem"]
        merged.source = source
    return merged


def divided(value: tree.Expression, inputs: Collection[str]) -> tuple[str | None, tree.Expression | None]:
    """The input that an expression begins with, if that is one of several, and what is behind it."""
    match value:
        case tree.Name(text=text) if text in inputs:
            return text, None
        case tree.Pipeline(steps=(tree.Step(value=tree.Name(text=text), name=None, condition=None), first, *others)):
            if text not in inputs:
                return None, value
            if not others and first.name is None and first.condition is None:
                return text, first.value
            steps = (first, *others)
            return text, tree.Pipeline(first.span.to(steps[-1].span), steps)
    return None, value


def inputs_in(model: tree.Model) -> list[str]:
    """The names in the `inputs` of a model's own text."""
    return [one.name.text for one in model.body if isinstance(one, tree.Binding) and one.is_input and one.fact is None]


def says_inputs(body: Iterable[tree.Statement]) -> bool:
    """Whether a model says what it reads, in the place of what it inherits."""
    return any(
        isinstance(one, tree.Inputs)
        or (isinstance(one, tree.Binding) and one.fact is None and one.name.text == "input")
        for one in body
    )


def _merged(definition: ModelDefinition) -> Merged:
    model, environment = definition.model, definition.environment
    base = parent(definition)
    merged = _merged(base) if base is not None else Merged(definition)
    merged.definition, merged.requires, merged.doc = definition, (), model.doc
    if base is not None and model.parent is not None:
        _fix_parent(merged, base, model.parent, environment)
    for parameter in model.parameters:
        merged.parameters[parameter.name.text] = (parameter, environment)
        merged.given.pop(parameter.name.text, None)
    if says_inputs(model.body):
        for name in ("input", *merged.inputs):
            merged.bindings.pop(name, None)
    for statement in model.body:
        match statement:
            case tree.Binding(fact=None):
                before = merged.bindings.get(statement.name.text)
                is_input = statement.is_input or (before is not None and before[0].is_input)
                written = statement if is_input is statement.is_input else replace(statement, is_input=True)
                merged.bindings[statement.name.text] = (written, environment)
            case tree.Binding():
                merged.facts.append((statement, environment))
            case tree.Scale():
                merged.scale = (statement, environment)
            case tree.Outputs():
                merged.outputs = (statement, environment)
            case tree.Stages(table=table):
                merged.rows = StageRows.of(table, environment)
            case tree.Require():
                merged.requires += (statement,)
    if changes := [statement for statement in model.body if isinstance(statement, Change)]:
        merged.rows.change(changes, environment)
    return merged


def _fix_parent(merged: Merged, base: ModelDefinition, reference: tree.Reference, environment: Environment) -> None:
    """The parameter values that the reference to a parent gives."""
    for problem in reference_problems(reference, base, merged.parameters):
        raise ElaborationError(problem)
    if reference.variant is not None:
        chosen = next(variant for variant in variants(base) if variant.label == reference.variant.text)
        take_row(merged, chosen)
    for argument in reference.arguments:
        assert argument.name is not None
        merged.given[argument.name.text] = Given(argument.value, environment, True)


def take_row(merged: Merged, variant: Variant) -> None:
    """The parameter values of a row of a variants table."""
    if variant.row is None:
        return
    table, row = variant.row
    for column, cell in zip(table.header, row.cells, strict=True):
        if column.text == "name" or isinstance(cell, tree.DefaultCell):
            continue
        if column.text not in merged.parameters:
            raise ElaborationError(no_parameter(merged.definition.name, column, merged.parameters))
        merged.given[column.text] = Given(cell, variant.environment, False)


def reference_problems(
    reference: tree.Reference, base: ModelDefinition, parameters: Iterable[str]
) -> Iterator[Diagnostic]:
    """What is wrong with a reference to a model that is there: its variant, its arguments."""
    if reference.variant is not None:
        wanted = reference.variant.text
        labels = [variant.label for variant in variants(base) if variant.label is not None]
        if wanted not in labels:
            known = f"its variants are {', '.join(labels[:12])}" if labels else "it has no variants"
            problem = UnknownVariant(base.name, wanted).at(reference.variant.span, help=known)
            yield problem.suggesting(wanted, labels)
    given: dict[str, tree.Argument] = {}
    for argument in reference.arguments:
        if argument.name is None:
            yield ParameterWithoutName(base.name).at(argument.span)
        elif argument.name.text not in parameters:
            yield no_parameter(base.name, argument.name, parameters)
        elif argument.name.text in given:
            notes = (Note("first given here", given[argument.name.text].span),)
            yield GivenTwice(argument.name.text, base.name).at(argument.name.span, notes=notes)
        else:
            given[argument.name.text] = argument


def no_parameter(
    model: str, name: tree.Identifier, parameters: Iterable[str], given: Collection[str] = ()
) -> Diagnostic:
    """A diagnostic for a parameter that a model does not have; those `given` already are not what was meant."""
    known = tuple(parameters)
    problem = UnknownParameter(model, name.text, known).at(name.span)
    return problem.suggesting(name.text, [parameter for parameter in known if parameter not in given])
