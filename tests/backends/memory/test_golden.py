"""What the model of memory says of each operator and of networks, to the byte, and how it says it.

`python -m benchmarks.memory` holds it to real runs; a change of any number is seen here, to be measured again.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

import archdsl
from archdsl.backends.estimate import estimate
from archdsl.backends.estimate_text import as_csv, as_document, document_text
from archdsl.backends.memory import Setting, largest_batch, memory
from archdsl.backends.memory.report import Fit, Report, add_to_document, add_to_rows, as_table
from archdsl.ir.architecture import Architecture
from tests.golden import assert_golden
from tests.samples import networks

GOLDEN = Path(__file__).parent / "golden"
SETTINGS = {
    "cpu": Setting(2),
    "cpu_avx2": Setting(3, isa="avx2", threads=1),
    "cpu_bfloat16": Setting(2, dtype="bfloat16", threads=4),
    "cuda": Setting(2, on="cuda"),
    "cpu_training": Setting(2, training=True),
    "cpu_avx2_training": Setting(5, isa="avx2", training=True, optimizer="sgd", threads=4),
    "cuda_training": Setting(2, dtype="float16", on="cuda", training=True, optimizer="adam", ema=True),
    "checkpoint_block": Setting(2, training=True, optimizer="rmsprop_momentum", checkpoint="block"),
    "checkpoint_stage": Setting(2, on="cuda", training=True, optimizer="rmsprop", checkpoint="stage"),
}
NAMES = ["mobilenetv2_100", "efficientnet_b0", "resnet_50", "shufflenet_g3", "nfnet_f0", "resattnet_56"]


@cache
def sampled() -> dict[str, Architecture]:
    return networks()


@pytest.mark.parametrize("name", SETTINGS)
def test_each_operator(name: str, pytestconfig: pytest.Config) -> None:
    assert_golden("\n".join(_line(text, sampled()[text], SETTINGS[name]) for text in sampled()) + "\n",
                  GOLDEN / f"operators_{name}.txt", pytestconfig)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_networks(name: str, pytestconfig: pytest.Config) -> None:
    architecture = archdsl.find(name).architecture
    lines = [_line(kind, architecture, setting) for kind, setting in SETTINGS.items()]
    assert_golden("\n".join(lines) + "\n", GOLDEN / f"{name}.txt", pytestconfig)


def test_tables(pytestconfig: pytest.Config) -> None:
    architecture = archdsl.find("mobilenetv2_050").architecture
    made = estimate(architecture, batch=2, level="stage")
    reports = []
    for setting in SETTINGS.values():
        budget = 40_000_000
        fit = Fit(largest_batch(architecture, setting, budget), budget) if setting.training else None
        reports.append(Report(made, memory(architecture, setting), fit))
    big = replace(SETTINGS["cuda_training"], batch=500)
    reports.append(Report(made, memory(architecture, big)))
    text = [as_table(reports, "model"), as_table(reports[:1], "model"), as_table(reports, "stage")]
    for level in ("model", "stage"):
        text.append(add_to_rows(as_csv([made], level), reports[:1], level))
    document = as_document([made])
    add_to_document(document, reports[-2:-1])
    text.append(document_text(document))
    assert_golden("\n\n".join(text), GOLDEN / "tables.txt", pytestconfig)


def _line(name: str, architecture: Architecture, setting: Setting) -> str:
    found = memory(architecture, setting)
    peak = found.peak
    held = [peak.weights, peak.optimizer, peak.ema, peak.gradients, peak.images, peak.activations, peak.workspace]
    stages = ", ".join(f"{stage.path} {stage.weights} {stage.kept} {stage.peak}" for stage in found.stages)
    total = f"{peak.total} = {' + '.join(map(str, held))}"
    return f"{name}: kept {found.kept}, peak {total}, {peak.phase} {peak.path}; {stages}"
