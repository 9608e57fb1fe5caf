"""Networks for inference put out what the networks put out that they come from, after each pass and after all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from torch import nn

import archdsl
from archdsl.api import Network
from archdsl.backends.pytorch.state import state
from archdsl.inference_state import CARRIES, carried
from archdsl.ir.architecture import Architecture
from archdsl.ir.walk import walk
from archdsl.passes import INFERENCE, PASSES, PassError, run
from tests.passes.test_fold_batch_norm import MOST, ROOT, SHIPPED, count, trained
from tests.properties.checks import architectures_of, check_file
from tests.properties.programs import programs
from tests.selection import a_third, one_in

EXAMPLES = ROOT / "examples"


def agree(network: Network, size: int | None = None, names: Sequence[str] = INFERENCE, **options: Any) -> Network:
    """Holds a network to that after passes, which is returned."""
    made = network.passes(*names)
    module = trained(network.build(**options))
    other: nn.Module = made.build(**options).double().eval()
    other.load_state_dict(carried(network.architecture, names, module.state_dict()))
    images = []
    for channels, *sides in (shape.sizes for shape in network.architecture.images.values()):
        own = (size or side for side in sides)
        images.append(torch.randn(2, options.get("in_channels", channels), *own, dtype=torch.float64))
    with torch.no_grad():
        wanted, found = module(*images), other(*images)
    for one, two in zip(
        *((each if isinstance(each, tuple | list) else [each]) for each in (wanted, found)), strict=True
    ):
        torch.testing.assert_close(two, one, rtol=1e-7, atol=1e-7)
    return made


@pytest.mark.parametrize("path", one_in(8, SHIPPED, 1), ids=lambda path: path.stem)
def test_every_shipped_network(path: Path) -> None:
    """Keys and counts of the last network of each model; outputs of the smallest one, where it is not too large."""
    networks = archdsl.load_all(path).values()
    for network in {network.architecture.model: network for network in networks}.values():
        made = network.for_inference()
        with torch.device("meta"):
            empty = {key: torch.empty(size) for key, size in state(network.architecture).items()}
        found = network.inference_state_dict(empty)
        assert {key: tuple(tensor.shape) for key, tensor in found.items()} == state(made.architecture)
        assert made.params == count(made)
        assert made.macs <= network.macs
    smallest = min(networks, key=lambda network: network.params)
    if smallest.params <= MOST:
        has_one_dimension = smallest.architecture.input.height == 1
        needs_more = smallest.name.startswith(("inception", "googlenet"))
        agree(smallest, None if has_one_dimension else 96 if needs_more else 64)


@settings(deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), max_examples=a_third(20))
@given(programs)
def test_generated(text: str) -> None:
    made = []
    for architecture in architectures_of(text):
        found = agree(Network(architecture)).architecture
        assert Architecture.from_json(found.to_json()) == found
        made.append(found)
    if made:
        check_file(tuple(made), is_thorough=False)


# What each pass does --------------------------------------------------------------------------------------------------

PROGRAM = """
block several(channels, count) {{
  out = if count == 1 then in -> conv(channels, 3) -> norm
    else (in -> several(channels, count - 1)) + (in -> conv(channels, 3) -> norm)
}}
block one(channels, kernel) {{ out = in -> conv(channels, kernel) -> norm }}
block b(channels) {{
{body}
}}
model m {{
  input = 3 x 16 x 16
  norm = batch_norm
  act = relu
  classes = 5
  drop_path = ramp(0.2)
  stem = conv(8, 3)
  stages {{
    | op | channels | layers |
    | b  | 8        | 2      |
    | b  | 12       | 1      |
  }}
  head = {head}
}}
"""
HEAD = "global_avg_pool -> dropout(0.2) -> linear(classes)"

# Bodies of a block that stands three times in the network, with the operators that are left of each kind in it.
BODIES: dict[str, dict[str, int]] = {
    "(in -> several(channels, 3)) + (in -> conv(channels))": {"conv": 1, "add": 0},
    "(if channels == in.channels then a + b + c else a + b) -> act\n  a = in -> conv(channels, 3) -> norm\n"
    "  b = in -> conv(channels) -> norm\n  c = in -> norm": {"conv": 1, "add": 0, "batch_norm": 0},
    "b + (in -> conv(channels, 5)) + a\n  a = in -> one(channels, 3)\n  z = in -> one(channels, 1) -> act\n"
    "  b = z -> one(channels, 1)": {"conv": 3, "add": 1},
    "b + (in -> conv(channels, 3)) + (z -> gain)\n  z = in -> one(channels, 1) -> act\n"
    "  b = in -> one(channels, 1)": {"conv": 2, "add": 1},
    "a + b + (a -> abs)\n  a = in -> conv(channels)\n  b = in -> conv(channels)": {"conv": 2, "add": 2},
    "(in -> conv(channels, 3) -> norm) + (in -> conv(channels) -> norm) -> act": {"conv": 1, "add": 0},
    "(in -> conv(channels, 3) -> norm) + (in -> conv(channels, 1 x 3) -> norm) -> act": {"conv": 1, "add": 0},
    # A kernel of both would have more elements than they have.
    "(in -> conv(channels, 3 x 1)) + (in -> conv(channels, 1 x 3))": {"conv": 2, "add": 1},
    "(in -> conv(channels, 3, stride = 2)) + (in -> conv(channels, stride = 2, bias = true))": {"conv": 1, "add": 0},
    "(in -> conv(channels, 3, stride = 2)) + (in -> conv(channels) -> max_pool(2))": {"conv": 2, "add": 1},
    "(in -> conv(channels, 3, padding = same)) + (in -> conv(channels))": {"conv": 1, "add": 0},
    "(in -> conv(channels, 3, stride = 2, padding = same)) + (in -> conv(channels, stride = 2))": {"conv": 2, "add": 1},
    "(in -> conv(channels, 3, dilation = 2)) + (in -> conv(channels))": {"conv": 2, "add": 1},
    "(in -> conv(channels, groups = 4)) + (in -> conv(channels, 5, groups = 4))": {"conv": 1, "add": 0},
    "(in -> conv(channels, groups = 4)) + (in -> conv(channels, 5))": {"conv": 2, "add": 1},
    "(in -> depthwise(3) -> norm) + (in -> depthwise(1) -> norm) + (in -> norm) + in -> conv(channels)": {
        "depthwise": 1, "add": 0, "batch_norm": 0, "conv": 1,
    },
    "x + (x -> conv(channels, 3) -> norm) + (x -> norm)\n  x = in -> conv(channels) -> act": {
        "conv": 2, "add": 0, "batch_norm": 0,
    },
    "(in -> one(channels, 3)) + (in -> one(channels, 1)) + (in -> [conv(channels, 5) -> norm] as c)": {
        "conv": 1, "add": 0,
    },
    "((in -> one(channels, 3)) + (in -> conv(channels))) + (in -> conv(channels, 3))": {"conv": 1, "add": 0},
    "(in -> conv(channels, 3)) - (in -> conv(channels))": {"conv": 2, "subtract": 1},
    "(in -> conv(channels, 3)) + 2 * (in -> conv(channels))": {"conv": 2, "add": 1},
    "(in -> conv(channels, 3) -> act) + (in -> conv(channels, 3))": {"conv": 2, "add": 1},
    "in -> ws_conv(channels, 3, eps = 0.01) -> act": {"ws_conv": 0, "conv": 1},
    "in -> ws_conv(channels, 3, bias = false, variance_eps = 0.001) -> norm -> act": {"ws_conv": 0, "batch_norm": 0},
    "(in -> ws_conv(channels, 3)) + (in -> ws_conv(channels))": {"ws_conv": 0, "conv": 1, "add": 0},
    "in -> conv(channels) -> channel_gain(0.1) -> channel_bias(2) -> gain(3)": {
        "channel_gain": 0, "channel_bias": 0, "gain": 0, "conv": 1,
    },
    "in -> conv_transpose(channels, 2, stride = 2, groups = 2) -> gain(3)": {"gain": 0},
    "in -> conv(channels) -> act -> channel_gain(0.1)": {"channel_gain": 1},
    "in -> conv(channels) -> dropout(0.3) -> norm -> identity -> act": {"dropout": 0, "batch_norm": 0, "identity": 0},
    "x + (x -> conv(channels, 3) -> norm -> act -> drop_path)\n  x = in -> conv(channels)": {"drop_path": 0, "add": 1},
    "(in -> conv(channels, 3)) + (in -> conv(channels) -> drop_path)": {"conv": 1, "drop_path": 0},
    "in -> conv(channels) -> gelu(gain = 1.7) -> conv(channels, 3)": {"gelu": 1},
}  # fmt: skip


def program(body: str, head: str = HEAD) -> Network:
    value, *others = body.split("\n")
    return archdsl.loads(PROGRAM.format(body="\n".join([*others, f"  out = {value}"]), head=head))


def kinds(network: Network) -> dict[str, int]:
    found: dict[str, int] = {}
    for visit in walk(network.architecture):
        if visit.path.startswith("stages."):
            found[visit.operator] = found.get(visit.operator, 0) + 1
    return found


@pytest.mark.filterwarnings("ignore::archdsl.ArchWarning")
@pytest.mark.parametrize("body", BODIES)
def test_what_is_left(body: str) -> None:
    made = kinds(agree(program(body)))
    assert {kind: made.get(kind, 0) for kind in BODIES[body]} == {
        kind: 3 * number for kind, number in BODIES[body].items()
    }


def test_papers_count_what_is_left() -> None:
    """MobileOne's Table 3 has parameters and MACs after its branches are merged."""
    for name, params, macs in (
        ("s0", 2.1e6, 275e6),
        ("s1", 4.8e6, 825e6),
        ("s2", 7.8e6, 1299e6),
        ("s3", 10.1e6, 1896e6),
    ):
        made = archdsl.load(EXAMPLES / "mobileone.arch", name).for_inference()
        assert made.params == pytest.approx(params, abs=0.05e6)
        assert made.macs == pytest.approx(macs, rel=0.001)
    counted = kinds(archdsl.load(EXAMPLES / "repvgg.arch", "a0").for_inference())
    assert counted == {"conv": 21, "relu": 21}


