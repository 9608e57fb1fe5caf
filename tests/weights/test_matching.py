"""Which operator is which, told from the wiring alone: traces made by hand, with the positions of one side permuted."""

from __future__ import annotations

from archdsl.weights.matching import matchings, wired_differently
from archdsl.weights.trace import IMAGES, Trace, TracedOperator

Edges = set[tuple[int, int]]


def traced(*sources: Edges, sizes: dict[int, int] | None = None) -> Trace:
    """Convolutions of one shape, each with its sources; `sizes` gives some another number of filters."""
    operators = [
        TracedOperator(position, "convolution", {"weight": (f"{position}.weight",)}, frozenset(edges), {})
        for position, edges in enumerate(sources)
    ]
    shapes = {f"{position}.weight": ((sizes or {}).get(position, 8), 8, 3, 3) for position in range(len(sources))}
    return Trace(tuple(operators), shapes, {})


START = {(IMAGES, 0)}


def first(ours: Trace, theirs: Trace) -> dict[int, int]:
    return next(matchings(ours, theirs))


def test_what_is_alike_from_everywhere_goes_by_order_of_use() -> None:
    branches = traced(START, START, START, {(0, 0), (1, 0), (2, 0)})
    assert first(branches, branches) == {0: 0, 1: 1, 2: 2, 3: 3}


def test_branches_are_told_apart_by_where_they_are_joined() -> None:
    ours = traced(START, START, {(0, 0), (1, 8)})
    theirs = traced(START, START, {(1, 0), (0, 8)})
    assert first(ours, theirs) == {0: 1, 1: 0, 2: 2}


def test_a_result_that_is_joined_twice() -> None:
    ours = traced(START, START, {(0, 0), (1, 8), (0, 16)})
    theirs = traced(START, START, {(1, 0), (0, 8), (1, 16)})
    assert first(ours, theirs) == {0: 1, 1: 0, 2: 2}


def test_branches_are_told_apart_by_what_comes_before_them_and_after() -> None:
    # The second of ours and the first of theirs lead through one more operator.
    ours = traced(START, START, {(1, 0)}, {(0, 0), (2, 0)})
    theirs = traced(START, {(0, 0)}, START, {(1, 0), (2, 0)})
    assert first(ours, theirs) == {0: 2, 1: 0, 2: 1, 3: 3}


def test_direction_counts() -> None:
    """One that feeds two is not one that is fed by two, though each has two neighbours."""
    ours = traced(START, {(0, 0)}, {(0, 0)}, sizes={0: 16})
    theirs = traced(START, START, {(0, 0), (1, 0)}, sizes={2: 16})
    here, there = wired_differently(ours, theirs)
    assert [operator.position for operator in here] == [0, 1, 2]
    assert [operator.position for operator in there] == [0, 1, 2]


def test_a_long_row_of_equal_operators() -> None:
    row = traced(START, *({(position, 0)} for position in range(299)))
    assert first(row, row) == {position: position for position in range(300)}


def test_other_wiring_goes_by_order_of_use_at_last() -> None:
    row, fan = traced(START, {(0, 0)}, {(1, 0)}), traced(START, {(0, 0)}, {(0, 0)})
    assert list(matchings(row, fan)) == [{0: 0, 1: 1, 2: 2}]
    here, there = wired_differently(row, fan)
    assert [operator.position for operator in here]
    assert [operator.position for operator in there]


def test_no_matching_without_equal_shapes() -> None:
    assert list(matchings(traced(START), traced(START, sizes={0: 16}))) == []
