"""The moving average against its recursion, and statistics counted anew."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from archdsl.training.averaging import Average, recount
from archdsl.training.freezing import freeze
from archdsl.training.optimizers import make_optimizer
from tests.training.nets import network, recipe


def taught(steps: int, average: Average, model: nn.Module) -> list[dict[str, torch.Tensor]]:
    """Takes steps, and gives what the network was after each."""
    optimizer = make_optimizer(model, recipe(), lr=0.1)
    history = []
    for step in range(steps):
        torch.manual_seed(step)
        model(torch.randn(8, 1, 16, 16)).square().mean().backward()
        optimizer.step()
        optimizer.zero_grad()
        average.update(step + 1)
        history.append({name: tensor.clone() for name, tensor in model.state_dict().items()})
    return history


def test_it_is_the_recursion():
    torch.manual_seed(0)
    model = network().build().train()
    expected = {name: tensor.clone().double() for name, tensor in model.state_dict().items()}
    average = Average(model, 0.8)
    for number, state in enumerate(taught(50, average, model), start=1):
        decay = min(0.8, (1 + number) / (10 + number))  # 0.8 from the 35th on
        expected = {name: decay * value + (1 - decay) * state[name].double() for name, value in expected.items()}
    for name, value in average.state_dict().items():
        if value.is_floating_point():
            torch.testing.assert_close(value.double(), expected[name], rtol=1e-4, atol=1e-6)
        else:
            assert int(value) == 50  # batches are counted, not averaged


def test_it_takes_the_place_of_the_weights_and_gives_it_back():
    model = network().build().train()
    average = Average(model, 0.5)
    last = taught(3, average, model)[-1]
    averaged = {name: tensor.clone() for name, tensor in average.state_dict().items()}
    with average.applied() as applied:
        assert applied is model
        assert all(torch.equal(tensor, averaged[name]) for name, tensor in model.state_dict().items())
    assert all(torch.equal(tensor, last[name]) for name, tensor in model.state_dict().items())
    assert all(torch.equal(tensor, averaged[name]) for name, tensor in average.state_dict().items())


def test_it_is_restored_through_its_tensors():
    model = network().build().train()
    average = Average(model, 0.5)
    taught(2, average, model)
    other = Average(network().build(), 0.5)
    for name, tensor in other.state_dict().items():
        tensor.copy_(average.state_dict()[name])
    with other.applied() as applied:
        assert all(torch.equal(tensor, average.state_dict()[name]) for name, tensor in applied.state_dict().items())


def test_recounted_statistics_are_those_of_a_pass_over_all_data():
    torch.manual_seed(0)
    model = network().build().train()
    batches = [torch.randn(16, 1, 16, 16) * 2 + 1 for _ in range(6)]
    average = Average(model, 0.5)
    taught(3, average, model)
    own = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    average.recount(batches, 4)
    assert all(torch.equal(tensor, own[name]) for name, tensor in model.state_dict().items())
    with average.applied() as averaged:
        # The first norm sees the same whatever the others count: mean and variance over all pixels of a channel.
        maps = averaged.stem.conv(torch.cat(batches[:4]))
        norm = averaged.stem.norm
        torch.testing.assert_close(norm.running_mean, maps.mean(dim=(0, 2, 3)))
        torch.testing.assert_close(norm.running_var, maps.var(dim=(0, 2, 3)), rtol=0.02, atol=1e-3)
        each = [averaged.stem.conv(batch).var(dim=(0, 2, 3)) for batch in batches[:4]]
        torch.testing.assert_close(norm.running_var, torch.stack(each).mean(0))
        assert int(norm.num_batches_tracked) == 4


def test_without_recounting_the_statistics_of_an_average_are_far_off():
    """Why there is a recount: the weights have moved on since their statistics were counted."""
    torch.manual_seed(0)
    model = network().build().train()
    average = Average(model, 0.99)
    taught(10, average, model)
    images = torch.randn(64, 1, 16, 16)

    def distance() -> float:
        with average.applied() as averaged, torch.no_grad():
            maps = averaged.stem.conv(images)
            return float((averaged.stem.norm.running_var - maps.var(dim=(0, 2, 3))).abs().max())

    before = distance()
    average.recount([images], 1)
    assert distance() < before / 50


def test_recounting_draws_nothing_and_leaves_the_mode():
    model = network().build().train()
    model.stem.eval()
    state = torch.get_rng_state()
    recount(model, [torch.ones(4, 1, 16, 16)])
    assert torch.equal(torch.get_rng_state(), state)
    assert model.training
    assert not model.stem.norm.training
    assert model.stem.norm.momentum == network().build().stem.norm.momentum


def test_no_batches_change_nothing():
    model = network().build()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    recount(model, [])
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_frozen_norms_are_not_counted():
    model = network().build()
    freeze(model, "stem")
    before = model.stem.norm.running_mean.clone()
    recount(model, [torch.randn(4, 1, 16, 16)])
    assert torch.equal(model.stem.norm.running_mean, before)
    assert model.head.norm.running_mean.abs().max() > 0


def _sharded(rank: int, folder: str) -> None:
    from torch import distributed
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    torch.set_num_threads(1)
    distributed.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
    torch.manual_seed(0)
    whole = network().build(dropout_rate=0.0, drop_path_rate=0.0).train()
    torch.manual_seed(0)
    sharded = network().build(dropout_rate=0.0, drop_path_rate=0.0).train()
    fully_shard(sharded.stages[0][0], mesh=init_device_mesh("cpu", (2,)))
    fully_shard(sharded, mesh=init_device_mesh("cpu", (2,)))
    one, two = Average(whole, 0.5), Average(sharded, 0.5)
    images = torch.randn(8, 1, 16, 16)
    for model, average in ((whole, one), (sharded, two)):
        taught(2, average, model)
        average.recount([images], 1)
        taught(2, average, model)
    for name, tensor in two.state_dict().items():
        full = tensor.full_tensor() if hasattr(tensor, "full_tensor") else tensor
        torch.testing.assert_close(full, one.state_dict()[name], rtol=1e-4, atol=1e-5)
    with one.applied(), two.applied(), torch.no_grad():
        torch.testing.assert_close(sharded.eval()(images), whole.eval()(images), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(sharded(images), whole.eval()(images), rtol=1e-4, atol=1e-5)
    distributed.destroy_process_group()


def test_sharded_weights_are_averaged_as_whole_ones(tmp_path: Path):
    torch.multiprocessing.start_processes(_sharded, (str(tmp_path),), nprocs=2, start_method="fork")
