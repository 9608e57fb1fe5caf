"""What classes are called: the capitals of the text, and valid names whatever the text."""

from __future__ import annotations

import ast
import re

import pytest

from archdsl.backends.pytorch import emit
from archdsl.backends.pytorch.class_names import class_name, common_name
from archdsl.compiler import compile_source
from archdsl.diagnostics import Source
from tests.backends.pytorch.test_emitted_programs import PROGRAMS


@pytest.mark.parametrize(
    ("name", "doc", "expected"),
    [
        ("efficientnetv2_l", "EfficientNetV2-L (Tan & Le 2021).", "EfficientNetV2L"),
        ("fused_mbconv", "Fused bottleneck, Fused-MBConv (Gupta & Akin 2020).", "FusedMBConv"),
        ("tf_efficientnet", "EfficientNet with TensorFlow's padding.", "TfEfficientNet"),
        ("seresnext50_32x4d", "SE-ResNeXt (Hu et al. 2018).", "SEResNeXt5032x4d"),
        ("conv_norm_act", "Convolution, normalization and activation.", "ConvNormAct"),
        ("mbconv", "", "Mbconv"),
        ("basic_block", "A basic block.", "BasicBlock"),
        ("MyBlock", "my block", "MyBlock"),
        ("_3x", "", "Net3x"),
    ],
)
def test_capitals_come_from_the_comment(name: str, doc: str, expected: str) -> None:
    assert class_name(name, doc) == expected
    assert expected.isidentifier()


def test_what_names_have_in_common_is_whole_words() -> None:
    assert common_name(["EfficientNet", "EfficientNetV2"]) == "EfficientNet"
    assert common_name(["ResNet", "ResNeXt"]) == "Res"
    assert common_name(["ResNet", ""]) == ""


def test_networks_of_one_form_share_a_class() -> None:
    text = "".join(
        f"model {name} {{\n  input = 3 x 8 x 8\n  stem = conv({width})\n  head = global_avg_pool -> linear(5)\n"
        "  classes = 5\n}\n"
        for name, width in (("small", 4), ("large", 8))
    )
    source = emit(compile_source(Source("net.arch", text)).architectures, "net.arch")
    assert source.count("class ") == 1
    assert "class ConvNet(nn.Module):" in source


def test_networks_of_other_outputs_have_classes_of_their_own() -> None:
    """What `forward` is said to return is what it returns."""
    text = """
    model small {
      input = 3 x 8 x 8
      x = input -> conv(4)
      outputs {
        face = x -> conv(2)
        box  = x -> conv(4)
      }
    }
    model large {
      input = 3 x 8 x 8
      x = input -> conv(4) -> act -> conv(4)
      outputs {
        face  = x -> conv(2)
        marks = x -> conv(10)
      }
    }
    """
    source = emit(list(compile_source(Source("net.arch", text)).checked()), "net.arch")
    classes = {node.name: node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)}
    for name in ("Small", "Large"):
        (forward,) = (node for node in classes[name].body if getattr(node, "name", "") == "forward")
        assert isinstance(forward, ast.FunctionDef)
        assert forward.returns is not None
        assert ast.unparse(forward.returns) == f"{name}HeadOutputs"


def test_blocks_that_differ_in_form_have_a_class_for_each_form_and_not_for_each_size() -> None:
    text = """
block shares(parts) {
  rows = for part in split(in, parts): part -> transpose(channels, width)
  each = concat(rows) -> softmax(over = channels)
  columns = for row in split(each, parts): row -> transpose(channels, width)
  out = if parts > 1 then concat(columns) else (in -> sigmoid)
}
block unit(channels, parts) {
  out = in * (in -> global_avg_pool -> conv(in.channels, bias = true) -> shares(parts)) -> conv(channels)
}
model net {
  input = 8 x 8 x 8
  stages {
    | op   | channels | parts |
    | unit | 16       | 1     |
    | unit | 32       | 2     |
    | unit | 64       | 2     |
  }
}
"""
    source = emit(compile_source(Source("net.arch", text)).checked(), "net.arch")
    assert [line for line in source.splitlines() if line.startswith("class Shares")] == [
        "class Shares(nn.Module):",
        "class Shares2(nn.Module):",
    ]


def test_a_recursion_has_a_class_for_each_form_and_not_for_each_size() -> None:
    """Deep layer aggregation: a tree that keeps its channels, one with a root, and one of two levels in three parts."""
    text = PROGRAMS["trees of trees, which hand on what they read"]
    architectures = compile_source(Source("net.arch", text)).checked()
    source = emit(architectures[:1], "net.arch")
    assert len(re.findall("(?m)^class Tree", source)) == 5
    assert len(re.findall("(?m)^class Tree", emit(architectures, "net.arch"))) == 12
