"""Recipes compared: settings, arguments of functions, phases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from archdsl.compiler import compile_source
from archdsl.diagnostics import Source
from archdsl.diff.pairing import pair_networks
from archdsl.diff.recipes import PairedRecipes, pair_recipes, written
from archdsl.diff.report import as_table
from archdsl.ir.recipe import Recipe

NET = "model net(width = 8) { input = 3 x 32 x 32\n stem = conv(width)\n head = global_avg_pool -> dropout(0.1) }\n"
USUAL = {"epochs": "12", "batch": "64", "optimizer": "sgd(0.1)"}
TABLE = "progressive(stages = {stages}) {{\n | setting | from | to |\n | {name} | {start} | {end} |\n}}"


def recipe(more: str = "", name: str = "quick", model: str = "net", **settings: str) -> tuple[Recipe, ...]:
    body = "\n".join(f" {each} = {value}" for each, value in {**USUAL, **settings}.items())
    found = compile_source(Source("a.arch", f"{NET}recipe {name} for {model} {{\n{body}\n{more}\n}}\n"))
    assert found.problems == ()
    return found.recipes


def table(stages: int, name: str, start: float, end: float) -> str:
    return TABLE.format(stages=stages, name=name, start=start, end=end)


def difference(before: tuple[Recipe, ...], after: tuple[Recipe, ...]) -> Mapping[str, tuple[str, str]]:
    (found,) = pair_recipes(before, after).differences
    return {one.what: (written(one.before), written(one.after)) for one in (*found.settings, *found.phases)}


def test_equal_recipes() -> None:
    """However their numbers are computed, and wherever they stand."""
    assert difference(recipe(), recipe("  # a comment\n", epochs="6 * 2", mixup="0")) == {}
    same = recipe(table(2, "resolution", 16, 32))
    assert difference(same, recipe(table(2, "resolution", 16, 32))) == {}


def test_settings() -> None:
    assert difference(recipe(), recipe(epochs="20", ema="0.99")) == {"epochs": ("12", "20"), "ema": ("none", "0.99")}
    assert difference(recipe(precision="auto"), recipe(precision="bfloat16")) == {"precision": ("auto", "bfloat16")}
    assert difference(recipe(), recipe(model="net(width = 16)")) == {"for": ("net", "net(width = 16)")}


def test_functions() -> None:
    assert difference(recipe(), recipe(optimizer="sgd(0.2, nesterov = false)")) == {
        "optimizer.lr": ("0.1", "0.2"),
        "optimizer.nesterov": ("true", "false"),
    }
    changed = difference(recipe(clip="norm(1)"), recipe(optimizer="adamw(0.1)", fixres="fixres(1, 0.1)"))
    assert changed["optimizer"][0] == "sgd(lr = 0.1, momentum = 0.9, weight_decay = 0, nesterov = true)"
    assert changed["clip"] == ("norm(largest = 1)", "none")
    assert changed["fixres"] == ("none", "fixres(epochs = 1, lr = 0.1)")


def test_phases() -> None:
    was, now = recipe(table(3, "resolution", 16, 32)), recipe(table(2, "resolution", 16, 32))
    assert difference(was, now) == {"phases": ("3", "2"), "resolution": ("16, 24, 32", "16, 32")}
    now = recipe(table(3, "dropout", 0.1, 0.3))
    assert difference(was, now) == {
        "resolution": ("16, 24, 32", "none, none, none"),
        "dropout": ("none, none, none", "0.1, 0.2, 0.3"),
    }
    assert difference(recipe(), was) == {"phases": ("1", "3"), "resolution": ("none", "16, 24, 32")}


def both(found: PairedRecipes) -> Any:
    return [[each.name for each in some] for some in (found.removed, found.added)]


def test_recipes_that_come_and_go() -> None:
    found = pair_recipes(recipe(), recipe(name="other"))
    assert (found.differences, both(found), found.is_equal) == ((), [["quick"], ["other"]], False)
    text = as_table(pair_networks((), ()), found)
    assert text == "- recipe quick for net: removed\n+ recipe other for net: added"


def test_what_a_recipe_takes_over_counts_as_its_own() -> None:
    """A change in the recipe that it extends, expressions of other settings included, is one of both."""

    def both_of(batch: int, end: int) -> tuple[Recipe, ...]:
        rising = table(2, "resolution", 16, end)
        more = f"{rising}\n}}\nrecipe mine for net extends quick {{\n epochs = 20"
        return recipe(more, batch=str(batch), optimizer="sgd(0.1 * batch / 64)")

    found = {one.after.name: one for one in pair_recipes(both_of(64, 32), both_of(128, 48)).differences}
    expected = [("batch", "64", "128"), ("optimizer.lr", "0.1", "0.2"), ("resolution", "16, 32", "16, 48")]
    for name in ("quick", "mine"):
        changes = (*found[name].settings, *found[name].phases)
        assert [(one.what, written(one.before), written(one.after)) for one in changes] == expected
