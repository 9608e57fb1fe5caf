"""Networks of one dimension are those that PyTorch's one-dimensional layers make by hand, from equal weights."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

import archdsl
from archdsl.exporting.folded import folded
from archdsl.weights.from_module import map_module

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
SOUND = "m5"

RESNET = """
block basic(channels, stride = 1) {
  main = in -> conv(channels, 3, stride = stride) -> norm -> act -> conv(channels, 3) -> norm
  shortcut = in -> [conv(channels, stride = stride) -> norm] when stride != 1
  out = main + shortcut -> act
}

model resnet {
  input   = 12 x 1000
  classes = 5
  stem    = conv(32, 7, stride = 2) -> norm -> act -> max_pool(3, stride = 2)

  stages {
    | op    | channels | stride | layers |
    | basic | 32       | 1      | 2      |
    | basic | 64       | 2      | 2      |
    | basic | 128      | 2      | 1      |
  }

  head = global_avg_pool -> linear(classes)
}
"""


class M5(nn.Module):
    """The network of torchaudio's tutorial, by hand, before its log-softmax."""

    def __init__(self) -> None:
        super().__init__()
        widths = (1, 32, 32, 64, 64)
        self.layers = nn.Sequential()
        for number, (before, after) in enumerate(pairwise(widths)):
            kernel, stride = (80, 16) if number == 0 else (3, 1)
            self.layers.extend([nn.Conv1d(before, after, kernel, stride), nn.BatchNorm1d(after), nn.ReLU()])
            self.layers.append(nn.MaxPool1d(4))
        self.classes = nn.Linear(64, 35)

    def forward(self, sound: Tensor) -> Tensor:
        scores: Tensor = self.classes(self.layers(sound).mean(2))
        return scores


class Basic(nn.Module):
    """Two convolutions, and around them the input or what a third makes of it."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv1d(before, after, 3, stride, 1, bias=False)
        self.first_norm = nn.BatchNorm1d(after)
        self.second = nn.Conv1d(after, after, 3, 1, 1, bias=False)
        self.second_norm = nn.BatchNorm1d(after)
        around = [nn.Conv1d(before, after, 1, stride, bias=False), nn.BatchNorm1d(after)] if stride > 1 else []
        self.around = nn.Sequential(*around)

    def forward(self, x: Tensor) -> Tensor:
        main = self.second_norm(self.second(self.first_norm(self.first(x)).relu()))
        return torch.relu(main + self.around(x))


class ResNet(nn.Module):
    """A residual network on series, such as the leads of an electrocardiogram."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv1d(12, 32, 7, 2, 3, bias=False), nn.BatchNorm1d(32), nn.ReLU(), nn.MaxPool1d(3, 2, 1)
        )
        rows = ((32, 32, 1), (32, 32, 1), (32, 64, 2), (64, 64, 1), (64, 128, 2))
        self.layers = nn.Sequential(*(Basic(*row) for row in rows))
        self.classes = nn.Linear(128, 5)

    def forward(self, x: Tensor) -> Tensor:
        scores: Tensor = self.classes(self.layers(self.stem(x)).mean(2))
        return scores


@pytest.fixture(params=["m5", "resnet"])
def pair(request: pytest.FixtureRequest) -> tuple[archdsl.Network, nn.Module]:
    torch.manual_seed(0)
    if request.param == "m5":
        return archdsl.load(EXAMPLES / f"{SOUND}.arch"), M5().eval()
    return archdsl.loads(RESNET), ResNet().eval()


def test_outputs_equal_those_of_one_dimensional_layers(pair: tuple[archdsl.Network, nn.Module]) -> None:
    """Their checkpoints load: the weights have the same dimensions, and the map of keys is proven by equal outputs."""
    network, theirs = pair
    assert network.params == sum(parameter.numel() for parameter in theirs.parameters())
    for norm in (module for module in theirs.modules() if isinstance(module, nn.BatchNorm1d)):
        norm.running_mean.uniform_(-1, 1)  # type: ignore[union-attr]
        norm.running_var.uniform_(0.5, 2)  # type: ignore[union-attr]
    key_map = map_module(network, theirs, "by hand")
    assert all(pair.shape == pair.their_shape for pair in key_map.pairs)
    ours = network.build().eval()
    ours.load_state_dict(key_map.to_ours(theirs.state_dict()))
    series = torch.randn(2, *network.architecture.input.sizes)
    with torch.no_grad():
        torch.testing.assert_close(ours(series), theirs(series), atol=1e-5, rtol=1e-5)


def test_multiply_accumulates_are_those_of_one_dimensional_layers(pair: tuple[archdsl.Network, nn.Module]) -> None:
    network, theirs = pair
    found = 0

    def count(layer: nn.Conv1d | nn.Linear, _: object, output: Tensor) -> None:
        nonlocal found
        found += output[0].numel() * layer.weight[0].numel()

    for module in theirs.modules():
        if isinstance(module, nn.Conv1d | nn.Linear):
            module.register_forward_hook(count)  # type: ignore[arg-type]
    theirs(torch.zeros(1, *network.architecture.input.sizes))
    assert network.macs == found


BRANCHES = """
block branches(channels) {
  a = in -> conv(channels, 5) -> norm
  b = in -> conv(channels) -> norm
  out = a + b -> act
}

model net {
  input = 3 x 96
  norm  = batch_norm
  stem  = ws_conv(8, 3, stride = 2) -> norm -> silu(gain = 1.7) -> conv(8, 3) -> channel_gain(0.5)
    -> conv_transpose(8, 4, stride = 2, groups = 2, padding = same) -> norm
  stages {
    | op       | channels | stride |
    | branches | 12       | -      |
    | mbconv   | 16       | 2      |
  }
  head  = global_avg_pool -> linear(5)
}
"""


@pytest.fixture
def folds() -> tuple[archdsl.Network, nn.Module]:
    """A network that every pass changes something of, with statistics."""
    torch.manual_seed(0)
    network = archdsl.loads(BRANCHES)
    module = network.build().double()
    for norm in (each for each in module.modules() if isinstance(each, nn.BatchNorm1d)):
        norm.running_mean.uniform_(-1, 1)  # type: ignore[union-attr]
        norm.running_var.uniform_(0.5, 2)  # type: ignore[union-attr]
    return network, module.eval()


def test_folds_as_maps_do(folds: tuple[archdsl.Network, nn.Module]) -> None:
    network, module = folds
    made = folded(network, module)
    assert not any(isinstance(each, nn.BatchNorm1d) for each in made.module.modules())
    assert sum(isinstance(each, nn.Conv1d) for each in made.module.modules()) == 6  # of which one was two branches
    x = torch.randn(2, 3, 96, dtype=torch.float64)
    with torch.no_grad():
        torch.testing.assert_close(made.module.double()(x), module(x), atol=1e-6, rtol=1e-6)


def test_is_dilated_as_maps_are() -> None:
    network = archdsl.loads(RESNET)
    plain = network.build(features_only=True).double().eval()
    dense = network.build(features_only=True, output_stride=4).double().eval()
    dense.load_state_dict(plain.state_dict())
    series = torch.randn(1, 12, 1000, dtype=torch.float64)
    with torch.no_grad():
        *_, expected = plain(series)
        *_, found = dense(series)
    assert (expected.shape[2], found.shape[2]) == (63, 250)
    torch.testing.assert_close(found[..., ::4], expected, rtol=1e-9, atol=1e-9)
