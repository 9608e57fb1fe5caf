"""Every kind of problem: the templates are right, and each is shown, by a golden report or by a case here."""

from __future__ import annotations

import re
import string
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from archdsl import Limits, compiler, sources, uses
from archdsl.diagnostics import OverBound, Problem, Source, Span, codes
from archdsl.diagnostics.explanation import explanation
from archdsl.diagnostics.listing import problems
from archdsl.elaborate.evaluate.arithmetic import Constraint, amount
from archdsl.elaborate.problems import bounded_depth
from archdsl.fitting.budgets import limit
from archdsl.fitting.family import Family, open_family
from archdsl.fitting.frozen import frozen
from archdsl.fitting.grid import grid
from archdsl.fitting.largest import largest
from archdsl.fitting.ranges import ranges
from archdsl.language.parser import parse
from archdsl.limits import limits
from archdsl.revisions import Revision
from archdsl.search_space.proof import prove
from archdsl.search_space.space import Space
from archdsl.spaces import freeze, open_space
from archdsl.trainings import open_recipe
from tests.errors import (
    cases_backends,
    cases_benchmarking,
    cases_cli,
    cases_exporting,
    cases_externs,
    cases_importing,
    cases_language,
    cases_search,
    cases_studies,
    cases_weights,
)
from tests.errors.showing import NET, Case, check, found, with_bounds
from tests.errors.test_golden import FILES, diagnose

TESTS = Path(__file__).parents[1]
ALL = problems()
NAMES = [kind.__name__ for kind in ALL]

# What takes a module of its own, or a clock, is shown by a test beside the code, which names it.
ELSEWHERE = {
    "SeveralReadings": "weights/test_files.py",
    "OtherOrder": "weights/test_files.py",
    "OutputsDiffer": "weights/test_modules.py",
    "CannotRun": "weights/test_modules.py",
    "PartsDiffer": "weights/test_partial.py",
    "BusyMachine": "calibration/test_scatter.py",
}

TABLE = """model net {
  input = 3 x 16 x 16
  stages {
    | op            | channels |
    | conv_norm_act | 8        |
    | conv_norm_act | 16       |
  }
}
"""
SCALED = """model net(width = 1.0, other = 1.0, depth = 0) {
  input = 3 x 16 x 16
  stem  = conv(divisible(32 * width * other, 1), 3)
  head  = global_avg_pool -> linear(10)
}
"""
SPACE = """model net {
  input = 3 x 16 x 16
  stem  = conv({8, 16}) -> conv({8, 16, 24})
  require params >= 200
}
"""
RECIPE = "recipe a for net {\n epochs = 2\n batch = 4\n optimizer = sgd(0.1)\n}\n"
FAMILY = """model net(width = 8) {
  input = 3 x 16 x 16
  stem  = conv(width)
}
variants net {
  | name | width |
  | a    | 8     |
  | b    | 16    |
}
"""
EXTENDS = 'use "base.arch"\n'


def train(text: str, variant: str | None = None, settings: Sequence[str] = ()) -> Callable[[], object]:
    def run() -> object:
        return open_recipe(Source("net.arch", text), variant=variant, settings=settings)

    return run


def files(**texts: str) -> Callable[[], object]:
    """Checks `net` among files that use each other."""

    def run() -> object:
        for name, text in texts.items():
            Path(f"{name}.arch").write_text(text)
        return compiler.compile_file("net.arch")

    return run


def family(text: str = SCALED) -> Family:
    Path("net.arch").write_text(text)
    return open_family(sources.read("net.arch"))


def space(text: str = SPACE) -> Space:
    Path("net.arch").write_text(text)
    return open_space(sources.read("net.arch"))


def fit(vary: str = "", macs: str = "1M", fixed: Mapping[str, float] | None = None, measure: str = "macs") -> object:
    varied = ranges(Source("--vary", vary)) if vary else ()
    return largest(family(), [limit(measure, Source(f"--{measure}", macs))], varied, fixed)


