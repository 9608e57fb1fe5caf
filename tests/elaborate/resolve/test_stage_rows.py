"""Rows that a model adds to the table it inherits and removes from it: the network is that of the table written out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from archdsl.compiler import Compiled, compile_source
from archdsl.diagnostics import Source
from archdsl.limits import Limits

HEADER = "| op | channels | kernel | layers | stride | name |"
ROWS = {
    1: "| mbconv | 8  | 3 | 1 | 1 | -    |",
    2: "| mbconv | 16 | 5 | 2 | 2 | wide |",
    3: "| mbconv | 24 | 3 | 1 | 1 | -    |",
    4: "| mbconv | 32 | 5 | 2 | 2 | -    |",
}
REST = list(ROWS.values())[1:]
NEW = "| fused_mbconv | 12 | 3 | 2 | 1 | -    |"
LAST = "| conv | 40 | 1 | 1 | 1 | end  |"


def compiled(text: str) -> Compiled:
    return compile_source(Source("net.arch", text))


def table(*rows: str) -> str:
    return "{\n" + "".join(f"    {row}\n" for row in (HEADER, *rows)) + "  }"


def model(rows: list[str], name: str = "base") -> str:
    stem = "  input = 3 x 64 x 64\n  stem = conv(8, 3)\n  drop_path = ramp(0.2)\n"
    return f"model {name} {{\n{stem}  stages {table(*rows)}\n  head = global_avg_pool\n}}\n"


def without_places(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_places(inner) for key, inner in value.items() if key != "place"}
    return [without_places(inner) for inner in value] if isinstance(value, list) else value


def networks(text: str) -> dict[str, Any]:
    found = compiled(text)
    assert found.problems == ()
    return {made.name: without_places(json.loads(made.model_dump_json())) for made in found.architectures}


@pytest.mark.parametrize(
    ("changes", "rows"),
    [
        (["stages without 2"], [ROWS[1], ROWS[3], ROWS[4]]),
        (["stages without 2..3"], [ROWS[1], ROWS[4]]),
        (["stages without 4", "stages without 1"], [ROWS[2], ROWS[3]]),
        ([f"stages after 2 {table(NEW)}"], [ROWS[1], ROWS[2], NEW, ROWS[3], ROWS[4]]),
        ([f"stages before 1 {table(NEW, LAST)}"], [NEW, LAST, *ROWS.values()]),
        ([f"stages after 4 {table(LAST)}"], [*ROWS.values(), LAST]),
        # Numbers are those of the inherited table, in whatever order the statements stand.
        ([f"stages after 3 {table(LAST)}", "stages without 2..3"], [ROWS[1], LAST, ROWS[4]]),
        (["stages without 2..3", f"stages before 4 {table(LAST)}"], [ROWS[1], LAST, ROWS[4]]),
        ([f"stages after 1 {table(NEW)}", f"stages after 1 {table(LAST)}"], [ROWS[1], NEW, LAST, *REST]),
        (["stages without 1", "stages 2..4 { kernel = 3 }"], [row.replace("| 5 |", "| 3 |") for row in REST]),
        # A range may cover a row that is removed.
        (["stages 1..4 { kernel = 3 }", "stages without 1"], [row.replace("| 5 |", "| 3 |") for row in REST]),
    ],
)  # fmt: skip
def test_the_network_is_that_of_the_table_written_out(changes: list[str], rows: list[str]) -> None:
    body = "".join(f"  {change}\n" for change in changes)
    text = f"{model(list(ROWS.values()))}model changed extends base {{\n{body}}}\n"
    changed = networks(text)["changed"]
    written = networks(model(rows, "changed"))["changed"]
    assert changed == written


def test_columns_are_those_that_the_rows_need() -> None:
    added = "{\n    | layers | op           | channels |\n    | 2      | fused_mbconv | 12       |\n  }"
    text = f"{model(list(ROWS.values()))}model changed extends base {{\n  stages after 1 {added}\n}}\n"
    stage = networks(text)["changed"]["stages"][1]
    assert (stage["name"], stage["op"], len(stage["layers"]), stage["kernel"]) == ("1", "fused_mbconv", 2, 3)


def test_a_grandchild_counts_the_rows_of_its_parent() -> None:
    text = (
        f"{model(list(ROWS.values()))}model one extends base {{ stages without 1 }}\n"
        f"model two extends one {{\n  stages 1 {{ kernel = 7 }}\n  stages after 3 {table(LAST)}\n}}\n"
    )
    stages = networks(text)["two"]["stages"]
    assert [(stage["name"], stage["channels"], stage["kernel"]) for stage in stages] == [
        ("wide", 16, 7),
        ("1", 24, 3),
        ("2", 32, 5),
        ("end", 40, 1),
    ]


def test_choices_and_scale_reach_added_rows() -> None:
    added = "{\n    | op     | channels   |\n    | mbconv | {8, 16, 24} |\n  }"
    changed = f"model changed extends base {{\n  stages after 1 {added}\n  scale {{ channels = channels * 2 }}\n}}\n"
    found = compiled(model(list(ROWS.values())) + changed)
    assert found.problems == ()
    (space,) = found.spaces
    assert space.size == 3
    assert [choice.place for choice in space.choices] == ["stages.1 channels"]
    taken = networks(model(list(ROWS.values())) + changed.replace("{8, 16, 24}", "8"))["changed"]["stages"]
    assert [stage["channels"] for stage in taken] == [16, 16, 32, 48, 64]


def test_the_words_are_names_everywhere_else() -> None:
    bindings = "  after = 4\n  before = conv(after)\n  without = before\n  stem = without\n"
    assert networks(f"model net {{\n  input = 3 x 8 x 8\n{bindings}}}\n")["net"]["output"][0] == 4


@pytest.mark.parametrize("removals", [["stages without 1..2"], ["stages without 2", "stages without 1"]])
def test_a_model_that_had_stages_keeps_one(removals: list[str]) -> None:
    stages = "stages {\n    | op | channels |\n    | mbconv | 8 |\n    | mbconv | 16 |\n  }\n"
    base = f"model base {{\n  input = 3 x 8 x 8\n  {stages}}}\n"
    text = base + "model net extends base {\n  stem = conv(8)\n" + "".join(f"  {one}\n" for one in removals) + "}\n"
    (problem,) = compile_source(Source("net.arch", text)).problems
    assert problem.span is not None
    assert problem.span.text == removals[-1]
    assert problem.message == f"`{removals[-1]}` leaves none of the table's 2 stages"
    added = text.replace("  stem", "  stages after 2 {\n    | op | channels |\n    | mbconv | 8 |\n  }\n  stem")
    assert not compile_source(Source("net.arch", added)).problems


def test_too_many_rows_are_those_of_the_last_change() -> None:
    longer = f"model longer extends base {{\n  stages after 1 {table(NEW)}\n  stages after 4 {table(LAST)}\n}}\n"
    with Limits(stages=6):
        assert compiled(model(list(ROWS.values())) + longer).problems == ()
    with Limits(stages=5):
        (problem,) = compiled(model(list(ROWS.values())) + longer).problems
    assert problem.problem == "TooManyStages"
    assert problem.span is not None
    assert (problem.span.text, problem.span.line) == ("stages", 19)


def test_a_cell_that_is_unset_is_as_if_the_table_had_no_such_column() -> None:
    """The block's default then, or nothing where the row's block has no such parameter."""
    (base, changed) = compiled(
        model(list(ROWS.values()))
        + "model changed extends base {\n  stages 2 { layers = - }\n"
        + "  stages 3..4 {\n    op = conv_norm_act\n    kernel = -\n    layers = -\n  }\n}\n"
    ).checked()
    assert [len(stage.layers) for stage in base.stages] == [1, 2, 1, 2]
    assert [len(stage.layers) for stage in changed.stages] == [1, 1, 1, 1]
    assert [stage.kernel for stage in changed.stages[:2]] == [stage.kernel for stage in base.stages[:2]]
    assert [stage.arguments.get("kernel", 1) for stage in changed.stages[2:]] == [1, 1]


def test_what_is_unset_can_be_set_again_and_a_column_that_is_not_there_cannot_be_unset() -> None:
    text = model(list(ROWS.values())) + "model a extends base {\n  stages 2 { kernel = - }\n}\n"
    again = compiled(text + "model b extends a {\n  stages 2 { kernel = 7 }\n}\n").checked()[-1]
    assert again.stages[1].kernel == 7
    (problem,) = compiled(text + "model c extends base {\n  stages 2 { kernl = - }\n}\n").problems
    assert (problem.code.name, problem.message) == ("ARC203", "`mbconv` has no parameter `kernl`")
    (problem,) = compiled(text + "model d extends base {\n  stages 1..3 { op = - }\n}\n").problems
    assert problem.code.name == "ARC209"
