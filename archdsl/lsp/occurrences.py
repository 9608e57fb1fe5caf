"""Every name of a file with what it means: the one place that knows the scopes of the language for the editor.

`elaborate/names.py` tells what is wrong with names; this tells what is right with them. Names that mean nothing are
left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from archdsl.diagnostics import Span
from archdsl.elaborate.problems import Stop
from archdsl.elaborate.resolve.definitions import Definition, Environment, ModelDefinition
from archdsl.elaborate.resolve.inheritance import ancestry
from archdsl.elaborate.resolve.labels import label
from archdsl.elaborate.resolve.merge import merge, variants
from archdsl.elaborate.resolve.signatures import of_function, of_primitive
from archdsl.elaborate.resolve.stage_rows import OWN_COLUMNS, StageRow
from archdsl.elaborate.resolve.words import FUNCTIONS, OWN_FACTS, SETTINGS, WORDS
from archdsl.ir.operators import PRIMITIVES
from archdsl.language import tree
from archdsl.language.nodes import children
from archdsl.lsp.symbols import Kind, Occurrence, Symbol, home, of_binding, of_block, of_model, of_parameter

# The names in reach of an expression besides those of blocks and of the language; None for `in`, which is no name.
Scope = Mapping[str, Symbol | None]


def occurrences(environment: Environment) -> Iterator[Occurrence]:
    """The names of a file, item by item."""
    for item in environment.module.items:
        match item:
            case tree.Use():
                start = item.span.start + item.span.text.index('"')
                span = Span(item.span.source, start, item.span.end)
                yield Occurrence(span, (Symbol(Kind.FILE, item.path, span=span),))
            case tree.Block():
                yield from _block(item, environment)
            case tree.Model():
                definition = environment.models.get(item.name.text)
                if definition is not None and definition.model is item:
                    yield from _model(definition)
            case tree.Variants():
                yield from _variants(item, environment)
            case tree.Recipe():
                yield from _reference(item.model, {}, environment)


# Blocks --------------------------------------------------------------------------------------------------------------


def _block(block: tree.Block, environment: Environment) -> Iterator[Occurrence]:
    definition = environment.blocks.get(block.name.text)
    if definition is None or definition.block is not block:
        return
    yield Occurrence(block.name.span, (of_block(definition),), True)
    own: dict[str, Symbol | None] = {"in": None}
    for parameter in block.parameters:
        if parameter.default is not None:
            yield from _expression(parameter.default, own, environment)
        symbol = of_parameter(parameter, definition.name)
        own.setdefault(parameter.name.text, symbol)
        yield Occurrence(parameter.name.span, (symbol,), True)
    for statement in block.body:
        match statement:
            case tree.Require(claim=claim):
                yield from _expression(claim, own, environment)
            case tree.Binding(fact=None, name=name, value=value):
                yield from _expression(value, own, environment)
                made = of_binding(statement, definition.name)
                own.setdefault(name.text, made)
                yield Occurrence(name.span, (made,), True)
            case tree.Binding():
                yield from _fact_binding(statement, own, environment)


def _fact_binding(statement: tree.Binding, own: Scope, environment: Environment) -> Iterator[Occurrence]:
    """`out.variance = value`."""
    assert statement.fact is not None
    owner = own.get(statement.name.text)
    if owner is not None:
        yield Occurrence(statement.name.span, (owner,))
    yield Occurrence(statement.fact.span, (_fact(statement.fact, statement.fact.span),), True)
    yield from _expression(statement.value, own, environment)


def _fact(name: tree.Identifier, span: Span | None = None) -> Symbol:
    # Facts travel with tensors; which definition a reader meets is known only in a network.
    return Symbol(Kind.FACT, name.text, span=span)


# Models --------------------------------------------------------------------------------------------------------------


def scope_of_model(definition: ModelDefinition) -> dict[str, Symbol | None]:
    """The parameters and bindings of a model, those that it inherits among them."""
    own: dict[str, Symbol | None] = {}
    for owner in reversed(ancestry(definition)):
        for parameter in owner.model.parameters:
            own[parameter.name.text] = of_parameter(parameter, owner.name, own.get(parameter.name.text))
        for statement in owner.model.body:
            if isinstance(statement, tree.Binding) and statement.fact is None:
                own[statement.name.text] = of_binding(statement, owner.name, own.get(statement.name.text))
    return own


def _parameters(definition: ModelDefinition) -> dict[str, Symbol | None]:
    own = scope_of_model(definition)
    return {name: symbol for name, symbol in own.items() if symbol and symbol.kind is Kind.PARAMETER}


def _model(definition: ModelDefinition) -> Iterator[Occurrence]:
    model, environment = definition.model, definition.environment
    own = scope_of_model(definition)
    parameters = _parameters(definition)
    yield Occurrence(model.name.span, (of_model(definition),), True)
    for parameter in model.parameters:
        yield from _defined(parameter.name, own)
        if parameter.default is not None:
            yield from _expression(parameter.default, parameters, environment)
    if model.parent is not None:
        yield from _reference(model.parent, parameters, environment)
    for statement in model.body:
        match statement:
            case tree.Binding(fact=None, name=name, value=value):
                yield from _defined(name, own)
                yield from _expression(value, own, environment)
            case tree.Binding():
                yield from _fact_binding(statement, own, environment)
            case tree.Require(claim=claim):
                yield from _expression(claim, own, environment)
            case tree.Stages(table=table) | tree.AddedStages(table=table):
                yield from _stages(table, own, environment)
            case tree.StagesOverride(first=first, last=last, bindings=bindings):
                rows = [row for row in rows_of(definition) if row.before and first <= row.before <= last]
                yield from _columns(bindings, _taken_by(rows), own, environment)
            case tree.Scale(bindings=bindings):
                rows = rows_of(definition)
                columns = dict.fromkeys(column for row in rows for column in row.cells)
                inner = {**own, **dict.fromkeys((*columns, "layers"))}
                taken = _taken_by(rows)
                yield from _columns(bindings, taken, inner, environment)
                for binding in bindings:
                    for node in _names(binding.value):
                        if node.text in inner and (symbols := _column(node.text, taken)):
                            yield Occurrence(node.span, symbols)


def _defined(name: tree.Identifier, own: Scope) -> Iterator[Occurrence]:
    symbol = own.get(name.text)
    if symbol is not None:
        yield Occurrence(name.span, (symbol,), True)


def _names(node: tree.Node) -> Iterator[tree.Name]:
    if isinstance(node, tree.Name):
        yield node
    for child in children(node):
        yield from _names(child)


def _reference(reference: tree.Reference, own: Scope, environment: Environment) -> Iterator[Occurrence]:
    """`efficientnet.b4(width = 2)`."""
    base = environment.model(reference.name.text)
    if base is None:
        return
    yield Occurrence(reference.name.span, (of_model(base),))
    if reference.variant is not None and (symbol := labels(base).get(reference.variant.text)):
        yield Occurrence(reference.variant.span, (symbol,))
    parameters = _parameters(base)
    for argument in reference.arguments:
        named = parameters.get(argument.name.text) if argument.name else None
        if argument.name is not None and named is not None:
            yield Occurrence(argument.name.span, (named,))
        yield from _expression(argument.value, own, environment)


# Tables --------------------------------------------------------------------------------------------------------------


def labels(definition: ModelDefinition) -> dict[str, Symbol]:
    """The variants of a model, by their labels."""
    found = {}
    owners = {id(item.table): owner.name for owner in ancestry(definition) for item in owner.variants}
    for variant in variants(definition):
        if variant.row is None or variant.label is None:
            continue
        table, row = variant.row
        span = row.cells[[column.text for column in table.header].index("name")].span
        found[variant.label] = Symbol(Kind.VARIANT, variant.label, home(span), owners[id(table)], span)
    return found


def _variants(item: tree.Variants, environment: Environment) -> Iterator[Occurrence]:
    definition = environment.models.get(item.model.text)
    if definition is None:
        return
    yield Occurrence(item.model.span, (of_model(definition),))
    if definition.environment is not environment:
        return
    parameters, known = _parameters(definition), labels(definition)
    for column in item.table.header:
        if (symbol := parameters.get(column.text)) is not None:
            yield Occurrence(column.span, (symbol,))
        elif column.text == "name":
            yield Occurrence(column.span, (Symbol(Kind.COLUMN, "name", owner="variants"),))
    for row in item.table.rows:
        for column, cell in zip(item.table.header, row.cells, strict=True):
            if column.text != "name":
                yield from _expression(cell, {}, environment)
            elif (variant := known.get(label(cell) or "")) is not None and variant.span == cell.span:
                yield Occurrence(cell.span, (variant,), True)


def rows_of(definition: ModelDefinition) -> list[StageRow]:
    """The rows of a model's table of stages, as far as they can be told."""
    try:
        return merge(definition).rows.rows
    except Stop:
        return []


