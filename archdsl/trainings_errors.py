"""Problems with the choice of a recipe and its network on a command line."""

from __future__ import annotations

from archdsl.diagnostics import Problem, codes


class NoRecipe(Problem):
    code = codes.WRONG_USAGE
    message = "{file} has no recipe"
    help = (
        "write one, `recipe NAME for MODEL {{ ... }}`, or bring in a shipped one with `use`; docs/recipes.md shows how"
    )
    file: str


class SeveralRecipes(Problem):
    code = codes.WRONG_USAGE
    message = "{file} has {count} recipes"
    help = "choose one with `--recipe`: {names}"
    file: str
    count: int
    names: str


class RecipeOfSeveral(Problem):
    code = codes.WRONG_USAGE
    message = "recipe `{recipe}` is for {count} networks"
    help = "choose one with `--variant`: {names}"
    recipe: str
    count: int
    names: str


class WrongVariant(Problem):
    code = codes.UNKNOWN_MODEL
    message = "recipe `{recipe}` is not for a variant `{variant}`"
    help = "it is for {names}"
    recipe: str
    variant: str
    names: str


class BadOverride(Problem):
    code = codes.WRONG_USAGE
    message = "`{text}` does not set anything"
    help = "write it as in a recipe: `--set epochs=10`, `--set 'optimizer = sgd(0.1)'`"
    text: str


class ChangesWithSide(Problem):
    code = codes.BAD_VALUE
    message = "{network} is another network on images of {side} px: {change}"
    help = (
        "reduce its maps to 1 x 1 before they become a vector, `global_avg_pool -> linear(classes)`, or train and test "
        "at the side of its `input`"
    )
    network: str
    side: int
    change: str
