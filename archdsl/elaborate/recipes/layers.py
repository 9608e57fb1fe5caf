"""Whether a network has the layers whose rates a recipe sets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from archdsl.diagnostics import Diagnostic, DiagnosticError, Problem, Problems
from archdsl.elaborate.evaluate.values import Value
from archdsl.elaborate.instantiate.models import ModelElaborator
from archdsl.elaborate.instantiate.work import Work
from archdsl.elaborate.recipes.errors import NoDropout, NoDropPath
from archdsl.elaborate.recipes.merge import MergedRecipe, lineage, merge, placed
from archdsl.elaborate.resolve.definitions import RecipeDefinition
from archdsl.elaborate.resolve.merge import Variant, variants
from archdsl.ir.architecture import Architecture
from archdsl.ir.head import dropout_rates
from archdsl.ir.recipe import Recipe
from archdsl.ir.walk import walk

# Networks that have been made already, by the model and the variant's label.
Known = Mapping[tuple[int, str | None], Architecture]


def networks_for(definition: RecipeDefinition, recipe: Recipe) -> list[Variant]:
    """The networks that a recipe is for: one, or all variants of a family."""
    model = definition.environment.models[recipe.model]
    if recipe.variant is not None:
        return [each for each in variants(model) if each.label == recipe.variant]
    if recipe.parameters:
        return [Variant(model, None, None, model.environment)]
    return variants(model)


def known(network: Variant) -> tuple[int, str | None]:
    """The key of a network among those that have been made."""
    return id(network.definition), network.label


def check_layers(definition: RecipeDefinition, recipe: Recipe, made: Known, effort: Work) -> tuple[Diagnostic, ...]:
    """What a recipe sets for layers that none of its networks has; nothing where that cannot be known."""
    return unmet(definition, recipe, _architectures(definition, recipe, made, effort), recipe.model)


def unmet(
    definition: RecipeDefinition, recipe: Recipe, networks: Iterable[Architecture | None], name: str
) -> tuple[Diagnostic, ...]:
    """What a recipe sets for layers that none of some networks has, which are called `name`; None is an unknown one."""
    line, _ = lineage(definition)
    merged = merge(line)
    dropout, drop_path = _rate(recipe, "dropout"), _rate(recipe, "drop_path")
    is_batch = recipe.drop_path_mode == "batch"
    wanted = {"dropout"} if dropout else set[str]()
    wanted |= {"drop_path"} if drop_path or is_batch else set()
    for network in networks:
        if not wanted:
            break
        wanted -= {"dropout", "drop_path"} if network is None else rates_of(network)
    found = []
    if "dropout" in wanted:
        found.append(_placed("dropout", NoDropout(name, dropout), definition, merged))
    if "drop_path" in wanted and drop_path:
        found.append(_placed("drop_path", NoDropPath(name, drop_path), definition, merged))
    elif "drop_path" in wanted:
        found.append(_placed("drop_path_mode", NoDropPath(name, None), definition, merged))
    return tuple(found)


def _architectures(
    definition: RecipeDefinition, recipe: Recipe, made: Known, effort: Work
) -> Iterator[Architecture | None]:
    parameters: dict[str, Value] = dict(recipe.parameters)
    for network in networks_for(definition, recipe):
        if not parameters and known(network) in made:
            yield made[known(network)]
            continue
        # Mistakes in a network are reported where it is checked for itself.
        result = ModelElaborator(network, Problems(), effort, None, parameters).run()
        yield result.architecture if result is not None else None


def _rate(recipe: Recipe, name: str) -> float:
    """The largest rate that a recipe asks for: of its row in the table, which is what counts, or of the setting."""
    ramp = recipe.progressive.ramps.get(name) if recipe.progressive is not None else None
    return max(ramp.start, ramp.end) if ramp is not None else getattr(recipe, name) or 0.0


def rates_of(network: Architecture) -> set[str]:
    """The settings of a recipe that a network has layers for."""
    try:
        operators = {visit.operator for visit in walk(network)}
    except DiagnosticError:  # more than can be listed
        return {"dropout", "drop_path"}
    return {"drop_path"} & operators | (set() if dropout_rates(network) == [] else {"dropout"})


def _placed(setting: str, problem: Problem, definition: RecipeDefinition, merged: MergedRecipe) -> Diagnostic:
    """The problem where the setting is."""
    row = merged.rows.get(setting)
    cause = row.cells["setting"].span if row is not None else merged.settings[setting].name.span
    return placed(problem, cause, definition.recipe)
