"""`compile_model` of emitted files, and compiling by regions: no broken graphs, and not too many of them.

What is compiled is counted by torch's own tracer, whose graphs are then run as they are: compilers take a second each.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn
from torch._dynamo.utils import counters

import archdsl
from archdsl.api import Network
from archdsl.compiling import compile_regions, regions_of

# Where warnings are errors, torch's own of its tracing are, too.
pytestmark = pytest.mark.filterwarnings("ignore")

# Drop path has another rate in each layer; of a stage's layers only the first differs from the others.
REPEATED = """
model repeated {
  input     = 3 x 32 x 32
  classes   = 10
  drop_path = ramp(0.2)
  stem      = conv_norm_act(8, kernel = 3, stride = 2)
  stages {
    | op           | kernel | stride | expansion | channels | layers | se   |
    | fused_mbconv | 3      | 2      | 2         | 16       | 4      | -    |
    | mbconv       | 3      | 2      | 2         | 24       | 5      | 0.25 |
  }
  head = conv_norm_act(32) -> global_avg_pool -> linear(classes)
}
"""
# The stem, the first layer of each stage and its others, the head.
DISTINCT = 1 + 2 + 2 + 1
SIZES = (32, 48, 64, 80)


@pytest.fixture(autouse=True)
def _traced_alone() -> Iterator[None]:
    torch.compiler.set_default_backend("eager")
    torch.compiler.reset()
    counters.clear()
    yield
    torch.compiler.set_default_backend(None)
    torch.compiler.reset()


def built(text: str = REPEATED, **options: object) -> tuple[Network, nn.Module]:
    torch.manual_seed(0)
    network = archdsl.loads(text)
    return network, network.build(**options).eval()  # type: ignore[arg-type]


def graphs(model: nn.Module, images: Tensor, expected: Tensor) -> int:
    """How many there are once these images went through."""
    with torch.inference_mode():
        torch.testing.assert_close(model(images), expected)
    return counters["stats"]["unique_graphs"]


def test_layers_that_are_alike_are_compiled_once() -> None:
    _, model = built()
    images = torch.randn(2, 3, 32, 32)
    expected = model(images)
    compiled = compile_regions(model)
    assert compiled is model
    assert graphs(model, images, expected) == DISTINCT
    assert graphs(model, images, expected) == DISTINCT


def test_resolutions_are_compiled_at_most_twice() -> None:
    for is_regional, most in ((False, 2), (True, 2 * DISTINCT)):
        torch.compiler.reset()
        counters.clear()
        network, model = built()
        plain = built()[1]
        (compile_regions if is_regional else network.module.compile_model)(model)
        found = []
        for size in SIZES:
            images = torch.randn(2, 3, size, size)
            found.append(graphs(model, images, plain(images)))
        assert found[1:] == [found[1]] * (len(SIZES) - 1)
        assert found[1] <= most


def test_nothing_breaks_a_graph() -> None:
    """Training included, where each layer drops paths at a rate of its own."""
    for is_regional in (False, True):
        network, model = built()
        (compile_regions if is_regional else network.module.compile_model)(model.train())
        model(torch.randn(2, 3, 32, 32)).sum().backward()
        assert all(parameter.grad is not None for parameter in model.parameters())
        assert not counters["graph_break"]


def regions(model: nn.Module) -> list[str]:
    names = {module: name for name, module in model.named_modules()}
    return [names[part] for part in regions_of(model)]


def test_what_is_compiled_apart() -> None:
    _, model = built()
    layers = [f"stages.0.{number}" for number in range(4)] + [f"stages.1.{number}" for number in range(5)]
    assert regions(model) == ["stem", *layers, "head"]
    _, maps = built(features_only=True)
    assert regions(maps) == ["stem", *layers]


def test_layers_of_torch_are_not_compiled_apart() -> None:
    """What has no class of its own in the file is run as it is."""
    _, model = built("""
    model plain {
      input = 3 x 16 x 16
      stem  = conv(4) -> relu
      stages {
        | op            | channels |
        | conv          | 4        |
        | conv_norm_act | 4        |
      }
      head = global_avg_pool -> linear(2)
    }
    """)
    assert regions(model) == ["stages.1.0"]


def test_parts_are_looked_into() -> None:
    text = REPEATED + "\nmodel whole {\n  input = 3 x 32 x 32\n  backbone = repeated\n  outputs {\n"
    text += "    fine = backbone.stage1 -> conv_norm_act(4)\n    coarse = backbone.stage2 -> conv_norm_act(4)\n  }\n}\n"
    network = archdsl.loads(text, "whole")
    found = regions(network.build())
    assert found[0] == "backbone.stem"
    assert [name for name in found if name.startswith("backbone.stages.1.")] == [
        f"backbone.stages.1.{number}" for number in range(5)
    ]
