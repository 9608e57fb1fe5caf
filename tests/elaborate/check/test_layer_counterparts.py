"""Names of other libraries, and what they are called here."""

from __future__ import annotations

import pytest

from archdsl.compiler import compile_source
from archdsl.diagnostics import Source
from archdsl.elaborate.check.layer_counterparts import RENAMED, kernel_for, layer_for
from archdsl.elaborate.resolve.words import OF_LISTS
from archdsl.ir.operators import PRIMITIVES

NET = "model net {{\n  input = 3 x 32 x 32\n  classes = 10\n  stem = conv(8) -> {}\n}}\n"


def test_each_counterpart_is_a_layer_of_ours_by_another_name() -> None:
    assert set(RENAMED.values()) <= {*PRIMITIVES, *OF_LISTS}
    assert not RENAMED.keys() & {name.replace("_", "") for name in PRIMITIVES}
    assert all(name == name.lower().replace("_", "") for name in RENAMED)


@pytest.mark.parametrize(
    ("name", "meant"), [("Conv2d", "conv"), ("Dense", "linear"), ("Linear", "linear"), ("ReLU", "relu"), ("Foo", None)]
)
def test_layers(name: str, meant: str | None) -> None:
    assert layer_for(name) == meant


@pytest.mark.parametrize(
    ("name", "meant"), [("k3x3", "3"), ("k5", "5"), ("k3x5", "3 x 5"), ("k", None), ("kx3", None), ("k3x", None)]
)
def test_kernels(name: str, meant: str | None) -> None:
    assert kernel_for(name) == meant


@pytest.mark.parametrize("layers", ["nn.Conv2d(3, 16)", "tf.keras.layers.Dense(3)", "F.relu", "torch.cat"])
def test_one_mistake_for_a_dotted_name(layers: str) -> None:
    (problem,) = compile_source(Source("net.arch", NET.format(layers))).problems
    assert problem.message == f"`{layers.partition('(')[0]}` is a name of another library"


def test_a_name_of_ones_own_is_none_of_another_library() -> None:
    text = "block fc(channels) {\n  out = in -> conv(channels)\n}\n"
    assert compile_source(Source("net.arch", text + NET.format("fc(4)"))).problems == ()
    text = "block b(nn) {\n  nn.width = 3\n  out = in -> conv(4) * nn.width\n}\n"
    assert compile_source(Source("net.arch", text)).problems == ()