def _stages(table: tree.Table, own: Scope, environment: Environment) -> Iterator[Occurrence]:
    ops = [row.cells[index] for index, column in enumerate(table.header) if column.text == "op" for row in table.rows]
    taken = [found for cell in ops if (found := _taken(cell, environment))]
    for column in table.header:
        if symbols := _column(column.text, taken):
            yield Occurrence(column.span, symbols)
    for row in table.rows:
        for cell in row.cells:
            yield from _expression(cell, own, environment)


def _columns(
    bindings: Iterable[tree.Binding], taken: list[dict[str, Symbol]], own: Scope, environment: Environment
) -> Iterator[Occurrence]:
    """The bindings of `scale` and `stages 1..3`, whose names are columns."""
    for binding in bindings:
        inner = taken
        if binding.name.text == "op":
            inner = []
        if symbols := _column(binding.name.text, inner):
            yield Occurrence(binding.name.span, symbols)
        yield from _expression(binding.value, own, environment)


def _column(name: str, taken: Iterable[dict[str, Symbol]]) -> tuple[Symbol, ...]:
    """What a column is: one of the table's own, or a parameter of the blocks of its rows."""
    if name in OWN_COLUMNS:
        return (Symbol(Kind.COLUMN, name, owner="stages"),)
    return tuple(dict.fromkeys(parameters[name] for parameters in taken if name in parameters))


