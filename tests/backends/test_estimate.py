"""Estimates agree with the public implementations, add up, and say the same as table, JSON and CSV."""

import csv
import io
import json
from functools import cache
from pathlib import Path

import pytest

from archdsl.backends.estimate import LEVELS, estimate
from archdsl.backends.estimate_text import as_csv, as_json, as_table
from archdsl.compiler import compile_file
from archdsl.folders import specs_folder
from archdsl.ir.architecture import Architecture
from archdsl.ir.cost import total

DATA = Path(__file__).parents[1] / "data"
REFERENCE = json.loads((DATA / "reference_models.json").read_text())["models"]
# Where the name of a peer's model is not ours with a dot for an underscore.
NAMES = {
    "mnasnet.a1.100": "mnasnet_a1",
    "mobilenetv2.tv": "mobilenetv2_100",
    **{f"efficientnetv2.{size}.tv": f"efficientnetv2_{size}" for size in "sml"},
    **{f"pytorchcv.shufflenet_g{groups}_w1": f"shufflenet_g{groups}" for groups in (1, 2, 3, 4, 8)},
    **{f"pytorchcv.resattnet{depth}": f"resattnet_{depth}" for depth in (56, 92, 452)},
}
# What a spec must cover; the others wait for theirs.
COVERED = [key for key in REFERENCE if not key.startswith(("mnasnet.b1", "nfnet.timm", "resnet"))]


@cache
def architectures() -> dict[str, Architecture]:
    """Every model of the examples and of the shipped files; the shipped one where both have it."""
    found: dict[str, Architecture] = {}
    for path in [*sorted((DATA / "examples").glob("*.arch")), *sorted(specs_folder().glob("*.arch"))]:
        found |= {a.name: a for a in compile_file(path, claims=False).checked()}
    return found


@pytest.mark.parametrize("key", COVERED)
def test_counts_are_those_of_the_public_implementation(key: str) -> None:
    expected = REFERENCE[key]
    architecture = architectures()[NAMES.get(key, key.replace(".", "_"))]
    made = estimate(architecture)
    assert made.input[1:] == (expected["resolution"], expected["resolution"])
    assert (made.cost.params, made.cost.macs) == (expected["params"], expected["macs"])
    assert made.cost.flops == 2 * expected["macs"]


@pytest.mark.parametrize("name", ["efficientnetv2_l", "efficientnet_b0", "nfnet_f0", "resattnet_56", "shufflenet_g3"])
@pytest.mark.parametrize("level", LEVELS[1:])
def test_parts_add_up_to_the_model(name: str, level: str) -> None:
    made = estimate(architectures()[name], level=level, batch=2)  # type: ignore[arg-type]
    parts = made.parts(level)  # type: ignore[arg-type]
    assert total(part.cost for part in parts) == made.cost
    assert len({part.path for part in parts}) == len(parts)
    for stage in made.stages:
        for part in (stage, *stage.parts):
            assert not part.parts or total(inner.cost for inner in part.parts) == part.cost


def test_stages_follow_one_another() -> None:
    made = estimate(architectures()["efficientnetv2_l"])
    assert [stage.name for stage in made.stages] == ["stem", *"0123456", "head"]
    assert [stage.layers for stage in made.stages] == [1, 4, 7, 7, 10, 19, 25, 7, 1]
    assert made.stages[0].input == made.input
    assert made.stages[-1].output == made.output
    for before, after in zip(made.stages, made.stages[1:], strict=False):
        assert before.output == after.input


def test_blocks_are_repetitions_and_operators_have_paths() -> None:
    made = estimate(architectures()["efficientnetv2_l"], level="operator")
    assert [block.path for block in made.stages[1].parts] == [f"stages.0.{index}" for index in range(4)]
    paths = {part.path: part for part in made.parts("operator")}
    depthwise = paths["stages.3.0.main.depthwise"]
    assert (depthwise.op, depthwise.cost.params) == ("depthwise", 384 * 9)
    assert depthwise.cost.activations == depthwise.output.elements == 384 * 30 * 30


def test_a_batch_multiplies_work_but_not_parameters() -> None:
    architecture = architectures()["efficientnet_b0"]
    one, many = estimate(architecture, level="operator"), estimate(architecture, level="operator", batch=32)
    for before, after in zip(one.parts("operator"), many.parts("operator"), strict=True):
        assert after.cost == before.cost.for_batch(32)
    assert many.cost.params == one.cost.params
    assert many.cost.macs == 32 * one.cost.macs
    assert many.cost.activations == 32 * one.cost.activations


def test_json_has_the_agreed_form() -> None:
    made = [estimate(architectures()[name]) for name in ("efficientnet_b0", "efficientnet_b1")]
    document = json.loads(as_json(made))
    assert document["format_version"] == "1.1"
    first, second = document["models"]
    assert (first["name"], first["model"], first["variant"], first["batch"]) == (
        "efficientnet_b0",
        "efficientnet",
        "b0",
        1,
    )
    assert first["input"] == [3, 224, 224]
    assert second["input"] == [3, 240, 240]
    for key in ("params", "macs", "flops", "activations"):
        assert first[key] == sum(stage[key] for stage in first["stages"])
    stage = first["stages"][1]
    assert (stage["name"], stage["op"], stage["layers"]) == ("0", "mbconv", 1)
    assert stage["input"] == [32, 112, 112]
    assert "blocks" not in stage


def test_json_nests_blocks_and_operators() -> None:
    (model,) = json.loads(as_json([estimate(architectures()["efficientnet_b0"], level="operator")]))["models"]
    (block,) = model["stages"][1]["blocks"]
    assert (block["path"], block["op"]) == ("stages.0.0", "mbconv")
    assert block["macs"] == sum(operator["macs"] for operator in block["operators"])


@pytest.mark.parametrize("level", LEVELS)
def test_csv_rows_add_up_exactly(level: str) -> None:
    made = [estimate(architectures()[name], level=level, batch=4) for name in ("mobilenetv2_100", "mnasnet_a1")]  # type: ignore[arg-type]
    rows = list(csv.DictReader(io.StringIO(as_csv(made, level))))  # type: ignore[arg-type]
    for one in made:
        own = [row for row in rows if row["model"] == one.name]
        assert {(row["level"], row["batch"]) for row in own} == {(level, "4")}
        for count in ("params", "macs", "flops", "activations"):
            assert sum(int(row[count]) for row in own) == getattr(one.cost, count)
        assert own[0]["input_channels"] == "3"
        assert own[-1]["output_channels"] == "1000"


def test_table_states_what_the_numbers_are_for() -> None:
    text = as_table([estimate(architectures()["efficientnetv2_l"], batch=2)], "stage")
    title, header, *rows = text.splitlines()
    assert title == "efficientnetv2_l, input 3 x 480 x 480, batch 2"
    assert header.split() == ["stage", "op", "layers", "input", "output", "params", "MACs", "FLOPs", "activations"]
    assert rows[-1].split()[-4:] == ["118.5M", "112.2G", "224.3G", "316.0M"]
    assert len({len(line) for line in [header, *rows]}) == 1  # numbers end in one column
    assert as_table([], "stage") == ""


def test_table_of_models_is_one_table() -> None:
    text = as_table([estimate(architectures()[name]) for name in ("mnasnet_a1", "mobilenetv2_100")], "model")
    assert text.splitlines() == [
        "model                     input   batch   params     MACs    FLOPs   activations",
        "mnasnet_a1        3 x 224 x 224       1     3.9M   311.6M   623.2M          6.2M",
        "mobilenetv2_100   3 x 224 x 224       1     3.5M   300.8M   601.5M          6.7M",
    ]
