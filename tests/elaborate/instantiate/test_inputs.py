"""Networks of several inputs."""

from __future__ import annotations

import json

import pytest
import torch

import archdsl
from archdsl.compiler import compile_source
from archdsl.diagnostics import Source
from archdsl.ir.architecture import Architecture
from archdsl.ir.base import Shape
from archdsl.ir.body import Bound
from archdsl.ir.parts import applied
from archdsl.ir.walk import walk

TWO = "  inputs {\n    rgb   = 3 x 32 x 32\n    depth = 1 x 16 x 16\n  }\n  classes = 5\n"
STAGES = "  stages {\n    | name | op   | channels | stride |\n    | c1   | conv | 8        | 2      |\n  }\n"
TRUNK = "model trunk {\n  input = 3 x 8 x 8\n  stem = conv(4)\n" + STAGES + "}\n"


def compiled(body: str, before: str = "", name: str = "net") -> Architecture:
    found = compile_source(Source("net.arch", f"{before}model net {{\n{body}}}\n"))
    assert found.problems == (), found.problems[0]
    return next(architecture for architecture in found.architectures if architecture.name == name)


def others(network: Architecture) -> list[str]:
    """What the head reads besides what it is applied to."""
    assert network.head is not None
    (apply,) = applied(network.head.steps)
    return [other.name for other in apply.others if isinstance(other, Bound)]


@pytest.mark.parametrize("first", ["rgb", "depth"])
def test_the_stem_reads_the_input_that_it_begins_with(first: str) -> None:
    other = {"rgb": "depth", "depth": "rgb"}[first]
    stem = f"  stem = {first} -> conv(4, 3) -> norm\n"
    head = f"  head = concat(c1, {other} -> resize(like = c1)) -> conv(classes)\n"
    network = compiled(TWO + stem + STAGES + head)
    shapes = {"rgb": Shape(3, 32, 32), "depth": Shape(1, 16, 16)}
    assert network.inputs == shapes
    assert (network.source, network.input) == (first, shapes[first])
    assert network.stem is not None
    assert network.stem.input == shapes[first]
    assert others(network) == [f"inputs.{other}"]
    visits = walk(network)
    assert [visit.path for visit in visits if visit.operator == "input"] == ["inputs.rgb", "inputs.depth"]
    (stem_conv,) = [visit for visit in visits if visit.path == "stem.conv"]
    assert stem_conv.inputs[0].path == f"inputs.{first}"


def test_stages_begin_with_an_input() -> None:
    network = compiled(TWO + "  stem = depth\n" + STAGES + "  head = c1 + (rgb -> conv(8, stride = 4))\n")
    assert network.stem is None
    assert network.stages[0].input == network.input == Shape(1, 16, 16)
    assert others(network) == ["inputs.rgb"]


def test_a_part_sees_one_input() -> None:
    body = TWO + "  body = depth -> trunk\n  head = body.c1 + (rgb -> conv(8, stride = 4))\n"
    network = compiled(body, TRUNK)
    assert network.part is not None
    assert (network.source, network.input) == ("depth", Shape(1, 16, 16))
    assert network.stages[0].output == Shape(8, 8, 8)


def test_without_a_stem_the_first_input_comes_first() -> None:
    network = compiled(TWO + "  head = (depth -> conv(8)) + (rgb -> conv(8, stride = 2))\n")
    assert (network.source, network.input) == ("rgb", Shape(3, 32, 32))
    assert others(network) == ["inputs.depth"]


def test_sizes_of_inputs_are_known_before_tensors() -> None:
    inputs = "  inputs {\n    a = 3 x 32 x 24\n    b = a.channels x a.height // 2 x a.width // 2\n  }\n  n = b.width\n"
    network = compiled(inputs + "  head = concat(a -> conv(n, stride = 2), b)\n")
    assert network.inputs["b"] == Shape(3, 16, 12)
    assert network.output == Shape(15, 16, 12)


def test_a_model_takes_over_inputs_or_says_its_own() -> None:
    head = "  head = (depth -> conv(8)) + (rgb -> conv(8) -> resize(like = depth))\n"
    text = f"model base {{\n{TWO}{head}}}\n"

    def extended(body: str) -> Architecture:
        found = compile_source(Source("net.arch", f"{text}model net extends base {{\n{body}}}\n"))
        assert found.problems == (), found.problems[0]
        return found.architectures[1]

    assert extended("  depth = 2 x 24 x 24\n").inputs == {"rgb": Shape(3, 32, 32), "depth": Shape(2, 24, 24)}
    other = extended("  inputs {\n    depth = 4 x 8 x 8\n    rgb   = 1 x 8 x 8\n  }\n")
    assert list(other.inputs.items()) == [("depth", Shape(4, 8, 8)), ("rgb", Shape(1, 8, 8))]
    one = extended("  input = 3 x 8 x 8\n  head = input -> conv(2)\n")
    assert (one.inputs, one.source, one.input) == ({}, None, Shape(3, 8, 8))


def test_json_has_inputs_where_there_are_several() -> None:
    network = compiled(TWO + "  head = (depth -> conv(8)) + (rgb -> conv(8, stride = 2))\n")
    said = json.loads(network.to_json())
    assert (said["inputs"], said["source"]) == ({"rgb": [3, 32, 32], "depth": [1, 16, 16]}, "rgb")
    assert Architecture.from_json(network.to_json()) == network
    one = json.loads(compiled("  input = 3 x 8 x 8\n  head = conv(8)\n").to_json())
    assert not {"inputs", "source"} & {*one}


def test_inputs_of_series() -> None:
    inputs = "  inputs {\n    left  = 1 x 64\n    right = 1 x 64\n  }\n"
    network = compiled(inputs + "  head = concat(left, right) -> conv(4, 9, stride = 2)\n")
    assert network.output.sizes == (4, 32)


def test_inputs_with_names_that_python_has_taken() -> None:
    inputs = "  inputs {\n    class = 3 x 8 x 8\n    self  = 3 x 8 x 8\n    maps  = 3 x 8 x 8\n  }\n"
    network = archdsl.loads(f"model net {{\n{inputs}  head = class + self - maps -> conv(2)\n}}\n")
    images = [torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(seed)) for seed in range(3)]
    module = network.build().eval()
    with torch.no_grad():
        expected = module.head.conv(images[0] + images[1] - images[2])
        torch.testing.assert_close(module(*images), expected)


def test_a_binding_may_still_be_called_inputs() -> None:
    network = compiled("  input = 3 x 8 x 8\n  inputs = 4\n  head = conv(inputs)\n")
    assert network.output == Shape(4, 8, 8)
