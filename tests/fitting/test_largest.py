"""The largest network within budgets, in real families, against every network on a grid."""

from __future__ import annotations

from itertools import product

import pytest

import archdsl
from archdsl.diagnostics import DiagnosticError, Source
from archdsl.fitting.budgets import Limit, limit
from archdsl.fitting.family import Family, open_family
from archdsl.fitting.largest import Largest, largest
from archdsl.fitting.ranges import ranges
from archdsl.ir.cost import Cost
from archdsl.sources import read


def family(spec: str, name: str | None = None) -> Family:
    return open_family(read(archdsl.specs_folder() / f"{spec}.arch"), name)


def limits(**budgets: str) -> list[Limit]:
    return [limit(measure, Source(measure, text)) for measure, text in budgets.items()]


def found_in(family: Family, vary: str = "", fixed: dict[str, float] | None = None, **budgets: str) -> Largest:
    return largest(family, limits(**budgets), ranges(Source("vary", vary)) if vary else (), fixed)


def test_one_parameter_is_as_large_as_it_can_be() -> None:
    mobilenet = family("mobilenetv2")
    (width,) = ranges(Source("vary", "width=0.1..2:0.05"))
    costs = {value: mobilenet.at({"width": value}).costs.model() for value in width.values()}
    for megabudget in range(25, 1200, 100):
        fitting = [value for value, cost in costs.items() if cost.macs <= megabudget * 10**6]
        if not fitting:
            with pytest.raises(DiagnosticError, match="no `mobilenetv2` has macs"):
                found_in(mobilenet, "width=0.1..2:0.05", macs=f"{megabudget}M")
            continue
        found = found_in(mobilenet, "width=0.1..2:0.05", macs=f"{megabudget}M")
        assert found.fit.cost == costs[max(fitting)]
        assert found.fit.tried <= 12


THREE = "width=0.5..1.5:0.25,depth=0.5..1.5:0.25,resolution=160..288:32"
Costs = dict[tuple[float, ...], Cost]


@pytest.fixture(scope="module")
def costs() -> Costs:
    """Every network on a coarse grid of THREE."""
    net = family("efficientnet")
    axes = {one.name: one.values() for one in ranges(Source("vary", THREE))}
    return {point: net.at(dict(zip(axes, point, strict=True))).costs.model() for point in product(*axes.values())}


@pytest.mark.parametrize(
    "budgets",
    [{"macs": "250M"}, {"macs": "600M"}, {"params": "5.3M"}, {"macs": "800M", "params": "6M"}, {"activations": "9M"}],
    ids=str,
)
def test_no_parameter_can_grow_without_another_shrinking(budgets: dict[str, str], costs: Costs) -> None:
    found = found_in(family("efficientnet"), THREE, **budgets)
    chosen = [limit.budget for limit in limits(**budgets)]
    within = {point: cost for point, cost in costs.items() if all(budget.is_met(cost) for budget in chosen)}
    assert len(within) < len(costs)
    at = tuple(found.fit.values.values())
    assert within[at] == found.fit.cost
    for point, cost in within.items():
        assert not (cost != found.fit.cost and all(mine <= other for mine, other in zip(at, point, strict=True)))


def test_the_paper_baseline_is_found_from_its_published_counts() -> None:
    found = found_in(family("efficientnet"), params="5.3M", macs="400M")
    assert found.values == {"width": 1.0, "depth": 1.0, "resolution": 224}
    assert (found.fit.cost.params, found.fit.cost.macs) == (5288548, 385814752)


def test_what_varies_unless_told() -> None:
    assert set(found_in(family("mobilenetv2"), macs="300M").fit.values) == {"width"}
    assert set(found_in(family("efficientnet"), macs="300M").fit.values) == {"width", "depth", "resolution"}
    assert set(found_in(family("efficientnet"), fixed={"depth": 1.1}, macs="300M").fit.values) == {
        "width",
        "resolution",
    }
    assert set(found_in(family("compound"), macs="300M").fit.values) == {"phi"}


def test_a_variant_keeps_its_other_parameters() -> None:
    found = found_in(family("efficientnet", "b2"), "depth", macs="700M")
    network = found.family.at(found.values)
    assert network.parameters["width"] == 1.1
    assert network.input.height == 260
    assert network.parameters["dropout_rate"] == 0.3
    assert network.costs.model().macs <= 700e6
    assert found.family.name == "efficientnet_b2"


def test_about_so_much() -> None:
    found = found_in(family("mobilenetv2"), macs="300M +- 2%")
    assert found.values == {"width": 1.0}
    with pytest.raises(DiagnosticError) as failed:
        found_in(family("mobilenetv2"), macs="100M +- 1%")
    (problem,) = failed.value.diagnostics
    assert problem.label == "width = 0.5 has 97,131,840 (97.13M) macs"
    assert problem.notes[0].text == "width = 0.55 instead has 106,668,416 (106.7M)"


