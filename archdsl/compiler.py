"""The stages of the compiler in order: text, syntax tree, environment, architectures. It can stop after any.

Nothing here prints or writes; mistakes in the text come back as diagnostics.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from archdsl.diagnostics import Diagnostic, DiagnosticError, Problems, Source, Span
from archdsl.diagnostics.codes import OF_TEXT, OPEN_CHOICE
from archdsl.elaborate.check.channel_order import check_channel_order
from archdsl.elaborate.check.files import check_names
from archdsl.elaborate.check.reuse import check_reuse
from archdsl.elaborate.check.unused import check_unused
from archdsl.elaborate.deduplication import Gathered
from archdsl.elaborate.evaluate.values import Value
from archdsl.elaborate.instantiate.models import ModelElaborator
from archdsl.elaborate.instantiate.work import Work
from archdsl.elaborate.resolve.definitions import Environment
from archdsl.elaborate.resolve.merge import Variant, variants
from archdsl.file_errors import ProgramNestedTooDeeply, UnknownVariantOfFile
from archdsl.ir.architecture import Architecture
from archdsl.language import tree
from archdsl.sources import ON_DISK, Files, read
from archdsl.uses import environment_of

if TYPE_CHECKING:
    from archdsl.elaborate.evaluate.predictions import Predict, Predicted, Prediction
    from archdsl.ir.recipe import Recipe
    from archdsl.search_space.open_models import OpenModel


class Linked(Struct, frozen=True):
    """A text with everything that it uses, and the mistakes that are seen without elaborating anything."""

    environment: Environment
    problems: tuple[Diagnostic, ...]
    warnings: tuple[Diagnostic, ...] = ()


class Compiled(Struct, frozen=True):
    """What came of a file: its architectures, and what is wrong with it.

    `problems` are mistakes; `unmet` are `require` lines that do not hold, and `warnings` what is hardly meant as it is
    written: both stop `check` but not a build. A model with open choices is not an architecture, but one of `spaces`.
    `predicted` counts the claims that speak of what the cost model predicts.
    """

    source: Source
    architectures: tuple[Architecture, ...]
    problems: tuple[Diagnostic, ...]
    unmet: tuple[Diagnostic, ...]
    spaces: tuple[OpenModel, ...] = ()
    predicted: int = 0
    warnings: tuple[Diagnostic, ...] = ()
    recipes: tuple[Recipe, ...] = ()

    @property
    def found(self) -> tuple[Diagnostic, ...]:
        """Everything that `check` reports."""
        return (*self.problems, *self.unmet, *self.warnings)

    def checked(self) -> tuple[Architecture, ...]:
        """The architectures. Raises DiagnosticError, with every diagnostic, when there is a mistake in the file."""
        if self.problems:
            raise DiagnosticError(self.problems)
        return self.architectures


# Environments ---------------------------------------------------------------------------------------------------------


def link_source(source: Source, files: Files = ON_DISK) -> Linked:
    """A text with everything that it uses, its names checked."""
    problems = Problems()
    environment = Environment(tree.Module(source, ()))
    try:
        environment = environment_of(source, problems, files)
        check_names(environment, problems)
    except RecursionError:
        problems.add(_too_deep(source))
    found = problems.sorted()
    return Linked(environment, found, _warnings(environment, found))


def _warnings(environment: Environment, problems: tuple[Diagnostic, ...]) -> tuple[Diagnostic, ...]:
    """What is hardly meant as it is written.

    Of a text that was not read to its end, nobody knows what it reads; and a name may be unread because the one that
    was to read it is misspelt, so nothing is said of a block or model in which there is a mistake.
    """
    if environment.is_partial or environment.unread or any(problem.code in OF_TEXT for problem in problems):
        return ()
    broken = [item.span for item in environment.module.items if any(_is_in(item.span, found) for found in problems)]
    suspicious = (*check_unused(environment), *check_channel_order(environment), *check_reuse(environment))
    warnings = Problems()
    warnings.add(*(found for found in suspicious if not any(_is_in(span, found) for span in broken)))
    return warnings.sorted()


def _is_in(span: Span, problem: Diagnostic) -> bool:
    place = problem.span
    return place is not None and place.source is span.source and span.start <= place.start < span.end


# Architectures -------------------------------------------------------------------------------------------------------


def compile_source(
    source: Source,
    *,
    variant: str | None = None,
    resolution: int | tuple[int, int] | None = None,
    parameters: Mapping[str, Value] | None = None,
    claims: bool = True,
    files: Files = ON_DISK,
    linked: Linked | None = None,
) -> Compiled:
    """The architectures of a text, all of them or the one called `variant` (`b1`, or its whole name).

    `resolution` and `parameters` replace what the text says of the input's size and of model parameters. `claims` says
    whether `require` lines are tried; with another resolution or other parameters they are not. `files` is where the
    files come from that the text uses; `linked` is what `link_source` made of the text, where that has been done.
    """
    problems = Problems()
    unmet = Problems()
    made: list[Architecture] = []
    spaces: list[OpenModel] = []
    recipes: tuple[Recipe, ...] = ()
    known: dict[tuple[int, str | None], Architecture] = {}
    predicted = 0
    try:
        linked = linked or link_source(source, files)
        environment = linked.environment
        problems.add(*linked.problems)
        chosen = _chosen(environment, variant, source, problems) if not problems else []
        mistakes, refuted, effort = Gathered(), Gathered(), Work()
        spare = effort.spare()
        for network in chosen:
            if effort.is_spent:
                break
            found = Problems()
            result = ModelElaborator(network, found, effort, resolution, dict(parameters or {})).run()
            if any(problem.code is OPEN_CHOICE for problem in found.sorted()):
                found = Problems()
                from archdsl.search_space.open_models import open_model  # late: most files hold no search space

                space = open_model(network, found, effort, spare, _predict, resolution, dict(parameters or {}))
                if space is not None:
                    spaces.append(space)
                    unmet.add(*filter(None, [space.is_empty()]))
            mistakes.add(network, found.sorted())
            if result is None:
                continue
            made.append(result.architecture)
            known[id(network.definition), network.label] = result.architecture
            if claims and resolution is None and not parameters:
                from archdsl.elaborate.instantiate.requirements import (  # late: `check` asks
                    is_predicted,
                    prove,
                    subject,
                )

                environment = network.definition.environment
                predicted += sum(is_predicted(claim, result.names) for claim in result.requires)
                claimed = subject(result.architecture, _predict(result.architecture, effort))
                refuted.add(network, prove(result.requires, claimed, result.names, environment))
        problems.add(*mistakes.reported(chosen))
        recipes = _recipes(linked.environment, problems, known, effort)
        unmet.add(*refuted.told_claims())
    except RecursionError:
        problems.add(_too_deep(source))
    if problems:
        made, spaces = [], []
    warnings = linked.warnings if linked is not None else ()
    return Compiled(source, tuple(made), problems.sorted(), unmet.sorted(), tuple(spaces), predicted, warnings, recipes)


def _recipes(
    environment: Environment, problems: Problems, known: Mapping[tuple[int, str | None], Architecture], effort: Work
) -> tuple[Recipe, ...]:
    """The recipes that a text defines. They are imported late: few texts have any."""
    if not environment.own_recipes:
        return ()
    from archdsl.elaborate.recipes.elaborate import elaborate_recipe
    from archdsl.elaborate.recipes.layers import check_layers

    has_networks = not problems
    made = []
    for definition in environment.own_recipes:
        recipe = elaborate_recipe(definition, problems)
        if recipe is not None:
            made.append(recipe)
            problems.add(*(check_layers(definition, recipe, known, effort) if has_networks else ()))
    return tuple(made)


# What following a layer once more takes, as effort.
_WORK_OF_PREDICTING, _OPERATORS_OF_A_LAYER = 20, 10


def _predict(architecture: Architecture, effort: Work) -> Predict:
    """What answers claims that speak of predictions of a network, each once, and as a part of the effort."""

    known: dict[Prediction, Predicted] = {}

    @cache
    def work() -> int:
        from archdsl.ir.walk import walk  # late, as `predicted` below

        return _WORK_OF_PREDICTING * (5 + len(walk(architecture)) // _OPERATORS_OF_A_LAYER)

    def predict(asked: Prediction, span: Span) -> Predicted:
        from archdsl.predicting import predicted  # late: few files ask

        if asked not in known:
            effort.spend(work(), span, "claim less of what the cost model predicts")
            known[asked] = predicted(architecture, asked)
        return known[asked]

    return predict


def _too_deep(source: Source) -> Diagnostic:
    return ProgramNestedTooDeeply().at(Span(source, 0, 0))


def _chosen(environment: Environment, variant: str | None, source: Source, problems: Problems) -> list[Variant]:
    everything = [found for definition in environment.own_models for found in variants(definition)]
    if variant is None:
        return everything
    chosen = [found for found in everything if variant in (found.label, found.name)]
    if not chosen:
        names = [found.label or found.name for found in everything]
        if len(set(names)) < len(names):  # Labels that several models of the file have do not help.
            names = [found.name for found in everything]
        problem = UnknownVariantOfFile(source.name, variant, names).at(None)
        problems.add(problem.suggesting(variant, [*names, *(found.name for found in everything)]))
    return chosen


def compile_file(path: str | Path, **options: object) -> Compiled:
    """`compile_source` for a file. Raises DiagnosticError when the file cannot be read."""
    return compile_source(read(path), **options)  # type: ignore[arg-type]
