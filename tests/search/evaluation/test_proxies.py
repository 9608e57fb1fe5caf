"""Scores of untrained networks, against values worked out by hand on networks of a few weights."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

import archdsl
from archdsl.elaborate.resolve.objectives import PROXIES
from archdsl.search.evaluation.proxies import SCORES, grad_norm, naswot, synflow
from archdsl.search.evaluation.scoring import Scoring

NOTHING = torch.zeros(1)


def linear(weights: list[list[float]]) -> nn.Linear:
    layer = nn.Linear(len(weights[0]), len(weights), bias=False)
    layer.weight.data = torch.tensor(weights, dtype=torch.float32)
    return layer


def test_each_name_has_its_score() -> None:
    assert set(SCORES) == set(PROXIES)


def test_synflow_of_a_linear_network() -> None:
    """Of ones through |W2| |W1|, each layer carries the whole sum: what comes out, once for each layer."""
    model = nn.Sequential(linear([[1, -2], [3, 4]]), linear([[-1, 5]]))
    flow = 1 * (1 + 2) + 5 * (3 + 4)
    assert synflow(model, torch.zeros(1, 2), NOTHING) == pytest.approx(math.log(2 * flow))


def test_synflow_looks_past_norms_and_at_no_image() -> None:
    plain = nn.Sequential(linear([[1, -2], [3, 4]]), linear([[-1, 5]]))
    with_norm = nn.Sequential(linear([[1, -2], [3, 4]]), nn.BatchNorm1d(2), linear([[-1, 5]]))
    expected = synflow(plain, torch.zeros(1, 2), NOTHING)
    # The weight and the bias of a norm that passes on what it gets carry nothing.
    assert synflow(with_norm, torch.full((4, 2), 9.0), NOTHING) == pytest.approx(expected)


def test_synflow_is_the_same_for_weights_of_another_sign() -> None:
    one = nn.Sequential(linear([[1, -2], [3, 4]]), nn.ReLU(), linear([[-1, 5]]))
    other = nn.Sequential(linear([[-1, 2], [-3, 4]]), nn.ReLU(), linear([[1, 5]]))
    assert synflow(one, torch.zeros(1, 2), NOTHING) == synflow(other, torch.zeros(1, 2), NOTHING)


def test_synflow_of_a_network_through_which_nothing_flows() -> None:
    assert synflow(nn.Sequential(linear([[0, 0]])), torch.zeros(1, 2), NOTHING) == -math.inf


def test_naswot_of_two_images() -> None:
    """Of three units the images switch one alike: each is like itself in three, like the other in one."""
    model = nn.Sequential(linear([[1, 0], [0, 1], [1, 1]]), nn.ReLU())
    images = torch.tensor([[2.0, -1.0], [-1.0, 2.0]])  # codes 1 0 1 and 0 1 1
    assert naswot(model, images, NOTHING) == pytest.approx(math.log(3 * 3 - 1 * 1))


def test_naswot_counts_all_activations() -> None:
    model = nn.Sequential(linear([[1, 0], [0, 1]]), nn.ReLU(), linear([[1, -1]]), nn.ReLU())
    images = torch.tensor([[2.0, -1.0], [-1.0, 2.0]])  # codes 10 1 and 01 0
    assert naswot(model, images, NOTHING) == pytest.approx(math.log(3 * 3))


def test_naswot_of_images_that_look_alike() -> None:
    model = nn.Sequential(linear([[1, 0], [0, 1]]), nn.ReLU())
    assert naswot(model, torch.tensor([[1.0, 2.0], [3.0, 1.0]]), NOTHING) == -math.inf


def test_grad_norm_of_a_linear_network() -> None:
    """Of logits 0 and 0 the gradient of the cross entropy is (1/2 - 1, 1/2) times the image."""
    model = nn.Sequential(linear([[0, 0], [0, 0]]))
    images = torch.tensor([[3.0, 4.0]])
    expected = math.hypot(0.5 * 3, 0.5 * 4, 0.5 * 3, 0.5 * 4)
    assert grad_norm(model, images, torch.tensor([0])) == pytest.approx(expected)


def test_grad_norm_is_a_sum_over_parameters() -> None:
    layer = nn.Linear(2, 2)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    expected = math.hypot(1.5, 2, 1.5, 2) + math.hypot(0.5, 0.5)
    assert grad_norm(nn.Sequential(layer), torch.tensor([[3.0, 4.0]]), torch.tensor([0])) == pytest.approx(expected)


def network(width: int) -> archdsl.Network:
    return archdsl.loads(
        f"model m {{\n  input = 1 x 8 x 8\n  classes = 10\n  stem = conv_norm_act({width}, kernel = 3)\n"
        f"  head = global_avg_pool -> linear(classes)\n}}\n"
    )


def test_scores_of_a_network_are_those_of_the_seed() -> None:
    pytest.importorskip("sklearn")
    names = list(SCORES)
    found = Scoring("sklearn:digits", 1).scores(network(8).architecture, names)
    assert set(found) == set(names)
    assert all(math.isfinite(value) for value in found.values())
    assert Scoring("sklearn:digits", 1).scores(network(8).architecture, names) == found
    assert Scoring("sklearn:digits", 2).scores(network(8).architecture, names) != found
    # Each by itself, in any order.
    assert Scoring("sklearn:digits", 1).scores(network(8).architecture, names[::-1]) == found


def test_synflow_needs_no_images_and_grows_with_the_network() -> None:
    found = [Scoring(None, 0).scores(network(width).architecture, ["synflow"])["synflow"] for width in (4, 16, 64)]
    assert found == sorted(found)
    assert len(set(found)) == 3
