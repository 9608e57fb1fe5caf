"""Recipes of a text as values: expressions, functions, tables, and what a recipe takes over from another."""

from __future__ import annotations

import pytest

from archdsl.compiler import Compiled, compile_source
from archdsl.diagnostics import Source
from archdsl.ir.recipe import Ramp, Recipe
from archdsl.ir.recipe.clipping import AdaptiveClipping
from archdsl.ir.recipe.fix_res import FixRes
from archdsl.ir.recipe.optimizers import SGD, AdamW, RMSProp
from archdsl.ir.recipe.schedules import Constant, Cosine, Exponential

NET = "model net { input = 3 x 32 x 32\n stem = conv(8)\n head = global_avg_pool -> dropout(0.2) -> linear(10) }\n"
BASE = "recipe base for net {\n epochs = 10\n batch = 64\n optimizer = sgd(0.1)\n"


def compiled(text: str) -> Compiled:
    return compile_source(Source("r.arch", NET + text))


def recipe(body: str, name: str = "base") -> Recipe:
    """The recipe of a body, or the one called `name` where the body goes on with others."""
    found = compiled(f"{BASE}{body}\n}}\n")
    assert found.problems == ()
    return next(one for one in found.recipes if one.name == name)


@pytest.mark.parametrize(
    ("body", "message", "help_line"),
    [
        (
            "batch = 16MB",
            "`batch` must be a positive whole number, not an amount of memory",
            "leave out the unit: `16`",
        ),
        ("epochs = 4px", "`epochs` must be a positive whole number, not a number of pixels", "leave out the unit: `4`"),
        (
            "schedule = cosine(warmup = 2s)",
            "`warmup` must be a number of at least 0, not a time",
            "leave out the unit: `2`",
        ),
        ("batch = 2 * 16px", "`batch` must be a positive whole number, not a number of pixels", None),
    ],
)
def test_units_that_mean_something_else(body: str, message: str, help_line: str | None) -> None:
    (found,) = compiled(f"{BASE}}}\nrecipe r for net extends base {{\n{body}\n}}\n").problems
    assert (found.message, found.help) == (message, help_line)


def test_units_that_fit() -> None:
    made = recipe("resolution = 224px\n test_resolution = 2 * 128px\n flip = 50%\n recount = 1K")
    assert (made.resolution, made.test_resolution, made.flip, made.recount) == (224, 256, 0.5, 1000)


def test_defaults() -> None:
    made = recipe("")
    assert (made.epochs, made.batch, made.optimizer, made.schedule) == (10, 64, SGD(lr=0.1), Cosine())
    assert (made.ema, made.mixup, made.progressive, made.model, made.variant) == (None, 0, None, "net", None)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("adamw(1e-3)", AdamW(lr=1e-3)),
        ("sgd(lr = 0.1 * batch / 256, nesterov = false)", SGD(lr=0.025, nesterov=False)),
        ("rmsprop(0.256, alpha = 0.9, eps = 1e-2)", RMSProp(lr=0.256, eps=1e-2)),
        ("if epochs > 5 then sgd(1) else adamw(2)", SGD(lr=1)),
    ],
)
def test_optimizers(text: str, value: object) -> None:
    found = compiled(f"recipe r for net {{\n epochs = 10\n batch = 64\n optimizer = {text}\n}}\n")
    assert found.problems == ()
    assert found.recipes[0].optimizer == value


@pytest.mark.parametrize(
    ("body", "field", "value"),
    [
        ("schedule = exponential(0.97, 2.4, warmup = 5)", "schedule", Exponential(rate=0.97, every=2.4, warmup=5)),
        ("schedule = constant", "schedule", Constant()),
        ("clip = agc(0.02)", "clip", AdaptiveClipping(factor=0.02)),
        ("clip = none", "clip", None),
        ("fixres = fixres(2, lr = 1e-3)", "fixres", FixRes(epochs=2, lr=1e-3)),
        ("precision = bfloat16", "precision", "bfloat16"),
        ("normalization = unit", "normalization", "unit"),
        ("accumulate = 128 / 64", "accumulate", 2),
        ("mixup = 1", "mixup", 1.0),
        ("test_resolution = 2 * 112px", "test_resolution", 224),
        ('freeze = "stem, stages.0..2"', "freeze", "stem, stages.0..2"),
        ("sync_batch_norm = true", "sync_batch_norm", True),
        ("dropout = none", "dropout", None),
        ("label_smoothing = 10%", "label_smoothing", 0.1),
    ],
)
def test_settings(body: str, field: str, value: object) -> None:
    found = getattr(recipe(body), field)
    assert (found, type(found)) == (value, type(value))


