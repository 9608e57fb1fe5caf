"""A recipe of a text with the network that it trains."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from archdsl.backends.pytorch.state import state
from archdsl.compiler import link_source
from archdsl.diagnostics import DiagnosticError, Problems, Source
from archdsl.diagnostics.wording import quoted
from archdsl.elaborate.instantiate.models import ModelElaborator
from archdsl.elaborate.instantiate.work import Work
from archdsl.elaborate.recipes.elaborate import elaborate_recipe
from archdsl.elaborate.recipes.errors import UnknownRecipe
from archdsl.elaborate.recipes.layers import networks_for, unmet
from archdsl.elaborate.resolve.definitions import Environment, RecipeDefinition
from archdsl.elaborate.resolve.merge import Variant
from archdsl.ir.architecture import Architecture
from archdsl.ir.head import gives_scores
from archdsl.ir.recipe import Recipe
from archdsl.language import tree
from archdsl.language.parser import parse
from archdsl.sources import ON_DISK, Files
from archdsl.trainings_errors import (
    BadOverride,
    ChangesWithSide,
    NoRecipe,
    RecipeOfSeveral,
    SeveralRecipes,
    WrongVariant,
)

# Where the settings of a command line stand, for diagnostics.
OPTION = "--set"


class Training(Struct, frozen=True):
    """A recipe and the network that it is for, at the resolution of its own input."""

    recipe: Recipe
    architecture: Architecture
    _variant: Variant

    def at(self, resolution: int) -> Architecture:
        """The network on square images of another side, in pixels.

        Raises DiagnosticError where it takes none such, or would need other weights for them.
        """
        found = _elaborated(self._variant, self.recipe, (resolution, resolution))
        if (change := _change(self.architecture, found)) is not None:
            raise ChangesWithSide(found.name, resolution, change).error()
        return found


def open_recipe(
    source: Source,
    name: str | None = None,
    *,
    variant: str | None = None,
    settings: Sequence[str] = (),
    files: Files = ON_DISK,
) -> Training:
    """The recipe called `name`, or the only one of a text, with its network.

    Args:
        source: the text, with what it uses taken from `files`.
        variant: of a recipe for a family, the network: `b1` or `efficientnet_b1`.
        settings: settings that replace the recipe's, written as in one: `"epochs = 10"`.

    Raises:
        DiagnosticError: for mistakes in the text, and where there is no such recipe or network.
    """
    definition, recipe = _opened(source, name, settings, files)
    network = _network(definition, recipe, variant)
    architecture = _elaborated(network, recipe)
    if found := unmet(definition, recipe, [architecture], architecture.name):
        raise DiagnosticError(found)
    return Training(recipe, architecture, network)


def recipe_alone(
    source: Source, name: str | None = None, *, settings: Sequence[str] = (), files: Files = ON_DISK
) -> Recipe:
    """`open_recipe` without its network: the recipe may be for a search space. Raises DiagnosticError."""
    return _opened(source, name, settings, files)[1]


def _opened(source: Source, name: str | None, settings: Sequence[str], files: Files) -> tuple[RecipeDefinition, Recipe]:
    linked = link_source(source, files)
    if linked.problems:
        raise DiagnosticError(linked.problems)
    definition = _overridden(_chosen(linked.environment, name, source.name), settings)
    problems = Problems()
    recipe = elaborate_recipe(definition, problems)
    if recipe is None:
        raise DiagnosticError(problems.sorted())
    return definition, recipe


def recipe_names(environment: Environment) -> tuple[str, ...]:
    """The recipes that a text can name: its own first, then those of the files that it uses."""
    own = [definition.name for definition in environment.own_recipes]
    return (*own, *(name for name in environment.recipes if name not in own))


def _chosen(environment: Environment, name: str | None, file: str) -> RecipeDefinition:
    names = recipe_names(environment)
    if name is not None:
        if name in environment.recipes:
            return environment.recipes[name]
        raise DiagnosticError([UnknownRecipe(name).at(None).suggesting(name, names, _known(names))])
    own = [definition.name for definition in environment.own_recipes] or list(names)
    if not own:
        raise DiagnosticError([NoRecipe(file).at(None)])
    if len(own) > 1:
        raise DiagnosticError([SeveralRecipes(file, len(own), ", ".join(own)).at(None)])
    return environment.recipes[own[0]]


def _known(names: Sequence[str]) -> str:
    return f"there are {quoted(names)}" if names else "there are no recipes"


def _overridden(definition: RecipeDefinition, settings: Sequence[str]) -> RecipeDefinition:
    """A recipe that extends another by settings of the command line."""
    bindings: dict[str, tree.Binding] = {}
    for text in settings:
        module, found = parse(Source(OPTION, f"recipe r for m {{\n{text}\n}}\n"))
        body = module.items[0].body if module.items and isinstance(module.items[0], tree.Recipe) else ()
        if found or not body or len(module.items) > 1:
            raise DiagnosticError([BadOverride(text).at(None)])
        bindings |= {each.name.text: each for each in body if isinstance(each, tree.Binding)}
    if not bindings:
        return definition
    recipe = definition.recipe
    above = tree.Identifier(recipe.name.span, definition.name)
    body = tuple(bindings.values())
    made = tree.Recipe(recipe.span, recipe.name, recipe.model, above, body, recipe.doc)
    # The recipe extended is one of its environment, under its own name.
    environment = Environment(
        definition.environment.module,
        definition.environment.blocks,
        definition.environment.models,
        recipes={**definition.environment.recipes, definition.name: definition},
        library=definition.environment.library,
    )
    return RecipeDefinition(made, environment)


def _network(definition: RecipeDefinition, recipe: Recipe, variant: str | None) -> Variant:
    found = networks_for(definition, recipe)
    names = ", ".join(each.label or each.name for each in found)
    if variant is not None:
        chosen = [each for each in found if variant in (each.label, each.name)]
        if not chosen:
            problem = WrongVariant(recipe.name, variant, names).at(None)
            raise DiagnosticError([problem.suggesting(variant, [each.label or each.name for each in found])])
        found = chosen
    if len(found) > 1:
        raise DiagnosticError([RecipeOfSeveral(recipe.name, len(found), names).at(None)])
    return found[0]


def _change(before: Architecture, after: Architecture) -> str | None:
    """Why weights of a network cannot be used in it at another resolution; None where they can."""
    own, found = state(before), state(after)
    for key, size in found.items():
        if key not in own:
            return f"it has `{key}` there"
        if own[key] != size:
            return f"`{key}` is {_sizes(size)} there, not {_sizes(own[key])}"
    if own.keys() != found.keys():
        return f"it has no `{next(key for key in own if key not in found)}` there"
    if before.output != after.output and gives_scores(before):
        return f"it puts out {after.output} there, not {before.output}"
    return None


def _sizes(size: Iterable[int]) -> str:
    return " x ".join(map(str, size))


def _elaborated(network: Variant, recipe: Recipe, resolution: tuple[int, int] | None = None) -> Architecture:
    problems = Problems()
    result = ModelElaborator(network, problems, Work(), resolution, dict(recipe.parameters)).run()
    if result is None or problems:
        raise DiagnosticError(problems.sorted())
    return result.architecture
