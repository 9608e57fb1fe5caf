"""Heads that read tensors by name, and networks of several outputs."""

from __future__ import annotations

import pytest

from archdsl.compiler import compile_source
from archdsl.diagnostics import Source
from archdsl.ir.architecture import Architecture
from archdsl.ir.base import Shape
from archdsl.ir.body import Bound, Input
from archdsl.ir.walk import walk

BEGINNING = """
block up(skip, channels) {
  out = (in -> conv(channels) -> resize(like = skip)) + (skip -> conv(channels))
}
model net {
  input   = 3 x 32 x 48
  classes = 7
  stem = conv(8, 3, stride = 2)
  stages {
    | name | op   | channels | stride |
    | c1   | conv | 16       | 2      |
    | -    | conv | 24       | 2      |
    | c3   | conv | 32       | 1      |
  }
"""

IMAGES = "model net {\n  input = 6 x 8 x 8\n"


def compiled(*lines: str, beginning: str = BEGINNING) -> Architecture:
    text = beginning + "".join(f"  {line}\n" for line in lines) + "}\n"
    found = compile_source(Source("net.arch", text))
    assert found.problems == (), found.problems[0]
    (architecture,) = found.architectures
    return architecture


def message(*lines: str) -> str:
    text = BEGINNING + "".join(f"  {line}\n" for line in lines) + "}\n"
    problem = compile_source(Source("net.arch", text)).problems[0]
    assert problem.span is not None
    return f"{problem.span.text}: {problem.message}"


def test_a_head_reads_the_stem_stages_and_images_in_their_order() -> None:
    network = compiled("head = c3 -> up(c1, 8) -> up(stem, 8) -> conv(classes) -> resize(like = input)")
    assert network.head is not None
    assert network.head.reads_maps
    (apply,) = network.head.steps.steps
    assert [other.name for other in apply.others if isinstance(other, Bound)] == ["input", "stem", "stages.c1"]
    block = network.blocks[apply.block]
    assert list(block.tensors) == ["input", "stem", "c1"]
    assert block.input == Shape(32, 4, 6)
    assert network.output == Shape(7, 32, 48)
    assert network.outputs == {}


def test_a_head_reads_the_images_alone_where_there_is_neither_stem_nor_stage() -> None:
    network = compiled("half = split(input, 2)", "head = half[0] - half[1] -> conv(2)", beginning=IMAGES)
    assert network.stem is None
    assert network.head is not None
    (apply,) = network.head.steps.steps
    assert apply.others == ()
    assert network.output == Shape(2, 8, 8)
    assert network.costs.model().params == 2 * 3


def test_facts_of_images_travel_to_a_head_that_reads_them_alone() -> None:
    lines = ["input.variance = 4", "head = input -> conv(8) -> scaled"]
    block = "block scaled() {\n  out = in * in.variance\n}\n"
    assert compiled(*lines, beginning=block + IMAGES).output == Shape(8, 8, 8)


def test_bindings_stand_in_any_order() -> None:
    one = compiled("head = b -> conv(2)", "b = a -> up(c1, 8)", "a = c3 -> conv(width)", "width = 4")
    other = compiled("width = 4", "a = c3 -> conv(width)", "b = a -> up(c1, 8)", "head = b -> conv(2)")
    assert [v._replace(levels=()) for v in walk(one)] == [v._replace(levels=()) for v in walk(other)]
    assert [binding.name for binding in one.blocks[one.head.steps.steps[0].block].body] == ["a", "b", "out"]


def test_outputs_have_names_and_shapes() -> None:
    network = compiled(
        "neck = c3 -> up(c1, 8)",
        "outputs {",
        "  boxes  = neck -> conv(4)",
        "  scores = neck -> conv(classes)",
        "  raw    = c1",
        "  last   = c3",
        "  small  = boxes -> max_pool(2)",
        "  neck   = neck -> act",
        "}",
        "require outputs.scores == 7 x 8 x 12",
        "require outputs.raw.channels == 16",
    )
    assert network.outputs == {
        "boxes": Shape(4, 8, 12),
        "scores": Shape(7, 8, 12),
        "raw": Shape(16, 8, 12),
        "last": Shape(32, 4, 6),
        "small": Shape(4, 4, 6),
        "neck": Shape(8, 8, 12),
    }
    assert network.output == network.outputs["boxes"]
    block = network.blocks[network.head.steps.steps[0].block]
    assert isinstance(block.outputs["last"].value, Input)
    assert block.outputs["neck"].value == Bound(name="neck_out")
    *_, end = walk(network)
    assert [tensor.shape for tensor in end.inputs] == [*network.outputs.values()]