def test_a_recipe_takes_over_what_it_does_not_say() -> None:
    made = recipe("mixup = 0.2\n}\nrecipe more for net extends base {\n batch = 128\n mixup = 0.5", "more")
    assert (made.batch, made.mixup, made.epochs) == (128, 0.5, 10)


def test_expressions_of_the_recipe_above_speak_of_the_settings_below() -> None:
    text = "recipe a for net {\n epochs = 4\n batch = 256\n optimizer = sgd(0.1 * batch / 256)\n}\n"
    found = compiled(text + "recipe b for net extends a {\n batch = 512\n}\n")
    assert [one.optimizer.lr for one in found.recipes] == [0.1, 0.2]


def test_rows_and_arguments_of_the_table_are_taken_over() -> None:
    table = "progressive(stages = 4) {\n | setting | from | to |\n | resolution | 16 | 32 |\n | mixup | 0 | 0.2 |\n }\n"
    below = "recipe b for net extends base {\n progressive() {\n | to | setting | from |\n | 0.5 | mixup | 0.1 |\n }"
    made = recipe(f"{table}}}\n{below}", "b").progressive
    assert made is not None
    assert made.stages == 4
    assert made.ramps == {"resolution": Ramp(start=16, end=32), "mixup": Ramp(start=0.1, end=0.5)}


def test_a_table_is_taken_away() -> None:
    table = "progressive(stages = 2) {\n | setting | from | to |\n | resolution | 16 | 32 |\n }\n"
    assert recipe(f"{table}}}\nrecipe b for net extends base {{\n progressive = none", "b").progressive is None


def test_a_dash_is_the_value_of_the_recipe() -> None:
    table = "progressive(stages = 2) {\n | setting | from | to |\n | mixup | - | 0.5 |\n | dropout | 0.1 | - |\n }"
    made = recipe(f"dropout = 0.3\n{table}").progressive
    assert made is not None
    assert made.ramps == {"mixup": Ramp(start=0, end=0.5), "dropout": Ramp(start=0.1, end=0.3)}


def test_a_recipe_of_another_file(tmp_path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "a.arch").write_text(f"{NET}{BASE}}}\n")
    text = 'use "a.arch"\nrecipe mine for net extends base {\n epochs = 3\n}\n'
    found = compile_source(Source(str(tmp_path / "b.arch"), text))
    assert found.problems == ()
    assert [(one.name, one.epochs, one.batch) for one in found.recipes] == [("mine", 3, 64)]


def test_a_recipe_for_values_of_parameters() -> None:
    text = "model wide(width = 1) { input = 3 x 32 x 32\n stem = conv(8 * width) }\n"
    found = compile_source(Source("r.arch", text + BASE.replace("for net", "for wide(width = 2)") + "}\n"))
    assert found.problems == ()
    assert found.recipes[0].parameters == {"width": 2}


def test_what_is_elaborated_is_valid_in_full() -> None:
    made = recipe("progressive(stages = 2) {\n | setting | from | to |\n | resolution | 16 | 32 |\n }")
    assert Recipe.model_validate(made.model_dump(), strict=True) == made


@pytest.mark.parametrize(
    ("base", "cause"),
    [
        ("progressive(stages = 4) {\n | setting | from | to |\n | resolution | 8 | 32 |\n}", "progressive"),
        ("schedule = cosine(warmup = 3)", "cosine(warmup = 3)"),
    ],
)
def test_what_a_recipe_took_over_and_does_not_fit_is_its_own_mistake(base: str, cause: str) -> None:
    (found,) = compiled(f"{BASE}{base}\n}}\nrecipe short for net extends base {{\n epochs = 3\n}}\n").problems
    assert found.span is not None
    assert found.span.text == "short"
    assert [(note.text, note.span.text) for note in found.notes if note.span is not None] == [("set here", cause)]
    (found,) = compiled(f"{BASE.replace('10', '3')}{base}\n}}\n").problems
    assert (found.span is not None and found.span.text, found.notes) == (cause, ())
