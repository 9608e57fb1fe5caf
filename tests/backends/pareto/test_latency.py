"""`archdsl compare --device` and `--measure`: predicted and measured times as columns, axes and facts."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import torch

import archdsl
from archdsl.cli.main import main

SPECS = archdsl.specs_folder()
SMALL = """\
model small {
  input = 3 x 16 x 16
  stem  = conv_norm_act(8, kernel = 3, stride = 2)
  head  = global_avg_pool -> linear(10)
}
model wide extends small {
  stem = conv_norm_act(256, kernel = 3, stride = 1) -> conv_norm_act(256, kernel = 3)
}
"""
LONE = (
    "model lone {\n  input = 3 x 2 x 2\n  head = conv_norm_act(8, kernel = 3, stride = 2) -> flatten -> linear(10)\n}\n"
)


@pytest.fixture
def small(tmp_path: Path) -> str:
    path = tmp_path / "small.arch"
    path.write_text(SMALL)
    return str(path)


def in_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(["compare", *arguments, "--output-format", "json"]) == 0
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


@pytest.mark.parametrize(
    ("arguments", "setting"),
    [
        ([], {}),
        (["--batch", "8"], {"batch": 8}),
        (["--batch", "8", "--training"], {"batch": 8, "training": True}),
        (["--dtype", "float32"], {"dtype": "float32"}),
    ],
)
def test_latency_is_that_of_estimate(
    arguments: list[str], setting: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    document = in_json(capsys, f"{SPECS}/v2_s.arch", f"{SPECS}/resnet.arch:resnet_18", "--device", "v100", *arguments)
    for network in document["networks"]:
        time = archdsl.find(network["name"]).latency("v100", **setting)
        assert network["latency"] == time.seconds
        assert network["images_per_second"] == pytest.approx(setting.get("batch", 1) / time.seconds)
    assert (document["x"], document["y"]) == ("latency", "params")
    assert document["how"]["latency"] == {
        "device": "v100",
        "title": "NVIDIA V100 SXM2",
        "backend": "eager",
        "dtype": setting.get("dtype", "float16"),
        "training": setting.get("training", False),
    }


def test_the_table_says_what_its_columns_are_of(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", f"{SPECS}/v2_s.arch", "--device", "a100", "--memory"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[-4:] == ["peak", "memory", "latency", "images/s"]
    assert lines[-2:] == [
        "peak memory: float16, inference on cuda",
        "latency: inference in float16 on NVIDIA A100 SXM 80 GB",
    ]


def test_memory_is_of_the_type_and_the_place_that_are_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    document = in_json(capsys, f"{SPECS}/v2_s.arch", "--memory", "--dtype", "float16", "--on", "cuda")
    (network,) = document["networks"]
    assert network["memory"] == archdsl.load(SPECS / "v2_s.arch").memory(dtype="float16", on="cuda").peak.total
    assert document["how"]["memory"] == {"dtype": "float16", "training": False, "on": "cuda"}


def test_faster_is_better_and_so_is_more_a_second(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [f"{SPECS}/efficientnet.arch", "--device", "a100"]
    for first in ("latency", "images_per_second"):
        networks = in_json(capsys, *arguments, "--x", first, "--y", "params")["networks"]
        assert [one["name"] for one in networks if one["on_front"]] == ["efficientnet_b0"]


def test_csv_says_how_in_columns(capsys: pytest.CaptureFixture[str], small: str) -> None:
    assert main(["compare", small, "--device", "a100", "--output-format", "csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["name"] for row in rows] == ["small", "wide"]
    assert {row["latency_how"] for row in rows} == {"inference in float16 on NVIDIA A100 SXM 80 GB"}
    assert all(float(row["latency"]) > 0 for row in rows)


def test_latency_is_an_axis_of_the_plot(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "front.svg"
    assert main(["compare", f"{SPECS}/efficientnet.arch", "--device", "v100", "--plot", str(target)]) == 0
    capsys.readouterr()
    texts = {element.text for element in ElementTree.parse(target).iter() if element.text}
    assert "latency: inference in float16 on NVIDIA V100 SXM2" in texts
    assert any(text.endswith(" ms") for text in texts)


# Table 3 of EfficientNetV2 --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("device", ["v100", "a100", "h100", "h200"])
def test_fusing_the_early_stages_of_b4_pays_and_fusing_all_does_not(
    device: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the text alone. The paper has all fused slower than none on a TPU, and faster on its V100; our profiles of
    the V100 and the A100 say slower, those of later GPUs faster."""
    specs = [f"{SPECS}/efficientnet.arch:b4", *(f"{SPECS}/ablations.arch:b4_fused_1_{last}" for last in (3, 5, 7))]
    networks = in_json(capsys, *specs, "--device", device, "--training", "--batch", "64")["networks"]
    none, three, five, everything = (network["latency"] for network in networks)
    assert three < none
    assert three < five < everything
    if device in ("v100", "a100"):
        assert none < everything


