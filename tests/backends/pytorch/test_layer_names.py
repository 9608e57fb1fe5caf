"""Every layer has its module name, wherever it is written; what is predicted is what is built, tensor by tensor."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import archdsl
from archdsl.backends.pytorch import emit
from archdsl.backends.pytorch.emitter import _natural
from archdsl.backends.pytorch.spelling import spelled
from archdsl.backends.pytorch.state import state
from archdsl.backends.pytorch.tidy import tidied
from archdsl.compiler import compile_source
from archdsl.diagnostics import Source
from archdsl.ir.architecture import Architecture
from tests.backends.pytorch.from_python import from_python
from tests.properties.checks import check_alone, check_file, module_of


def networks(text: str) -> dict[str, Architecture]:
    """The networks of a text by name, each checked in every way, with its siblings and alone."""
    compiled = compile_source(Source("names.arch", text))
    assert not compiled.problems
    check_file(compiled.architectures)
    namespace = module_of(emit(compiled.architectures, "names.arch"))
    for architecture in compiled.architectures:
        check_alone(architecture, namespace)
    return {architecture.name: architecture for architecture in compiled.architectures}


def weights(architecture: Architecture) -> list[str]:
    """The modules that have weights."""
    return [key.removesuffix(".weight") for key in state(architecture) if key.endswith(".weight")]


def stem(body: str, more: str = "") -> list[str]:
    """The modules with weights of a network that is one block, without its path."""
    text = f"block unit(c = 4) {{\n{body}\n}}\nmodel net {{\n  input = 3 x 16 x 16\n  stem = unit\n}}\n{more}"
    return [name.removeprefix("stem.") for name in weights(networks(text)["net"])]


def test_a_product_of_pipelines_is_no_repetition() -> None:
    text = "out = in * (in -> conv(in.channels) -> sigmoid) -> conv(c)"
    assert stem(text) == ["conv", "conv_2"]


def test_pipelines_that_resize_to_a_tensor_are_modules_of_their_own() -> None:
    branches = "\n".join(
        f"{name} = in -> max_pool(2) -> conv(c) -> resize(like = in) -> conv(c) -> norm" for name in ("a", "b")
    )
    inside = ["conv", "conv_2", "norm"]
    assert stem(f"{branches}\nout = a + b") == [f"{part}.{name}" for part in "ab" for name in inside]


def test_resizing_to_several_tensors_in_brackets_under_conditions_and_in_layers_that_have_a_name() -> None:
    body = """
      half = in -> avg_pool(2)
      third = in -> avg_pool(3, padding = 1)
      up = resize(like = half) -> conv(c)
      a = in -> resize(like = third) -> [conv(c) -> resize(like = half) -> norm] as part -> resize(like = in)
      b = in -> up -> [resize(like = third) -> norm] * 2 -> (if c > 3 then resize(like = half) else norm)
        -> resize(like = in) when c > 2
      out = a + b -> up -> resize(like = half) when c > 2
    """
    assert stem(body) == [
        *("a.part.conv", "a.part.norm", "b.up.conv", "b.layers.0.norm", "b.layers.1.norm", "up_2.conv")
    ]


def test_a_tensor_that_a_layer_reads_is_computed_once() -> None:
    text = """
    block unit(c = 4) {
      up = [resize(like = in -> conv(c, stride = 2)) -> norm]
      out = (in -> up) + (in -> up * 2)
    }
    model net {
      input = 3 x 16 x 16
      stem = unit
    }
    """
    (architecture,) = networks(text).values()
    copies = ("up_3.0.up_norm", "up_3.1.up_norm")
    assert weights(architecture) == [f"stem.{name}" for name in ("up_like", "up_2.up_norm", *copies)]
    assert architecture.costs.model().macs == 4 * 3 * 8 * 8


def test_layers_of_defaults_cells_overrides_arguments_and_scale() -> None:
    text = """
    block unit(channels, body = norm, pre = [norm -> act] * 2, gate = if true then [conv(4) -> tanh] else norm) {
      out = in -> pre -> body -> [body] -> gate -> conv(channels)
    }
    model net(first = conv(4, 3) -> batch_norm) {
      input = 3 x 16 x 16
      act = prelu
      stem = first
      scale { gate = if 1 > 2 then gate else [conv(4) -> norm -> tanh] }
      stages {
        | op                       | channels | body                   | gate  |
        | unit                     | 4        | [conv(4) -> norm] * 2  | -     |
        | unit(pre = conv(5) -> act) | 4      | conv(4) -> conv(4)     | relu  |
      }
      head = (if 1 > 2 then relu else [conv(2) -> norm]) -> global_avg_pool
    }
    model changed extends net(first = conv(6) -> conv(4)) {
      stages 1..2 { body = norm -> conv(4) }
    }
    """
    found = networks(text)
    pre = [f"pre.{copy}.{name}" for copy in "01" for name in ("norm", "act")]
    first = [
        *pre,
        *(f"{body}.{copy}.{name}" for body in ("body", "body_2") for copy in "01" for name in ("conv", "norm")),
    ]
    first += ["gate.conv", "conv"]
    second = ["pre.conv", "pre.act", "body.conv", "body.conv_2", "body_2.conv", "body_2.conv_2"]
    second += ["gate.conv", "gate.norm", "conv"]
    assert weights(found["net"]) == [
        *("stem.conv", "stem.batch_norm"),
        *(f"stages.0.0.{name}" for name in first),
        *(f"stages.1.0.{name}" for name in second),
        *("head.conv", "head.norm"),
    ]
    assert weights(found["changed"])[:2] == ["stem.conv", "stem.conv_2"]
    assert "stages.1.0.body_2.norm" in weights(found["changed"])


def test_layers_that_are_tried_for_a_fact_are_no_part_of_the_network() -> None:
    body = """
      h = (in -> probe -> norm).channels
      out = in -> conv(c) when (in -> probe).height > 2 -> conv(h)
    """
    probe = "block probe() {\n  out = in -> conv(7)\n}\n"
    assert stem(body, probe) == ["conv", "conv_2"]
    text = f"{probe}block unit(c = 4) {{\n{body}\n}}\nmodel net {{\n  input = 3 x 16 x 16\n  stem = unit\n}}\n"
    assert "Probe" not in emit(list(networks(text).values()), "names.arch")


def test_names_that_collide() -> None:
    body = """
      forward = in -> conv(c) -> norm
      conv_2 = in -> conv(c)
      x = in -> conv(c) * 2
      out = forward + conv_2 + x -> conv(c) -> conv(c) -> [conv(c)] -> [conv(c)] * 2 -> train(c) -> train_(c)
        -> conv(c) as conv -> ([conv(c) -> norm] * 2) * 2
    """
    blocks = "".join(f"block {name}(c) {{\n  out = in -> conv(c)\n}}\n" for name in ("train", "train_"))
    names = stem(body, blocks)
    assert len(names) == len(set(names)) == 21
    assert names[:4] == ["forward_.conv", "forward_.norm", "conv_2", "x.conv.0"]


def test_a_layer_alone_in_brackets_is_called_as_it_is_written() -> None:
    assert stem("out = in -> [conv(c)] * 2 -> [norm]") == ["layers.0.conv", "layers.1.conv", "norm"]


@pytest.mark.parametrize(
    "head",
    [
        "conv(16) -> act when p -> global_avg_pool -> linear(classes)",
        "[conv(8) -> norm] when p -> global_avg_pool -> [conv(4) -> norm] when q -> linear(classes)",
        "conv(8) -> global_avg_pool when p -> act when q -> [conv(4) -> norm] * 2 -> global_avg_pool",
        "conv(8) when p -> global_avg_pool -> conv(6) when q -> act -> linear(classes)",
        "(if p then conv(8) else [conv(8) -> norm]) -> global_avg_pool -> norm when q",
        "global_avg_pool -> linear(8) when p -> act when q -> linear(classes)",
    ],
)
def test_a_head_has_the_same_names_alone_and_beside_variants(head: str) -> None:
    rows = "".join(f"  | {p}{q} | {p} | {q} |\n" for p in ("true", "false") for q in ("true", "false"))
    rows = rows.replace("| truetrue", "| a").replace("| truefalse", "| b").replace("| falsetrue", "| c")
    rows = rows.replace("| falsefalse", "| d")
    networks(f"""