def test_about_so_much_in_two_measures() -> None:
    found = found_in(family("efficientnet"), macs="1G +- 2%", params="4M +- 2%")
    assert abs(found.fit.cost.macs - 1e9) <= 2e7
    assert abs(found.fit.cost.params - 4e6) <= 8e4
    with pytest.raises(DiagnosticError, match=r"macs == 1.05G \+- 0% within the other budgets"):
        found_in(family("efficientnet"), "width=0.5..1:0.1,depth", macs="1.05G +- 0%", params="4M")


def test_a_budget_beyond_the_range() -> None:
    found = found_in(family("mobilenetv2"), "width=0.5..1:0.1", macs="1T")
    assert found.values == {"width": 1.0}
    assert found.fit.further == ()


def test_every_missed_budget_is_told_with_the_smallest_network() -> None:
    with pytest.raises(DiagnosticError) as failed:
        found_in(family("efficientnet"), "width=0.5..1:0.1", params="1K", macs="1M")
    assert [problem.message for problem in failed.value.diagnostics] == [
        "no `efficientnet` has params <= 1K",
        "no `efficientnet` has macs <= 1M",
    ]
    assert all("the smallest, with width = 0.5, has" in problem.label for problem in failed.value.diagnostics)


@pytest.mark.parametrize(
    ("spec", "vary", "fixed", "message"),
    [
        ("mobilenetv2", "widht=1..2", {}, "`mobilenetv2` has no parameter `widht`"),
        ("mobilenetv2", "width", {"depth": 1.0}, "`mobilenetv2` has no parameter `depth`"),
        ("efficientnet", "width", {"width": 1.0}, "`width` cannot both vary and have one value"),
        ("mobilenetv2", "", {"width": 1.0}, "none of phi, width, depth, resolution is a parameter"),
        ("efficientnet", "width,dropout_rate=0..1", {}, "`dropout_rate` cannot vary along with others"),
        ("efficientnet", "width=0..1,depth", {}, "from a positive number only"),
    ],
)
def test_parameters_that_cannot_vary(spec: str, vary: str, fixed: dict[str, float], message: str) -> None:
    with pytest.raises(DiagnosticError, match=message):
        found_in(family(spec), vary, fixed, macs="1G")


TEXT = """\
model net(width, wide = 1) {
  input = 3 x 32 x 32
  head  = conv(6 * width, groups = width) -> conv(width, kernel = wide) -> global_avg_pool -> linear(10)
}
variants net {
  | name | width |
  | a    | 3     |
}
"""


def test_mistakes_of_one_network_say_which() -> None:
    net = open_family(Source("net.arch", TEXT), "a")
    with pytest.raises(DiagnosticError) as failed:
        found_in(net, "width=1..9:1", macs="1G")
    assert failed.value.diagnostics[0].notes[-1].text == "with width = 4"


def test_a_parameter_that_only_variants_give() -> None:
    net = open_family(Source("net.arch", TEXT))
    with pytest.raises(DiagnosticError) as failed:
        found_in(net, "wide=1..9:2", macs="1G")
    assert failed.value.diagnostics[0].help == "choose a variant"
    assert found_in(net, "wide=1..9:2", {"width": 3}, macs="1G").values == {"width": 3, "wide": 9}


def test_python() -> None:
    path = archdsl.specs_folder() / "mobilenetv2.arch"
    network = archdsl.fit(path, macs="100M")
    assert network.macs == 97131840
    assert network.architecture.parameters["width"] == 0.5
    assert archdsl.fit(path, "140", macs=100e6, vary=["width=0.1..1:0.01"]).macs == 97821760
    assert archdsl.fit(path, params=4_000_000, parameters={"expected_macs": 1}).params <= 4_000_000
    with pytest.raises(DiagnosticError, match="there is no budget"):
        archdsl.fit(path)


@pytest.mark.parametrize(("name", "resolution"), [(None, 224), ("b1", 240)])
def test_what_no_budget_bounds_stays_as_it_is(name: str | None, resolution: int) -> None:
    net = family("efficientnet", name)
    found = found_in(net, params="8M")
    assert found.kept == {"resolution": resolution}
    assert "resolution" not in found.values
    assert net.at(found.values).input.height == resolution
    # It varies as soon as a budget speaks of it, or as its ends are given.
    assert found_in(net, params="8M", macs="1G").kept == {}
    assert found_in(net, "width,resolution=128..320", params="8M").values["resolution"] == 320


def test_a_parameter_is_bounded_wherever_in_its_range_that_shows() -> None:
    """Ends that are not networks say nothing, and neither do steps that rounding takes back."""
    assert found_in(family("compound"), params="20M").kept == {}
    deep = found_in(family("efficientnet"), "depth", params="8M")
    assert deep.kept == {}
    assert deep.fit.cost.params <= 8_000_000
