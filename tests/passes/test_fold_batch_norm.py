"""Folded networks put out what the networks put out that they come from, and cost what they say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from torch import nn

import archdsl
from archdsl.api import Network
from archdsl.backends.pytorch import emit
from archdsl.backends.pytorch.state import state
from archdsl.catalogue import models
from archdsl.ir.architecture import Architecture
from archdsl.ir.operators.normalization import BatchNorm
from archdsl.ir.walk import walk
from archdsl.passes import PassError, run
from archdsl.passes.fold_batch_norm import PASS, fold_batch_norm
from tests.properties.checks import architectures_of, check_file
from tests.properties.programs import programs
from tests.selection import a_third, one_in

ROOT = Path(__file__).parents[2]
# Search spaces hold no network.
EXAMPLES = sorted(path for path in (ROOT / "examples").glob("*.arch") if not path.stem.endswith("_space"))
SHIPPED = [*sorted(set(models().values())), *EXAMPLES]
# Larger networks are compared by their keys, sizes and counts.
MOST = 12_000_000


def trained(module: nn.Module) -> nn.Module:
    """The module in double precision, with statistics, scales and shifts as training leaves them."""
    generator = torch.Generator().manual_seed(0)
    module = module.double().eval()
    for key, tensor in module.state_dict().items():
        if key.endswith("running_var"):
            tensor.uniform_(0.3, 3.0, generator=generator)
        elif key.endswith("running_mean"):
            tensor.normal_(0.0, 0.5, generator=generator)
        elif tensor.is_floating_point() and tensor.dim() <= 1:
            tensor.uniform_(-1.5, 1.5, generator=generator)
    return module


def norms(architecture: Architecture) -> int:
    return sum(isinstance(visit.primitive, BatchNorm) for visit in walk(architecture))


def agree(network: Network, size: int | None = None, **options: Any) -> int:
    """Holds a network to its folded one; returns how many norms that has left."""
    folded = network.fold_batch_norm()
    module, other = trained(network.build(**options)), folded.build(**options).double().eval()
    other.load_state_dict(network.fold_state_dict(module.state_dict()))
    assert sum(parameter.numel() for parameter in other.parameters()) == folded.params or options
    assert folded.macs == network.macs
    channels, height, width = network.architecture.input
    image = torch.randn(2, options.get("in_channels", channels), size or height, size or width, dtype=torch.float64)
    with torch.no_grad():
        torch.testing.assert_close(other(image), module(image), rtol=1e-8, atol=1e-8)
    return norms(folded.architecture)


@pytest.mark.parametrize("path", one_in(8, SHIPPED), ids=lambda path: path.stem)
def test_every_shipped_network(path: Path) -> None:
    """The counts of the last network of each model; outputs are compared after all passes, in `test_inference.py`."""
    every = list(archdsl.load_all(path).values())
    last_of_models = {network.architecture.model: network for network in every}.values()
    networks = {network.name: network for network in (*one_in(8, every), *last_of_models)}.values()
    made = [network.fold_batch_norm() for network in networks]
    emit([folded.architecture for folded in made], path.name)  # one file for all of them
    last = {network.architecture.model: (network, folded) for network, folded in zip(networks, made, strict=True)}
    for network, folded in last.values():
        assert folded.macs == network.macs
        assert folded.params == count(folded)
        with torch.device("meta"):
            empty = {key: torch.empty(size) for key, size in state(network.architecture).items()}
        converted = network.fold_state_dict(empty)
        assert {key: tuple(tensor.shape) for key, tensor in converted.items()} == state(folded.architecture)


def count(network: Network) -> int:
    """Learnable numbers, by the tensors of the state."""
    counted = ("running_mean", "running_var", "num_batches_tracked")
    return sum(
        torch.Size(size).numel()
        for key, size in state(network.architecture).items()
        if key.rpartition(".")[2] not in counted
    )


@settings(deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), max_examples=a_third(20))
@given(programs)
def test_generated(text: str) -> None:
    made = []
    for architecture in architectures_of(text):
        agree(Network(architecture))
        made.append(run(architecture, ["fold_batch_norm"]))
        assert Architecture.from_json(made[-1].to_json()) == made[-1]
    if made:
        check_file(tuple(made), is_thorough=False)


PROGRAM = """
block inner(channels) {{ out = in -> depthwise(3) -> conv(channels) }}
block twice(channels) {{ y = in -> conv(channels)
  out = y + (y -> conv(channels)) }}
