"""Mistakes in the names of a model: its bindings, its table of stages, what it takes over from the model it extends."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from archdsl.diagnostics import Diagnostic, Edit, Fix, Note, Problems, Span
from archdsl.diagnostics.nearest import nearest
from archdsl.elaborate.check.claims import check_claim
from archdsl.elaborate.check.columns import Blocks, check_names_of_stages, check_row, foreign_columns, no_op
from archdsl.elaborate.check.errors import (
    FactOfOther,
    FewInputs,
    GivenAndDeclared,
    InputAndInputs,
    InputWithMeaning,
    IsParameterOfParent,
    NoInput,
    SecondStatement,
    UnknownColumnToScale,
)
from archdsl.elaborate.check.expressions import Vocabulary
from archdsl.elaborate.deduplication import folded
from archdsl.elaborate.effort import Effort
from archdsl.elaborate.problems import ElaborationError
from archdsl.elaborate.resolve.definitions import ModelDefinition
from archdsl.elaborate.resolve.dimensions import mismatches
from archdsl.elaborate.resolve.errors import TooManyStages
from archdsl.elaborate.resolve.graph import readable, stage_label
from archdsl.elaborate.resolve.inheritance import ancestry, parameters_of, parent
from archdsl.elaborate.resolve.linking import repeats
from archdsl.elaborate.resolve.merge import divided, inputs_in, merge, reference_problems, says_inputs
from archdsl.elaborate.resolve.parts import bindings_of_parts, part_of, reference_in
from archdsl.elaborate.resolve.quantities import MEASURES, QUANTITIES, answered, as_written, asked, mistakes
from archdsl.elaborate.resolve.scopes import (
    Taken,
    labels,
    parameters_in,
    rows_of,
    scope_of_model,
    symbols_of_column,
    taken_by,
    taken_by_rows,
)
from archdsl.elaborate.resolve.signatures import Signature
from archdsl.elaborate.resolve.stage_rows import Change, StageRow
from archdsl.elaborate.resolve.symbols import Kind, Occurrence, Symbol, of_fact, of_model, of_parameter
from archdsl.elaborate.resolve.words import FUNCTIONS, SETTINGS
from archdsl.language import tree
from archdsl.language.nodes import cells_of, names_in
from archdsl.limits import limits

# The bindings that mean something to the compiler.
SPECIAL = ("input", "classes", *SETTINGS, "stem", "head", "objective")
_CAN_USE = f"a claim can use {', '.join(MEASURES)}, and {', '.join(QUANTITIES[:-1])} and {QUANTITIES[-1]}"


class ModelNames:
    """The check of one model."""

    def __init__(
        self,
        definition: ModelDefinition,
        problems: Problems,
        effort: Effort,
        resolved: list[Occurrence] | None = None,
    ):
        self.definition, self.problems, self.effort = definition, problems, effort
        self.model, self.environment = definition.model, definition.environment
        self.line = ancestry(definition)
        last = self.line[-1]
        # Whether everything that the model inherits is known.
        self.is_whole = last.model.parent is None and len(self.line) <= limits().ancestors
        self.words = Vocabulary(self.environment, problems, resolved)
        self.scope = scope_of_model(definition)
        self.inputs: tuple[str, ...] = ()  # the names of several inputs
        # What the names of the model are, or may be, bound to.
        self.values: dict[str, list[tree.Expression]] = {}

    def check(self) -> None:
        self.words.resolve(self.model.name.span, of_model(self.definition), is_definition=True)
        self._check_reference()
        self._check_parameters()
        self._collect()
        for statement in self.model.body:
            self._resolve(statement)
            match statement:
                case tree.Binding(part_of=whole) if whole is not None:
                    pass  # written with the list that it is a part of
                case tree.Binding(name=name, fact=None, value=value) if name.text == "objective":
                    from archdsl.elaborate.check.objectives import check_objective  # late: few models have one

                    check_objective(value, self.words, self.values)
                case tree.Binding(fact=None) if self._is_part(statement):
                    self._check_part(statement)
                case tree.Binding(name=name, fact=None, value=value):
                    self.words.check(value, is_last=name.text in ("stem", "head"))
                case tree.Binding(name=name, value=value):
                    self._check_owner(name)
                    self.words.check(value)
                case tree.Require(claim=claim):
                    before = len(self.problems)
                    self._check_claim(claim)
                    if len(self.problems) == before:  # of a name that is unknown nothing can be said
                        self.problems.add(*check_claim(claim, self.words, "params <= 5M"))
                case tree.Stages(table=table) | tree.AddedStages(table=table):
                    self.problems.add(*repeats(table.header, "column "))
                    self._check_cells(table)
                case tree.StagesOverride(bindings=bindings):
                    self.problems.add(*repeats([binding.name for binding in bindings], "column ", "given"))
                    for binding in bindings:
                        self._check_cell(binding.name.text, binding.value)
                case tree.Outputs(bindings=outputs):
                    self.problems.add(*repeats([output.name for output in outputs if not output.unpacked], "output "))
                    for output in outputs:
                        if output.part_of is None:
                            self.words.check(output.value)
                case tree.Scale() | tree.RemovedStages() | tree.Inputs():
                    pass  # names of the first are those of the rows, too
        self._check_unique()
        if self.is_whole:
            self._check_input()
            self._check_rows()

    def _resolve(self, statement: tree.Statement) -> None:
        """Notes what the names of a statement mean that are not part of its expressions."""
        words = self.words
        if words.resolved is None:
            return
        match statement:
            case tree.Binding(unpacked=names) if names:
                pass  # each of them is a statement of its own
            case tree.Binding(name=name, fact=None):
                words.resolve(name.span, self.scope.get(name.text), is_definition=True)
            case tree.Binding(name=name, fact=fact) if fact is not None:
                words.resolve(name.span, self.scope.get(name.text))
                words.resolve(fact.span, of_fact(fact, fact.span), is_definition=True)
            case tree.Stages(table=table) | tree.AddedStages(table=table):
                cells = [cell for row in table.rows for cell in cells_of(table, row, "op")]
                taken = [found for cell in cells if (found := taken_by(cell, self.environment))]
                for header in table.header:
                    words.resolve(header.span, *symbols_of_column(header.text, taken))
            case tree.StagesOverride(first=first, last=last, bindings=bindings):
                rows = [row for row in rows_of(self.definition) if row.before and first <= row.before <= last]
                self._resolve_columns(bindings, taken_by_rows(rows))
            case tree.Scale(bindings=bindings):
                rows = rows_of(self.definition)
                taken = taken_by_rows(rows)
                self._resolve_columns(bindings, taken)
                columns = {*(name for row in rows for name in row.cells), "layers"}
                for binding in bindings:
                    self._check_with(columns, binding.value, problems=Problems())
                    for node in names_in(binding.value):
                        if node.text in columns or node.text in self.scope:
                            words.resolve(node.span, *symbols_of_column(node.text, taken))

    def _resolve_columns(self, bindings: Iterable[tree.Binding | tree.CellBinding], taken: Taken) -> None:
        """Notes the bindings of `scale` and `stages 1..3`, whose names are columns."""
        for binding in bindings:
            self.words.resolve(binding.name.span, *symbols_of_column(binding.name.text, taken))

    def _check_with(
        self, given: Iterable[str], node: tree.Expression, hint: str | None = None, problems: Problems | None = None
    ) -> None:
        """Checks an expression that can use further names."""
        words = self.words
        words.given, words.hint, words.problems = frozenset(given), hint, problems or words.problems
        words.check(node)
        words.given, words.hint, words.problems = frozenset(), None, self.problems

    def _check_claim(self, claim: tree.Expression) -> None:
        """Checks what a `require` claims, of which the cost model predicts some."""
        quantities = list(asked(claim, self.words.own))
        self.problems.add(*mismatches(claim, values=self.values))
        for quantity in quantities:
            self.problems.add(*mistakes(quantity))
            if isinstance(quantity, tree.Call):
                for argument in quantity.arguments:
                    if argument.name is not None and argument.name.text == "batch":
                        self._check_with(MEASURES, argument.value, _CAN_USE)
        given = (*MEASURES, *QUANTITIES, *map(as_written, quantities))
        self._check_with(given, answered(claim, self.words.own), _CAN_USE)

    # What it inherits ------------------------------------------------------------------------------------------------

    def _check_reference(self) -> None:
        reference, base = self.model.parent, parent(self.definition)
        if reference is None:
            return
        words = Vocabulary(self.environment, self.problems, self.words.resolved, has_settings=False)
        own = {parameter.name.text: parameter.name.span for parameter in self.model.parameters}
        words.own = parameters_in(self.scope)
        resolve_reference(reference, base, words)
        for argument in reference.arguments:
            words.check(argument.value)
            if argument.name is not None and argument.name.text in own:
                self.problems.add(_given_and_declared(argument.name, own[argument.name.text]))
        if base is not None:
            wrong = list(reference_problems(reference, base, parameters_of(base)))
            self.problems.add(*wrong)
            self.is_whole = self.is_whole and not wrong

    def _is_part(self, binding: tree.Binding) -> bool:
        """Whether a binding names a model, which is a part of this one."""
        own = {binding.name.text: (binding, self.environment)}
        others = frozenset(self.words.own) - {binding.name.text}
        return next(bindings_of_parts(own, others, self.inputs), None) is not None

    def _check_part(self, binding: tree.Binding) -> None:
        source, value = divided(binding.value, self.inputs)
        reference = reference_in(value) if value is not None else None
        if source is not None:
            self.words.resolve(_first_step(binding.value), self.words.own.get(source))
        assert reference is not None
        base = self.environment.part(reference.name.text)
        assert base is not None
        resolve_reference(reference, base, self.words)
        self.problems.add(*reference_problems(reference, base, parameters_of(base)))
        for argument in reference.arguments:
            self.words.check(argument.value)

    def _check_parameters(self) -> None:
        words = Vocabulary(self.environment, self.problems, self.words.resolved, has_settings=False)
        words.own = parameters_in(scope_of_model(self.line[1])) if len(self.line) > 1 else {}
        for parameter in self.model.parameters:
            words.later[parameter.name.text] = parameter.name.span
        for parameter in self.model.parameters:
            if parameter.default is not None:
                words.check(parameter.default)
            name = parameter.name
            words.own[name.text] = of_parameter(parameter, self.model.name.text, words.own.get(name.text))
            words.resolve(name.span, words.own[name.text], is_definition=True)
            words.later.pop(name.text, None)
        self.problems.add(*repeats([parameter.name for parameter in self.model.parameters], "parameter "))

    def _collect(self) -> None:
        """The names that the model's expressions can use: its parameters and bindings, and those it inherits."""
        self.words.own = dict(self.scope)
        inputs: dict[str, None] = {}
        for owner in reversed(self.line):
            if says_inputs(owner.model.body):
                inputs.clear()
            inputs |= dict.fromkeys(inputs_in(owner.model))
        self.inputs = tuple(inputs)
        for owner in self.line:
            for parameter in owner.model.parameters:
                self._own(parameter.name, parameter.default)
            for statement in owner.model.body:
                if isinstance(statement, tree.Binding) and statement.fact is None:
                    self._own(statement.name, statement.value)
            for argument in owner.model.parent.arguments if owner.model.parent is not None else ():
                if argument.name is not None:
                    self.values.setdefault(argument.name.text, [argument.value])
        for table in (item.table for item in self.definition.variants):
            for row in table.rows:
                for column, cell in zip(table.header, row.cells, strict=True):
                    if column.text in self.values and not isinstance(cell, tree.DefaultCell):
                        self.values[column.text].append(cell)
        self._own_maps()
        self.words.own.pop("drop_path", None)  # as a name it is the layer, whatever the schedule

    def _own_maps(self) -> None:
        """The stages that bindings can read."""
        if not self.is_whole:
            return
        try:
            merged = merge(self.definition)
        except ElaborationError:
            return  # a mistake that is reported elsewhere
        try:
            part = part_of(merged)
        except ElaborationError as problem:
            place, own = problem.diagnostic.span, self.model.span
            if place is not None and place.source is own.source and own.start <= place.start < own.end:
                self.problems.add(problem.diagnostic)  # another model's is told there
            return
        if part is not None:
            self.words.parts[part.name] = part
        labels = {stage_label(row): row for row in merged.rows.rows}
        for name in readable(merged):
            if name not in self.words.own:
                span = labels[name].cells["name"][0].span
                symbol = self.words.own[name] = Symbol(Kind.STAGE, name, self.model.name.text, span)
                own = self.model.span  # what it inherits is its parent's to define
                if span.source is own.source and own.start <= span.start < own.end:
                    self.words.resolve(span, symbol, is_definition=True)

    def _own(self, name: tree.Identifier, value: tree.Expression | None) -> None:
        self.values.setdefault(name.text, [] if value is None else [value])

    # Its own statements ----------------------------------------------------------------------------------------------

    def _check_owner(self, name: tree.Identifier) -> None:
        known = ("stem", *(self.inputs or ("input",)))
        if name.text not in known:
            *first, last = (f"`{one}`" for one in known)
            problem = FactOfOther(name.text, f"{', '.join(first)} or {last}").at(name.span)
            self.problems.add(problem.suggesting(name.text, known))

    def _check_cells(self, table: tree.Table) -> None:
        self.words.problems = found = Problems()
        for row in table.rows:
            for column, cell in zip(table.header, row.cells, strict=True):
                self._check_cell(column.text, cell)
        self.words.problems = self.problems
        self.problems.add(*folded(found.sorted()))

    def _check_cell(self, column: str, cell: tree.Expression | tree.DefaultCell) -> None:
        if column == "name" or isinstance(cell, tree.DefaultCell):
            return
        if column == "op":
            self.words.check_op(cell)
        else:
            self.words.check(cell)

    def _check_unique(self) -> None:
        bindings = [statement for statement in self.model.body if isinstance(statement, tree.Binding)]
        own = {parameter.name.text: parameter.name for parameter in reversed(self.model.parameters)}
        plain = [binding.name for binding in bindings if binding.fact is None]
        self.problems.add(*repeats([*own.values(), *plain], ""))
        self.problems.add(*repeats([_fact(binding) for binding in bindings if binding.fact is not None], ""))
        if len(self.line) > 1:
            base = self.line[1]
            inherited = parameters_of(base)
            for name in plain:
                if name.text in inherited and name.text not in own:
                    self.problems.add(_is_parameter(name, base.name, inherited[name.text]))
        statements = (
            *((tree.Inputs, "inputs"), (tree.Outputs, "outputs")),
            *((tree.Stages, "stages"), (tree.Scale, "scale")),
        )
        for kind, word in statements:
            places = [_keyword(s.span, word) for s in self.model.body if isinstance(s, kind)]
            for place in places[1:]:
                notes = (Note("the first one", places[0]),)
                self.problems.add(SecondStatement(word).at(place, notes=notes))

    def _check_input(self) -> None:
        if self.inputs or any(isinstance(statement, tree.Inputs) for statement in self.model.body):
            self._check_inputs()
        elif "input" not in self.values:  # an output of that name is none
            problem = NoInput(self.model.name.text).at(self.model.name.span)
            own = {s.name.text: s.name.span for s in self.model.body if isinstance(s, tree.Binding) and s.fact is None}
            if len(near := nearest("input", own)) == 1:
                span = own[near[0]]
                fix = Fix(f"replace `{near[0]}` by `input`", (Edit(span, "input"),), is_safe=False)
                notes = (Note(f"`{near[0]}` is bound here; did you mean `input`?", span),)
                problem = replace(problem, notes=notes, fix=fix)
            self.problems.add(problem)

    def _check_inputs(self) -> None:
        """That there are several, and `input` is not said as well."""
        own = [statement for statement in self.model.body if isinstance(statement, tree.Binding)]
        statement = next((one.span for one in self.model.body if isinstance(one, tree.Inputs)), None)
        place = _keyword(statement, "inputs") if statement is not None else self.model.name.span
        if "input" in self.scope:
            other = self.scope["input"].span
            notes = (Note("`input` is said here", other),) if other is not None else ()
            self.problems.add(InputAndInputs(self.model.name.text).at(place, notes=notes))
        elif len(self.inputs) < 2:
            self.problems.add(FewInputs(self.model.name.text, len(self.inputs)).at(place))
        for binding in own:
            name = binding.name.text
            if binding.is_input and binding.fact is None and (name in SPECIAL or name in ("in", "out")):
                self.problems.add(InputWithMeaning(name).at(binding.name.span))

    # Its rows --------------------------------------------------------------------------------------------------------

    def _check_rows(self) -> None:
        own = [s for s in self.model.body if isinstance(s, tree.Stages | Change | tree.Scale)]
        for statement in own:
            if isinstance(statement, tree.Stages) and len(statement.table.rows) > limits().stages:
                count = len(statement.table.rows)
                self.problems.add(TooManyStages(count).at(_keyword(statement.span, "stages")))
                return
        if not own:
            return  # the rows are as the parent checked them
        try:
            merged = merge(self.definition)
            self.effort.spend(merged.size, self.model.name.span)
            rows = merged.rows.rows
        except ElaborationError as problem:
            self.problems.add(problem.diagnostic)
            return
        self._check_scale(rows)
        self.problems.add(*check_names_of_stages(rows))
        taken = [self._takes(row) for row in rows]
        if None in taken:
            return  # what an unknown block takes is unknown; elaboration reports it
        blocks = Blocks.of([take[0] for take in taken if take is not None])
        fitting = [(row, take) for row, take in zip(rows, taken, strict=True) if take is not None]
        self.problems.add(*folded(found for row, take in fitting for found in check_row(row, *take, blocks)))
        self.problems.add(*foreign_columns((row, takes) for row, (takes, _) in fitting))

    def _check_scale(self, rows: list[StageRow]) -> None:
        columns = {column: None for row in rows for column in row.cells}
        for statement in self.model.body:
            if not isinstance(statement, tree.Scale):
                continue
            self.problems.add(*repeats([binding.name for binding in statement.bindings], "column ", "given"))
            for binding in statement.bindings:
                self._check_with((*columns, "layers"), binding.value)
                name = binding.name
                if rows and name.text not in columns and name.text != "layers":
                    problem = UnknownColumnToScale(name.text, ", ".join(columns)).at(name.span)
                    self.problems.add(problem.suggesting(name.text, columns))

    def _takes(self, row: StageRow) -> tuple[Signature, set[str]] | None:
        """What the block of a row takes and what its cell gives already; None when that is not known here."""
        cell = row.cells["op"][0] if "op" in row.cells else None
        if cell is None or isinstance(cell, tree.DefaultCell):
            self.problems.add(no_op(row))
            return None
        return self._op(cell)

    def _op(self, cell: tree.Expression) -> tuple[Signature, set[str]] | None:
        match cell:
            case tree.Name(text=text) if text not in self.words.own and text not in FUNCTIONS:
                quiet = Vocabulary(self.environment, Problems())
                signature = quiet.signature(cell, is_block=True)
                return (signature, set()) if signature else None
            case tree.Call(function=tree.Name() as function, arguments=arguments):
                made = self._op(function)
                if made is None:
                    return None
                names = [argument.name.text for argument in arguments if argument.name]
                return made[0], {*names, *made[0].parameters[: len(arguments) - len(names)]}
            case tree.Choice(options=options):
                made_of = [self._op(option) for option in options]
                known = [made for made in made_of if made is not None]
                if len(known) < len(made_of):
                    return None
                return _either([signature for signature, _ in known]), set.union(*(given for _, given in known))
            case _:
                return None