def on_grid(constraint: str | None = None, macs: str = "1G", **bounds: int) -> object:
    rule = Constraint(Source("--constraint", constraint), ["width"]) if constraint else None
    with Limits(**bounds):
        varied = ranges(Source("--grid", "width=1..2:0.5"))
        return grid(family(), varied, rule, [limit("macs", Source("--macs", macs))])


def ranged(text: str, **bounds: int) -> Callable[[], object]:
    def run() -> object:
        with Limits(**bounds):
            return ranges(Source("--vary", text))

    return run


def too_long(write: Callable[[], object]) -> object:
    """Writes a file where hardly any text is short enough."""
    with Limits(characters=60):
        return write()


def frozen_elsewhere() -> object:
    Path("base.arch").write_text(SPACE)
    made = space(f"{EXTENDS}model mine extends net {{ head = relu }}")
    return freeze(made, made.numbered(0), Path("one.arch"))


def frozen_model(source: Source | None = None) -> object:
    made = open_family(source) if source else family()
    best = largest(made, [limit("macs", Source("--macs", "1M"))], ranges(Source("--vary", "width=0.5..1:0.5")))
    return too_long(lambda: frozen(best, Path("one.arch"))) if source is None else frozen(best, Path("one.arch"))


def repository() -> Path:
    here = Path.cwd()
    Path("net.arch").write_text(NET)
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    for words in (("init", "-q"), ("add", "net.arch"), (*identity, "commit", "-q", "-m", "first")):
        subprocess.run(["git", *words], check=True, capture_output=True)
    return here


def without(name: str) -> Path:
    """A repository that has lost an object."""
    here = repository()
    listed = subprocess.run(["git", "rev-parse", name], check=True, capture_output=True, text=True).stdout.strip()
    (here / ".git" / "objects" / listed[:2] / listed[2:]).unlink()
    return here


def looped() -> object:
    Path("loop.arch").symlink_to("loop.arch")
    return check('use "loop.arch"\n')()


def too_large() -> object:
    Path("net.arch").write_text(NET * 10)
    with Limits(characters=20):
        return sources.read("net.arch")


def deep() -> None:
    with bounded_depth(Span(Source("net.arch", NET), 0, 1)):
        raise RecursionError


