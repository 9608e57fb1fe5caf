"""Fused models compute what the models compute that they come from, with as many statements as there should be."""

from __future__ import annotations

from collections import Counter
from copy import deepcopy
from pathlib import Path
from types import ModuleType

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from torch import Tensor, nn

import archdsl
from archdsl.api import Network
from archdsl.backends.pytorch import emit
from archdsl.built import module_of
from archdsl.exporting.comparison import relative_difference
from archdsl.exporting.folded import folded
from archdsl.exporting.outputs import as_tuple
from tests.passes.test_fold_batch_norm import MOST, SHIPPED, trained
from tests.properties.checks import architectures_of
from tests.properties.programs import programs
from tests.selection import a_third, one_in


def file_of(network: Network) -> ModuleType:
    """The file of a network for inference."""
    return module_of(emit([network.for_inference().architecture], "net.arch", fuses=True), network.name)


def fused(network: Network, module: nn.Module, images: Tensor) -> torch.fx.GraphModule:
    made: torch.fx.GraphModule = file_of(network).fuse_model(folded(network, module).module, images)
    return made


def agree(network: Network, side: int | None = None) -> None:
    """Holds a network to its module in float64, at the size that it is fused for and at others, as far as it takes
    them; float32 in another order may be as far off as the module itself in float32."""
    exact = trained(network.build())
    module = deepcopy(exact).float()
    channels, *sides = network.architecture.input.sizes
    size = [side or one for one in sides]
    made = fused(network, module, torch.randn(1, channels, *size))
    larger = [one + more for one, more in zip(size, (35, 50), strict=False)]
    for batch, sides in ((1, size), (2, size), (1, larger)):
        images = torch.randn(batch, channels, *sides)
        with torch.no_grad():
            try:
                wanted, eager = as_tuple(exact(images.double())), as_tuple(module(images))
            except RuntimeError:  # it takes its own size alone
                assert sides != size
                continue
            found = as_tuple(made(images))
        for one, two, three in zip(wanted, eager, found, strict=True):
            assert relative_difference(one, three) < max(1e-5, 8 * relative_difference(one, two))


@pytest.mark.parametrize("path", one_in(8, SHIPPED, 2), ids=lambda path: path.stem)
def test_every_shipped_network(path: Path) -> None:
    smallest = min(archdsl.load_all(path).values(), key=lambda network: network.params)
    if smallest.params <= MOST:
        has_one_dimension = smallest.architecture.input.height == 1
        needs_more = smallest.name.startswith(("inception", "googlenet"))
        agree(smallest, None if has_one_dimension else 96 if needs_more else 64)


@settings(deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), max_examples=a_third(20))
@given(programs)
def test_generated(text: str) -> None:
    for architecture in architectures_of(text):
        if not architecture.inputs:  # of which one is fused for
            agree(Network(architecture))


# What is fused --------------------------------------------------------------------------------------------------------

CONV, PLUS, IN_PLACE, LINEAR = (
    "_convolution_pointwise.default", "_convolution_pointwise.binary", "_convolution_pointwise_.binary",
    "_linear_pointwise.default",
)  # fmt: skip


def statements(graph: torch.fx.Graph) -> Counter[str]:
    calls = (node for node in graph.nodes if node.op.startswith("call"))
    return Counter(getattr(node.target, "__name__", str(node.target)) for node in calls)


def of(body: str, images: tuple[int, ...] = (1, 3, 16, 16)) -> Counter[str]:
    """The statements of a model with such a body, which computes the same."""
    network = archdsl.loads(f"model net {{\n input = 3 x 16 x 16\n norm = batch_norm\n {body}\n}}")
    agree(network)
    return statements(fused(network, network.build().eval(), torch.randn(images)).graph)


def test_a_whole_network() -> None:
    network = archdsl.find("mobilenetv2_050")
    made = fused(network, network.build().eval(), torch.randn(1, 3, 64, 64))
    assert statements(made.graph) == {CONV: 42, IN_PLACE: 10, "adaptive_avg_pool2d": 1, "flatten": 1, LINEAR: 1}
    network = archdsl.find("resnet_18")
    made = fused(network, network.build().eval(), torch.randn(1, 3, 64, 64))
    assert statements(made.graph)[IN_PLACE] + statements(made.graph)[PLUS] == 8
    assert "relu" not in statements(made.graph)