model net(p = true, q = true) {{
  input = 3 x 8 x 8
  classes = 4
  act = prelu
  stem = conv(8)
  head = {head}
}}
variants net {{
  | name | p | q |
{rows}}}
""")


def test_whole_numbers_are_the_numbers_that_json_gives_back() -> None:
    text = "out = in -> gain(2) -> gelu(gain = 1) -> gelu(gain = 2) -> dropout(0) -> channel_gain(1) -> conv(c)"
    text = f"block unit(c = 4) {{\n{text}\n}}\nmodel net {{\n  input = 3 x 8 x 8\n  stem = unit\n}}\n"
    source = emit(list(networks(text).values()), "names.arch")
    assert "Gain(2.0)" in source
    assert "gelu=nn.GELU()" in source.replace("self.gelu = ", "gelu=")


# Conditions ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("not a == b", "a != b"),
        ("not a is None", "a is not None"),
        ("not not (a < b)", "a < b"),
        ("x if not a else y", "y if a else x"),
        ("x if a > 1 else x", "x"),
        ("True if a > b else False", "a > b"),
        ("True if a else False", "bool(a)"),
        ("False if a else True", "not a"),
        ("a if a > b else b", "max(b, a)"),
        ("a if a >= b else b", "max(a, b)"),
        ("b if a > b else a", "min(a, b)"),
        ("a if a < b else b", "min(b, a)"),
        ("a if a == b else b", "a if a == b else b"),
    ],
)
def test_conditions_are_said_as_linters_ask(written: str, said: str) -> None:
    tidy = spelled(tidied(from_python(written)))
    assert tidy == said
    for a in (1, 2, 0, None):
        for b in (1, 2.0):
            values = {"a": a, "b": b, "x": 3, "y": 4}
            if a is None and any(sign in written for sign in "<>"):
                continue
            assert repr(eval(tidy, {}, dict(values))) == repr(eval(written, {}, dict(values)))


def test_branches_that_say_the_same_take_no_argument() -> None:
    text = """
    block unit(c, k = 1, same = true) {
      m = in -> conv(c)
      n = if k > 1 then m else m
      out = n -> (if k > 1 then relu else relu) -> identity when same
    }
    model net {
      input = 3 x 8 x 8
      stages {
        | op   | c | k | same  |
        | unit | 4 | 1 | true  |
        | unit | 4 | 2 | false |
      }
    }
    """
    assert "def __init__(self, in_channels: int) -> None:" in emit(list(networks(text).values()), "names.arch")


def test_exported_names_are_sorted_as_ruff_sorts_them() -> None:
    names = ["NET", "N", "NetA", "_net", "net", "net_05", "net_050", "net_9", "net_10", "net_B0", "net__x", "net_b10"]
    assert sorted([*names[5:], *names[:5]], key=_natural) == names


def test_no_assert_decides_what_is_emitted() -> None:
    root = Path(archdsl.__file__).parent
    for folder in ("ir", "backends/pytorch"):
        for path in (root / folder).rglob("*.py"):
            nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            assert not any(isinstance(node, ast.Assert) for node in nodes), path
