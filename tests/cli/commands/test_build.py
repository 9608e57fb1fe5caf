"""`archdsl build` writes everything or nothing."""

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.conftest import BROKEN, SMALL, UNMET, Command


def _files(folder: str = ".") -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()}


def test_build(small: Path, process: Command) -> None:
    code, out, err = process("build", small)
    assert (code, err) == (0, "")
    header, row = out.splitlines()
    assert header.split() == ["model", "input", "params", "MACs", "FLOPs", "files"]
    assert row.split()[:6] == ["small", "3", "x", "32", "x", "32"]
    assert row.endswith("codegen/small.py codegen/small.svg codegen/small.json")
    assert sorted(_files()) == ["codegen/small.json", "codegen/small.py", "codegen/small.svg", "small.arch"]
    (model,) = json.loads(Path("codegen/small.json").read_text())["models"]
    assert [stage["name"] for stage in model["stages"]] == ["stem", "0", "head"]
    assert Path("codegen/small.svg").read_text().lstrip().startswith("<")
    compile(Path("codegen/small.py").read_text(), "small.py", "exec")


def test_build_again_is_the_same(small: Path, process: Command) -> None:
    process("build", small, PYTHONHASHSEED="1")
    before = _files()
    assert process("build", f"./{small}", PYTHONHASHSEED="2").code == 0
    assert _files() == before


def test_several_files_into_a_folder(small: Path, archdsl: Command) -> None:
    Path("other.arch").write_text(SMALL.replace("model small", "model other"))
    code, out, _ = archdsl("build", small, "other.arch", small, "--out", "a/b")
    assert code == 0
    assert len(out.splitlines()) == 3
    assert len(_files("a/b")) == 6


def test_a_claim_that_does_not_hold_is_a_warning(archdsl: Command) -> None:
    Path("unmet.arch").write_text(UNMET)
    code, _, err = archdsl("build", "unmet.arch")
    assert code == 0
    assert "warning[ARC501]" in err
    assert "error" not in err
    assert len(_files("codegen")) == 3


def test_a_mistake_stops_everything(small: Path, archdsl: Command) -> None:
    Path("broken.arch").write_text(BROKEN)
    code, out, err = archdsl("build", small, "broken.arch")
    assert (code, out) == (1, "")
    assert "broken.arch:4:" in err
    assert not Path("codegen").exists()
    assert archdsl("build", small, "missing.arch").code == 2
    assert not Path("codegen").exists()


def test_a_file_without_models_is_left_out(small: Path, archdsl: Command) -> None:
    Path("blocks.arch").write_text("block twice(channels) {\n  out = in -> conv(channels) -> conv(channels)\n}\n")
    code, _, err = archdsl("build", small, "blocks.arch")
    assert code == 0
    assert "warning" in err
    assert "blocks.arch has no models" in err
    assert not list(Path("codegen").glob("blocks*"))


@pytest.mark.parametrize("blocked", ["small.py", "small.svg", "small.json"])
def test_an_output_that_cannot_be_written_changes_nothing(blocked: str, small: Path, process: Command) -> None:
    assert process("build", small).code == 0
    Path("codegen", blocked).unlink()
    Path("codegen", blocked).mkdir()
    before = _files()
    small.write_text(SMALL.replace("16 ", "24 "))
    before["small.arch"] = small.read_bytes()
    code, out, err = process("build", small)
    assert (code, out) == (2, "")
    assert f"error[ARC902]: cannot write {Path.cwd() / 'codegen' / blocked}: is a directory" in err
    assert "no file was changed" in err
    assert _files() == before


@pytest.mark.parametrize(
    ("name", "better"),
    [
        ("my-net.arch", "my_net"),
        ("a.b.arch", "a_b"),
        ("1x.arch", "model_1x"),
        ("class.arch", "model_class"),
        ("torch.arch", "model_torch"),
        ("é.arch", "model"),
        ("$(x).arch", "x"),
    ],
)
def test_names_that_python_cannot_import(name: str, better: str, archdsl: Command) -> None:
    Path(name).write_text(SMALL)
    code, _, err = archdsl("build", name)
    assert code == 2
    assert f"rename it to {better}.arch" in err
    assert not Path("codegen").exists()


def test_two_files_of_one_name(small: Path, archdsl: Command) -> None:
    Path("sub").mkdir()
    Path("sub/small.arch").write_text(SMALL)
    code, _, err = archdsl("build", small, "sub/small.arch")
    assert code == 2
    assert "small.arch and sub/small.arch would both write small.py" in err


BUILDER = """
import itertools, sys
from archdsl.cli.main import main
main(["build", "one/net.arch"])
print("ready", flush=True)
for spec in itertools.cycle(["two/net.arch", "one/net.arch"]):
    main(["build", spec])
"""


