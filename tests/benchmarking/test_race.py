"""Networks that are timed: equal before they are, each in a process that answers, and compared round by round."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import archdsl
from archdsl.benchmarking.race import Contender, Race, Settings, race
from archdsl.benchmarking.report import as_json, as_text, plot
from archdsl.benchmarking.running import Running
from archdsl.diagnostics import DiagnosticError
from archdsl.weights.mismatches import MismatchError

NET = """model net {
  input   = 3 x 32 x 32
  classes = 10
  stem = conv_norm_act(8, 3, stride = 2)
  stages {
    | op     | channels | stride | expansion |
    | mbconv | 16       | 2      | 2         |
  }
  head = global_avg_pool -> linear(classes)
}
"""


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


QUICK: dict[str, Any] = {"rounds": 2, "seconds": 0.01}


def test_each_runs_in_turns_once_it_is_equal() -> None:
    said: list[str] = []
    settings = Settings(("eager", "folded", "fused"), batch=2, **QUICK)
    found = race(archdsl.loads(NET), settings, progress=said.append)
    assert [one.target for one in found.contenders] == ["eager", "folded", "fused"]
    assert all(len(one.rounds) == 2 and one.seconds > 0 and one.prepared > 0 for one in found.contenders)
    assert found.first.difference == 0
    assert all(one.difference < 1e-5 for one in found.contenders)
    assert said.index("round 1 of 2: net by folded") < said.index("round 2 of 2: net by eager")
    assert found.facts["threads"] == 1
    assert as_json(found)["contenders"][0]["speed"] == 1


def test_what_the_emitted_file_compiles(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is at hand that was compiled before, and what is compiled here stays nowhere."""
    monkeypatch.setenv("TORCHINDUCTOR_VEC_ISA_OK", "0")  # which there are takes torch longer than all else
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", "kept")
    text = NET.replace("mbconv | 16       | 2      | 2 ", "conv_norm_act | 8 | 2 | -")
    found = race(archdsl.loads(text.replace(" expansion |", " groups |")), Settings(("regional",), **QUICK))
    assert found.first.difference < 1e-5
    assert found.first.processor > 0
    assert not Path("kept").exists()


def test_another_library_has_the_same_weights() -> None:
    """Two steps of a training show that gradients are equal, too."""
    network = archdsl.load(archdsl.specs_folder() / "mobilenetv2.arch", "050", resolution=32)
    settings = Settings(("eager",), "timm:mobilenetv2_050", "training", batch=2, **QUICK)
    found = race(network, settings)
    assert [(one.side, one.name) for one in found.contenders] == [
        ("theirs", "timm:mobilenetv2_050"),
        ("ours", "mobilenetv2_050"),
    ]
    assert all(one.difference < 1e-4 for one in found.contenders)


MAPS = """model maps {
  input = 3 x 16 x 16
  stages {
    | name | op            | channels | stride |
    | c1   | conv_norm_act | 4        | 2      |
    | c2   | conv_norm_act | 4        | 2      |
  }
  outputs {
    fine   = c1 -> conv(2)
    coarse = c2 -> conv(2)
  }
}
"""


def test_what_has_no_classes_trains_too() -> None:
    """And with fewer classes than images, in a folder whose files are nobody's modules."""
    Path("json.py").write_text("raise SystemExit\n")
    found = race(archdsl.loads(MAPS), Settings(("eager",), None, "training", batch=2, **QUICK))
    assert found.first.difference == 0
    few = archdsl.loads(NET.replace("classes = 10", "classes = 2"))
    assert race(few, Settings(("eager",), None, "training", batch=4, **QUICK)).first.difference == 0


def test_another_network_is_refused() -> None:
    network = archdsl.load(archdsl.specs_folder() / "mobilenetv2.arch", "050", resolution=32)
    with pytest.raises(MismatchError):
        race(network, Settings(("eager",), "timm:mobilenetv2_035", **QUICK))


def test_what_runs_it_elsewhere() -> None:
    pytest.importorskip("onnxruntime")
    found = race(archdsl.loads(NET), Settings(("onnxruntime", "onnxruntime_int8"), **QUICK))
    plain, quantized = found.contenders
    assert plain.difference < 1e-5 < quantized.difference < 1


def test_a_process_that_ends_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    begin = Running.begin

    def ended(process: Running) -> None:
        process.process.kill()
        begin(process)

    monkeypatch.setattr(Running, "begin", ended)
    with pytest.raises(DiagnosticError, match="net cannot be timed by `eager`: its process ended by signal 9"):
        race(archdsl.loads(NET), Settings(("eager",), **QUICK))


def contender(target: str, *rounds: float) -> Contender:
    return Contender("ours", "a $ b", target, 1e-6, 0.5, 0.4, rounds, 2_000_000)


def test_speeds_are_ratios_within_a_round() -> None:
    """A machine that is twice as slow in the second half is so for both."""
    first, second = contender("eager", 2, 2, 2, 4, 4, 4), contender("folded", 1, 1, 1, 2, 2, 2)
    assert second.speed(first) == 2
    assert first.speed(first) == 1
    assert contender("eager", 1, 1, 1).spread == 0
    assert contender("eager", 1, 2, 3, 4, 5).spread == pytest.approx(0.5)


def test_a_table_and_a_picture() -> None:
    found = Race((contender("eager", 0.002, 0.002), contender("folded", 0.001, 0.001)), Settings(("eager",), batch=4))
    assert " ".join(as_text(found).splitlines()[-1].split()) == "a $ b folded 1 0 % 4,000 2.00 x 0.5 2 1e-06"
    picture = plot(found, "net", "svg").decode()
    assert "1 ms, 2.00 x" in picture
    assert "a $ b, folded" in picture
    assert plot(replace(found), "net", "svg").decode() == picture
