"""Which recipe of a text trains which network."""

from __future__ import annotations

import pytest

from archdsl.diagnostics import DiagnosticError, Source
from archdsl.folders import recipes_folder
from archdsl.ir.recipe.optimizers import SGD
from archdsl.sources import read
from archdsl.trainings import open_recipe, recipe_alone

SHIPPED = sorted(recipes_folder().glob("*.arch"))
TEXT = """model net(width = 8) {
  input = 3 x 16 x 16
  stem  = conv(width)
}
variants net {
  | name | width |
  | a    | 8     |
  | b    | 16    |
}
recipe first for net.b {
  epochs    = 4
  batch     = 64
  optimizer = sgd(0.1)
}
recipe second for net extends first { epochs = 2 }
"""
GROWN = """block grown(n, when_above, until = 100) {
  out = in
    -> conv(16)         when in.height > when_above and in.height <= until
    -> global_avg_pool
    -> linear(n)
}
"""


def opened(*, name: str | None = None, variant: str | None = None, settings: tuple[str, ...] = ()):  # type: ignore[no-untyped-def]
    return open_recipe(Source("r.arch", TEXT), name, variant=variant, settings=settings)


def test_a_recipe_for_a_variant() -> None:
    training = opened(name="first")
    assert (training.recipe.epochs, training.architecture.name) == (4, "net_b")


@pytest.mark.parametrize("variant", ["a", "net_a"])
def test_a_recipe_for_a_family_is_for_the_variant_asked_for(variant: str) -> None:
    training = opened(name="second", variant=variant)
    assert (training.recipe.epochs, training.architecture.name) == (2, "net_a")


def test_settings_of_the_command_line() -> None:
    training = opened(name="first", settings=("epochs=9", "optimizer = sgd(batch / 64)", "batch = 128"))
    assert (training.recipe.epochs, training.recipe.batch, training.recipe.optimizer) == (9, 128, SGD(lr=2))
    assert training.recipe.name == "first"


def test_another_resolution() -> None:
    assert opened(name="first").at(24).input == (3, 24, 24)


@pytest.mark.parametrize(
    ("head", "change"),
    [
        ("flatten -> linear(classes)", "`classifier.weight` is 10 x 9216 there, not 10 x 4096"),
        ("conv(classes, 16, padding = 0)", "it puts out 10 x 9 x 9 there, not 10 x 1 x 1"),
        ("grown(classes, when_above = 16)", "it has `head.conv.weight` there"),
        ("grown(classes, when_above = 0, until = 16)", "it has no `head.conv.weight` there"),
    ],
)
def test_a_network_that_is_another_one_at_another_resolution(head: str, change: str) -> None:
    net = GROWN + TEXT.replace("= conv(width)", f"= conv(width)\n  classes = 10\n  head = {head}")
    training = open_recipe(Source("r.arch", net), "first")
    with pytest.raises(DiagnosticError) as error:
        training.at(24)
    assert error.value.diagnostics[0].message == f"net_b is another network on images of 24 px: {change}"


@pytest.mark.parametrize(
    ("recipe", "resolutions", "magnitudes", "mixup", "dropout"),
    [
        ("v2_s_paper", [128, 185, 242, 300], (5, 15), (0, 0), (0.1, 0.3)),
        ("v2_m_paper", [128, 212, 296, 380], (5, 20), (0, 0.2), (0.1, 0.4)),
        ("v2_l_paper", [128, 212, 296, 380], (5, 25), (0, 0.5), (0.1, 0.5)),
        ("v2_s_public", [171, 214, 257, 300], (5, 10), (0, 0), (0.2, 0.2)),
        ("v2_m_public", [192, 256, 320, 384], (5, 15), (0, 0.2), (0.3, 0.3)),
        ("v2_l_public", [192, 256, 320, 384], (5, 20), (0, 0.5), (0.4, 0.4)),
    ],
)
def test_progressive_learning_of_efficientnetv2(
    recipe: str,
    resolutions: list[int],
    magnitudes: tuple[float, float],
    mixup: tuple[float, float],
    dropout: tuple[float, float],
) -> None:
    training = open_recipe(read(recipes_folder() / "efficientnetv2.arch"), recipe)
    phases = training.recipe.phases(training.architecture.input.height)
    assert [phase.resolution for phase in phases] == resolutions
    assert [(phase.first, phase.last) for phase in phases] == [(0, 87), (87, 175), (175, 262), (262, 350)]
    for name, (start, end) in {"rand_augment": magnitudes, "mixup": mixup, "dropout": dropout}.items():
        values = [getattr(phase, name) for phase in phases]
        assert values == pytest.approx([start + (end - start) * part / 3 for part in range(4)]), name


def test_the_public_code_cuts_and_mixes_with_one_alpha() -> None:
    training = open_recipe(read(recipes_folder() / "efficientnetv2.arch"), "v2_m_public")
    assert all(phase.cutmix == phase.mixup for phase in training.recipe.phases(480))
    assert training.recipe.schedule.staircase


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_recipes_are_for_networks_that_there_are(path) -> None:  # type: ignore[no-untyped-def]
    from archdsl.compiler import compile_file

    found = compile_file(path)
    assert found.problems == ()
    for recipe in found.recipes:
        assert recipe.doc
        if path.stem.endswith("_space"):  # whose networks a search trains
            recipe_alone(read(path), recipe.name)
            continue
        variant = {"efficientnet": "b0", "resnet": "50", "shufflenet": "g3", "resattnet": "56"}.get(recipe.model)
        variant = variant or {"mobilenetv2": "100"}.get(recipe.model) or ("100" if "mnasnet" in recipe.model else None)
        open_recipe(read(path), recipe.name, variant=None if recipe.variant else variant)
