"""Rates for layers that a network does not have, found in its text; what training says of the same is equal."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from torch import nn

import archdsl
from archdsl.compiler import compile_source
from archdsl.diagnostics import DiagnosticError, Source
from archdsl.elaborate.recipes.layers import rates_of
from archdsl.training.regularization import set_drop_path, set_dropout
from archdsl.trainings import open_recipe
from tests.meta import on_meta

RECIPE = "recipe r for {model} {{\n epochs = 2\n batch = 8\n optimizer = sgd(0.1)\n {more}\n}}\n"
NET = "model {name}{parameters} {{\n input = 3 x 32 x 32\n classes = 10\n stem = conv(8, 3){drop}\n head = {head}\n}}\n"


def net(name: str = "net", *, dropout: str = "", drop: str = "", parameters: str = "") -> str:
    head = f"global_avg_pool -> {dropout}linear(classes)"
    return NET.format(name=name, parameters=parameters, drop=drop, head=head)


def found(text: str) -> list[str]:
    compiled = compile_source(Source("net.arch", text))
    return [f"{one.problem}:{one.span.text}" for one in compiled.problems if one.span is not None]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("dropout = 0.1", ["NoDropout:dropout"]),
        ("drop_path = 0.1", ["NoDropPath:drop_path"]),
        ("drop_path_mode = batch", ["NoDropPath:drop_path_mode"]),
        ("drop_path = 0.1\n drop_path_mode = batch", ["NoDropPath:drop_path"]),
        ("dropout = 0\n drop_path = 0.0", []),
        ("dropout = none", []),
        ("progressive(2) {\n | setting | from | to |\n | dropout | 0 | 0.3 |\n}", ["NoDropout:dropout"]),
        ("progressive(2) {\n | setting | from | to |\n | dropout | 0 | 0 |\n}", []),
    ],
)
def test_what_a_network_does_not_have(more: str, expected: list[str]) -> None:
    assert found(net() + RECIPE.format(model="net", more=more)) == expected
    has_both = net(dropout="dropout(0.2) -> ", drop=" -> drop_path(0.1)")
    assert found(has_both + RECIPE.format(model="net", more=more)) == []


def test_dropout_within_a_block_counts() -> None:
    block = "block thin() {\n out = in -> dropout(0.2)\n}\n"
    assert found(block + net(dropout="thin -> ") + RECIPE.format(model="net", more="dropout = 0.1")) == []


def test_a_family_needs_one_network_that_has_them() -> None:
    variants = "variants net {\n | name | rate |\n | a | 0 |\n | b | 0.1 |\n}\n"
    text = net(dropout="if rate > 0 then dropout(rate) else identity -> ", parameters="(rate = 0)").replace(
        "if rate > 0 then dropout(rate) else identity ->", "(if rate > 0 then dropout(rate) else identity) ->"
    )
    whole = text + variants + RECIPE.format(model="net", more="dropout = 0.1")
    assert found(whole) == []
    assert open_recipe(Source("net.arch", whole), variant="b").recipe.dropout == 0.1
    with pytest.raises(DiagnosticError, match=r"net_a has no dropout before its classifier whose rate could be 0\.1"):
        open_recipe(Source("net.arch", whole), variant="a")
    assert found(text + variants + RECIPE.format(model="net.a", more="dropout = 0.1")) == ["NoDropout:dropout"]
    assert found(text + RECIPE.format(model="net(rate = 0.1)", more="dropout = 0.1")) == []


def test_what_cannot_be_known_is_not_reported() -> None:
    space = net(drop=" -> {relu, silu}")
    assert found(space + RECIPE.format(model="net", more="dropout = 0.1")) == []


@pytest.mark.parametrize("name", ["resnet18", "shufflenet_g1_200", "efficientnet_b0", "mobilenetv2_100", "nfnet_f0"])
@pytest.mark.parametrize(("setting", "change"), [("dropout", set_dropout), ("drop_path", set_drop_path)])
def test_networks_are_judged_as_training_judges_them(
    name: str, setting: str, change: Callable[[nn.Module, float], None]
) -> None:
    network = archdsl.find(name)
    with on_meta():
        model = network.build()
    if setting in rates_of(network.architecture):
        change(model, 0.2)
    else:
        with pytest.raises(DiagnosticError):
            change(model, 0.2)
