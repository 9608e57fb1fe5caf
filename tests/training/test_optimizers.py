"""Optimizers against their definitions, and which parameters decay."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import archdsl
from archdsl.training.freezing import freeze
from archdsl.training.optimizers import make_optimizer
from tests.meta import on_meta
from tests.training.nets import network, recipe

RMSPROP = {"kind": "rmsprop", "lr": 0.016, "alpha": 0.9, "momentum": 0.9, "weight_decay": 1e-2, "eps": 1e-3}


def test_rmsprop_is_tensorflows():
    """A hundred steps of what TensorFlow's documentation of `RMSprop` and `keras.optimizers` say, written out."""
    torch.manual_seed(0)
    model = nn.Linear(7, 5).double()
    optimizer = make_optimizer(model, recipe(optimizer=RMSPROP), lr=0.016)
    values = [parameter.detach().clone() for parameter in model.parameters()]
    squares = [torch.ones_like(value) for value in values]
    velocities = [torch.zeros_like(value) for value in values]
    for step in range(100):
        rate = 0.016 * 0.97**step
        for group in optimizer.param_groups:
            group["lr"] = rate
        gradients = [torch.randn_like(value) for value in values]
        for parameter, gradient in zip(model.parameters(), gradients, strict=True):
            parameter.grad = gradient.clone()
        optimizer.step()
        for index, gradient in enumerate(gradients):
            if values[index].ndim > 1:  # the bias does not decay
                gradient = gradient + 1e-2 * values[index]
            squares[index] = 0.9 * squares[index] + 0.1 * gradient**2
            velocities[index] = 0.9 * velocities[index] + rate * gradient / (squares[index] + 1e-3).sqrt()
            values[index] = values[index] - velocities[index]
    for parameter, value in zip(model.parameters(), values, strict=True):
        torch.testing.assert_close(parameter.detach(), value, rtol=1e-10, atol=1e-12)


def test_sgd_is_nesterovs():
    torch.manual_seed(0)
    model = nn.Linear(3, 2, bias=False).double()
    settings = {"kind": "sgd", "lr": 0.1, "momentum": 0.9, "weight_decay": 1e-3}
    optimizer = make_optimizer(model, recipe(optimizer=settings), lr=0.1)
    value, velocity = model.weight.detach().clone(), torch.zeros(2, 3).double()
    for _ in range(20):
        gradient = torch.randn(2, 3).double()
        model.weight.grad = gradient.clone()
        optimizer.step()
        gradient = gradient + 1e-3 * value
        velocity = 0.9 * velocity + gradient
        value = value - 0.1 * (gradient + 0.9 * velocity)
    torch.testing.assert_close(model.weight.detach(), value)


def test_adamw_has_the_settings_of_the_recipe():
    settings = {"kind": "adamw", "lr": 1e-3, "weight_decay": 0.05, "beta1": 0.8, "beta2": 0.95, "eps": 1e-6}
    optimizer = make_optimizer(network().build(), recipe(optimizer=settings), lr=2e-3)
    assert isinstance(optimizer, torch.optim.AdamW)
    assert optimizer.defaults["betas"] == (0.8, 0.95)
    assert [group["weight_decay"] for group in optimizer.param_groups] == [0.05, 0.0]
    assert {group["lr"] for group in optimizer.param_groups} == {2e-3}


def test_sgd_without_momentum_needs_no_other_setting():
    optimizer = make_optimizer(network().build(), recipe(optimizer={"kind": "sgd", "lr": 1, "momentum": 0}), lr=1.0)
    assert not optimizer.defaults["nesterov"]


@pytest.mark.parametrize("name", ["efficientnet_b0", "nfnet_f0", "shufflenet_g3"])
def test_only_filters_and_matrices_decay(name: str):
    """Neither biases, nor scales of norms, nor the gains of standardized filters, which have four axes."""
    with on_meta():
        model = archdsl.create_model(name)
    settings = {"kind": "sgd", "lr": 0.1, "weight_decay": 1e-4}
    decaying, rest = make_optimizer(model, recipe(optimizer=settings), lr=0.1).param_groups
    weights = [part.weight for part in model.modules() if isinstance(part, nn.Conv2d | nn.Linear)]
    assert {id(one) for one in decaying["params"]} == {id(one) for one in weights}
    assert rest["weight_decay"] == 0
    assert len(decaying["params"]) + len(rest["params"]) == len(list(model.parameters()))


def test_learnable_tensors_by_themselves_do_not_decay():
    """A scale of a branch, a position map and what is added to channels, with their first values."""
    cell = """
block cell() {
  main = in + parameter(in.channels x in.height x in.width, std = 0.02) -> conv(in.channels) -> channel_gain(0.1)
  out  = in + parameter(in.channels x 1 x 1, initial = 0.5) * main
}
"""
    model = archdsl.loads(f"{cell} model net {{ input = 3 x 8 x 8\n stem = conv(4) -> cell }}").build()
    settings = {"kind": "sgd", "lr": 0.1, "weight_decay": 1e-4}
    decaying, rest = make_optimizer(model, recipe(optimizer=settings), lr=0.1).param_groups
    assert [one.ndim for one in decaying["params"]] == [4, 4]
    assert {tuple(one.shape) for one in rest["params"]} == {(4, 8, 8), (4, 1, 1)}


def test_frozen_parameters_are_left_out():
    model = network().build()
    freeze(model, "stem, stages, head")
    groups = make_optimizer(model, recipe(), lr=0.1).param_groups
    assert [len(group["params"]) for group in groups] == [1, 1]
    assert groups[0]["params"][0] is model.classifier.weight