def _taken_by(rows: Iterable[StageRow]) -> list[dict[str, Symbol]]:
    cells = [row.cells["op"] for row in rows if "op" in row.cells]
    return [taken for cell, environment in cells if (taken := _taken(cell, environment))]


def _taken(cell: tree.Expression | tree.DefaultCell, environment: Environment) -> dict[str, Symbol]:
    """The parameters of the block that an `op` cell names."""
    match cell:
        case tree.Name() as name:
            return parameters_of_layer(_meaning(name, {}, environment))
        case tree.Call(function=function):
            return _taken(function, environment)
        case tree.Choice(options=options):
            return {name: symbol for option in options for name, symbol in _taken(option, environment).items()}
        case _:
            return {}


def parameters_of_layer(symbol: Symbol | None) -> dict[str, Symbol]:
    """What a block, a primitive or a function takes, by name."""
    match symbol:
        case Symbol(kind=Kind.BLOCK, name=owner, meaning=Definition(parameters=parameters)):
            return {name: of_parameter(parameter, owner) for name, parameter in parameters.items()}
        case Symbol(kind=Kind.PRIMITIVE, name=owner):
            return {name: Symbol(Kind.ATTRIBUTE, name, owner=owner) for name in of_primitive(owner).parameters}
        case Symbol(kind=Kind.FUNCTION, name=owner):
            return {name: Symbol(Kind.ATTRIBUTE, name, owner=owner) for name in of_function(owner).parameters}
        case _:
            return {}


# Expressions ---------------------------------------------------------------------------------------------------------


def _expression(node: tree.Node, own: Scope, environment: Environment) -> Iterator[Occurrence]:
    match node:
        case tree.Name():
            if (symbol := _meaning(node, own, environment)) is not None:
                yield Occurrence(node.span, (symbol,))
        case tree.Call(function=function, arguments=arguments):
            yield from _expression(function, own, environment)
            called = _meaning(function, own, environment) if isinstance(function, tree.Name) else None
            taken = parameters_of_layer(called)
            for argument in arguments:
                if argument.name is not None and argument.name.text in taken:
                    yield Occurrence(argument.name.span, (taken[argument.name.text],))
                yield from _expression(argument.value, own, environment)
        case tree.Fact(owner=owner, name=name):
            yield from _expression(owner, own, environment)
            if name.text not in OWN_FACTS:
                yield Occurrence(name.span, (_fact(name),))
        case _:
            for child in children(node):
                yield from _expression(child, own, environment)


def _meaning(name: tree.Name, own: Scope, environment: Environment) -> Symbol | None:
    text = name.text
    if text in own:
        return own[text]
    if text in FUNCTIONS:
        return Symbol(Kind.FUNCTION, text)
    if text in SETTINGS:
        return Symbol(Kind.SETTING, text)
    definition = environment.block(text)
    if definition is not None:
        return of_block(definition)
    if text in PRIMITIVES:
        return Symbol(Kind.PRIMITIVE, text)
    return Symbol(Kind.WORD, text) if text in WORDS else None
