"""What is exported to ONNX with free height and width computes the same at other sizes than the one exported at.

ONNX divides whole numbers towards zero where Python rounds down, and an exporter may bake in the size that it sees.
"""

from __future__ import annotations

import contextlib
import io
import warnings
from functools import cache
from pathlib import Path

import onnxruntime
import pytest
import torch
from torch import Tensor, nn

import archdsl

EXPORTED, OTHERS = (60, 60), ((75, 75), (64, 97), (33, 131), (7, 8))

LAYERS = {
    "conv": "conv(8, 3, stride = 2) -> conv(8, 5, stride = 3) -> conv(8, 3, dilation = 2)",
    "even_kernel": "conv(8, 2, stride = 2) -> conv(8, 4, stride = 2, padding = 1)",
    "ws_conv": "ws_conv(8, 3, stride = 2)",
    "max_pool": "max_pool(3, stride = 2) -> max_pool(2, stride = 3)",
    "smaller_than_stride": "conv(8, 1, stride = 2) -> conv(8, 1 x 3, stride = 4)",
    "avg_pool": "avg_pool(3, stride = 2)",
    "ceil": "max_pool(3, stride = 2, padding = 0, ceil = true) -> avg_pool(2, stride = 2, padding = 0, ceil = true)",
    "like": "u()",
    "slice": "conv(8) -> slice(3, 4) -> crop(1) -> crop(top = 2, right = 3)",
    "pads": "pad(top = 1, right = 2) -> pad(3, mode = reflect) -> pad(left = 2, bottom = 5, mode = replicate)",
    "pixels": "conv(8) -> pixel_shuffle(2) -> conv(3, 3) -> pixel_unshuffle(2)",
    "transposed": "conv_transpose(8, 4, stride = 2, padding = 1) -> conv_transpose(8, 3, stride = 2, groups = 2)",
    "transposed_other": "conv_transpose(8, 2, stride = 3) -> conv_transpose(4, 3, 2, output_padding = 1, padding = 0)",
    "functions": "conv(8) -> abs -> sqrt -> exp -> prelu(shared = true) -> channel_bias(1)",
    "softmax": "conv(8) -> softmax(channels) -> softmax(height) -> softmax(width) -> softmax(positions)",
    "blur": "conv(8) -> blur -> blur(5, stride = 2)",
    "reductions": "reduced",
    "eca": "attended",
    "shuffle": "conv(8) -> channel_shuffle(4) -> squeeze_excite(2)",
}


def network(layers: str) -> nn.Module:
    text = f"""
block u() {{
  down = in -> conv(4, 3, stride = 2) -> conv(4, 3, stride = 2)
  out = concat(in, down -> resize(like = in), down -> resize(like = in, mode = nearest))
}}
block reduced() {{
  x = in -> conv(8)
  large = (x -> reduce_max(over = channels)) - (x -> reduce_min(over = channels))
  even = x * (x -> reduce_mean(over = positions)) + (x -> reduce_norm(over = positions))
  out = even * large + (x -> reduce_var(over = channels)) + (x -> reduce_sum(over = channels))
}}
block attended() {{
  x = in -> conv(8)
  across = x -> global_avg_pool -> transpose(channels, width) -> conv(1, 1 x 3) -> transpose(channels, width)
  out = x * (across -> sigmoid)
}}
model m {{
  input = 3 x {EXPORTED[0]} x {EXPORTED[1]}
  padding = same
  stem = {layers}
}}
"""
    return archdsl.loads(text).build().eval()


def export(module: nn.Module, path: Path, *, dynamo: bool) -> None:
    images = (torch.randn(2, 3, *EXPORTED),)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        if dynamo:
            free = dict.fromkeys((0, 2, 3), torch.export.Dim.DYNAMIC)
            torch.onnx.export(module, images, path, dynamo=True, verbose=False, dynamic_shapes=(free,))
        else:
            free = {0: "batch", 2: "height", 3: "width"}
            torch.onnx.export(module, images, path, dynamo=False, input_names=["images"], dynamic_axes={"images": free})


class Together(nn.Module):
    """Networks of the same images, exported as one: an export takes its time whatever there is to export."""

    def __init__(self, networks: dict[str, nn.Module]):
        super().__init__()
        self.networks = nn.ModuleList(networks.values())

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        return tuple(network(images) for network in self.networks)


# The exporter that traces has no `channel_shuffle`, and says so.
CASES = [(name, dynamo) for dynamo in (True, False) for name in LAYERS if dynamo or name != "shuffle"]
Outputs = dict[tuple[str, tuple[int, int]], Tensor]


@cache
def outputs(folder: Path, dynamo: bool) -> tuple[Outputs, Outputs]:
    """What each network gives for each size of images: in PyTorch, and exported."""
    torch.manual_seed(0)
    names = [name for name, by_dynamo in CASES if by_dynamo is dynamo]
    module, path = Together({name: network(LAYERS[name]) for name in names}).eval(), folder / f"{dynamo}.onnx"
    export(module, path, dynamo=dynamo)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    wanted, found = {}, {}
    for size in (EXPORTED, *OTHERS):
        images = torch.randn(1, 3, *size)
        with torch.no_grad():
            wanted |= {(name, size): output for name, output in zip(names, module(images), strict=True)}
        exported = session.run(None, {session.get_inputs()[0].name: images.numpy()})
        found |= {(name, size): torch.from_numpy(output) for name, output in zip(names, exported, strict=True)}
    return wanted, found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("exported")


@pytest.mark.parametrize(("name", "dynamo"), CASES)
def test_other_sizes(name: str, dynamo: bool, folder: Path) -> None:
    wanted, found = outputs(folder, dynamo)
    for size in (EXPORTED, *OTHERS):
        torch.testing.assert_close(found[name, size], wanted[name, size], rtol=1e-4, atol=1e-4)


@pytest.mark.filterwarnings("ignore::FutureWarning")  # of torch about itself
def test_adaptive_pooling_at_a_fixed_size(tmp_path: Path) -> None:
    """Its windows follow the size of the map, which no exporter leaves free; that which traces wants even shares."""
    module, path = network("conv(8, 3) -> adaptive_avg_pool(7 x 5)"), tmp_path / "m.onnx"
    images = torch.randn(2, 3, *EXPORTED)
    with contextlib.redirect_stdout(io.StringIO()):
        torch.onnx.export(module, (images,), path, dynamo=True, verbose=False)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {session.get_inputs()[0].name: images.numpy()})
    with torch.no_grad():
        torch.testing.assert_close(torch.from_numpy(found), module(images), rtol=1e-4, atol=1e-4)
