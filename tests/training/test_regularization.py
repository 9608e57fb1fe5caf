"""Rates of dropout and stochastic depth that are set in a network, and how often they drop."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

import archdsl
from archdsl.diagnostics import DiagnosticError
from archdsl.training.regularization import BatchDropPath, set_drop_path, set_drop_path_mode, set_dropout
from tests.meta import on_meta
from tests.training.nets import PLAIN, SMALL, network

DRAWS = 4000


def rates(model: nn.Module) -> dict[str, float]:
    """Those of stochastic depth that are not 0, by name."""
    return {name: part.rate for name, part in model.named_modules() if getattr(part, "rate", 0.0)}  # type: ignore[misc]


@pytest.mark.parametrize("name", ["efficientnet_b0", "nfnet_f0", "mobilenetv2_100"])
@pytest.mark.parametrize("rate", [0.1, 0.35])
def test_rates_are_those_of_a_network_built_with_them(name: str, rate: float):
    """Also in networks whose own rate is 0, and which were built without anything that drops."""
    found = archdsl.find(name)
    with on_meta():
        model, expected = found.build(num_classes=7), found.build(drop_path_rate=rate)
    set_drop_path(model, rate)
    assert rates(model) == rates(expected)
    assert len(rates(model)) > 5


def test_rates_can_be_set_again_and_again():
    model, built = network().build(), rates(network().build())
    for rate in (0.1, 0.0, 0.4):
        set_drop_path(model, rate)
        assert rates(model) == rates(network().build(drop_path_rate=rate))
    set_drop_path(model, 0.2)
    assert rates(model) == built


def test_rates_of_a_text_keep_their_ratio():
    text = """
block thin(rate) {
  main = in -> conv(in.channels, kernel = 3) -> batch_norm() -> drop_path(rate)
  out  = main + in
}
model fixed {
  input = 3 x 16 x 16
  classes = 10
  norm = batch_norm
  act = relu
  stem = conv_norm_act(8, kernel = 3, stride = 2)
  stages {
    | op   | rate | layers |
    | thin | 0.1  | 1      |
    | thin | 0.4  | 2      |
  }
  head = global_avg_pool -> linear(classes)
}
"""
    model = network(text).build()
    assert list(rates(model).values()) == [0.1, 0.4, 0.4]
    set_drop_path(model, 0.0)
    set_drop_path(model, 0.2)
    assert list(rates(model).values()) == pytest.approx([0.05, 0.2, 0.2])


@pytest.mark.parametrize("mode", ["image", "batch"])
@pytest.mark.parametrize("name", ["small", "nfnet_f0"])
def test_each_block_keeps_its_branch_as_often_as_its_rate_says(mode: str, name: str):
    torch.manual_seed(0)
    with on_meta():
        model = (network() if name == "small" else archdsl.find(name)).build()
    if mode == "batch":
        set_drop_path_mode(model, "batch")
    set_drop_path(model, 0.5)
    model.train()
    scales = name == "small"  # NFNet leaves what is kept as it is
    for block, rate in list(rates(model).items())[:4]:
        path = model.get_submodule(block)
        if mode == "image":
            out = path(torch.ones(DRAWS, 1, 1, 1)).flatten()
        else:
            outs = [path(torch.ones(3, 2, 1, 1)) for _ in range(DRAWS)]
            assert all(len(out.unique()) == 1 for out in outs)
            out = torch.stack([one[0, 0, 0, 0] for one in outs])
        kept = (out != 0).float().mean()
        assert kept == pytest.approx(1 - rate, abs=4 * (rate * (1 - rate) / DRAWS) ** 0.5)
        assert float(out.max()) == pytest.approx(1 / (1 - rate) if scales else 1.0)


def test_images_are_dropped_each_by_itself_unless_said_otherwise():
    torch.manual_seed(0)
    model = network().build().train()
    set_drop_path_mode(model, "image")
    set_drop_path(model, 0.5)
    out = model.stages[1][2].drop_path(torch.ones(64, 1, 1, 1))
    assert len(out.unique()) == 2


def test_the_order_of_mode_and_rate_does_not_matter():
    one, two = archdsl.create_model("mobilenetv2_050"), archdsl.create_model("mobilenetv2_050")
    set_drop_path_mode(one, "batch")
    set_drop_path(one, 0.3)
    set_drop_path(two, 0.3)
    set_drop_path_mode(two, "batch")
    assert rates(one) == rates(two)
    assert [type(part) for part in one.modules()] == [type(part) for part in two.modules()]
    assert any(isinstance(part, BatchDropPath) for part in one.modules())


@pytest.mark.parametrize("mode", ["image", "batch"])
def test_nothing_is_dropped_in_evaluation_and_keys_stay(mode: str):
    torch.manual_seed(0)
    model = network().build().eval()
    images = torch.randn(2, 1, 16, 16)
    before, keys = model(images), list(model.state_dict())
    set_drop_path_mode(model, mode)  # type: ignore[arg-type]
    set_drop_path(model, 0.9)
    set_dropout(model, 0.9)
    assert torch.equal(model(images), before)
    assert list(model.state_dict()) == keys
    assert not torch.equal(model.train()(images), model(images))


def test_dropout_before_the_classifier():
    model = network().build()
    for rate in (0.35, 0.0, 0.1):
        set_dropout(model, rate)
        assert [part.p for part in model.modules() if isinstance(part, nn.Dropout)] == [rate]


def test_dropouts_with_rates_of_the_text():
    text = SMALL.replace(
        "dropout(0.2) -> linear(classes)", "dropout(0.2) -> linear(32) -> dropout(0.5) -> linear(classes)"
    )
    model = network(text).build()
    set_dropout(model, 0.3)
    assert [part.p for part in model.modules() if isinstance(part, nn.Dropout)] == [0.3, 0.3]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda model: set_dropout(model, 0.2), "Plain has no dropout before its classifier whose rate could be 0.2"),
        (
            lambda model: set_drop_path(model, 0.2),
            "Plain has no blocks that stochastic depth could drop at a rate of 0.2",
        ),
        (lambda model: set_drop_path_mode(model, "batch"), "Plain has no blocks that stochastic depth could drop"),
    ],
)
def test_a_network_without_them_is_refused(change, message: str):
    model = network(PLAIN).build()
    with pytest.raises(DiagnosticError) as error:
        change(model)
    assert error.value.diagnostics[0].message == message


def test_a_rate_of_nothing_suits_any_network():
    model = network(PLAIN).build()
    set_dropout(model, 0.0)
    set_drop_path(model, 0.0)
    set_drop_path_mode(model, "image")


def test_a_sharded_network_is_still_known(tmp_path: Path):
    torch.multiprocessing.start_processes(_sharded, (str(tmp_path),), nprocs=1, start_method="fork")


def _sharded(rank: int, folder: str) -> None:
    from torch import distributed
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    distributed.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=1)
    model = network().build()
    fully_shard(model, mesh=init_device_mesh("cpu", (1,)))
    set_drop_path(model, 0.3)
    assert rates(model) == rates(network().build(drop_path_rate=0.3))
    distributed.destroy_process_group()
