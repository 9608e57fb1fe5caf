"""Latency and memory of networks of a space: by their stages, and as those of the networks in full."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest

import archdsl
from archdsl.cli.main import main
from archdsl.diagnostics import DiagnosticError
from tests.search_space.test_space import MNASNET, SMALL, space_of

SETTINGS: list[tuple[str, dict[str, Any]]] = [
    ("a100", {}),
    ("v100", {"batch": 64, "training": True}),
    ("v100", {"dtype": "float32"}),
    ("epyc_eager", {"batch": 2}),
    # Where layouts go from one stage to the next.
    ("epyc_onnxruntime", {}),
]


@pytest.mark.parametrize(("device", "setting"), SETTINGS)
def test_latency_by_stages_is_that_of_the_whole_network(device: str, setting: dict[str, Any]) -> None:
    for space, count in ((archdsl.space(MNASNET), 12), (space_of(SMALL), 40)):
        samples = space.sample(count, seed=3)
        whole = [archdsl.Network(space.architecture(sample)).latency(device, **setting) for sample in samples]
        assert space.latencies(samples, device, **setting) == whole
        assert space.latency(samples[0], device, **setting) == whole[0]


def test_settings_do_not_mix() -> None:
    space = space_of(SMALL)
    sample = space.at(7)
    one, eight = (space.latency(sample, "a100", batch=batch).seconds for batch in (1, 8))
    assert one < eight
    assert space.latency(sample, "a100").seconds == one
    assert space.latency(sample, "v100").seconds != one
    assert space.cost(sample) == space.architecture(sample).costs.model()


def test_a_device_that_there_is_not() -> None:
    with pytest.raises(DiagnosticError, match="there is no device"):
        space_of(SMALL).latencies([], "nowhere")


def test_command(capsys: pytest.CaptureFixture[str]) -> None:
    drawn = ["space", str(MNASNET), "--sample", "3", "--seed", "7"]
    asked = ["--device", "v100", "--training", "--batch", "64", "--memory"]
    assert main([*drawn, *asked, "--output-format", "json"]) == 0
    document = json.loads(capsys.readouterr().out)
    space = archdsl.space(MNASNET)
    for told, sample in zip(document["samples"], space.sample(3, seed=7), strict=True):
        network = archdsl.Network(space.architecture(sample))
        assert told["index"] == sample.index
        assert told["latency"] == network.latency("v100", batch=64, training=True).seconds
        assert told["memory"] == network.memory(64, training=True, dtype="float16", on="cuda").peak.total
        assert told["macs"] == 64 * network.macs
    assert (document["batch"], document["how"]["latency"]["device"]) == (64, "v100")
    assert main([*drawn, *asked]) == 0
    out = capsys.readouterr().out
    assert "latency: training step in float16 on NVIDIA V100 SXM2" in out
    assert "peak memory: float16, training on cuda with momentum" in out
    assert main([*drawn, *asked, "--output-format", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [float(row["latency"]) for row in rows] == [one["latency"] for one in document["samples"]]
    assert {row["memory_how"] for row in rows} == {"float16, training on cuda with momentum"}
    assert all(row["stages.0 op"] in ("regular", "separable", "inverted") for row in rows)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--device", "a100"], "`--device` is about networks of the space"),
        (["--memory"], "`--memory` is about networks of the space"),
        (["--batch", "2"], "`--batch` is about networks of the space"),
        (["--sample", "1", "--training"], "add `--memory` or `--device NAME`"),
        (["--sample", "1", "--device", "a100", "--on", "cuda"], "add `--memory`"),
        (["--sample", "1", "--device", "a1000"], "did you mean `a100`?"),
        (["--sample", "1", "--device", "a100", "--output-format", "arch"], "a file holds a network"),
    ],
)
def test_wrong_options(arguments: list[str], reason: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["space", str(MNASNET), *arguments]) == 2
    out, err = capsys.readouterr()
    assert reason in err
    assert out == ""
