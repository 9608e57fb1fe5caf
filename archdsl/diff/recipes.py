"""What changed between recipes of the same name: settings, arguments of their functions, phases."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from archdsl.diff.operators import Change
from archdsl.diff.summary import value
from archdsl.ir.base import Frozen
from archdsl.ir.recipe import Phase, Recipe

# Where no recipe says it, the resolution is that of the network's input.
_OWN = 0


class RecipeDifference(NamedTuple):
    """Two recipes: their settings that are different, and the settings whose values by phase are, for a table."""

    before: Recipe
    after: Recipe
    settings: tuple[Change, ...]
    phases: tuple[Change, ...]

    @property
    def is_equal(self) -> bool:
        return not self.settings and not self.phases


class PairedRecipes(NamedTuple):
    """The differences of the recipes that both files have, and the recipes that only one has."""

    differences: tuple[RecipeDifference, ...]
    removed: tuple[Recipe, ...]
    added: tuple[Recipe, ...]

    @property
    def is_equal(self) -> bool:
        return not self.removed and not self.added and all(one.is_equal for one in self.differences)


# Of files without any.
NO_RECIPES = PairedRecipes((), (), ())


def pair_recipes(before: Sequence[Recipe], after: Sequence[Recipe]) -> PairedRecipes:
    """Recipes go together by name."""
    named, known = {recipe.name: recipe for recipe in after}, {recipe.name for recipe in before}
    return PairedRecipes(
        tuple(compare_recipes(recipe, named[recipe.name]) for recipe in before if recipe.name in named),
        tuple(recipe for recipe in before if recipe.name not in named),
        tuple(recipe for recipe in after if recipe.name not in known),
    )


def compare_recipes(before: Recipe, after: Recipe) -> RecipeDifference:
    """What is different in two recipes; their comments and where they stand do not count."""
    settings = [] if subject(before) == subject(after) else [Change("for", subject(before), subject(after))]
    for name, field in Recipe.model_fields.items():
        if field.description is not None and name != "progressive":
            settings += _changes(name, getattr(before, name), getattr(after, name))
    return RecipeDifference(before, after, tuple(settings), tuple(_phases(before, after)))


def subject(recipe: Recipe) -> str:
    """What a recipe is for, as its text says it."""
    given = ", ".join(f"{name} = {value(each)}" for name, each in recipe.parameters.items())
    return recipe.model + (f".{recipe.variant}" if recipe.variant else "") + (f"({given})" if given else "")


def written(found: object) -> str:
    """A value of a recipe as its text would write it."""
    if isinstance(found, Frozen):
        given = (f"{name} = {value(each)}" for name, each in dict(found).items() if name != "kind")
        return f"{found.kind}({', '.join(given)})" if hasattr(found, "kind") else str(found)
    return ", ".join(map(value, found)) if isinstance(found, list) else value(found)


def _changes(name: str, before: Any, after: Any) -> Iterator[Change]:
    """A setting that is another, or the arguments that are where both are of one function."""
    if before == after:
        return
    if isinstance(before, Frozen) and type(before) is type(after):
        for argument, was in dict(before).items():
            if was != (now := getattr(after, argument)):
                yield Change(f"{name}.{argument}", was, now)
    else:
        yield Change(name, before, after)


def _phases(before: Recipe, after: Recipe) -> Iterator[Change]:
    """The number of phases, and what each setting with a row in one of the tables is in them."""
    tables = [recipe.progressive for recipe in (before, after)]
    rows = dict.fromkeys(name for table in tables if table is not None for name in table.ramps)
    was, now = before.phases(_OWN), after.phases(_OWN)
    if len(was) != len(now):
        yield Change("phases", len(was), len(now))
    for name in rows:
        one, other = _by_phase(was, name), _by_phase(now, name)
        if one != other:
            yield Change(name, one, other)


def _by_phase(phases: Sequence[Phase], name: str) -> list[float | None]:
    values = [getattr(phase, name) for phase in phases]
    return [None if name == "resolution" and each == _OWN else each for each in values]