def test_a_head_of_layers_is_a_tensor_beside_outputs() -> None:
    network = compiled(
        "head = global_avg_pool -> linear(classes)",
        "outputs {",
        "  logits = head",
        "  map = c1 -> conv(1)",
        "}",
    )
    assert network.outputs == {"logits": Shape(7, 1, 1), "map": Shape(1, 8, 12)}


def test_facts_of_tensors_are_read_further_down() -> None:
    network = compiled("half = c3.channels // 2", "head = c3 -> conv(half) -> conv(input.width)")
    assert network.output.channels == 48
    assert [visit.output.channels for visit in walk(network)][-3:] == [16, 48, 48]


def test_what_nothing_reads_is_not_part_of_the_network() -> None:
    with_it = compiled("_aside = c3 -> conv(100)", "head = c3 -> conv(2)")
    assert with_it.costs.model() == compiled("head = c3 -> conv(2)").costs.model()


def test_a_model_that_extends_another_names_its_stages() -> None:
    text = BEGINNING + "  head = global_avg_pool -> linear(classes)\n}\nmodel det extends net {\n"
    network = compile_source(
        Source("net.arch", text + "  stages 2 { name = c2 }\n  outputs { a = c3 -> up(c2, 8) }\n}\n")
    )
    assert network.problems == ()
    assert network.architectures[1].outputs == {"a": Shape(8, 4, 6)}
    assert network.architectures[0].outputs == {}


def test_every_use_of_a_layer_has_parameters_of_its_own() -> None:
    once = compiled("tower = conv(32, 3)", "head = c3 -> tower").costs.model()
    twice = compiled("tower = conv(32, 3)", "head = (c3 -> tower) + (c3 -> tower -> act)").costs.model()
    stages = compiled("head = c3 -> act").costs.model()
    assert twice.params - stages.params == 2 * (once.params - stages.params)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["head = c1 -> conv(2)"], "head: nothing reads what the last stage puts out"),
        (["outputs { }"], "outputs { }: `outputs` names nothing that the network puts out"),
        (["outputs { a = conv(3) }"], "conv(3): an output must be a tensor, and `a` is a layer (`conv(channels = 3)`)"),
        (["outputs { a = c3.channels }"], "c3.channels: an output must be a tensor, and `a` is the number 32"),
        (["x = y -> up(c1, 8)", "y = x -> up(c1, 8)", "head = c3 -> up(x, 2)"], "x: `x` refers to itself"),
        (["head = c4 -> conv(2)"], "c4: unknown name `c4`"),
        (["outputs { a = c3  -> conv(2) }", "require out == 2 x 4 x 6"], ""),
    ],
)
def test_mistakes_have_their_place(lines: list[str], expected: str) -> None:
    if expected:
        assert message(*lines) == expected
    else:
        text = BEGINNING + "".join(f"  {line}\n" for line in lines) + "}\n"
        (problem,) = compile_source(Source("net.arch", text)).unmet
        assert problem.message == "the network has outputs with names, so `out` is none of them"


def test_a_layer_that_reads_a_tensor_is_no_argument() -> None:
    text = """
block outer(layer) {
  out = in -> layer
}
model net {
  input = 3 x 8 x 8
  stem = conv(8)
  stages {
    | name | op   | channels |
    | c1   | conv | 8        |
  }
  head = c1 -> outer(resize(like = stem))
}
"""
    (problem,) = compile_source(Source("net.arch", text)).problems
    assert problem.message == "`layer` is a layer that reads a tensor of another block"


def test_one_tensor_may_be_given_twice_and_made_on_the_spot() -> None:
    text = """
block two(a, b) {
  out = (a -> conv(in.channels)) * (b -> conv(in.channels)) + in
}
block cell() {
  x = in -> two(in, in)
  out = in -> two(in -> conv(3) -> act, in -> conv(5)) -> two(x, x -> norm)
}
model net {
  input = 3 x 8 x 8
  stem = conv(8) -> cell()
}
"""
    found = compile_source(Source("net.arch", text))
    assert found.problems == ()
    (network,) = found.architectures
    # 8 * 8 for each of the convolutions of `two`, but for those of 3 and 5 channels; these; the norm; the stem.
    assert network.costs.model().params == 4 * 64 + (3 * 8 + 5 * 8) + (8 * 3 + 8 * 5) + 16 + 24
