"""Claims that speak of the cost model: the numbers are those of `estimate`, and a file asks for what it may ask."""

from __future__ import annotations

import subprocess
import sys

import pytest

import archdsl
from archdsl.backends.latency.profile import BYTES, shipped_profiles
from archdsl.backends.memory.estimate import MAX_BATCH as MOST_IMAGES
from archdsl.backends.memory.setting import CHECKPOINTS, DTYPES, OPTIMIZERS, PLACES
from archdsl.cli.commands.check import summary
from archdsl.compiler import Compiled, compile_source
from archdsl.diagnostics import Source
from archdsl.elaborate.evaluate import predictions
from archdsl.elaborate.resolve import quantities
from archdsl.folders import device_names

NET = """\
model net(size = 8) {
  input = 3 x 64 x 64
  stem  = conv(16, 3, stride = 2) -> norm -> act
  head  = global_avg_pool -> linear(10)
  CLAIM
}
"""


def compiled(claim: str) -> Compiled:
    return compile_source(Source("net.arch", NET.replace("CLAIM", f"require {claim}")))


def codes(claim: str) -> list[str]:
    found = compiled(claim)
    return [one.code.name for one in (*found.problems, *found.unmet)]


def test_the_words_are_those_of_the_cost_model() -> None:
    assert quantities._WORDS["dtype"] == DTYPES
    assert set(DTYPES) <= set(BYTES)
    assert quantities._WORDS["on"] == PLACES
    assert quantities._WORDS["optimizer"] == OPTIMIZERS
    assert quantities._WORDS["checkpoint"] == CHECKPOINTS
    assert predictions.MAX_BATCH == MOST_IMAGES
    assert device_names() == tuple(sorted(shipped_profiles()))


def test_a_claim_has_the_number_that_estimate_tells() -> None:
    net = archdsl.loads(NET.replace("CLAIM", ""))
    seconds = net.latency("h100", batch=16).seconds
    for factor, found in ((1.001, []), (0.999, ["ARC501"])):
        assert codes(f"latency(h100, batch = 2 * size) <= {seconds * factor!r}s") == found
    seconds = net.latency("v100", batch=16, training=True).seconds
    for factor, found in ((1.001, []), (0.999, ["ARC501"])):
        assert codes(f"step_time(v100, batch = 16) <= {seconds * factor!r}s") == found
    peak = net.memory(batch=4, training=True, dtype="float16", optimizer="adam", on="cuda").peak.total
    asked = "memory(training, batch = 4, dtype = float16, optimizer = adam, on = cuda)"
    assert codes(f"{asked} == {peak / 1000}KB") == []
    assert codes(f"{asked} < {peak / 1000}KB") == ["ARC501"]
    assert codes(f"memory == {net.memory().peak.total / 1000}KB") == []


def test_claims_may_compute_with_predictions() -> None:
    assert codes('latency(v100) > 2 * latency("h100") or params < 1M') == []
    assert codes("if size > 4 then memory <= 2GB else memory <= 1KB") == []
    assert codes("max(latency(a100), latency(h100)) + latency(phone) < 1s") == []


def test_the_report_calls_them_predictions() -> None:
    assert summary(compiled("memory <= 2GB")) == (
        "net.arch: 1 model, 1 claim holds, 1 of them a prediction of the cost model"
    )
    assert summary(compiled("params <= 2M")) == "net.arch: 1 model, 1 claim holds"
    (unmet,) = compiled("latency(h100) <= 1us").unmet
    assert unmet.label.endswith(", as predicted")
    note = "`latency(h100)` is a prediction: inference in float16 on NVIDIA H100 SXM, batch 1"
    assert unmet.notes[-1].text == note


def test_names_of_the_model_come_first() -> None:
    text = NET.replace("size = 8", "memory = 8").replace("CLAIM", "require memory == 8")
    found = compile_source(Source("net.arch", text))
    assert (found.problems, found.unmet, found.predicted) == ((), (), 0)


@pytest.mark.parametrize("path", ["/etc/passwd", "../device.json", "device.json", "h100.toml", "archdsl:h100"])
def test_a_file_opens_no_other(path: str) -> None:
    assert codes(f'latency("{path}") <= 1s') == ["ARC505"]


def test_no_file_keeps_the_cost_model_busy() -> None:
    claims = "\n".join(f"  require memory(batch = {batch}) <= 1TB" for batch in range(1, 701))
    found = compile_source(Source("net.arch", NET.replace("  CLAIM", claims)))
    assert "ARC602" in [one.code.name for one in found.unmet]


def test_files_without_such_claims_import_no_cost_model() -> None:
    program = (
        "import sys; from archdsl.compiler import compile_source; from archdsl.diagnostics import Source\n"
        f"compile_source(Source('net.arch', {NET.replace('CLAIM', 'require params <= 1M')!r}))\n"
        "print([name for name in sys.modules if name.startswith('archdsl.backends') or name == 'archdsl.predicting'])"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "[]\n"
