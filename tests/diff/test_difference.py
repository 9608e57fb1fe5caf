"""What a comparison says of two networks."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings

import archdsl
from archdsl.api import find
from archdsl.backends.pytorch.state import state
from archdsl.catalogue import models
from archdsl.diff.breaking import breaks
from archdsl.diff.difference import Difference, compare
from archdsl.diff.pairing import Paired, pair_networks
from archdsl.diff.report import as_json, as_table
from archdsl.ir.architecture import Architecture
from tests.properties.checks import architectures_of
from tests.properties.programs import programs
from tests.selection import a_third

NETWORK = """
block cell(channels, kernel = 3, stride = 1, squeezed = 0) {
  main = in -> depthwise(kernel, stride = stride) -> norm -> act -> squeeze_excite(squeezed) when squeezed
    -> conv(channels) -> norm
  out = if stride == 1 and in.channels == channels then in + (main -> drop_path) else main
}
model network {
  input   = 3 x 64 x 64
  classes = 10
  stem    = conv_norm_act(16, kernel = 3, stride = 2)
  stages {
    | op   | kernel | stride | channels | layers | squeezed |
    | cell | 3      | 1      | 16       | 1      | 0        |
    | cell | 5      | 2      | 24       | 2      | 4        |
    | cell | 3      | 2      | 40       | 2      | 0        |
    | cell | 5      | 1      | 56       | 1      | 4        |
  }
  head = conv_norm_act(64) -> global_avg_pool -> dropout(0.2) -> linear(classes)
}
"""
ROWS = [line for line in NETWORK.splitlines() if line.startswith("    | cell")]


def network(*replacements: tuple[str, str]) -> Architecture:
    text = NETWORK
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    return archdsl.loads(text).architecture


def difference(*replacements: tuple[str, str]) -> Difference:
    return compare(network(), network(*replacements))


def facts(found: Difference) -> dict[str, list[tuple[object, ...]]]:
    """The changed columns of each part, by its path."""
    return {
        (part.after or part.before).path: [(one.what, one.before, one.after) for one in part.facts]
        for part in found.parts
        if part.facts
    }


def came_and_went(found: Difference) -> list[str]:
    return [
        f"- {part.before.path}" if part.before else f"+ {part.after and part.after.path}"
        for part in found.parts
        if part.before is None or part.after is None
    ]


def operators(found: Difference) -> set[str]:
    lines = set()
    for one in found.operators:
        if one.before and one.after:
            lines |= {f"{one.after.path}: {c.what} {c.before} -> {c.after}" for c in one.changes}
        else:
            lines.add(f"- {one.before.path}" if one.before else f"+ {one.after and one.after.path}")
    return lines


def categories(found: Difference, tolerance: float = 0.0) -> set[str]:
    return {one.category for one in breaks(Paired((found,), (), ()), tolerance)}


# Equal ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted(set(models().values())), ids=lambda path: path.stem)
def test_a_network_equals_itself(path: Path) -> None:
    name = next(known for known, where in models().items() if where == path)
    architecture = find(name).architecture
    found = compare(architecture, architecture)
    assert found.is_equal
    assert not found.keys
    assert not breaks(Paired((found,), (), ()))


@pytest.mark.parametrize(
    "replacement",
    [
        ("main = in", "trunk = in"),
        ("in + (main", "main"),
        ("(main -> drop_path)", "main"),
        ("-> norm -> act", "-> act -> norm"),
        ("depthwise(kernel, stride = stride)", "depthwise(kernel, stride = stride, padding = same)"),
        ("in + (main -> drop_path)", "in + 2 * (main -> drop_path)"),
        ("in + (main -> drop_path)", "in - (main -> drop_path)"),
        ("dropout(0.2)", "dropout(0.3)"),
        ("input   = 3 x 64 x 64", "input   = 3 x 96 x 96"),
        ("classes = 10\n", "classes = 10\n  act = silu\n"),
        ("classes = 10\n", "classes = 10\n  drop_path = ramp(0.1)\n"),
        ("classes = 10\n", "classes = 10\n  norm = batch_norm(eps = 1e-3)\n"),
        ("global_avg_pool", "global_max_pool"),
    ],
    ids=lambda replacement: replacement[1].strip(),
)
def test_whatever_changes_is_seen(replacement: tuple[str, str]) -> None:
    if replacement[0] == "main = in":
        found = difference(replacement, ("(main ->", "(trunk ->"), ("else main", "else trunk"))
    elif replacement[0] == "in + (main":
        found = difference(("in + (main -> drop_path)", "main -> drop_path"))
    else:
        found = difference(replacement)
    assert not found.is_equal


def test_one_minus_x_is_not_x_minus_one() -> None:
    was, now = (("(main -> drop_path)", text) for text in ("(1 - main)", "(main - 1)"))
    found = compare(network(was), network(now))
    assert categories(found) == {"NUMERICS"}
    swapped = compare(network(("in + (main -> drop_path)", "in + main")), network(("in + (main", "main + (in")))
    assert categories(swapped) == set()  # a sum in another order, and drop path on the other side


def test_comments_change_nothing() -> None:
    assert difference(("model network {", "## A doc.\nmodel network {  # a comment")).is_equal


# Stages --------------------------------------------------------------------------------------------------------------


def test_a_moved_stride_is_a_change() -> None:
    found = difference((ROWS[2], ROWS[2].replace("| 2      | 40", "| 1      | 40")))
    assert came_and_went(found) == []
    assert facts(found) == {"stages.2": [("stride", 2, 1)]}
    assert operators(found) == {"stages.2.0.main.depthwise: stride 2 -> 1"}
    assert categories(found) == {"NUMERICS", "COST"}


def test_a_stage_that_came_in_between_moves_the_others() -> None:
    found = difference((ROWS[1], f"{ROWS[1]}\n    | cell | 3      | 1      | 32       | 1      | 8        |"))
    assert came_and_went(found) == ["+ stages.2"]
    assert facts(found) == {}
    renamed = {(key.before, key.after) for key in found.keys if key.is_renamed}
    assert ("stages.2.0.main.norm.weight", "stages.3.0.main.norm.weight") in renamed
    assert ("stages.3.0.main.conv.weight", "stages.4.0.main.conv.weight") in renamed
    assert "KEYS" in categories(found)


def test_a_stage_that_went() -> None:
    found = difference((f"{ROWS[3]}\n", ""))
    assert came_and_went(found) == ["- stages.3"]
    gone = {key.before for key in found.keys if key.after is None}
    assert gone == {key for key in state(network()) if key.startswith("stages.3.")}
    assert [(key.size_before, key.size_after) for key in found.keys if key.is_reshaped] == [
        ((64, 56, 1, 1), (64, 40, 1, 1))
    ]


def test_more_layers() -> None:
    found = difference((ROWS[2], ROWS[2].replace("40       | 2", "40       | 4")))
    assert facts(found) == {"stages.2": [("layers", 2, 4)]}
    added = {key.after for key in found.keys}
    assert {".".join(str(key).split(".")[:3]) for key in added} == {"stages.2.2", "stages.2.3"}
    assert operators(found) == set()
    assert categories(found) == {"KEYS", "COST"}


# Blocks --------------------------------------------------------------------------------------------------------------


def test_a_block_that_came() -> None:
    found = difference((ROWS[0], ROWS[0].replace("| 0 ", "| 4 ")))
    assert "+ stages.0.0.main.squeeze_excite.multiply" in operators(found)
    assert not any("reads" in line for line in operators(found))  # that the next layer reads it goes without saying
    assert categories(found) == {"KEYS", "COST"}
    assert "stages.0.0   + main.squeeze_excite   squeeze_excite (6 operators)" in as_table(Paired((found,), (), ()))


def test_a_renamed_layer() -> None:
    found = difference(("depthwise(kernel, stride = stride)", "depthwise(kernel, stride = stride) as filter"))
    assert {key.is_renamed for key in found.keys} == {True}
    assert categories(found) == {"KEYS"}
    line = "~   stages.3.0.main.depthwise.weight -> stages.3.0.main.filter.weight   40 x 1 x 5 x 5"
    assert line in as_table(Paired((found,), (), ())).splitlines()


def test_layers_in_another_order() -> None:
    found = difference(("-> norm -> act", "-> act -> norm"))
    assert "stages.0.0.main.norm: reads main.depthwise -> main.act" in operators(found)
    assert categories(found) == {"NUMERICS"}


@pytest.mark.parametrize(
    ("replacement", "expected"),
    [
        (("classes = 10\n", "classes = 10\n  act = silu\n"), {"NUMERICS"}),
        (("classes = 10\n", "classes = 10\n  norm = batch_norm(eps = 1e-3)\n"), {"NUMERICS"}),
        (("classes = 10\n", "classes = 10\n  norm = batch_norm(momentum = 0.01)\n"), set()),
        (("classes = 10\n", "classes = 10\n  drop_path = ramp(0.1)\n"), set()),
        (("classes = 10\n", "classes = 20\n"), {"SHAPES", "COST"}),
        (("classes = 10\n", "classes = 10\n  padding = same\n"), {"NUMERICS"}),
        (("dropout(0.2) -> ", ""), set()),
        (("conv(channels) ->", "conv(channels, padding = valid) ->"), set()),
        (("conv(channels) ->", "conv(channels, bias = true) ->"), {"KEYS", "COST"}),
        (("conv(channels) ->", "conv(channels) -> act ->"), {"NUMERICS"}),
        (("(main -> drop_path)", "(main -> relu -> drop_path)"), {"NUMERICS"}),
        (("then in + (main -> drop_path)", "then main"), {"NUMERICS"}),
        (("input   = 3 x 64 x 64", "input   = 3 x 96 x 96"), {"COST"}),
        (("| cell | 5      | 2 ", "| cell | 3      | 2 "), {"SHAPES", "COST"}),
        (("| cell | 5      | 2 ", "| cell | 5      | 4 "), {"NUMERICS", "COST"}),
    ],
    ids=lambda value: value[1].strip() if isinstance(value, tuple) else "",
)
def test_categories(replacement: tuple[str, str], expected: set[str]) -> None:
    found = difference(replacement)
    assert categories(found) == expected
    if not expected & {"KEYS", "SHAPES"}:
        assert outputs_agree(found) == ("NUMERICS" not in expected)


def outputs_agree(found: Difference) -> bool:
    """Whether both modules, on the same random weights and statistics, put out the same to the last bit."""
    torch.manual_seed(0)
    before, after = (archdsl.Network(one).build().eval() for one in (found.before, found.after))
    for name, tensor in before.state_dict().items():
        if tensor.is_floating_point():
            tensor.copy_(torch.rand_like(tensor) + 0.5 if name.endswith("running_var") else torch.randn_like(tensor))
    after.load_state_dict(before.state_dict())
    images = torch.randn(2, *found.before.input)
    return torch.equal(before(images), after(images))


def test_tolerance() -> None:
    found = difference(("conv_norm_act(64)", "conv_norm_act(66)"))
    share = found.costs[1].params / found.costs[0].params - 1
    assert "COST" in categories(found, share / 2)
    assert "COST" not in categories(found, max(share, found.costs[1].macs / found.costs[0].macs - 1) * 1.01)


# All of it -----------------------------------------------------------------------------------------------------------


FAMILY = ["efficientnet_b0", "efficientnet_b1", "efficientnetv2_s", "tf_efficientnetv2_s", "mobilenetv2_100"]


def check_keys(was: Architecture, now: Architecture) -> None:
    """The changes of keys lead from one state to the other."""
    made = state(was)
    keys = compare(was, now).keys
    for key in keys:
        if key.before is not None:
            assert made.pop(key.before) == key.size_before
    for key in keys:
        if key.after is not None and key.size_after is not None:
            assert key.after not in made
            made[key.after] = key.size_after
    assert made == state(now)


@pytest.mark.parametrize(("before", "after"), list(pairwise(FAMILY)))
def test_changes_of_keys(before: str, after: str) -> None:
    check_keys(find(before).architecture, find(after).architecture)


@settings(deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), max_examples=a_third(40))
@given(programs, programs)
def test_generated(before: str, after: str) -> None:
    for was, now in zip(architectures_of(before), architectures_of(after), strict=False):
        check_keys(was, now)
        assert compare(was, was).is_equal
        found = Paired((compare(was, now),), (), ())
        told = {one.category for one in breaks(found)}
        assert "KEYS" in told or set(state(was)) == set(state(now))
        assert told & {"KEYS", "SHAPES"} or state(was) == state(now)
        assert as_table(found)
        json.loads(as_json(found))


def test_networks_go_together_by_name() -> None:
    family = [find(name).architecture for name in FAMILY]
    paired = pair_networks(family[:2], family[1:3])
    assert [one.before.name for one in paired.differences] == ["efficientnet_b1"]
    assert [one.name for one in paired.removed] == ["efficientnet_b0"]
    assert [one.name for one in paired.added] == ["efficientnetv2_s"]
    assert not paired.is_equal
    assert pair_networks(family[:1], family[:1]).is_equal
    assert pair_networks(family[:1], family[1:2]).differences[0].after.name == "efficientnet_b1"
    assert pair_networks(family[:1], family[1:2], by_name=True).differences == ()


def test_stages_of_a_part_are_compared_as_stages() -> None:
    head = "head = part -> conv(5)\n}\n"
    text = f'use "archdsl:resnet.arch"\nmodel net {{\n  input = 3 x 64 x 64\n  part = resnet.18\n  {head}'
    before, after = (archdsl.loads(each).architecture for each in (text, text.replace("18", "34")))
    found = [(part.before, part.after) for part in compare(before, after).parts]
    stages = [(one, two) for one, two in found if one is not None and two is not None and one.is_stage]
    assert [one.path for one, _ in stages] == [two.path for _, two in stages] == [f"part.stages.{n}" for n in range(4)]
    assert [(one.facts["layers"], two.facts["layers"]) for one, two in stages] == [(2, 3), (2, 4), (2, 6), (2, 3)]
    assert [one.path for one, _ in found if one is not None and not one.is_stage] == ["part.stem", "head"]


INPUTS = "model network {{\n  inputs {{\n    {}\n    {}\n  }}\n  stem = {} -> conv(4)\n  head = (stem + a) - b\n}}\n"


def test_inputs_by_other_names_in_another_order_or_for_the_stem_break_who_calls() -> None:
    lines, larger = ("a = 4 x 8 x 8", "b = 4 x 8 x 8"), ("a = 4 x 16 x 16", "b = 4 x 16 x 16")
    texts = [INPUTS.format(*lines, "a"), INPUTS.format(*larger, "a"), INPUTS.format(*lines[::-1], "a")]
    before, grown, turned = (archdsl.loads(text).architecture for text in texts)
    other = archdsl.loads(INPUTS.format(*lines, "b")).architecture
    assert compare(before, before).is_equal
    assert [change.what for change in compare(before, grown).facts] == ["input", "inputs"]
    assert categories(compare(before, grown)) == {"COST"}
    assert "NUMERICS" in categories(compare(before, turned))
    assert "NUMERICS" in categories(compare(before, other))
