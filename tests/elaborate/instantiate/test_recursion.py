"""Blocks that apply themselves: the tensors that their output does not read are not elaborated."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

import archdsl
from archdsl.compiler import compile_source
from archdsl.diagnostics import Source

LANGUAGE = Path(__file__).parents[3] / "docs" / "language.md"

LEVEL = """\
block level(depth) {
  down = in -> conv(in.channels * 2, 3, stride = 2) -> norm -> act
  inner = down -> level(depth - 1)
  up = inner -> resize(like = in) -> conv(in.channels)
  out = if depth > 0 then in + up else in
}
"""
MODEL = """
model unet {
  input = 3 x 64 x 64
  classes = 10
  stem = conv(16, 3) -> level(3)
  head = global_avg_pool -> linear(classes)
}
"""


def messages(text: str) -> list[str]:
    return [problem.message for problem in compile_source(Source("net.arch", text)).problems]


class Level(nn.Module):
    """The level of the documentation, by hand."""

    def __init__(self, channels: int, depth: int):
        super().__init__()
        self.depth = depth
        if depth:
            self.down, self.inner = _conv(channels, channels * 2, 3, 2), Level(channels * 2, depth - 1)
            self.up, self.last = _conv(channels * 2, channels, 1), _conv(channels * 2, channels, 3)

    def forward(self, x: Tensor) -> Tensor:
        if not self.depth:
            return x
        inner = functional.interpolate(self.inner(self.down(x)), x.shape[2:], mode="bilinear")
        last: Tensor = self.last(torch.cat((x, self.up(inner)), 1))
        return last


def _conv(taken: int, given: int, kernel: int, stride: int = 1) -> nn.Module:
    conv = nn.Conv2d(taken, given, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(given), nn.ReLU())


def test_the_unet_of_the_documentation_is_the_one_written_by_hand(tmp_path: Path) -> None:
    (text,) = re.findall(r"```\n(block level\(.*?)```", LANGUAGE.read_text(encoding="utf-8"), re.DOTALL)
    path = tmp_path / "unet.arch"
    path.write_text(text, encoding="utf-8")
    loaded = archdsl.load(path)
    ours = loaded.build().eval()
    theirs = nn.Sequential(_conv(3, 16, 3), Level(16, 3), nn.Conv2d(16, 1, 1, bias=False)).eval()
    states = dict(zip(ours.state_dict(), theirs.state_dict().values(), strict=True))
    assert [v.shape for v in ours.state_dict().values()] == [v.shape for v in states.values()]
    ours.load_state_dict(states)
    images = torch.randn(2, 3, 50, 46)
    with torch.no_grad():
        torch.testing.assert_close(ours(images), theirs(images))
    assert loaded.params == sum(p.numel() for p in theirs.parameters())


def test_bindings_that_end_by_themselves_are_the_same_network() -> None:
    """With a condition in the binding, as it had to be written, and without."""
    written = archdsl.loads(
        LEVEL.replace("down -> level(depth - 1)", "if depth > 0 then down -> level(depth - 1) else down") + MODEL
    )
    lazily = archdsl.loads(LEVEL + MODEL)
    assert lazily.params == written.params == 108_570
    assert lazily.macs == written.macs


@pytest.mark.parametrize(
    "inner",
    [
        "inner = down -> other(depth)",  # by way of another block
        "inner = down -> repeated(depth, level)",  # as a parameter's value
        "further = down -> level(depth - 1)\n  inner = further",  # by way of another binding
        "inner = (down -> level(depth - 1)) + (down -> level(depth - 1))",
        "inner = concat(down -> level(depth - 1), down)",
        "inner = down -> level(depth - 1)\n  width = if depth > 0 then inner.channels else 0",  # a fact of it
        "inner = down -> level(depth - 1)\n  require depth < 1 or inner.channels > 8",
        "act = down -> act -> level(depth - 1)\n  inner = act",  # a binding that is called as a setting it reads
        "inner = down -> level(depth - 1) * 2",
    ],
)
def test_a_tensor_that_is_not_read_is_not_elaborated(inner: str) -> None:
    others = """\
block other(depth) { out = in -> level(depth - 1) }
block repeated(depth, layer) { out = in -> layer(depth - 1) }
"""
    text = others + LEVEL.replace("inner = down -> level(depth - 1)", inner) + MODEL
    assert archdsl.loads(text).params


def test_calls_go_as_deep_as_they_may() -> None:
    """Tensors that read each other take no more of Python's stack than tensors that are made in order."""
    deep = LEVEL.replace("in.channels * 2, 3, stride = 2", "in.channels")
    deep = deep.replace("down -> level", "middle -> level").replace(
        "  inner", "  middle = down -> [norm -> act]\n  inner"
    )
    assert archdsl.loads(deep + MODEL.replace("level(3)", "level(63)")).params
    assert messages(deep + MODEL.replace("level(3)", "level(64)")) == ["`level` calls itself without end"]


def test_what_a_block_that_calls_itself_reads_is_checked() -> None:
    wrong = LEVEL.replace("conv(in.channels)\n", "conv(in.channels + 1)\n")
    assert messages(wrong + MODEL) == ["channels do not match: 64 on the left of `+`, 65 on the right"]


def test_numbers_of_a_block_that_calls_itself_are_checked_unread() -> None:
    wrong = LEVEL.replace("  out", "  spare = 1 / 0\n  out")
    assert any("zero" in message for message in messages(wrong + MODEL))


def test_a_tensor_of_another_block_is_checked_unread() -> None:
    wrong = "block other(depth) {\n  spare = in + (in -> conv(5))\n  out = if depth > 0 then spare else in\n}\n"
    assert messages(wrong + MODEL.replace("level(3)", "other(0)"))[0].startswith("channels do not match")


def test_the_innermost_call_of_an_endless_recursion_is_shown() -> None:
    (problem,) = compile_source(
        Source("net.arch", LEVEL.replace("if depth > 0 then in + up else in", "in + up") + MODEL)
    ).problems
    notes = [note.text for note in problem.notes]
    assert "`level(depth = -17)`" in notes[0]
    assert "`level(depth = 3)`" in " ".join(notes)
