"""Loops as an expert writes them: over module lists and arguments, and one by one where rounds differ."""

from __future__ import annotations

import pytest
import torch

import archdsl
from archdsl.backends.pytorch import emit
from archdsl.backends.pytorch.state import state
from archdsl.compiler import compile_source
from archdsl.diagnostics import Source
from tests.properties.checks import check_alone, check_file, module_of

MODEL = """
block body(channels = 8, kernels = [3, 5], n = 2, stride = 1) {{
{lines}
}}
model m {{
  input = 8 x 8 x 8
  stages {{
    | op   | channels | kernels   | n | stride |
    | body | 8        | [3, 5]    | 2 | 1      |
    | body | 8        | {kernels} | 4 | 1      |
  }}
}}
"""


def source(*lines: str, kernels: str = "[7, 1]") -> str:
    """The emitted source of a network of two such blocks, checked in every way."""
    text = MODEL.format(lines="\n".join(f"  {line}" for line in lines), kernels=kernels)
    compiled = compile_source(Source("lists.arch", text))
    check_file(compiled.architectures)
    made = emit(compiled.architectures, "lists.arch")
    namespace = module_of(made)
    for architecture in compiled.architectures:
        check_alone(architecture, namespace)
    return made


def test_a_loop_over_a_list_that_is_an_argument() -> None:
    made = source("out = sum(for k in kernels: in -> conv(channels, k))", kernels="[7]")
    assert made.count("class Body") == 1
    assert "kernels: tuple[int, ...]" in made
    assert "for k in kernels" in made
    assert "y = [layer(x) for layer in self.branches]" in made
    assert "(7,)" in made


def test_a_loop_over_a_count() -> None:
    made = source("ys = for i in n: in -> conv(channels) -> norm", "out = concat(ys) -> conv(channels)")
    assert "for _ in range(n)" in made
    assert "ys = [layer(x) for layer in self.ys]" in made


def test_a_loop_that_reads_what_it_has_made() -> None:
    made = source(
        "parts = split(in, n)",
        "ys = for i, x in parts: (if i == 0 then x else x + ys[i - 1]) -> conv(channels // n, 3)",
        "out = concat(ys)",
    )
    assert "parts = x.chunk(self.n, dim=1)" in made
    assert "for i, layer in enumerate(self.ys):" in made
    assert "ys.append(layer(parts[i] if i == 0 else parts[i] + ys[i - 1]))" in made


def test_parts_of_sizes() -> None:
    made = source(
        "parts = split(in, [n, in.channels - n])", "out = concat(parts[0], parts[1] -> norm) -> conv(channels)"
    )
    assert "self.sizes = (n, in_channels - n)" in made
    assert "parts = x.split(self.sizes, dim=1)" in made
    assert "self.norm = nn.BatchNorm2d(in_channels - n)" in made or "nn.BatchNorm2d(in_channels - n)" in made


def test_rounds_that_differ_stand_one_by_one() -> None:
    made = source(
        "ys = for op in [conv(8, 3), max_pool(3, stride = 1), norm]: in -> op", "out = concat(ys) -> conv(channels)"
    )
    assert made.count("class Body") == 1
    assert "self.ys = nn.ModuleList(" in made
    assert "ys_0 = self.ys[0](x)" in made


def test_rounds_one_by_one_read_bindings_before_them() -> None:
    made = source("y = in -> conv(8)", "out = concat(for k in [3, 1 x 9]: y -> depthwise(k)) -> conv(channels)")
    assert "branches_0 = self.branches[0](y)" in made


def test_layers_inside_an_expression_are_a_list_each() -> None:
    made = source("out = sum(for k in kernels: (in -> conv(8, k)) * (in -> global_avg_pool -> conv(8) -> sigmoid))")
    assert "self.branches_conv[index](x)" in made or "self.conv[index](x)" in made


def test_a_shared_layer_in_a_loop_is_one_module() -> None:
    text = """
block body() {
  shared tower = conv(8, 3) -> norm
  maps = [in, in -> max_pool(3, stride = 2)]
  out = concat(for map in maps: map -> tower -> resize(like = in))
}
model m {
  input = 8 x 8 x 8
  stem = body()
}
"""
    compiled = compile_source(Source("lists.arch", text))
    assert not compiled.problems
    check_file(compiled.architectures)
    assert {key.split(".")[1] for key in state(compiled.architectures[0])} == {"tower"}


