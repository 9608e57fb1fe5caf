"""A network of one dimension, written as maps of height 1, is the one that PyTorch's one-dimensional layers make."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn

import archdsl

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
SOUND = "m5"


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


def test_outputs_equal_those_of_one_dimensional_layers() -> None:
    torch.manual_seed(0)
    network = archdsl.load(EXAMPLES / f"{SOUND}.arch")
    ours, theirs = network.build().eval(), M5().eval()
    assert network.params == sum(parameter.numel() for parameter in theirs.parameters())
    state = ours.state_dict()
    tensors = theirs.state_dict().values()  # in the same order
    ours.load_state_dict({key: tensor.reshape(state[key].shape) for key, tensor in zip(state, tensors, strict=True)})
    sound = torch.randn(2, 1, 8000)
    with torch.no_grad():
        torch.testing.assert_close(ours(sound.unsqueeze(2)), theirs(sound))
