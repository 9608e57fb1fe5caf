"""What autograd keeps: by hand for small networks, and for every operator against what it really keeps."""

import pytest
import torch
from torch import Tensor

import archdsl
from archdsl.api import Network
from tests.operators import TEXTS, loads

BATCH = 2
LOGITS = 10 * 4 * BATCH


def network(stem: str, settings: str = "norm = batch_norm\n act = relu", head: str = "linear(classes)") -> Network:
    text = f"model m {{\n input = 3 x 8 x 8\n classes = 10\n {settings}\n stem = {stem}\n head = {head}\n}}"
    return loads(text)


@pytest.mark.parametrize(
    ("stem", "kept"),
    [
        # A convolution keeps its input, the images here, which the caller holds; the linear layer its own.
        ("conv(16, 3)", 4 * 16 * 64),
        # Batch normalization keeps its input, a mean and a deviation for each channel.
        ("conv(16, 3) -> norm", 4 * (2 * 16 * 64 + 16)),
        # ReLU keeps its output, which the linear layer reads: once. Its input is nobody's.
        ("conv(16, 3) -> relu", 4 * 16 * 64),
        # SiLU keeps its input, and a second SiLU the output of the first.
        ("conv(16, 3) -> silu", 4 * 2 * 16 * 64),
        ("conv(16, 3) -> silu -> silu", 4 * 3 * 16 * 64),
        # An activation's gain is a number.
        ("conv(16, 3) -> relu(gain = 2.0)", 4 * 2 * 16 * 64),
        # A max pooling keeps its input, and for each output eight bytes of where it was found.
        ("conv(16, 3) -> max_pool(2)", 4 * (16 * 64 + 16 * 16) + 8 * 16 * 16 / 2 * 2),
        ("conv(16, 3) -> global_avg_pool", 4 * 16),
        ("conv(16, 3) -> dropout(0.5)", 4 * (16 * 64 + 16 * 64)),
    ],
)
def test_by_hand(stem: str, kept: int) -> None:
    assert network(stem).memory(BATCH, training=True).kept == BATCH * kept + _per_batch(stem) + LOGITS


def _per_batch(stem: str) -> int:
    """Statistics of a batch, which do not grow with it."""
    return -(BATCH - 2) * 4 * 16 if "norm" in stem else 0


@pytest.mark.parametrize("operator", TEXTS)
def test_every_operator(operator: str) -> None:
    _same_as_autograd(network(f"conv(24) -> {operator}"))


@pytest.mark.parametrize("operator", [text for text in TEXTS if not text.startswith(("linear", "flatten"))])
def test_every_operator_before_another(operator: str) -> None:
    _same_as_autograd(network(f"conv(24) -> {operator} -> conv(8)"))


@pytest.mark.parametrize("stem", ["conv(16) -> squeeze_excite(4)", "ws_conv(16, 3, padding = same) -> ws_conv(32)"])
def test_several_operators(stem: str) -> None:
    _same_as_autograd(network(stem))


# Tensors combined, each operand with a gradient.
COMBINED = [
    "x + y",
    "x - y",
    "x * y",
    "x / y",
    "-x * y",
    "2 * x + y",
    "(1 + x) * y",
    "max(x, y)",
    "min(x, 2, y -> global_avg_pool)",
    "concat(x, y, x)",
    "x * (y -> global_avg_pool)",
]


@pytest.mark.parametrize("expression", COMBINED)
def test_combined_tensors(expression: str) -> None:
    text = f"""
block both() {{
  x = in -> conv(16)
  y = in -> conv(16)
  out = {expression}
}}
model m {{
  input = 3 x 8 x 8
  classes = 10
  stem = both
  head = linear(classes)
}}
"""
    _same_as_autograd(archdsl.loads(text))


@pytest.mark.parametrize(
    "name", ["mobilenetv2_100", "nfnet_f0", "tf_efficientnet_b0", "shufflenet_g3", "resattnet_channel"]
)
def test_whole_networks(name: str) -> None:
    _same_as_autograd(archdsl.find(name, resolution=64))


def _same_as_autograd(found: Network) -> None:
    """Fails unless what is said to be kept is what autograd keeps, but for single numbers."""
    model = found.build().train()
    architecture = found.architecture
    images = torch.randn(BATCH, *architecture.input)
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        output = model(images)
    keep(output)
    for held in (images, *model.parameters(), *model.buffers()):
        kept.pop(held.untyped_storage().data_ptr(), None)
    assert found.memory(BATCH, training=True).kept == pytest.approx(sum(kept.values()), abs=4 * len(kept))