block b(channels, b = false, n = true) {{
{body}
}}
model m {{
  input = 3 x 16 x 16
  norm = batch_norm
  act = relu
  classes = 5
  stem = {stem}
  stages {{
    | op | channels | layers |
    | b  | 8        | 2      |
    | b  | 12       | 1      |
  }}
  head = {head}
}}
"""
HEAD = "global_avg_pool -> linear(classes)"

# Bodies of a block that stands three times in the network, with the norms that stay there in each.
BODIES = {
    "in -> conv(channels, 3) -> norm -> act": 0,
    "in -> conv(channels, 3, bias = true) -> batch_norm(affine = false, eps = 0.01) -> act": 0,
    "in -> depthwise(3, multiplier = 2, padding = same) -> norm -> conv(channels, groups = 2) -> norm": 0,
    "in -> conv(channels, 3, padding = valid, dilation = 2) -> norm -> pad(2) -> norm": 1,
    "in -> ws_conv(channels, 3) -> norm -> ws_conv(channels, bias = false) -> norm": 0,
    "in -> conv_transpose(channels, 2, stride = 2) -> norm -> blur(stride = 2)": 0,
    "in -> conv(channels) -> conv_transpose(channels, 3, groups = 2, padding = same, bias = b) -> norm": 0,
    "in -> conv(channels) -> blur -> norm": 1,
    "in -> conv(channels) -> norm -> norm -> act": 0,
    "in -> conv(channels) -> act -> norm": 1,
    "in -> conv(channels) -> identity -> norm": 0,
    "in -> conv(channels) -> dropout(0.1) -> norm": 1,
    "in -> conv(channels) -> max_pool(3, stride = 1) -> norm": 1,
    "in -> [conv(channels) -> norm] * 3": 0,
    "in -> [norm -> conv(channels)] * 3": 1,
    "in -> conv(channels) -> norm * 2": 0,
    "in -> conv(channels) * 2 -> norm": 0,
    "in -> [conv(channels)] as a -> [norm -> act] as b": 0,
    "in -> conv(channels) -> norm when n -> act": 0,
    "in -> (if b then conv(channels) else depthwise(3) -> conv(channels)) -> norm": 0,
    "in -> conv(channels, bias = b) -> norm": 0,
    "in -> inner(channels) -> norm": 0,
    "in -> inner(channels) * 2 -> norm": 0,
    "in -> twice(channels) -> norm": 1,
    "(in -> inner(channels)) + (in -> inner(channels) -> norm)": 0,
    "2 * (in -> conv(channels) -> norm)": 0,
    "(2 * (in -> conv(channels))) -> norm": 1,
    "concat(in -> conv(channels), in -> conv(channels)) -> norm -> conv(channels)": 1,
    "y\n  y = in -> conv(channels) -> norm": 0,
    "y -> norm\n  y = in -> conv(channels)": 0,
    "z\n  y = in -> conv(channels)\n  z = y -> norm": 0,
    "y + z\n  y = in -> conv(channels)\n  z = y -> norm": 1,
    "y + z\n  y = in -> conv(channels) -> norm\n  z = y -> norm": 1,
    "y -> norm -> max_pool(2) -> resize(like = y)\n  y = in -> conv(channels)": 1,
}


def program(body: str = "in -> conv(channels)", stem: str = "conv(8, 3)", head: str = HEAD) -> Network:
    value, *others = body.split("\n")
    bound = "\n".join([*others, f"  out = {value}"])
    return archdsl.loads(PROGRAM.format(body=bound, stem=stem, head=head))


@pytest.mark.filterwarnings("ignore::archdsl.ArchWarning")
@pytest.mark.parametrize("body", BODIES)
def test_what_folds(body: str) -> None:
    network = program(body)
    assert norms(network.architecture) > 0
    assert agree(network) == 3 * BODIES[body]


@pytest.mark.filterwarnings("ignore::archdsl.ArchWarning")
@pytest.mark.parametrize(
    ("head", "left"),
    [
        (f"conv(16) -> norm -> act -> {HEAD}", 0),
        ("global_avg_pool -> linear(16) -> norm -> act -> linear(classes)", 0),
        ("global_avg_pool -> inner(16) -> norm -> linear(classes)", 0),
        ("conv(classes) -> norm -> global_avg_pool", 0),
        # Vectors would come out of the network, and not maps.
        ("global_avg_pool -> linear(classes) -> norm", 1),
        ("global_avg_pool -> linear(classes) -> norm -> act", 1),
        ("global_avg_pool -> linear(classes) -> norm -> abs -> softmax(channels)", 1),
        ("global_avg_pool -> linear(16) -> norm -> softmax(channels) -> linear(classes)", 0),
        # What comes out of the stages is a feature map of `features_only`.
        (f"norm -> act -> {HEAD}", 1),
    ],
)
def test_heads(head: str, left: int) -> None:
    assert agree(program(head=head)) == left
    assert agree(program(stem="[conv(8, 3) -> norm] as x -> norm as y -> act", head=head)) == left


def test_a_block_stays_one_block_where_it_can() -> None:
    architecture = program("in -> inner(channels) -> norm").fold_batch_norm().architecture
    assert sorted({block.name for block in architecture.blocks.values()}) == ["b", "inner"]
    before = program("in -> inner(channels) -> norm").architecture
    assert len(architecture.blocks) == len(before.blocks)
    # Where one of two uses has a norm behind it, there are two.
    before = program("(in -> inner(channels)) + (in -> inner(channels) -> norm)").architecture
    assert len(run(before, ["fold_batch_norm"]).blocks) == len(before.blocks) + 2


def test_without_norms_nothing_changes() -> None:
    architecture = program().architecture
    assert fold_batch_norm(architecture) is architecture
    assert run(architecture, ()) is architecture


def test_options_of_timm_and_features() -> None:
    network = archdsl.find("mobilenetv2_050")
    agree(network, 64, num_classes=7, in_channels=1)
    agree(network, 64, features_only=True)


def test_half_precision_keeps_its_type() -> None:
    network = program("in -> conv(channels) -> norm")
    held = {key: tensor.half() for key, tensor in network.build().state_dict().items() if tensor.is_floating_point()}
    assert {tensor.dtype for tensor in network.fold_state_dict(held).values()} == {torch.float16}


def test_a_state_of_something_else_is_refused() -> None:
    network = program("in -> conv(channels) -> norm")
    held = network.build().state_dict()
    with pytest.raises(ValueError, match="the network has no `other`"):
        network.fold_state_dict({**held, "other": torch.zeros(1)})
    del held["stages.1.0.norm.running_var"]
    with pytest.raises(ValueError, match=r"the state_dict has no `stages\.1\.0\.norm\.running_var`"):
        network.fold_state_dict(held)


# Contracts ------------------------------------------------------------------------------------------------------------


def test_an_unknown_pass_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no pass 'fold'; there are remove_training_layers, fold_batch_norm"):
        program().passes("fold")


def test_what_does_not_fit_together_is_refused() -> None:
    architecture = program("in -> conv(channels) -> norm").architecture
    other = architecture.model_copy(update={"output": architecture.input})
    with pytest.raises(PassError, match="before it, shapes fit"):
        run(other, ["fold_batch_norm"])
    blocks = dict(reversed(program("in -> inner(channels)").architecture.blocks.items()))
    with pytest.raises(PassError, match="does not stand before it"):
        run(architecture.model_copy(update={"blocks": blocks}), ["fold_batch_norm"])


def test_what_the_pass_promises_is_checked() -> None:
    """A pass that breaks its word is caught by its own conditions."""
    architecture = program("in -> conv(channels) -> norm").architecture
    shorter = architecture.model_copy(update={"stages": architecture.stages[:1]})
    with pytest.raises(PassError, match="after it"):
        PASS._replace(run=lambda _: shorter).apply(architecture)
    with pytest.raises(PassError, match="no norm is left"):
        PASS._replace(run=lambda given: given).apply(architecture)
