"""Layers whose uses have the same weights."""

from __future__ import annotations

import pytest

from archdsl.backends.pytorch.state import state
from archdsl.compiler import compile_source
from archdsl.diagnostics import Source
from archdsl.ir.architecture import Architecture
from archdsl.ir.walk import walk


def block(*lines: str, stem: str = "conv(8) -> unit()") -> str:
    body = "".join(f"  {line}\n" for line in lines)
    return f"block unit() {{\n{body}}}\nmodel net {{\n  input = 3 x 16 x 16\n  stem = {stem}\n}}\n"


def compiled(text: str) -> Architecture:
    found = compile_source(Source("net.arch", text))
    assert found.problems == (), found.problems[0]
    return found.architectures[0]


def test_parameters_count_once_and_macs_for_each_use() -> None:
    text = block("{} tower = conv(8, 3) -> norm", "out = (in -> tower) + (in -> max_pool(2) -> tower -> resize(2))")
    one, two = (compiled(text.replace("{} ", word)).costs.model() for word in ("shared ", ""))
    assert one.params == 3 * 8 + (8 * 8 * 9 + 16)
    assert two.params == 3 * 8 + 2 * (8 * 8 * 9 + 16)
    assert one.macs == two.macs
    assert one.activations == two.activations


def test_keys_are_those_of_one_module_of_the_block() -> None:
    text = block(
        "shared tower = [conv(8, 3) -> norm] * 2",
        "a = in -> tower -> act -> conv(8)",
        "out = concat(a, in -> conv(8) -> tower) -> norm",
    )
    network = compiled(text)
    names = {key.rpartition(".")[0] for key in state(network)}
    inside = {"tower.0.conv", "tower.0.norm", "tower.1.conv", "tower.1.norm", "a_conv", "conv", "norm"}
    assert names == {"stem.conv", *(f"stem.unit.{name}" for name in inside)}
    again = [visit for visit in walk(network) if visit.is_again]
    assert [visit.operator for visit in again] == ["conv", "batch_norm"] * 2
    assert sum(visit.params for visit in walk(network)) == network.costs.model().params


def test_each_instance_of_a_block_has_its_own() -> None:
    once = compiled(block("shared tower = conv(8)", "out = in -> tower -> tower")).costs.model()
    twice = compiled(block("shared tower = conv(8)", "out = in -> tower -> tower", stem="conv(8) -> unit() -> unit()"))
    assert twice.costs.model().params == once.params + 8 * 8


def test_one_that_is_left_out() -> None:
    network = compiled(block("shared tower = conv(8)", "out = in -> tower when 2 < 1"))
    assert network.costs.model().params == 3 * 8


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["shared tower = 3", "out = in -> conv(tower)"], "only layers are shared, and `tower` is the number 3"),
        (["shared tower = in -> conv(8)", "out = tower"], "only layers are shared, and `tower` is a tensor"),
        (
            ["shared tower = conv(8)", "out = (in -> tower) + (in -> conv(4) -> tower)"],
            "`tower` cannot have the same weights here as where it is used first",
        ),
        (
            [
                "shared tower = avg_pool(1 x in.width)",
                "shared flat = linear(8)",
                "out = (in -> flat) + (in -> max_pool(2) -> flat)",
            ],
            "`flat` cannot have the same weights here as where it is used first",
        ),
        *(
            ([*lines, "shared tower = conv(8)", f"out = {out}"], "`tower` is shared, so it stands by itself")
            for lines, out in (
                ([], "in -> tower * 2"),
                ([], "in -> [tower -> act]"),
                ([], "in -> if 1 < 2 then tower else act"),
                ([], "in -> squeeze_excite(4, inner = tower)"),
            )
        ),
        (["shared tower = conv", "out = in -> tower(8)"], ""),
    ],
)
def test_what_cannot_be_shared(lines: list[str], message: str) -> None:
    problems = compile_source(Source("net.arch", block(*lines))).problems
    assert problems
    assert problems[0].message.startswith(message)
    assert problems[0].span is not None


def test_a_stem_or_head_of_layers_shares_nothing() -> None:
    text = "model net {\n  input = 3 x 16 x 16\n  shared a = conv(3)\n  stem = a -> act -> a\n}\n"
    (problem,) = compile_source(Source("net.arch", text)).problems
    assert problem.message.startswith("`a` is shared, so it stands by itself")


def test_shared_is_a_name_as_well() -> None:
    assert compiled(block("shared = conv(8)", "out = in -> shared -> shared")).costs.model().params == 3 * 8 + 2 * 64
