"""Hints for layers with weights that are bound once and used again, and for nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

import archdsl
from archdsl.cli.main import main
from archdsl.compiler import compile_source
from archdsl.diagnostics import Source
from archdsl.diagnostics.codes import USED_AGAIN

MODEL = "model net { input = 3 x 32 x 32\n stem = conv(8) -> cell }\n"


def hints(text: str) -> list[str]:
    compiled = compile_source(Source("net.arch", text))
    assert not compiled.problems
    return [found.message for found in compiled.warnings if found.code is USED_AGAIN]


def block(*lines: str) -> str:
    return "block cell() {\n" + "".join(f"  {line}\n" for line in lines) + "}\n" + MODEL


@pytest.mark.parametrize(
    "lines",
    [
        ("unit = [conv(8, 3) -> norm]", "out = (in -> unit) + (in * 2 -> unit)"),
        ("unit = conv_norm_act(8)", "out = in -> unit -> act -> unit"),
        ("unit = norm", "a = in -> unit", "out = a -> unit"),
        ("one = depthwise(3)", "unit = one * 2", "out = (in -> unit) + (in -> act -> unit)"),
        ("unit = if in.channels > 4 then conv(8) else conv(8, 3)", "out = in + (in -> unit) * (in -> unit)"),
    ],
)
def test_layers_with_weights(lines: tuple[str, ...]) -> None:
    assert hints(block(*lines)) == ["`unit` is used 2 times, each with weights of its own"]


@pytest.mark.parametrize(
    "lines",
    [
        ("unit = max_pool(2)", "out = (in -> unit) + (in * 2 -> unit)"),
        ("unit = if in.channels > 4 then silu else [relu -> tanh]", "out = (in -> unit) + (in * 2 -> unit)"),
        ("shared unit = conv(8)", "out = (in -> unit) + (in * 2 -> unit)"),
        ("_unit = conv(8)", "out = (in -> _unit) + (in * 2 -> _unit)"),
        ("unit = conv(8)", "out = if in.channels > 4 then in -> unit else (in -> norm -> unit)"),
        # Further arguments make other layers of it.
        ("unit = conv(kernel = 3)", "out = in -> unit(4) -> unit(8)"),
        ("unit = conv(8)", "out = in -> unit * 2"),
        ("unit = in -> conv(8)", "out = unit + (unit -> act)"),
    ],
)
def test_what_is_meant(lines: tuple[str, ...]) -> None:
    assert hints(block(*lines)) == []


PYRAMID = """
model net {{
  input = 3 x 64 x 64
  stages {{
    | name | op            | channels | stride |
    | p3   | conv_norm_act | 16       | 2      |
    | p4   | conv_norm_act | 16       | 2      |
  }}
  {tower} = conv_norm_act(16, 3) * 2
  outputs {{
    fine   = p3 -> tower
    coarse = p4 -> tower
  }}
}}
model other extends net {{ act = silu }}
"""


def test_a_tower_of_a_model_once_for_all_that_extend_it() -> None:
    assert hints(PYRAMID.format(tower="tower")) == ["`tower` is used 2 times, each with weights of its own"]
    assert hints(PYRAMID.format(tower="shared tower")) == []


def test_settings_are_meant_for_all() -> None:
    """`norm` and `act` are layers of their own wherever they stand, also where a model says which."""
    text = "model net { input = 3 x 8 x 8\n norm = group_norm(4)\n act = prelu\n"
    text += " a = input -> conv(8) -> norm -> act\n head = a -> conv(8) -> norm -> act }\n"
    assert hints(text) == []


def test_a_hint_is_no_finding(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "net.arch"
    path.write_text(PYRAMID.format(tower="tower"), encoding="utf-8")
    assert main(["check", str(path)]) == 0
    shown = capsys.readouterr()
    assert "hint[ARC310]" in shown.err
    assert "problem" not in shown.err
    assert shown.out == f"{path}: 2 models, no claims\n"
    assert len(archdsl.load_all(path)) == 2  # and no warning, which tests take for an error