def without_git(monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setenv("PATH", "")
    return Revision(Path.cwd(), "HEAD")


def too_deep(monkeypatch: pytest.MonkeyPatch) -> object:
    def recurse(*_: object) -> None:
        raise RecursionError

    monkeypatch.setattr(compiler, "check_names", recurse)
    return check(NET)()


def used_by_library() -> object:
    (use,) = parse(Source("blocks.arch", 'use "more.arch"\n'))[0].items
    return uses._no_use(use)  # type: ignore[arg-type]


BASE_TABLE = TABLE.replace("conv_norm_act", "mbconv       ")
OVERRIDE = TABLE + "model mine extends net {\n stages 1..2 { kernel = 5 }\n}\n"
CASES: dict[str, Case] = {
    **cases_language.CASES,
    **cases_importing.CASES,
    **cases_weights.CASES,
    **cases_cli.CASES,
    **cases_backends.CASES,
    **cases_benchmarking.CASES,
    **cases_search.CASES,
    **cases_studies.CASES,
    **cases_exporting.CASES,
    **cases_externs.CASES,
    # Texts
    "EmptyRow": check(TABLE.replace("| conv_norm_act | 16       |", "| - | - |")),
    "ReplacementWithoutColumns": files(
        base=BASE_TABLE, net=f"{EXTENDS}block mbconv(width) {{ out = in -> conv(width) }}\nmodel mine extends net {{ }}"
    ),
    "ReplacementMismatch": files(
        base=BASE_TABLE,
        net=f"{EXTENDS}block mbconv(channels, more) {{ out = in -> conv(channels * more) }}\nmodel m extends net {{ }}",
    ),
    "UnknownVariantOfFile": check(NET, "b1"),
    "TooManyParents": check(
        f"{NET}{RECIPE}recipe b for net extends a {{ }}\nrecipe c for net extends b {{ }}\n", ancestors=1
    ),
    "NoRecipe": train(NET),
    "SeveralRecipes": train(NET + RECIPE + RECIPE.replace("recipe a", "recipe b")),
    "RecipeOfSeveral": train(FAMILY + RECIPE),
    "WrongVariant": train(FAMILY + RECIPE, variant="x"),
    "ChangesWithSide": lambda: open_recipe(
        Source(
            "net.arch",
            FAMILY.partition("variants")[0].replace("}", "  classes = 10\n head = flatten -> linear(classes)\n}")
            + RECIPE,
        )
    ).at(24),
    "BadOverride": train(NET + RECIPE, settings=["epochs 4"]),
    "OpenChoice": lambda: family(SPACE).at({}),
    "TooManyAncestors": check(f"{NET}model a extends net {{ }}\nmodel b extends a {{ }}\n", ancestors=1),
    "TooManyStages": check(TABLE, stages=1),
    "TooManyChangedCells": check(OVERRIDE, effort=1),
    "TooManyNetworks": check(NET + NET.replace("net", "other"), networks=1),
    "TooManyFacts": check(NET.replace("}", "\n stem.a = 1\n stem.b = 2 }"), facts=1),
    "TooManyBytes": too_large,
    "TooLargeSpace": check(SPACE.replace("{8, 16}", "{1, 2, 3, 4}"), space=1),
    "TooManyStagesToProve": lambda: with_bounds(lambda: prove(space(TABLE.replace("8  ", "{8, 16}")).model), proof=1),
    "NestedTooDeeply": deep,
    "UseInLibrary": used_by_library,
    "NotPath": looped,
    "TooManyUses": lambda: with_bounds(files(a=NET, b='use "a.arch"\n', net='use "b.arch"\n'), uses=1),
    "CannotRead": lambda: sources.read("nowhere.arch"),
    # Arithmetic of options
    "UnknownOperand": lambda: Constraint(Source("--constraint", "betta == 2"), ["beta"]),
    "ConstraintWithoutComparison": lambda: Constraint(Source("--constraint", "beta * 2"), ["beta"]),
    "NotArithmetic": lambda: Constraint(Source("--constraint", "conv(3) == 2"), ["beta"]),
    "NotPositive": lambda: amount(Source("--macs", "0"), "macs"),
    # Spaces
    "PrunedNetwork": lambda: space(SPACE.replace("200", "1M")).at(0),
    "NoSuchNetwork": lambda: space().at(6),
    "BadSampleCount": lambda: space().sample(-1),
    "NoneMeets": lambda: space(SPACE.replace("200", "1M")).sample(1),
    "ChoiceInOtherFile": frozen_elsewhere,
    "SeveralSpaces": lambda: space(SPACE + SPACE.replace("net", "other")),
    "NoSpace": lambda: space(NET),
    "NetworkNotSpace": lambda: open_space(Source("net.arch", NET), "net"),
    # Fitting
    "SeveralModels": lambda: family(NET + NET.replace("net", "other")),
    "NoModels": lambda: family("block unit() { out = in }\n"),
    "UnknownModelOrVariant": lambda: open_family(Source("net.arch", NET), "b1"),
    "ModelInNoFile": lambda: frozen_model(Source("<stdin>", SCALED)),
    "InvalidTarget": frozen_model,
    "NotRange": ranged("width="),
    "RangeGivenTwice": ranged("width,width"),
    "UnknownRange": ranged("groups"),
    "BadStep": ranged("width=1..2:0"),
    "EmptyRange": ranged("width=2..1"),
    "TooManyValues": ranged("width=1..9:1", values=2),
    "VariesAndFixed": lambda: fit("width", fixed={"width": 1.0}),
    "NothingToVary": lambda: largest(family(NET), [limit("macs", Source("--macs", "1M"))]),
    "Unbounded": lambda: largest(
        family(SCALED.replace("width = 1.0", "width = 1.0, resolution = 32")),
        [limit("params", Source("--params", "1M"))],
        ranges(Source("--vary", "resolution")),
    ),
    "NotCompound": lambda: fit("width,other=1..2:1"),
    "NotScalable": lambda: fit("width=1..2:1,depth=1..2:1"),
    "OverBudget": lambda: fit("width=1..2:1", "1"),
    "UnderBudget": lambda: fit("width=1..2:1", "1G +- 0%"),
    "TooManyPoints": lambda: on_grid(points=1),
    "TooManyGridNetworks": lambda: on_grid(grid=1),
    "NoPointMeets": lambda: on_grid("width == 7"),
    "NoNetworkWithinBudgets": lambda: on_grid(macs="1"),
    # Git
    "GitRefuses": lambda: Revision(Path.cwd(), "HEAD"),
    "UnknownRevision": lambda: Revision(repository(), "nosuch"),
    "NotCommit": lambda: Revision(repository(), "HEAD:net.arch"),
    "DamagedRevision": lambda: Revision(without("HEAD"), "HEAD"),
    "NoContents": lambda: Revision(without("HEAD:net.arch"), "HEAD").read(Path("net.arch").resolve()),
    "OutsideRepository": lambda: list(Revision(repository(), "HEAD").files(Path("/"), ".arch")),
}
PATCHED: dict[str, Callable[[pytest.MonkeyPatch], object]] = {
    **cases_weights.PATCHED,
    **cases_cli.PATCHED,
    **cases_backends.PATCHED,
    **cases_benchmarking.PATCHED,
    **cases_studies.PATCHED,
    **cases_exporting.PATCHED,
    "NoGit": without_git,
    "ProgramNestedTooDeeply": too_deep,
}


@contextmanager
def in_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(folder.parent))
    yield


