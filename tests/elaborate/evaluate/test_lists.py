"""Lists, their values, loops over them, and tensors in parts."""

from __future__ import annotations

import pytest

import archdsl
from archdsl.compiler import compile_source
from archdsl.diagnostics import Source
from archdsl.ir.walk import walk

MODEL = """
block body(channels = 8, kernels = [3, 5]) {{
{lines}
}}
model m({parameters}) {{
  input = 8 x 8 x 8
  stem = {stem}
}}
"""


def text(*lines: str, stem: str = "body", parameters: str = "") -> str:
    return MODEL.format(lines="\n".join(f"  {line}" for line in lines), stem=stem, parameters=parameters)


def operators(*lines: str, stem: str = "body", parameters: str = "") -> list[tuple[str, str, int]]:
    """Of each operator its path in the block, its name and the channels that it puts out."""
    visits = walk(archdsl.loads(text(*lines, stem=stem, parameters=parameters)).architecture)[1:-1]
    return [(visit.path.removeprefix("stem."), visit.operator, visit.output.channels) for visit in visits]


def channels(value: str, parameters: str = "") -> int:
    """A number, as that of the channels of a layer."""
    return operators("out = in", stem=f"conv({value})", parameters=parameters)[0][2]


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("[3, 5, 7][1]", 5),
        ("[3][0]", 3),
        ("[3,][0]", 3),
        ("length([3, 5, 7])", 3),
        ("length([relu, conv(3)])", 2),
        ("sum([3, 5])", 8),
        ("sum(3, 5, [1, 2])", 11),
        ("max([3, 9, 7])", 9),
        ("min([3, 9], 2)", 2),
        ("if [3, 5] == [3, 5.0] then 1 else 2", 1),
        ("if [3, 5] == [5, 3] then 1 else 2", 2),
        ("if [3] != [3, 3] then 1 else 2", 1),
        ("if [relu, act] == [relu, relu] then 1 else 2", 1),
        ("sum(for i in 4: i * i)", 14),
        ("sum(for k in [3, 5]: k + 1)", 10),
        ("sum(for i, k in [3, 5]: i * k)", 5),
        ("length(for i in 0: i) + 1", 1),
        ("sum(for i in 3: sum(for j in i + 1: j))", 4),
        ("(for i in 4.0: i + 1)[3]", 4),
    ],
)
def test_lists_of_numbers(value: str, number: int) -> None:
    assert channels(value) == number


def test_a_loop_reads_what_it_has_made() -> None:
    parameters = "fibonacci = for i in 8: if i < 2 then 1 else fibonacci[i - 1] + fibonacci[i - 2]"
    with pytest.raises(archdsl.DiagnosticError):  # a parameter has no name in its own value
        channels("fibonacci[7]", parameters)
    made = archdsl.loads(
        "model m {\n  input = 3 x 8 x 8\n"
        "  numbers = for i in 8: if i < 2 then 1 else numbers[i - 1] + numbers[i - 2]\n"
        "  stem = conv(numbers[7])\n}"
    )
    assert made.architecture.output.channels == 21


def test_each_round_has_layers_of_its_own() -> None:
    found = operators("ys = for k in kernels: in -> conv(channels, k) -> norm", "out = concat(ys)")
    assert found == [
        ("ys.0.conv", "conv", 8),
        ("ys.0.norm", "batch_norm", 8),
        ("ys.1.conv", "conv", 8),
        ("ys.1.norm", "batch_norm", 8),
        ("concat", "concat", 16),
    ]


def test_names_of_layers_in_a_loop() -> None:
    """One layer is the round's module; layers inside a larger expression are the block's, with the round's number."""
    assert [path for path, *_ in operators("out = concat(for k in kernels: in -> conv(4, k))")] == [
        "branches.0",
        "branches.1",
        "concat",
    ]
    found = operators("ys = for k in kernels: (in -> conv(8, k)) * (in -> norm -> sigmoid)", "out = sum(ys)")
    assert [path for path, *_ in found][:5] == ["ys_conv.0", "ys_norm.0", "ys_sigmoid.0", "ys_multiply.0", "ys_conv.1"]
    assert found[-1] == ("sum", "add", 8)


def test_parts_of_a_tensor() -> None:
    assert operators("parts = split(in, 4)", "out = concat(parts[3], parts[0])") == [
        *((f"parts.{number}", "chunk", 2) for number in range(4)),
        ("concat", "concat", 4),
    ]
    found = operators("parts = split(in -> conv(12), [2, 4, channels - 2])", "out = parts[1]")
    assert found == [
        ("parts_tensor", "conv", 12),
        ("parts.0", "slice", 2),
        ("parts.1", "slice", 4),
        ("parts.2", "slice", 6),
    ]


def test_tensors_in_brackets_are_a_list() -> None:
    found = operators("ys = [in, in -> conv(4)]", "out = concat(for i, y in ys: y -> conv(i + 1))")
    assert [(operator, channels) for _, operator, channels in found] == [
        ("conv", 4),
        ("conv", 1),
        ("conv", 2),
        ("concat", 3),
    ]


def test_a_list_that_nothing_reads_is_not_built() -> None:
    compiled = compile_source(Source("m.arch", text("_ys = for i in 3: in -> conv(8)", "out = in -> conv(4)")))
    assert archdsl.loads(text("_ys = for i in 3: in -> conv(8)", "out = in -> conv(4)")).params == 32
    assert not compiled.problems


def test_a_list_in_a_cell_an_override_and_a_variant() -> None:
    compiled = compile_source(
        Source(
            "m.arch",
            """
block paths(channels, kernels) {
  out = sum(for k in kernels: in -> conv(channels, k))
}
model m(kernels = [1, 1]) {
  input = 1 x 8 x 8
  stages {
    | op    | channels | kernels |
    | paths | 1        | kernels |
    | paths | 1        | [3]     |
  }
}
variants m {
  | name | kernels |
  | a    | [1]     |
  | b    | [3, 5]  |
}
model c extends m.b {
  stages 2 { kernels = [5, 1] }
}
model d extends m(kernels = [7,]) { }
""",
        )
    )
    networks = {architecture.name: architecture.costs.model().params for architecture in compiled.architectures}
    assert networks == {"m_a": 10, "m_b": 43, "c": 60, "d": 58}
