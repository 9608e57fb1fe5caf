"""The same mistake in many networks, stages and cells is reported once, with where else it was met."""

from __future__ import annotations

import pytest

from archdsl.compiler import compile_source
from archdsl.diagnostics import Diagnostic, Source
from archdsl.elaborate.deduplication import numbered


def found(text: str) -> tuple[Diagnostic, ...]:
    return compile_source(Source("net.arch", text)).found


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ([2], "stage 2"),
        ([2, 3], "stages 2 and 3"),
        ([1, 3], "stages 1 and 3"),
        ([1, 2, 3], "stages 1 to 3"),
        ([1, 2, 3, 4, 5, 7], "stages 1 to 5 and 7"),
        ([1, 2, 4, 6, 7, 8], "stages 1, 2, 4 and 6 to 8"),
    ],
)
def test_numbers(numbers: list[int], text: str) -> None:
    assert numbered("stage", numbers) == text


def models(count: int) -> str:
    heads = "".join(f"model m{index} extends base {{\n  head = relu\n}}\n" for index in range(count))
    return f"model base(groups = 7) {{\n  input = 3 x 8 x 8\n  stem = conv(8, groups = groups)\n}}\n{heads}"


@pytest.mark.parametrize(
    ("count", "where"),
    [
        (1, "in `base` and `m0`"),
        (2, "in `base`, `m0` and `m1`"),
        (3, "in `base`, `m0` and 2 more"),
        (9, "in `base`, `m0` and 8 more"),
    ],
)
def test_networks_are_named_up_to_three(count: int, where: str) -> None:
    (problem,) = found(models(count))
    assert where in [note.text for note in problem.notes]


def variants(rows: list[str]) -> str:
    body = "  input = 3 x 8 x 8\n  stem = conv(channels, groups = 3)\n  require params == 1\n"
    table = "".join(f"  | v{index} | {row} |\n" for index, row in enumerate(rows))
    return f"model net(channels = 6) {{\n{body}}}\nvariants net {{\n  | name | channels |\n{table}}}\n"


@pytest.mark.parametrize(("count", "shown"), [(2, 1), (9, 8), (10, 7), (12, 7)])
def test_claims_say_the_values_of_eight_networks_at_most(count: int, shown: int) -> None:
    (problem,) = found(variants([str(6 * (index + 1)) for index in range(count)]))
    texts = [note.text for note in problem.notes]
    values = [text for text in texts if text.startswith("`net_v")]
    assert len(values) == shown
    rest = [text for text in texts if text.startswith("and ")]
    assert rest == ([f"and {count - 1 - shown} more"] if count - 1 > shown else [])


@pytest.mark.parametrize(
    ("rows", "where"),
    [
        (["5", "6", "7"], "in `net_v1` and `net_v2`; the values are those of `v1`"),
        (["6", "7", "9"], "in every variant of `net`; the values are those of `v0`"),
        (["5", "6", "8"], "in `net_v1`"),
    ],
)
def test_variants_that_fail_are_named_where_not_all_do(rows: list[str], where: str) -> None:
    text = variants(rows).replace("  require params == 1\n", "").replace("conv(channels,", "conv(channels + 1,")
    (problem,) = found(text)
    assert problem.notes[-1].text == where


@pytest.mark.parametrize(
    ("rows", "note"), [(1, None), (2, "and in 1 more place of the table"), (3, "and in 2 more places of the table")]
)
def test_cells(rows: int, note: str | None) -> None:
    table = "    | covn | 8 |\n" * rows
    (problem,) = found(f"model m {{\n  input = 3 x 8 x 8\n  stages {{\n    | op | channels |\n{table}  }}\n}}\n")
    assert [one.text for one in problem.notes if "more place" in one.text] == ([note] if note else [])
    assert problem.fix is not None
    assert len(problem.fix.edits) == rows
