"""Layers that no published network has: odd channels, kernels and strides, where kernels copy more or less than usual.

Which kernel a processor takes depends on its vectors, so peaks of single layers stand here as they were measured on
both kinds; whole networks are measured anew, on the machine at hand.
"""

from collections.abc import Iterator

import pytest
import torch

import archdsl
from archdsl.api import Network
from archdsl.backends.memory import isa_of_this_machine
from benchmarks.allocations import inference_peak, training_peak

BATCH = 16
WITHIN = 0.01


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def network(source: str, stem: str, head: str = "global_avg_pool -> linear(classes)", blocks: str = "") -> Network:
    text = f"{blocks}\nmodel m {{\n  input = {source}\n  classes = 10\n  stem = {stem}\n  head = {head}\n}}"
    return archdsl.loads(text)


# Input, stem, instruction set, and the measured peak of inference on 16 images, with a head of an average and a layer.
LAYERS = [
    ("3 x 64 x 64", "conv(1)", "avx2", 4_981_084),
    ("3 x 64 x 64", "conv(8, 3) -> conv(1, 3)", "avx2", 7_081_424),
    ("4 x 224 x 224", "conv(32, 3, stride = 2)", "avx2", 64_231_208),
]


@pytest.mark.parametrize(("source", "stem", "isa", "measured"), LAYERS)
def test_single_layers(source: str, stem: str, isa: str, measured: int) -> None:
    assert network(source, stem).memory(BATCH, isa=isa, threads=1).peak.total == pytest.approx(measured, rel=1e-4)


# The same in MB, measured elsewhere and by other hands, where vectors have 512 bits.
@pytest.mark.parametrize(
    ("source", "stem", "megabytes"),
    [
        ("3 x 64 x 64", "conv(1)", 9.18),
        ("3 x 64 x 64", "conv(8, 3) -> conv(1, 3)", 7.34),
        ("4 x 224 x 224", "conv(32, 3, stride = 2)", 64.2),
    ],
)
def test_single_layers_with_wide_vectors(source: str, stem: str, megabytes: float) -> None:
    peak = network(source, stem).memory(BATCH, isa="avx512", threads=1).peak.total
    assert peak / 1e6 == pytest.approx(megabytes, abs=0.06)


TWO = "block both() {{\n  x = in -> {}\n  y = in -> {}\n  out = {}\n}}"
UNUSUAL = [
    ("1 x 40 x 40", "conv(1, 3) -> relu -> conv(1, 5)", ""),
    ("2 x 48 x 48", "depthwise(3) -> conv(3) -> depthwise(5, stride = 2)", ""),
    ("3 x 48 x 48", "depthwise(7) -> conv(17, 1) -> batch_norm", ""),
    ("4 x 48 x 48", "conv(12, 3) -> conv(4, 3, stride = 2) -> conv(20)", ""),
    ("5 x 33 x 33", "conv(10, 1 x 7) -> conv(10, 7 x 1) -> group_norm(5)", ""),
    ("6 x 32 x 32", "conv(12, 3, groups = 3) -> channel_shuffle(4) -> conv(6, 3, groups = 2)", ""),
    ("8 x 32 x 32", "conv(24, 3, groups = 8) -> silu -> conv(9, 3, dilation = 2)", ""),
    ("12 x 40 x 40", "max_pool(7, stride = 1) -> conv(7, 3) -> avg_pool(5, stride = 3)", ""),
    ("3 x 40 x 40", "conv(5, 3) -> layer_norm -> resize(2) -> conv(7)", ""),
    ("3 x 40 x 40", "conv(6, 3) -> resize(2) -> resize(2, mode = nearest) -> max_pool(4, padding = 1)", ""),
    ("1 x 40 x 40", "resize(2) -> conv(1) -> batch_norm -> l2_norm -> conv(2)", ""),
    ("3 x 40 x 40", "both -> conv(3, 3)", TWO.format("conv(4, 3)", "conv(4)", "concat(x, y, x, x, y)")),
    ("3 x 40 x 40", "both -> conv(3)", TWO.format("conv(1, 3)", "conv(1)", "x / y")),
    ("3 x 40 x 40", "conv(8, 3) -> both", TWO.format("conv(6)", "conv(6)", "x * (y -> global_avg_pool -> sigmoid)")),
    ("3 x 24 x 24", "conv(16, 3) -> chunk(2, 1) -> conv(24) -> depthwise(3)", ""),
    ("3 x 8 x 8", "conv(16) -> layer_norm -> conv(64, 5, stride = 2) -> conv(24, 5)", ""),
    ("10 x 24 x 24", "ws_conv(20, 3, stride = 2) -> gelu -> pad(2) -> conv(3, 4, padding = 1)", ""),
]


@pytest.mark.parametrize(("source", "stem", "blocks"), UNUSUAL)
def test_inference(source: str, stem: str, blocks: str) -> None:
    found = network(source, stem, blocks=blocks)
    measured = inference_peak(found.build(), torch.randn(BATCH, *found.architecture.input))
    assert found.memory(BATCH, threads=1).peak.total == pytest.approx(measured, rel=WITHIN)


@pytest.mark.parametrize(("source", "stem", "blocks"), UNUSUAL)
def test_training(source: str, stem: str, blocks: str) -> None:
    found = network(source, stem, blocks=blocks)
    measured = training_peak(found.build(), torch.randn(BATCH, *found.architecture.input), optimizer="adam")
    predicted = found.memory(BATCH, training=True, optimizer="adam", threads=1).peak.total
    assert predicted == pytest.approx(measured, rel=WITHIN)


@pytest.mark.parametrize("batch", [1, 2, 8])
@pytest.mark.parametrize("source", ["3 x 40 x 40", "3 x 100 x 100"])
def test_few_images(source: str, batch: int) -> None:
    """PyTorch computes some convolutions of few images itself: small full ones, and on one thread pointwise ones."""
    found = network(source, "conv(8, 3) -> conv(24) -> depthwise(3) -> conv(8, groups = 2) -> conv(40, 3, stride = 2)")
    images = torch.randn(batch, *found.architecture.input)
    for training, peak in ((False, inference_peak), (True, training_peak)):
        measured = peak(found.build(), images)
        predicted = found.memory(batch, training=training, optimizer="sgd", threads=1).peak.total
        assert predicted == pytest.approx(measured, rel=WITHIN)


def test_the_instruction_set_of_this_machine() -> None:
    capability = torch.backends.cpu.get_cpu_capability()
    assert isa_of_this_machine() == ("avx512" if capability == "AVX512" else "avx2")


@pytest.mark.parametrize(
    "stem",
    [
        "conv_transpose(12, 2, stride = 2) -> relu",
        "conv(12, 3) -> relu -> conv_transpose(12, 2, stride = 2)",
        "conv_transpose(8, 4 x 3, stride = 3, padding = 1) -> max_pool(2)",
    ],
)
def test_transposed_convolutions_of_one_image(stem: str) -> None:
    """Small ones PyTorch computes itself."""
    found = network("12 x 32 x 32", stem)
    images = torch.randn(1, *found.architecture.input)
    assert found.memory(1, threads=1).peak.total == pytest.approx(inference_peak(found.build(), images), rel=WITHIN)
    measured = training_peak(found.build(), images)
    assert found.memory(1, training=True, threads=1).peak.total == pytest.approx(measured, rel=2 * WITHIN)