def test_files_are_whole_whenever_a_build_is_killed(archdsl: Command) -> None:
    whole: dict[str, set[bytes]] = {}
    for folder, text in (("one", SMALL), ("two", SMALL.replace("16 ", "24 "))):
        Path(folder).mkdir()
        Path(folder, "net.arch").write_text(text)
        assert archdsl("build", f"{folder}/net.arch").code == 0
        for name, data in _files("codegen").items():
            whole.setdefault(name, set()).add(data)
    assert {len(versions) for versions in whole.values()} == {2}
    chance = random.Random(11)
    for _ in range(6):
        running = subprocess.Popen([sys.executable, "-c", BUILDER], stdout=subprocess.PIPE)
        assert running.stdout is not None
        while running.stdout.readline() != b"ready\n":
            pass
        time.sleep(chance.uniform(0, 0.1))
        running.send_signal(signal.SIGKILL)
        running.wait()
        running.stdout.close()
        for name, data in _files("codegen").items():
            assert any(part.startswith(".") for part in Path(name).parts) or data in whole[name]


SPACE = """\
model choices {
  input = 3 x 32 x 32
  stem  = conv_norm_act({8, 16}, 3)
  head  = global_avg_pool -> linear(10)
}
"""


@pytest.mark.parametrize("command", ["build", "diagram", "estimate", "ir"])
def test_nothing_comes_of_a_search_space_alone(command: str, small: Path, archdsl: Command) -> None:
    Path("choices.arch").write_text(SPACE)
    before = _files()
    code, _, err = archdsl(command, "choices.arch")
    assert code == 1
    assert "choices.arch:3:25: error[ARC304]: `choices` is a search space of 2 networks" in err
    assert "`archdsl space choices.arch` lists its choices, and with `--sample 1 --out mine.arch` writes one" in err
    assert "or in a model that `extends` this one" in err
    assert _files() == before


def test_what_can_be_built_is_built_beside_a_search_space(small: Path, archdsl: Command) -> None:
    Path("choices.arch").write_text(SPACE)
    code, out, err = archdsl("build", "choices.arch", small)
    assert code == 0
    assert "warning[ARC304]: `choices` is a search space" in err
    assert "codegen/small.py" in out
    assert not list(Path("codegen").glob("choices*"))


def test_nothing_comes_of_blocks_alone(archdsl: Command) -> None:
    Path("blocks.arch").write_text("block twice(channels) {\n  out = in -> conv(channels) -> conv(channels)\n}\n")
    code, out, err = archdsl("build", "blocks.arch")
    assert (code, out) == (1, "")
    assert "error[ARC904]: blocks.arch has no models" in err


def test_the_way_that_the_error_names_leads_to_a_network(archdsl: Command) -> None:
    Path("choices.arch").write_text(SPACE)
    assert archdsl("space", "choices.arch", "--sample", "1", "--out", "mine.arch").code == 0
    assert archdsl("build", "mine.arch").code == 0


def test_other_targets(small: Path, archdsl: Command) -> None:
    code, out, _ = archdsl("build", small, "--target", "tikz", "--target", "ir", "--target", "tikz")
    assert code == 0
    assert out.splitlines()[-1].endswith("codegen/small.tex codegen/small.ir.json")
    assert sorted(_files("codegen")) == ["codegen/small.ir.json", "codegen/small.tex"]
    assert json.loads(Path("codegen/small.ir.json").read_text())["name"] == "small"
    Path("codegen/small.tex").write_text("mine")
    before = _files()
    assert archdsl("build", small, "--target", "tikz").code == 2
    assert archdsl("build", small, "--target", "tex").code == 2
    assert _files() == before


def test_a_build_for_inference(small: Path, archdsl: Command) -> None:
    """Its files stand beside those of the network that is trained, and say what they are."""
    assert archdsl("build", small).code == 0
    before = _files()
    code, _, err = archdsl("build", small, "--inference")
    assert (code, err) == (0, "")
    made = _files()
    assert {name: made[name] for name in before} == before
    names = ["codegen/small_inference.json", "codegen/small_inference.py", "codegen/small_inference.svg"]
    assert sorted(made.keys() - before.keys()) == names
    source = made["codegen/small_inference.py"].decode()
    assert "BatchNorm2d" not in source
    assert "compiled by archdsl from small.arch for inference." in source.splitlines()[0]
    (folded,) = json.loads(made["codegen/small_inference.json"])["models"]
    (trained,) = json.loads(made["codegen/small.json"])["models"]
    assert folded["macs"] == trained["macs"]
    assert folded["params"] < trained["params"]
    assert b"batch norm" in made["codegen/small.svg"]
    assert b"batch norm" not in made["codegen/small_inference.svg"]


@pytest.mark.parametrize("line", ["build small.arch", "watch small.arch", "train small.arch", "calibrate"])
def test_several_files_do_not_go_to_standard_output(line: str, small: Path, archdsl: Command) -> None:
    code, out, err = archdsl(*line.split(), "--out", "-")
    assert (code, out) == (2, "")
    assert "`--out -` would be standard output" in err
    assert not Path("-").exists()


def test_a_slash_makes_a_folder(small: Path, archdsl: Command) -> None:
    assert archdsl("build", small, "--out", "net.py/").code == 0
    assert Path("net.py/small.py").exists()
