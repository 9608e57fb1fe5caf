"""The names of a model in its own text: parameters and bindings, variants, rows and columns of its table."""

from __future__ import annotations

from collections.abc import Iterable

from archdsl.elaborate.problems import ElaborationError
from archdsl.elaborate.resolve.definitions import Environment, ModelDefinition
from archdsl.elaborate.resolve.inheritance import ancestry
from archdsl.elaborate.resolve.meaning import meaning_of
from archdsl.elaborate.resolve.merge import inputs_in, merge, says_inputs, variants
from archdsl.elaborate.resolve.stage_rows import OWN_COLUMNS, StageRow
from archdsl.elaborate.resolve.symbols import Kind, Symbol, of_binding, of_parameter, parameters_of_symbol
from archdsl.language import tree

# What the blocks of some rows take, each by name.
Taken = list[dict[str, Symbol]]


def scope_of_model(definition: ModelDefinition) -> dict[str, Symbol]:
    """The parameters and bindings of a model, those that it inherits among them."""
    own: dict[str, Symbol] = {}
    outputs: dict[str, Symbol] = {}
    inputs = {"input"}
    for owner in reversed(ancestry(definition)):
        for parameter in owner.model.parameters:
            own[parameter.name.text] = of_parameter(parameter, owner.name, own.get(parameter.name.text))
        if says_inputs(owner.model.body):
            own = {name: one for name, one in own.items() if name not in inputs or one.kind is Kind.PARAMETER}
            inputs = {"input"}
        inputs |= set(inputs_in(owner.model))
        for statement in owner.model.body:
            if isinstance(statement, tree.Binding) and statement.fact is None:
                own[statement.name.text] = of_binding(statement, owner.name, own.get(statement.name.text))
    for statement in (statement for owner in reversed(ancestry(definition)) for statement in owner.model.body):
        if isinstance(statement, tree.Outputs):  # a name of a binding or a stage is that in expressions
            named = [binding for binding in statement.bindings if not binding.unpacked]
            found = {binding.name.text: binding for binding in named if binding.name.text not in own}
            outputs = {name: of_binding(binding, definition.name) for name, binding in found.items()}
    return {**own, **outputs}


def parameters_in(scope: dict[str, Symbol]) -> dict[str, Symbol]:
    """The parameters among the names of a model."""
    return {name: symbol for name, symbol in scope.items() if symbol.kind is Kind.PARAMETER}


def labels(definition: ModelDefinition) -> dict[str, Symbol]:
    """The variants of a model, by their labels."""
    found = {}
    owners = {id(item.table): owner.name for owner in ancestry(definition) for item in owner.variants}
    for variant in variants(definition):
        if variant.row is None or variant.label is None:
            continue
        table, row = variant.row
        span = row.cells[[column.text for column in table.header].index("name")].span
        found[variant.label] = Symbol(Kind.VARIANT, variant.label, owners[id(table)], span)
    return found


def rows_of(definition: ModelDefinition) -> list[StageRow]:
    """The rows of a model's table of stages, as far as they are known without its values."""
    try:
        return merge(definition).rows.rows
    except ElaborationError:
        return []


def symbols_of_column(name: str, taken: Taken) -> tuple[Symbol, ...]:
    """What a column is: one of the table's own, or a parameter of the blocks of its rows."""
    if name in OWN_COLUMNS:
        return (Symbol(Kind.COLUMN, name, "stages"),)
    return tuple(dict.fromkeys(parameters[name] for parameters in taken if name in parameters))


def taken_by_rows(rows: Iterable[StageRow]) -> Taken:
    """What the blocks of some rows take."""
    cells = [row.cells["op"] for row in rows if "op" in row.cells]
    return [taken for cell, environment in cells if (taken := taken_by(cell, environment))]


def taken_by(cell: tree.Expression | tree.DefaultCell, environment: Environment) -> dict[str, Symbol]:
    """The parameters of the block that an `op` cell names."""
    match cell:
        case tree.Name(text=text):
            return parameters_of_symbol(meaning_of(text, environment))
        case tree.Call(function=function):
            return taken_by(function, environment)
        case tree.Choice(options=options):
            return {name: symbol for option in options for name, symbol in taken_by(option, environment).items()}
        case _:
            return {}
