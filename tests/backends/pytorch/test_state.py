"""The keys and shapes that are derived without torch are those of the built module."""

from __future__ import annotations

from importlib import import_module
from math import prod
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from torch import nn

import archdsl
from archdsl.backends.pytorch.state import modules, state
from archdsl.catalogue import models
from archdsl.ir.operators.base import Tensors
from tests.meta import on_meta
from tests.properties.checks import architectures_of
from tests.properties.programs import programs
from tests.selection import a_third, one_in

ROOT = Path(__file__).parents[3]
SHIPPED = sorted(set(models().values()))
# Search spaces hold no network.
EXAMPLES = sorted(path for path in (ROOT / "examples").glob("*.arch") if not path.stem.endswith("_space"))


def built(network: archdsl.Network) -> Tensors:
    with on_meta():
        module: nn.Module = network.build()
    return {key: tuple(tensor.shape) for key, tensor in module.state_dict().items()}


def agree(network: archdsl.Network) -> None:
    assert state(network.architecture) == built(network)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped(path: Path) -> None:
    """The last variant of every model: what is deepest and widest."""
    networks = archdsl.load_all(path).values()
    committed = import_module(f"codegen.{path.stem}")
    for network in {network.architecture.model: network for network in networks}.values():
        agree(network)
        with on_meta():
            module = getattr(committed, network.name)()  # written together with the other variants
        assert {key: tuple(tensor.shape) for key, tensor in module.state_dict().items()} == state(network.architecture)


@pytest.mark.parametrize("path", one_in(4, EXAMPLES), ids=lambda path: path.stem)
def test_examples(path: Path) -> None:
    for network in archdsl.load_all(path).values():
        agree(network)


@settings(deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), max_examples=a_third(30))
@given(programs)
def test_generated(text: str) -> None:
    for architecture in architectures_of(text):
        agree(archdsl.Network(architecture))


@pytest.mark.parametrize(
    "head",
    [
        "linear(classes)",
        "global_avg_pool -> linear(classes, bias = false)",
        "conv(16) -> norm -> act -> global_avg_pool -> conv(24) -> act -> linear(classes)",
        "conv(16) * 3 -> global_max_pool -> linear(24) -> prelu -> linear(classes) as logits",
        "[conv(16) -> norm] as last -> global_avg_pool -> flatten -> linear(classes) as stem",
        "[conv(16) -> gain] when true -> group_norm(4) -> channel_gain",
        "[conv(16)] -> flatten -> linear(8)",
    ],
)
def test_heads(head: str) -> None:
    agree(archdsl.loads(f"model m {{ input = 3 x 8 x 8\nclasses = 5\nhead = {head}\n}}"))


def test_the_tensors_of_an_operator_are_those_that_it_counts() -> None:
    """Parameters are what is learned of the state; the rest are the running statistics of batch normalization."""
    for path in [*SHIPPED, *one_in(4, EXAMPLES, 1)]:
        for visit in modules(next(iter(archdsl.load_all(path).values())).architecture):
            if visit.primitive is not None and not visit.is_again:
                sizes = visit.primitive.state(*visit.shapes)
                learned = [prod(size) for name, size in sizes.items() if name in ("weight", "bias", "gain", "value")]
                assert sum(learned) == visit.params