def resolve_reference(reference: tree.Reference, base: ModelDefinition | None, words: Vocabulary) -> None:
    """Notes what the names of `efficientnet.b4(width = 2)` mean, but for those in its values."""
    if base is None or words.resolved is None:
        return
    words.resolve(reference.name.span, of_model(base))
    if reference.variant is not None:
        words.resolve(reference.variant.span, labels(base).get(reference.variant.text))
    parameters = parameters_in(scope_of_model(base))
    for argument in reference.arguments:
        if argument.name is not None:
            words.resolve(argument.name.span, parameters.get(argument.name.text))


def _either(signatures: list[Signature]) -> Signature:
    """What one of several blocks takes: any of their parameters, and whatever all of them need."""
    parameters = dict.fromkeys(name for signature in signatures for name in signature.parameters)
    required = [name for name in parameters if all(name in signature.required for signature in signatures)]
    return Signature("` or `".join(signature.name for signature in signatures), tuple(parameters), tuple(required))


def _is_parameter(name: tree.Identifier, base: str, parameter: tree.Parameter) -> Diagnostic:
    return IsParameterOfParent(name.text, base).at(name.span, notes=(Note("declared here", parameter.name.span),))


def _given_and_declared(name: tree.Identifier, declared: Span) -> Diagnostic:
    return GivenAndDeclared(name.text).at(name.span, notes=(Note("declared here", declared),))


def _fact(binding: tree.Binding) -> tree.Identifier:
    """The name of a fact together with that of its tensor: `stem.variance`."""
    assert binding.fact is not None
    return tree.Identifier(binding.name.span.to(binding.fact.span), f"{binding.name.text}.{binding.fact.text}")


def _first_step(value: tree.Expression) -> Span:
    return value.steps[0].span if isinstance(value, tree.Pipeline) else value.span


def _keyword(span: Span, word: str) -> Span:
    return Span(span.source, span.start, span.start + len(word))