@pytest.mark.parametrize("kernels", ["[3, 5]", "[1, 3, 5]", "[1 x 3, 3]"])
def test_a_network_of_any_kernels(kernels: str) -> None:
    assert "class Body" in source("out = sum(for k in kernels: in -> depthwise(k)) -> conv(channels)", kernels=kernels)


def test_the_numbers_of_a_loop_that_no_formula_says_are_an_argument() -> None:
    made = source("ys = for i in n: concat(in, ys) -> conv(4, 3)", "out = concat(in, ys) -> norm -> conv(channels)")
    assert "widths[i]" in made
    assert "torch.cat([x, *ys], dim=1)" in made


def emitted(text: str) -> str:
    """The emitted source of the networks of a text, checked in every way, and taken by `torch.export`."""
    compiled = compile_source(Source("lists.arch", text))
    assert not compiled.problems
    assert not compiled.unmet
    check_file(compiled.architectures)
    for architecture in compiled.architectures:
        model = archdsl.loads(text, architecture.name).build().eval()
        images = torch.zeros(1, *architecture.input)
        exported = torch.export.export(model, (images,), strict=True).module()
        torch.testing.assert_close(tuple(exported(images)), tuple(model(images)))
        assert torch._dynamo.explain(model)(images).graph_break_count == 0
    return emit(compiled.architectures, "lists.arch")


PAIR = """
block pair(channels) {
  a = in -> conv(channels)
  out = a, a -> conv(2 * channels, 3, stride = 2)
}
"""


def test_several_outputs_are_taken_apart_at_once() -> None:
    made = emitted(
        PAIR
        + """
        block apart(channels) {
          x, y = in -> pair(channels)
          u, _ = y -> pair(channels)
          out = x, u
        }
        model m {
          input = 3 x 8 x 8
          outputs { a, b = input -> apart(4) }
        }
        """
    )
    assert (
        "    def forward(self, x: Tensor) -> list[Tensor]:\n        a = self.a(x)\n        return [a, self.conv(a)]\n"
        in made
    )
    assert "        x, y = self.x_y(inputs)\n        u, _ = self.u_of_2(y)\n        return [x, u]\n" in made
    assert "        a, b = self.a_b(x)\n" in made


def test_a_list_that_is_read_again_is_kept() -> None:
    made = emitted(
        PAIR
        + """
        block both() { out = concat(for x in in: x -> resize(like = in[0])) }
        model m {
          input = 3 x 8 x 8
          many  = input -> pair(4)
          outputs {
            a, b = many
            c = many -> both
          }
        }
        """
    )
    assert "a, b = many\n" in made
    assert "c = self.c(many)\n" in made


def test_a_block_of_lists_is_repeated() -> None:
    """One class for two numbers of tensors, and parameters that count for each copy."""
    made = emitted(
        PAIR
        + """
        block fuse(branches) {
          out = sum(for x in branches: x -> conv(in.channels) -> resize(like = in)) -> act
        }
        block exchange() { out = for branch in in: branch -> fuse(in) }
        model m {
          input = 3 x 8 x 8
          two   = input -> pair(4) -> exchange * 3
          three = [two[0], two[1], input -> conv(6)] -> exchange
          outputs { a, b, c = three }
          require params == 3 * 4 + 4 * 8 * 9 + 3 * (4 + 8) ** 2 + 3 * 6 + (4 + 8 + 6) ** 2
        }
        """
    )
    assert "for branch" not in made
    assert "return [layer(x[index], x) for index, layer in enumerate(self.out)]" in made
    assert made.count("nn.Sequential(*(Exchange(") == 1


def test_a_shared_block_of_lists_counts_once() -> None:
    made = compile_source(
        Source(
            "lists.arch",
            PAIR
            + """
            block exchange() { out = for x in in: x -> conv(x.channels) }
            block twice() {
              shared tower = exchange
              first = in -> pair(4) -> tower
              out = first -> tower
            }
            model m {
              input = 3 x 8 x 8
              outputs { a, b = input -> twice }
            }
            """,
        )
    )
    (architecture,) = made.architectures
    assert architecture.costs.model().params == 3 * 4 + 4 * 8 * 9 + 4 * 4 + 8 * 8
    assert architecture.costs.model().macs == 64 * 12 + 16 * 4 * 8 * 9 + 2 * (64 * 16 + 16 * 64)
    check_file(made.architectures)