@pytest.mark.parametrize(
    "act", ["relu", "relu6", "silu", "gelu", "hard_swish", "hard_sigmoid", "sigmoid", "tanh", "leaky_relu(0.1)"]
)
def test_activations_that_are_fused(act: str) -> None:
    assert of(f"head = conv(4, 3) -> {act}") == {CONV: 1}
    found = of(f"head = conv(4, 3) -> flatten -> linear(128) -> {act}")
    assert found == {CONV: 1, "flatten": 1, LINEAR: 1}


def test_small_matrices_stay() -> None:
    assert of("head = conv(4, 3) -> flatten -> linear(127)") == {CONV: 1, "flatten": 1, "linear": 1}


@pytest.mark.parametrize("act", ["elu", "mish", "softplus"])
def test_activations_that_stay(act: str) -> None:
    assert of(f"head = conv(4, 3) -> {act}") == {CONV: 1, act: 1}


def test_padding_that_depends_on_the_size_stays_before_the_convolution() -> None:
    found = of("padding = same\n stem = conv(4, 3) -> relu\n head = conv(4, 5, stride = 4) -> relu")
    assert found[CONV] == 2
    assert found["pad"] == 1
    assert "relu" not in found


BLOCK = """
block several(c) {{
  a = in -> conv(c, 3) -> relu
  {}
}}
model net {{
  input = 4 x 16 x 16
  head = conv(4) -> several(4)
}}
"""


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("out = a + (in -> conv(c, 3))", {CONV: 2, IN_PLACE: 1}),
        ("out = (in -> conv(c, 3)) + a -> relu", {CONV: 2, IN_PLACE: 1}),
        # What is added to is read later, itself or as a part.
        ("out = concat(a + (in -> conv(c, 3)), a)", {CONV: 2, PLUS: 1, "cat": 1}),
        ("b = a -> slice(0, 2)\n out = concat(a + (in -> conv(c, 3)), b)", {CONV: 2, PLUS: 1, "getitem": 1, "cat": 1}),
        # It is not a layer's own.
        ("out = (a -> conv(c)) + (a -> softmax(channels))", {CONV: 2, PLUS: 1, "softmax": 1}),
        # One tensor is stretched along the other, or they are the same.
        ("out = (a -> global_avg_pool -> conv(c)) + a", {CONV: 3, "adaptive_avg_pool2d": 1, "add": 1}),
        ("b = in -> conv(c)\n out = b + b", {CONV: 2, "add": 1}),
        # Residual branches, in a row.
        (
            "b = a + (a -> conv(8) -> relu -> conv(c))\n out = b + (b -> conv(8) -> relu -> conv(c))",
            {CONV: 4, IN_PLACE: 2},
        ),
        ("out = (a -> conv(c)) * a", {CONV: 3, "mul": 1}),
        # oneDNN adds to a convolution without groups.
        ("out = a + (in -> depthwise(3))", {CONV: 3, "add": 1}),
    ],
)
def test_additions(body: str, wanted: dict[str, int] | None) -> None:
    network = archdsl.loads(BLOCK.format(body))
    agree(network)
    found = statements(fused(network, network.build().eval(), torch.randn(1, 4, 16, 16)).graph)
    assert found == wanted


# What cannot be -------------------------------------------------------------------------------------------------------


def test_a_model_in_training_and_other_types_are_refused() -> None:
    network = archdsl.loads("model net { input = 3 x 8 x 8\n head = conv(4) }")
    fuse, model, images = file_of(network).fuse_model, network.build(), torch.randn(1, 3, 8, 8)
    with pytest.raises(ValueError, match=r"call eval\(\) first"):
        fuse(model, images)
    with pytest.raises(ValueError, match=r"not torch\.float64 on cpu"):
        fuse(model.double().eval(), images.double())