GAINED = "relu(gain = 1.5)"


@pytest.mark.filterwarnings("ignore::archdsl.ArchWarning")
@pytest.mark.parametrize(
    ("body", "left"),
    [
        (f"in -> conv(channels) -> {GAINED} -> conv(channels, 3, bias = true)", 0),
        (f"in -> {GAINED} -> depthwise(3) -> {GAINED} -> conv(channels)", 0),
        (f"in -> {GAINED} -> conv(channels, 3, padding = same, stride = 2)", 0),
        (f"in -> conv(channels) -> {GAINED} -> avg_pool(2) -> [dropout(0.1) -> conv(channels)]", 0),
        (f"in -> [conv(channels) -> {GAINED}] as a -> conv(4) when channels == 8 -> conv(channels)", 0),
        (f"in -> {GAINED} -> global_avg_pool -> linear(channels)", 0),
        (f"x + (x -> conv(channels))\n  x = in -> conv(channels) -> {GAINED}", 1),
        (f"in -> conv(channels) -> {GAINED} -> max_pool(2) -> conv(channels)", 1),
        (f"in -> conv(channels) -> {GAINED} -> conv_transpose(channels, 2, stride = 2)", 1),
        (f"in -> conv(channels) -> {GAINED} -> one(channels, 1)", 1),
        (f"in -> conv(channels) -> {GAINED} -> norm -> conv(channels)", 1),
    ],
)
def test_factors_of_activations(body: str, left: int) -> None:
    network = program(body)
    made = agree(network)
    found = [visit.primitive for visit in walk(made.architecture) if visit.operator == "relu"]
    before = [visit for visit in walk(network.architecture) if visit.operator == "relu"]
    assert len(found) == len(before)
    assert sum(one.gain != 1 for one in found) == 3 * left  # type: ignore[union-attr]


