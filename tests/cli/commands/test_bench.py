"""`archdsl bench`: what it prints, writes and refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Command

NET = """model net {
  input   = 3 x 16 x 16
  classes = 10
  stem = conv_norm_act(8, 3, stride = 2)
  head = global_avg_pool -> linear(classes)
}
"""
QUICK = ("--rounds", "2", "--seconds", "0.01", "--threads", "1")


@pytest.fixture
def net() -> Path:
    path = Path("net.arch")
    path.write_text(NET)
    return path


def test_a_table_and_a_picture(net: Path, archdsl: Command) -> None:
    found = archdsl("bench", net, *QUICK, "--targets", "eager,folded", "--plot", "speed.svg")
    assert found.code == 0
    assert [line.split()[:2] for line in found.out.splitlines()[1:]] == [["net", "eager"], ["net", "folded"]]
    assert "wrote speed.svg" in found.err
    assert "<svg" in Path("speed.svg").read_text()
    assert archdsl("bench", net, *QUICK, "--plot", "speed.svg").code == 0, "it is its own"
    Path("speed.svg").write_text("mine")
    assert "ARC906" in archdsl("bench", net, *QUICK, "--plot", "speed.svg").err


def test_json(net: Path, archdsl: Command) -> None:
    found = json.loads(archdsl("bench", net, *QUICK, "--for", "training", "--batch", 2, "--output-format", "json").out)
    assert (found["for"], found["batch"]) == ("training", 2)
    assert len(found["contenders"][0]["rounds"]) == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--targets", "eagre"), "there is no target 'eagre'; did you mean `eager`?"),
        (("--against", "resnet50"), "`resnet50` is no network of another library"),
        (("--against", "timm:resnet5000"), "timm has no model `resnet5000`"),
        (("--targets", "openvino", "--for", "training"), "`openvino` does not train"),
        (("--targets", "onnxruntime", "--dtype", "bf16"), "`onnxruntime` does not run in bf16"),
        (("--seconds", "0"), "'0' is no time in seconds"),
        (("--plot", "speed.gif"), "speed.gif"),
    ],
)
def test_what_is_refused(arguments: tuple[str, ...], said: str, net: Path, archdsl: Command) -> None:
    found = archdsl("bench", net, *QUICK, *arguments)
    assert (found.code, found.out) == (2, "")
    assert said in found.err