# Measuring ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("training", [False, True])
def test_measured(training: bool, small: str, capsys: pytest.CaptureFixture[str]) -> None:
    threads = torch.get_num_threads()
    arguments = [small, "--measure", "--threads", "1", "--rounds", "3", "--batch", "4"]
    document = in_json(capsys, *arguments, *(["--training"] if training else []))
    assert all(network["measured"] > 0 for network in document["networks"])
    how = document["how"]["measured"]
    assert (how["on"], how["training"], how["rounds"], how["threads"]) == ("cpu", training, 3, 1)
    assert how["libraries"]["torch"] == torch.__version__
    assert how["processor"]
    assert document["x"] == "measured"
    assert torch.get_num_threads() == threads


def test_a_network_that_does_not_run_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Batch norm takes no statistics of one number."""
    path = tmp_path / "lone.arch"
    path.write_text(LONE)
    arguments = ["compare", str(path), "--measure", "--rounds", "1", "--training"]
    assert main(arguments) == 2
    err = capsys.readouterr().err
    assert "`lone` does not run: Expected more than 1 value per channel" in err
    assert "a larger `--batch` may help" in err
    assert main([*arguments, "--batch", "2"]) == 0


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device here")
def test_measuring_where_there_is_no_gpu(small: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", small, "--measure", "--on", "cuda"]) == 2
    assert "there is no CUDA device here" in capsys.readouterr().err


def test_torch_is_for_measuring_only(small: str) -> None:
    program = "import sys; from archdsl.cli.main import main; main(sys.argv[1:]); assert 'torch' not in sys.modules"
    argv = [sys.executable, "-c", program, "compare", small, "--device", "a100", "--memory"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


# What does not go together --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--device", "a1000"], "did you mean `a100`?"),
        (["--device", "nowhere.toml"], "cannot read nowhere.toml"),
        (["--device", "v100", "--dtype", "int8"], "the profile `v100` does not have int8"),
        (["--device", "epyc_onnxruntime", "--training"], "does not train"),
        (["--device", "v100", "--on", "cuda"], "`--on` is about memory or measuring"),
        (["--dtype", "float16"], "add `--memory`, `--device NAME` or `--measure`"),
        (["--threads", "2"], "add `--measure`"),
        (["--rounds", "2"], "add `--measure`"),
        (["--measure", "--dtype", "float64"], "networks are measured in float32"),
        (["--memory", "--dtype", "float64"], "memory is estimated for float32"),
    ],
)
def test_wrong_options(arguments: list[str], reason: str, small: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", small, *arguments]) == 2
    out, err = capsys.readouterr()
    assert reason in err
    assert out == ""


def test_a_table_of_ones_own_may_bring_times(small: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "times.csv"
    data.write_text("name,measured\nsmall,0.25\nwide,2\n")
    assert main(["compare", small, "--data", str(data)]) == 0
    assert "250 ms" in capsys.readouterr().out
    assert main(["compare", small, "--data", str(data), "--measure", "--rounds", "1"]) == 2
    assert "has a column `measured`, and so has this comparison" in capsys.readouterr().err


def test_rows_for_networks_that_are_not_there(small: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "top1.csv"
    data.write_text("name,top1\nsmal,70\nwide,71\n" + "".join(f"other_{number},1\n" for number in range(4)))
    assert main(["compare", small, "--data", str(data)]) == 0
    out, err = capsys.readouterr()
    assert "warning[ARC904]" in err
    assert "has a row for `smal`, and the comparison has no such network" in err
    assert "did you mean `small`?" in err
    assert "has 2 more rows for networks that are not compared" in err
    assert "`wide`" not in err
    assert out
