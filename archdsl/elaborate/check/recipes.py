"""The names of a recipe in its text: its model, what it extends, names that are given twice; what each name means.

Whether there are settings of these names, and what their functions take, is seen where their values are, in
`elaborate/recipes`.
"""

from __future__ import annotations

from archdsl.diagnostics import Problems
from archdsl.elaborate.check.expressions import Vocabulary
from archdsl.elaborate.check.models import resolve_reference
from archdsl.elaborate.resolve.inheritance import parameters_of
from archdsl.elaborate.resolve.linking import repeats, unknown_model
from archdsl.elaborate.resolve.merge import reference_problems
from archdsl.elaborate.resolve.symbols import Kind, Symbol, of_recipe
from archdsl.language import tree
from archdsl.language.nodes import cells_of, walk


def check_recipe(recipe: tree.Recipe, words: Vocabulary) -> None:
    """Adds what is wrong with the reference to the model, and names that are given twice."""
    environment, problems = words.environment, words.problems
    definition = environment.model(recipe.model.name.text)
    resolve_reference(recipe.model, definition, words)
    if words.resolved is not None:
        values = Vocabulary(environment, Problems(), words.resolved)
        for argument in recipe.model.arguments:
            values.check(argument.value)
        _resolve(recipe, words)
    if definition is None:
        problems.add(*filter(None, [unknown_model(recipe.model.name, environment)]))
    else:
        problems.add(*reference_problems(recipe.model, definition, parameters_of(definition)))
    settings = [s.name for s in recipe.body if isinstance(s, tree.Nested) or s.fact is None]
    problems.add(*repeats(settings, "setting ", "given"))
    for statement in recipe.body:
        if isinstance(statement, tree.Nested):
            problems.add(*repeats(statement.table.header, "column "))
            rows = [cell for row in statement.table.rows for cell in cells_of(statement.table, row, "setting")]
            named = [tree.Identifier(cell.span, cell.text) for cell in rows if isinstance(cell, tree.Name)]
            problems.add(*repeats(named, "setting ", "given"))


def _resolve(recipe: tree.Recipe, words: Vocabulary) -> None:
    """Notes what the names of the body mean."""
    recipes = words.environment.recipes
    own = recipes.get(recipe.name.text)
    if own is not None and own.recipe is recipe:
        words.resolve(recipe.name.span, of_recipe(own), is_definition=True)
    if recipe.parent is not None and recipe.parent.text in recipes:
        words.resolve(recipe.parent.span, of_recipe(recipes[recipe.parent.text]))
    for statement in recipe.body:
        words.resolve(statement.name.span, _setting(statement.name.text))
        if isinstance(statement, tree.Binding):
            _resolve_value(statement.value, words)
            continue
        for argument in statement.arguments:
            if argument.name is not None:
                words.resolve(argument.name.span, _argument(argument.name.text, statement.name.text))
        for row in statement.table.rows:
            for cell in row.cells:
                if not isinstance(cell, tree.DefaultCell):
                    _resolve_value(cell, words)


def _resolve_value(value: tree.Expression, words: Vocabulary) -> None:
    called = set[int]()
    for node in walk(value):
        if isinstance(node, tree.Call) and isinstance(node.function, tree.Name):
            called.add(id(node.function))
            function = node.function.text
            words.resolve(node.function.span, Symbol(Kind.RECIPE_FUNCTION, function))
            for argument in node.arguments:
                if argument.name is not None:
                    words.resolve(argument.name.span, _argument(argument.name.text, function))
        elif isinstance(node, tree.Name) and id(node) not in called:
            words.resolve(node.span, _setting(node.text))


def _setting(name: str) -> Symbol:
    return Symbol(Kind.RECIPE_SETTING, name)


def _argument(name: str, function: str) -> Symbol:
    return Symbol(Kind.RECIPE_ARGUMENT, name, function)
