"""`compile_model` of emitted files, and compiling by regions: no broken graphs, and not too many of them.

What is compiled is what torch's own tracer hands to a backend, which here runs it as it is: compilers take a second
each.
"""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
import torch
from torch import fx, nn
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
# Layers of a stage but the first, which differs from them and is compiled with what stands beside the stages.
ALIKE = (3, 4)
SIZES = (32, 48, 64, 80)


class Backend:
    """Keeps the graphs that it is given."""

    def __init__(self) -> None:
        self.graphs: list[fx.GraphModule] = []

    def __call__(self, graph: fx.GraphModule, _: object) -> Any:
        self.graphs.append(graph)
        return graph.forward

    def regions(self) -> list[int]:
        """How often each region of the last graph is called."""
        called = (node.args[0].target for node in self.graphs[-1].graph.nodes if node.target is REGION)
        return sorted(Counter(called).values())


REGION = torch.ops.higher_order.invoke_subgraph


@pytest.fixture(autouse=True)
def _traced_anew() -> Iterator[None]:
    torch.compiler.reset()
    counters.clear()
    yield
    torch.compiler.set_default_backend(None)
    torch.compiler.reset()


def built(text: str = REPEATED, **options: object) -> tuple[Network, nn.Module]:
    torch.manual_seed(0)
    network = archdsl.loads(text)
    return network, network.build(**options).eval()  # type: ignore[arg-type]


def test_layers_that_are_alike_are_one_region() -> None:
    """Their drop paths' rates, which differ, count in training alone. What is called once is no region."""
    backend, plain, model = Backend(), built()[1], built()[1]
    assert compile_regions(model, backend=backend) is model
    images = torch.randn(2, 3, 32, 32)
    for _ in range(2):
        with torch.inference_mode():
            torch.testing.assert_close(model(images), plain(images))
    assert len(backend.graphs) == 1
    assert backend.regions() == list(ALIKE)


def test_more_regions_than_torch_bounds() -> None:
    rows = "".join(f"| conv_norm_act | {8 * number} | 2 |\n" for number in range(1, 11))
    text = "model many {\n input = 3 x 8 x 8\n stages {\n | op | channels | layers |\n" + rows + " } }"
    backend, plain, model = Backend(), built(text)[1], built(text)[1]
    compile_regions(model, backend=backend)
    images = torch.randn(1, 3, 8, 8)
    with torch.inference_mode():
        torch.testing.assert_close(model(images), plain(images))
    assert len(backend.graphs) == 1


def test_resolutions_are_compiled_at_most_twice() -> None:
    for is_regional in (False, True):
        torch.compiler.reset()
        backend, plain = Backend(), built()[1]
        model = built()[1]
        if is_regional:
            compile_regions(model, backend=backend)
        else:
            model.compile(backend=backend, fullgraph=True)
        for size in SIZES:
            images = torch.randn(2, 3, size, size)
            with torch.inference_mode():
                torch.testing.assert_close(model(images), plain(images))
        assert len(backend.graphs) == 2
        assert backend.regions() == (list(ALIKE) if is_regional else [])


def test_nothing_breaks_a_graph() -> None:
    """Training included, where each layer drops paths at a rate of its own."""
    torch.compiler.set_default_backend("eager")
    for is_regional in (False, True):
        network, model = built()
        if is_regional:
            compile_regions(model.train(), backend="eager")
        else:
            network.module.compile_model(model.train())
        model(torch.randn(2, 3, 32, 32)).sum().backward()
        assert all(parameter.grad is not None for parameter in model.parameters())
        assert not counters["graph_break"]


def test_gradients_are_those_of_the_module() -> None:
    """As torch's compiler asks for them, which refuses regions that batch norms change."""
    for is_checkpointed in (False, True):
        torch.compiler.reset()
        text = REPEATED.replace("ramp(0.2)", "ramp(0)")
        plain, model = built(text)[1].train(), built(text)[1].train()
        model.set_grad_checkpointing(is_checkpointed)
        compile_regions(model, backend="aot_eager")
        images = torch.randn(2, 3, 32, 32)
        for one in (plain, model):
            one(images).square().sum().backward()
        for found, wanted in zip(model.parameters(), plain.parameters(), strict=True):
            torch.testing.assert_close(found.grad, wanted.grad, rtol=1e-3, atol=1e-4)


def test_copies_have_layers_of_their_own() -> None:
    model = compile_regions(built()[1], backend="eager")
    for other in (deepcopy(model), pickle.loads(pickle.dumps(model))):
        layer = other.stages[0][1]
        assert layer.forward.__self__ is layer
        assert list(other.state_dict()) == list(model.state_dict())


def regions(model: nn.Module) -> list[str]:
    names = {module: name for name, module in model.named_modules()}
    return [names[part] for part in regions_of(model)]


def test_which_layers_are_regions() -> None:
    _, model = built()
    layers = [f"stages.0.{number}" for number in range(4)] + [f"stages.1.{number}" for number in range(5)]
    assert regions(model) == layers
    _, maps = built(features_only=True)
    assert regions(maps) == layers


def test_layers_of_torch_are_no_regions() -> None:
    """What has no class of its own in the file is compiled with what stands beside it."""
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
    assert [name for name in found if name.startswith("backbone.stages.1.")] == [
        f"backbone.stages.1.{number}" for number in range(5)
    ]
