"""`archdsl export`: what is printed, and what is refused before anything takes long."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Command

TWO = "model one {\n input = 3 x 8 x 8\n head = conv(4)\n}\nmodel two extends one {}\n"


def test_it_says_how_far_outputs_are(small: Path, archdsl: Command) -> None:
    found = archdsl("export", small, "--to", "source", "--batch", "dynamic", "--resolution", "dynamic")
    assert found.code == 0
    assert found.out.splitlines()[0].split() == ["images", "difference", "same", "class"]
    assert found.out.splitlines()[1].startswith("2 x 3 x 32 x 32")
    assert "wrote small.py and small.safetensors" in found.err
    assert "the weights are fresh, nobody trained them" in found.err
    assert "how images are normalized is not known" in found.err
    assert archdsl("export", small, "--to", "source").code == 2
    found = archdsl("export", small, "--to", "source", "--force", "--output-format", "json", "--output", "other.py")
    document = json.loads(found.out)
    assert [file["path"] for file in document["files"]] == ["other.safetensors", "other.py"]
    assert document["facts"]["input"] == [1, 3, 32, 32]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--to", "tflite"), "`--to` must be one of onnx, torch, openvino, source, fused, aotinductor, not `tflite`"),
        (("--to", "source", "--out", "x.onnx"), "`source` is written as `.py`, not as x.onnx"),
        (("--to", "source", "--out", "-"), "`--out -` would be standard output, to which an export cannot be written"),
        (("--to", "onnx", "--dtype", "bf16"), "`onnx` is not exported in bf16"),
        (("--to", "source", "--batch", "none"), "'none' is not a batch size"),
        (("--to", "source", "--resolution", "big"), "or `dynamic` for any"),
        (("--to", "source", "--weights", "no.safetensors"), "cannot read no.safetensors: it does not exist"),
    ],
)
def test_what_is_refused(arguments: tuple[str, ...], said: str, small: Path, archdsl: Command) -> None:
    found = archdsl("export", small, *arguments)
    assert (found.code, found.out) == (2, "")
    assert said in found.err


def test_a_folder(small: Path, archdsl: Command) -> None:
    assert archdsl("export", small, "--to", "source", "--out", "new/").code == 0
    assert sorted(path.name for path in Path("new").iterdir()) == ["small.py", "small.safetensors"]


def test_the_weights_are_not_written_over(small: Path, archdsl: Command) -> None:
    assert archdsl("export", small, "--to", "source", "--out", "net.py").code == 0
    before = Path("net.safetensors").read_bytes()
    found = archdsl("export", small, "--to", "source", "--out", "net.py", "--weights", "net.safetensors", "--force")
    assert (found.code, "it holds the weights that are exported" in found.err) == (2, True)
    assert Path("net.safetensors").read_bytes() == before


def test_one_of_several_is_chosen(archdsl: Command) -> None:
    Path("two.arch").write_text(TWO)
    found = archdsl("export", "two.arch", "--to", "source")
    assert found.code == 2
    assert "choose one: --variant one|two" in found.err
    assert archdsl("export", "two.arch", "--to", "source", "--model", "two").code == 0
    assert Path("two.py").is_file()


def test_help_needs_no_torch() -> None:
    line = "import sys; from archdsl.cli.main import main; main(['export', '--help']); print('torch' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", line], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "False"
