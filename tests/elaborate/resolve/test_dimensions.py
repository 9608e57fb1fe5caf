"""Counts, times and bytes: what a claim, a condition or a budget may compare, and what is said of the rest."""

from __future__ import annotations

import pytest

from archdsl.compiler import compile_source
from archdsl.diagnostics import Diagnostic, DiagnosticError, Source
from archdsl.elaborate.evaluate.arithmetic import Constraint, amount
from archdsl.elaborate.resolve.dimensions import OF_COLUMNS

NET = """\
block unit(channels) {
  require in.height <= 1024px
  out = in -> conv(channels)
}
model net(size = 8, budget = 5ms, bare = 5, cycle = 1) {
  input = 3 x 64 x 64
  stem  = unit(16) -> norm -> act
  head  = global_avg_pool -> linear(10)
  most  = 2 * 1GB
  other = most
  require CLAIM
}
variants net {
  | name | size | budget |
  | a    | 8    | 6ms    |
  | b    | 9    | LAST   |
}
"""


def found(claim: str, last: str = "7ms") -> tuple[Diagnostic, ...]:
    text = NET.replace("CLAIM", claim).replace("LAST", last)
    return tuple(one for one in compile_source(Source("net.arch", text)).problems if one.code.name == "ARC301")


@pytest.mark.parametrize(
    ("claim", "place", "help"),
    [
        ("params <= 5MB", "5MB", "write a count: `5M`"),
        ("5MiB >= params", "5MiB", "write a count: `5M`"),
        ("macs <= 5ms", "5ms", "write a count: `5M`"),
        ("activations <= 50%", "50%", "write a count: `50M`"),
        ("flops <= 2 * 5ms", "2 * 5ms", "write a count, for example `5M`"),
        ("params == 5M +- 2ms", "2ms", "write a count: `2M`"),
        ("latency(h100) <= 5", "5", "write a time: `5ms` or `5s`"),
        ("latency(h100) <= 5MB", "5MB", "write a time: `5ms` or `5s`"),
        ("step_time(h100, batch = 4) <= 1K", "1K", "write a time: `1ms` or `1s`"),
        ("latency(h100) == 5ms +- 1", "1", "write a time: `1ms` or `1s`"),
        ("memory <= 2", "2", "write an amount of memory: `2GB` or `2MB`"),
        ("memory(training) <= 2G", "2G", "write an amount of memory: `2GB`"),
        ("memory <= 5ms", "5ms", "write an amount of memory: `5GB`"),
        ("reduction <= 5ms", "5ms", "write a number: `5`"),
        ("input.height <= 5GB", "5GB", "write a number: `5`"),
        ("size <= 8KB", "8KB", "write a number: `8`"),
        ("not (params > 3M or memory >= 4)", "4", "write an amount of memory: `4GB` or `4MB`"),
        ("latency(h100) <= (if size > 4 then 5MB else 5ms)", "5MB", "write a time: `5ms` or `5s`"),
        ("max(latency(h100), 5MB) <= 5ms", "5MB", "write a time: `5ms` or `5s`"),
        ("latency(h100) + 1 <= 5ms", "1", "write a time: `1ms` or `1s`"),
        ("latency(h100) <= bare", "bare", "write a time: `5ms` or `5s`"),
        ("latency(h100) <= other", "other", "write a time, for example `5ms`"),
        ("params <= memory", "memory", "write a count, for example `5M`"),
    ],
)
def test_other_dimensions(claim: str, place: str, help: str) -> None:
    (problem,) = found(claim)
    assert problem.span is not None
    assert (problem.span.text, problem.help) == (place, help)


@pytest.mark.parametrize(
    "claim",
    [
        "params <= 5M",
        "params <= 5000",
        "params == 5M +- 2%",
        "params <= 2 * macs",
        "macs <= size * 5M",
        "latency(h100) <= 5ms",
        "latency(h100) <= budget",
        "latency(h100) <= 2 * budget + 1us",
        "2 * latency(h100) <= latency(v100)",
        "latency(h100) / latency(v100) <= 2",
        "latency(h100) > 0",
        "memory <= other",
        "memory == 2GB +- 5%",
        "memory(training) <= 2 * memory + 1MiB",
        "memory / params <= 800",
        "macs / latency(h100) >= 1G",
        "min(memory, memory(training)) <= 2GiB",
        "input.height == 64px",
        "input.channels * input.height <= 1K",
        "reduction == 2",
        "size >= 50%",
        "out == 10 x 1 x 1",
        "norm != relu",
        "size * budget <= 1s",
    ],
)
def test_what_compares(claim: str) -> None:
    assert found(claim) == ()


def test_a_value_of_any_variant_counts() -> None:
    (problem,) = found("latency(h100) <= budget", last="7")
    assert problem.span is not None
    assert problem.span.text == "budget"
    assert [note.span.text for note in problem.notes if note.span] == ["7"]


def test_names_of_the_model_come_before_quantities() -> None:
    text = "model net(memory = 8) {\n  input = 3 x 8 x 8\n  stem = conv(memory)\n  require memory == 8\n}"
    assert compile_source(Source("net.arch", text)).found == ()


def test_claims_of_blocks() -> None:
    text = NET.replace("1024px", "5MB").replace("CLAIM", "params <= 5M").replace("LAST", "7ms")
    (problem,) = compile_source(Source("net.arch", text)).problems
    assert problem.message == "`in.height` is a number, and `5MB` is an amount of memory"


def test_bindings_that_go_round_in_a_circle_end() -> None:
    text = "model net {\n  input = 3 x 8 x 8\n  stem = conv(8)\n  a = b\n  b = a\n  require latency(h100) <= a\n}"
    assert compile_source(Source("net.arch", text)).problems


def test_long_chains_take_no_long_time() -> None:
    claim = " + ".join(["latency(h100)"] * 900)
    assert found(f"{claim} <= 5ms") == ()


@pytest.mark.parametrize("text", ["latency <= 5", "memory <= 2G", "params <= 5MB", "images_per_second >= 5ms"])
def test_conditions(text: str) -> None:
    with pytest.raises(DiagnosticError) as failure:
        Constraint(Source("--where", text), tuple(OF_COLUMNS), OF_COLUMNS)
    assert [one.code.name for one in failure.value.diagnostics] == ["ARC301"]
    with pytest.raises(DiagnosticError):
        Constraint(Source("--constraint", "alpha <= 5ms"), ("alpha",))


@pytest.mark.parametrize("text", ["8MB", "5ms", "8M +- 2ms", "5px", "8GiB +- 2%"])
def test_budgets(text: str) -> None:
    with pytest.raises(DiagnosticError) as failure:
        amount(Source("--params", text), "params")
    assert failure.value.diagnostics[0].message.startswith("`params` is a count, and `")