def in_golden() -> set[str]:
    return {diagnostic.problem for name in FILES for diagnostic in diagnose(name)}


@pytest.mark.parametrize("name", [*CASES, *PATCHED])
def test_a_case_shows_its_problem(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with in_folder(tmp_path, monkeypatch):
        shown = found(CASES[name] if name in CASES else lambda: PATCHED[name](monkeypatch))
    assert name in [diagnostic.problem for diagnostic in shown], [diagnostic.message for diagnostic in shown]


def test_every_problem_is_shown() -> None:
    shown = in_golden() | set(CASES) | set(PATCHED) | set(ELSEWHERE)
    # Those of trainings need torch and images; they are shown in tests/training.
    here = {kind.__name__ for kind in ALL if not kind.__module__.startswith("archdsl.training.")}
    assert here - shown == set(), "write an example in tests/errors, or a case here"
    assert shown - set(NAMES) - {""} == set(), "there is no such problem"


@pytest.mark.parametrize(("name", "path"), ELSEWHERE.items())
def test_a_test_elsewhere_shows_its_problem(name: str, path: str) -> None:
    assert f'problem == "{name}"' in (TESTS / path).read_text()


def literals(template: str) -> list[str]:
    return [text.strip(" `:") for text, *_ in string.Formatter().parse(template)]


@pytest.mark.parametrize("kind", ALL, ids=NAMES)
def test_templates_name_fields_or_properties(kind: type[Problem]) -> None:
    for template in (kind.message, kind.label, kind.help):
        for _, name, _, _ in string.Formatter().parse(template):
            assert name is None or name in kind.fields() or isinstance(getattr(kind, name, None), property), name


def test_no_two_problems_have_one_message() -> None:
    own = [kind for kind in ALL if "message" in vars(kind) and any(literals(kind.message))]
    messages = [(re.sub(r"\{[^{}]*\}", "{}", kind.message), kind.code.name) for kind in own]
    assert len(set(messages)) == len(messages), sorted({one for one in messages if messages.count(one) > 1})


def test_names_are_told_apart() -> None:
    assert len(set(NAMES)) == len(NAMES)


@pytest.mark.parametrize("kind", [kind for kind in ALL if issubclass(kind, OverBound)], ids=lambda kind: kind.__name__)
def test_bounds_are_limits(kind: type[OverBound]) -> None:
    assert isinstance(getattr(limits(), kind.bound), int)


def test_every_code_has_a_problem_and_a_page() -> None:
    used = {kind.code.name for kind in ALL}
    assert {code.name for code in codes.ALL} - used == set()
    for kind in ALL:
        assert explanation(kind.code).code is kind.code
