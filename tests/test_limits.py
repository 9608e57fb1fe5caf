"""Every bound holds, says so, and is raised by doing what the diagnostic says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import archdsl
from archdsl.backends.diagram import draw
from archdsl.backends.estimate import estimates
from archdsl.backends.pytorch import emit
from archdsl.compiler import compile_file, compile_source
from archdsl.diagnostics import Diagnostic, DiagnosticError, Source
from archdsl.fitting.family import open_family
from archdsl.fitting.grid import grid
from archdsl.fitting.ranges import ranges
from archdsl.limits import BOUNDS, Limits, WrongLimits, limits, parse, raising
from archdsl.limits import _of_environment as of_environment
from archdsl.search_space.proof import prove

HEAD = "model m {\n  input = 3 x 8 x 8\n"
VARIANTS = "".join(f"  | n{n} |\n" for n in range(10))
FAMILY = "model m(width = 1) {\n  input = 3 x 8 x 8\n  stem = conv(width)\n}\n"


def stages(count: int, layers: int = 1) -> str:
    return f"{HEAD}  stages {{\n    | op | layers |\n" + f"    | relu | {layers} |\n" * count + "  }\n}\n"


def blocks(count: int) -> str:
    """A network of so many blocks, each another one."""
    made = "".join(f"block b{n}(channels) {{\n  out = in -> conv(channels)\n}}\n" for n in range(count))
    return f"{made}{HEAD}  stem = {' -> '.join(f'b{n}(8)' for n in range(count))}\n}}\n"


CHAIN = ("ma", "ab", "bc")
# A bound that is lowered, and a text that is beyond it then.
TEXTS = {
    "characters": (100, f"{HEAD}  stem = relu\n}}\n{'#' * 100}"),
    "nesting": (10, f"{HEAD}  stem = {'[' * 12}relu{']' * 12}\n}}\n"),
    "elements": (3, f"{HEAD}  stem = relu -> relu -> relu -> relu\n}}\n"),
    "name": (6, f"{HEAD}  stem = relu as longest\n  longest_ = 1\n}}\n"),
    "digits": (5, f"{HEAD}  stem = conv(000003)\n}}\n"),
    "bits": (8, f"{HEAD}  stem = conv(2 ** 9)\n}}\n"),
    "ancestors": (2, f"{HEAD}  stem = relu\n}}\n" + "".join(f"model {c} extends {p} {{ }}\n" for p, c in CHAIN)),
    "networks": (3, "".join(HEAD.replace("m {", f"m{n} {{", 1) + "  stem = relu\n}\n" for n in range(4))),
    "stages": (3, stages(4)),
    "layers": (8, stages(3, 3)),
    "repetitions": (4, f"{HEAD}  stem = relu * 5\n}}\n"),
    "parts": (4, f"{HEAD}  a = relu -> relu\n  b = [a -> a]\n  stem = [b -> b]\n}}\n"),
    "effort": (50, f"{HEAD}  stem = relu * 100\n}}\n"),
    "facts": (1, f"{HEAD}  stem = relu\n  stem.a = 1\n  stem.b = 1\n}}\n"),
    "channels": (8, f"{HEAD}  stem = conv(9)\n}}\n"),
    "space": (2, f"{HEAD}  stem = conv({{{', '.join(map(str, range(1, 200)))}}})\n}}\n"),
    "side": (16, f"{HEAD}  stem = resize(3)\n}}\n"),
}


def problems(text: str) -> tuple[Diagnostic, ...]:
    return compile_source(Source("net.arch", text)).problems


def advised(diagnostic: Diagnostic, name: str) -> Limits:
    """The limits that a diagnostic says to set."""
    assert diagnostic.code.name == "ARC602"
    found = re.search(r"`ARCHDSL_LIMITS=(\w+=\d+)`", diagnostic.help or "")
    assert found, diagnostic.help
    assert found[1].startswith(f"{name}=")
    return parse(found[1])


@pytest.mark.parametrize("name", TEXTS)
def test_a_bound_holds_and_is_raised_as_its_diagnostic_says(name: str) -> None:
    bound, text = TEXTS[name]
    assert problems(text) == ()
    with parse(f"{name}={bound}"):
        (first, *_) = problems(text)
    assert f"{bound:,}" in first.message + first.label
    problem = first
    for _ in range(6):  # how much is needed is not always known at the first place that is beyond a bound
        with advised(problem, name):
            following = next(iter(problems(text)), None)
        if following is None:
            return
        assert "(a guess: " in (problem.help or ""), "what is said to be enough is enough"
        problem = following
    raise AssertionError(problem)


def test_problems_are_counted_no_further() -> None:
    text = HEAD + "".join(f"  a{n} = unknown{n}\n" for n in range(300)) + "}\n"
    *told, last = problems(text)
    assert len(told) == limits().problems
    with advised(last, "problems"):
        assert len(problems(text)) == 300


def test_files_that_use_each_other(tmp_path: Path) -> None:
    for number in range(40):
        (tmp_path / f"f{number}.arch").write_text(f'use "f{number + 1}.arch"\n')
    (tmp_path / "f40.arch").write_text(f"{HEAD}  stem = relu\n}}\n")
    (problem,) = compile_file(tmp_path / "f0.arch").problems
    with advised(problem, "uses"):
        assert compile_file(tmp_path / "f0.arch").problems == ()


def refusal(name: str, bound: int, text: str) -> Diagnostic:
    """What the backend of a bound says about a network that is beyond it, having made of it what it should before."""
    made = compile_source(Source("net.arch", text)).checked()
    uses = {
        "steps": lambda: estimates(made, level="operator"),
        "classes": lambda: emit(made, "net.arch"),
        "drawn_networks": lambda: draw(made, "stage"),
        "drawn_stages": lambda: draw(made, "stage"),
        "drawn_blocks": lambda: draw(made, "block"),
        "drawn_operators": lambda: draw(made, "operator"),
    }
    assert uses[name]()
    with parse(f"{name}={bound}"), pytest.raises(DiagnosticError) as raised:
        uses[name]()
    (problem,) = raised.value.diagnostics
    assert getattr(advised(problem, name), name) > bound
    return problem


@pytest.mark.parametrize(
    ("name", "bound", "text"),
    [
        ("steps", 5, f"{HEAD}  stem = relu * 9\n}}\n"),
        ("classes", 5, blocks(10)),
        ("drawn_networks", 9, f"{HEAD}  stem = relu\n}}\nvariants m {{\n  | name |\n{VARIANTS}}}\n"),
        ("drawn_stages", 4, stages(6)),
        ("drawn_blocks", 2, stages(1).replace("relu", "mbconv(8)")),
        ("drawn_operators", 5, f"{HEAD}  stem = relu * 9\n}}\n"),
    ],
)
def test_what_is_made_of_networks(name: str, bound: int, text: str) -> None:
    assert f"{bound:,}" in refusal(name, bound, text).message


def test_operators_of_all_networks_of_a_file_count() -> None:
    text = f"{HEAD}  stem = relu * 9\n}}\nvariants m {{\n  | name |\n{VARIANTS}}}\n"
    assert "steps=" in (refusal("steps", 50, text).help or "")


def test_variants_are_no_columns_of_a_figure_of_blocks() -> None:
    made = compile_source(Source("net.arch", f"{HEAD}  stem = relu\n}}\nvariants m {{\n  | name |\n{VARIANTS}}}\n"))
    with parse("drawn_networks=9"):
        assert draw(made.checked(), "block")
        for level in ("stage", "operator"):
            with pytest.raises(DiagnosticError, match="10 networks are too many"):
                draw(made.checked(), level)  # type: ignore[arg-type]


def test_a_grid() -> None:
    family = open_family(Source("net.arch", FAMILY), None)
    with pytest.raises(DiagnosticError) as raised:
        ranges(Source("vary", "width=1..20000:1"))
    with advised(raised.value.diagnostics[0], "values"):
        wide = ranges(Source("vary", "width=1..20000:1"))
    with parse("points=10000"), pytest.raises(DiagnosticError) as raised:
        grid(family, wide)
    advised(raised.value.diagnostics[0], "points")
    narrow = ranges(Source("vary", "width=1..20:1"))
    with parse("grid=10"), pytest.raises(DiagnosticError) as raised:
        grid(family, narrow)
    with advised(raised.value.diagnostics[0], "grid"):
        assert len(grid(family, narrow).points) == 20


def test_a_proof() -> None:
    (space,) = compile_source(Source("net.arch", stages(3).replace("relu", "{relu, silu}"))).spaces
    assert prove(space).stages == 6
    with parse("proof=5"), pytest.raises(DiagnosticError) as raised:
        prove(space)
    with advised(raised.value.diagnostics[0], "proof"):
        assert prove(space).stages == 6


def test_every_bound_has_a_test() -> None:
    tested = {*TEXTS, "problems", "uses", "steps", "classes", "drawn_stages", "drawn_blocks", "drawn_operators"}
    tested |= {"drawn_networks", "values", "points", "grid", "proof"}
    # Calls within one another end in ARC601, whose golden report is `tests/errors/endless_recursion.err`; shards are
    # counted in `tests/training/data/test_source.py`.
    assert set(BOUNDS) - tested == {"calls", "shards"}


def test_some_bounds_cannot_be_raised_far() -> None:
    deep = f"{HEAD}  stem = {'[' * 130}relu{']' * 130}\n}}\n"
    (problem,) = problems(deep)
    assert "nesting=120" in (problem.help or "")
    with Limits(nesting=120):
        (problem,) = problems(deep)
        assert "the bound cannot be higher than 120: beyond that Python's stack overflows" in (problem.help or "")
        assert problems(f"{HEAD}  stem = {'[' * 118}relu{']' * 118}\n}}\n") == ()
    with Limits(ancestors=64, uses=64):
        chain = "".join(f"model m{n} extends m{n + 1} {{ }}\n" for n in range(62))
        assert problems(f"{chain}{HEAD.replace('m ', 'm62 ')}  stem = relu\n}}\n") == ()
    with pytest.raises(WrongLimits, match="`nesting` goes up to 120, not 121: beyond that Python's stack overflows"):
        Limits(nesting=121)


def test_limits_hold_within_a_with() -> None:
    assert limits() == Limits()
    with archdsl.Limits(layers=1):
        with archdsl.Limits(stages=1):
            assert (limits().layers, limits().stages) == (Limits().layers, 1)
        assert limits().layers == 1
    assert limits() == Limits()


@pytest.fixture
def _fresh() -> Iterator[None]:
    of_environment.cache_clear()
    yield
    of_environment.cache_clear()


@pytest.mark.usefixtures("_fresh")
def test_the_environment_says_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARCHDSL_LIMITS", " layers = 50_000, stages=7,")
    assert (limits().layers, limits().stages, limits().networks) == (50_000, 7, Limits().networks)


WRONG = [
    ("layers", "`layers` is not a limit; write `name=number`, with commas between them"),
    ("layer=3", "there is no limit `layer`; did you mean `layers`?"),
    ("xyz=3", "there is no limit `xyz`; there are characters, nesting, "),
    ("layers=1,layers=2", "`layers` is given twice"),
    ("layers=1, stages=4, layers=1", "`layers` is given twice"),
    ("layers=many", "`layers` is a whole number from 1, not many"),
    ("layers=", "`layers` is a whole number from 1, not nothing"),
    ("layers=0", "`layers` is a whole number from 1, not 0"),
    ("layers=-3", "`layers` is a whole number from 1, not -3"),
    ("nesting=1000", "`nesting` goes up to 120, not 1000: beyond that Python's stack overflows"),
]


@pytest.mark.parametrize(("text", "message"), WRONG)
def test_wrong_limits(text: str, message: str) -> None:
    with pytest.raises(WrongLimits, match=f"^{re.escape(message)}"):
        parse(text)


def test_wrong_limits_in_the_environment_stop_a_command() -> None:
    command = [sys.executable, "-m", "archdsl", "list"]
    environment = {**os.environ, "ARCHDSL_LIMITS": "layer=3"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "error[ARC904]: ARCHDSL_LIMITS: there is no limit `layer`" in done.stderr


def test_help_is_round() -> None:
    assert raising("layers", 12_345) == "raise the bound: `ARCHDSL_LIMITS=layers=20000`"
    assert raising("layers").endswith("`ARCHDSL_LIMITS=layers=20000` (a guess: how much is needed is not known)")
    assert raising("layers", 123_456, "use fewer") == "use fewer, or raise the bound: `ARCHDSL_LIMITS=layers=130000`"


def test_a_file_that_is_not_read_to_its_end_is_told_by_its_size(tmp_path: Path) -> None:
    large = tmp_path / "large.arch"
    large.write_text("# " + "a" * 1_000_000)
    with pytest.raises(DiagnosticError) as failure:
        compile_file(large)
    (problem,) = failure.value.diagnostics
    assert problem.code.name == "ARC602"
    assert "1,000,002 bytes" in problem.message
    assert problem.help is not None
    assert "characters=1100000" in problem.help


@pytest.mark.parametrize("claim", ["latency(h100, batch = {n}) < 1s", "memory(training, batch = {n}) < 1GB"])
def test_predictions_of_a_long_stem_are_work(claim: str) -> None:
    claims = "\n".join("require " + claim.format(n=number + 1) for number in range(400))
    compiled = compile_source(
        Source("m", f"model m {{\ninput = 3 x 8 x 8\nstem = [conv(8) -> relu] * 5000\n{claims}\n}}")
    )
    assert "ARC602" in [problem.code.name for problem in (*compiled.problems, *compiled.unmet)]


def test_blocks_of_long_texts_are_work() -> None:
    total = " + ".join(["n"] * 90)
    block = "\n".join(f"_a{number} = {total}" for number in range(190))
    rows = "\n".join(f"| b | {number + 1} |" for number in range(250))
    text = f"block b(n) {{\n{block}\nout = in -> conv(8)\n}}\n"
    text += f"model m {{\ninput = 3 x 8 x 8\nstages {{\n| op | n |\n{rows}\n}}\n}}"
    assert "ARC602" in [problem.code.name for problem in compile_source(Source("m", text)).problems]