@pytest.mark.filterwarnings("ignore::archdsl.ArchWarning")
def test_heads_hand_out_what_they_did() -> None:
    """A factor before the classifier is part of the vector that it reads."""
    network = program("in -> conv(channels)", f"conv(6) -> {GAINED} -> global_avg_pool -> linear(classes)")
    made = network.for_inference()
    module, other = network.build().eval(), made.build().eval()
    other.load_state_dict(network.inference_state_dict(module.state_dict()))
    images = torch.randn(2, 3, 16, 16)
    for one, two in zip(
        (module.forward_features(images), module.forward_head(module.forward_features(images), pre_logits=True)),
        (other.forward_features(images), other.forward_head(other.forward_features(images), pre_logits=True)),
        strict=True,
    ):
        torch.testing.assert_close(two, one)


@pytest.mark.filterwarnings("ignore::archdsl.ArchWarning")
def test_heads_keep_their_form() -> None:
    for head in ("global_avg_pool -> linear(classes) -> dropout(0.1)", "dropout(0.1)", "conv(4) -> channel_gain(2)"):
        agree(program("in -> conv(channels)", head))


def test_options_and_features() -> None:
    network = archdsl.find("mobilenetv2_050")
    agree(network, 64, num_classes=7, in_channels=1)
    agree(network, 64, features_only=True)


# Contracts ------------------------------------------------------------------------------------------------------------


def test_every_pass_carries_weights() -> None:
    assert set(CARRIES) == {each.name for each in PASSES}


@pytest.mark.parametrize("each", PASSES, ids=lambda each: each.name)
def test_a_pass_that_does_nothing_is_caught(each: Any) -> None:
    body = "(in -> ws_conv(channels, 3) -> drop_path) + (in -> conv(channels, 3)) + (in -> conv(channels) -> norm)"
    architecture = program(f"{body} -> relu(gain = 2) -> conv(channels) -> gain").architecture
    before = run(architecture, [other.name for other in PASSES[: PASSES.index(each)]])
    with pytest.raises(PassError, match="after it"):
        each._replace(run=lambda given: given).apply(before)


@pytest.mark.parametrize("name", INFERENCE)
def test_a_state_of_something_else_is_refused(name: str) -> None:
    network = program(
        "(in -> ws_conv(channels, 3) -> drop_path) + (in -> conv(channels, 3)) + (in -> conv(channels) -> norm -> gain)"
    )
    held = network.build().state_dict()
    with pytest.raises(ValueError, match="the network has no `other`"):
        carried(network.architecture, [name], {**held, "other": torch.zeros(1)})
    del held["stages.1.0.ws_conv.weight"]
    with pytest.raises(ValueError, match=r"the state_dict has no `stages\.1\.0\.ws_conv\.weight`"):
        carried(network.architecture, [name], held)
