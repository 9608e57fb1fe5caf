"""Changes one place of the compiler at a time, and runs the tests beside it: `python -m tools.mutate FIRST COUNT`.

What is changed, and how, is cosmic-ray's: arithmetic, comparisons, numbers, conditions, loops, decorators. All places
of the packages below are shuffled by a seed, each with one of the changes that it allows; FIRST and COUNT say which of
them to try, so that a run can go on where another ended. A mutant is killed when a test fails, or takes too long. What
survives is shown as a diff, for somebody to read: it is a test to write, or it changes nothing that can be seen.
`--again FILE` tries the survivors of a file of results once more.

A run is in a copy of the tree. Torch and pytest are imported once, and a mutant is tested in a fork of this process, by
the tests of its package that run its line: some seconds each. Which they are is seen in a first run of all of these
tests, of some minutes, and kept in `.mutants` until the package changes. Needs the extras `test` and `mutation`.
"""

from __future__ import annotations

import argparse
import ast
import difflib
import hashlib
import importlib
import json
import multiprocessing
import os
import pickle
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
# What the tests run, as it was seen the last time.
SEEN = ROOT / ".mutants"
# Imported before the forks: what the tests need, and takes long. Never the package itself.
WARM = (
    "torch",
    "torch.utils.flop_counter",
    "numpy",
    "pytest",
    "hypothesis",
    "pydantic",
    "msgspec",
    "lark",
    "networkx",
    "xdist",
    "pytest_asyncio",
    "pytest_lsp",
    "pytest_timeout",
)
# A multiple of what the tests take on the code as it is; a mutant that takes longer hangs.
PATIENCE = 4

ERRORS = ("tests/errors/test_golden.py::test_report", "tests/errors/test_problems.py", "tests/errors/test_fixes.py")
# Parameters and MACs of all published networks.
COUNTS = ("tests/elaborate/test_published.py",)
# The tests of each package, those that say most in the least time first.
TESTS = {
    "archdsl/ir": ("tests/ir", "tests/backends/test_operators.py", *COUNTS),
    **{
        f"archdsl/elaborate{room}": (f"tests/elaborate{room}", *ERRORS, *COUNTS, "tests/elaborate")
        for room in ("/resolve", "/check", "/evaluate", "/instantiate", "")
    },
    "archdsl/backends/memory": ("tests/backends/memory", "tests/backends/test_operators.py"),
    "archdsl/backends/latency": ("tests/backends/latency", "tests/backends/test_operators.py"),
}
# Left out: each of these takes more than all the others of its folder.
SLOW = (
    "tests/elaborate/test_robust.py",
    "tests/ir/test_validation.py::test_networks_are_valid_in_full",
    "tests/backends/memory/test_measured.py",
    "tests/backends/memory/test_kept.py::test_whole_networks",
)


@dataclass(frozen=True)
class Mutant:
    """A change of cosmic-ray's: the operator, and which of the places that it fits."""

    path: str
    line: int
    end: int
    operator: str
    occurrence: int

    @property
    def package(self) -> str:
        return next(package for package in TESTS if self.path.startswith(package + "/"))

    def apply(self, source: str) -> str:
        from cosmic_ray.mutating import mutate_code
        from cosmic_ray.plugins import get_operator

        changed = mutate_code(source, get_operator(self.operator)(), self.occurrence)
        assert changed is not None
        return str(changed)


def mutants(seed: int) -> list[Mutant]:
    """One mutant for each place of the packages that can be changed, in an order that the seed gives."""
    chance = random.Random(seed)
    found = []
    for package in TESTS:
        for file in sorted((ROOT / package).rglob("*.py")):
            path = file.relative_to(ROOT).as_posix()
            if path not in {mutant.path for mutant in found}:
                found += [chance.choice(place) for place in _places(path, file.read_text(encoding="utf-8"))]
    chance.shuffle(found)
    return found


def _places(path: str, source: str) -> Iterator[list[Mutant]]:
    """The mutants of a file by the place that they change, but those of annotations, which nothing evaluates."""
    from cosmic_ray.ast import ast_nodes, get_ast
    from cosmic_ray.plugins import get_operator, operator_names

    annotations = [
        ((node.lineno, node.col_offset), (node.end_lineno or 0, node.end_col_offset or 0))
        for parent in ast.walk(ast.parse(source))
        for node in (getattr(parent, "annotation", None), getattr(parent, "returns", None))
        if isinstance(node, ast.expr)
    ]
    places: defaultdict[Any, list[Mutant]] = defaultdict(list)
    nodes = list(ast_nodes(get_ast(source)))
    for name in operator_names():
        if get_operator(name).arguments():
            continue
        operator = get_operator(name)()
        spans = [span for node in nodes for span in operator.mutation_positions(node)]
        for occurrence, span in enumerate(spans):
            if not any(start <= span[0] < end for start, end in annotations):
                places[span].append(Mutant(path, span[0][0], span[1][0], name, occurrence))
    yield from (places[span] for span in sorted(places))


def _of_package(digests: dict[str, str]) -> dict[str, str]:
    return {path: digest for path, digest in digests.items() if path.startswith("archdsl/")}


def _file(test: str) -> str:
    return test.partition("::")[0]


class Bench:
    """A copy of the tree, in which mutants are tested by forks of this process."""

    def __init__(self, folder: Path, budget: float) -> None:
        self.folder, self.budget = folder, budget
        listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        for name in subprocess.run(listed, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0"):
            if name and (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / name)
        self.names: list[str] = []
        self.seconds: dict[str, float] = {}
        # Of each line, the numbers of the tests that run it.
        self.runs: dict[tuple[str, int], list[int]] = {}
        # Files that have changed since the tests were watched.
        self.changed: list[str] = []

    def watch(self) -> None:
        """Runs all tests on the code as it is, to see what they run; or reads it, where the code is still the same.

        Tests that have changed since then are in no list, and are run for every mutant of their package.
        """
        digests = {
            path.relative_to(self.folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(self.folder.rglob("*.py"))
        }
        seen: dict[str, Any] = pickle.loads(SEEN.read_bytes()) if SEEN.exists() else {"digests": {}}
        if _of_package(seen["digests"]) != _of_package(digests):
            seen = {"digests": digests, **self._watched()}
            SEEN.write_bytes(pickle.dumps(seen))
        self.names, self.seconds, self.runs = seen["names"], seen["seconds"], seen["runs"]
        self.changed = [path for path in digests if digests[path] != seen["digests"].get(path)]

    def _watched(self) -> dict[str, Any]:
        pool = list(dict.fromkeys(test for tests in TESTS.values() for test in tests))
        code, seconds = self._fork(3600, pool, True)
        assert code == 0, f"tests fail on the code as it is: {seconds}"
        from coverage import CoverageData

        names = list(seconds)
        numbers = {name: number for number, name in enumerate(names)}
        runs: dict[tuple[str, int], list[int]] = {}
        data = CoverageData(str(self.folder / ".coverage"))
        data.read()
        for file in data.measured_files():
            path = Path(file).relative_to(self.folder).as_posix()
            for line, tests in data.contexts_by_lineno(file).items():
                runs[path, line] = [numbers[test] for test in tests if test in numbers]
        return {"names": names, "seconds": seconds, "runs": runs}

    def tests(self, mutant: Mutant) -> list[str]:
        """Those that run the place, those of its own package and the quickest first, then others of their files.

        What is run on import, or kept by a cache, is of no one test, or of the first.
        """
        lines = range(mutant.line, mutant.end + 1)
        running = {self.names[test] for line in lines for test in self.runs.get((mutant.path, line), ())}
        files = {_file(test) for test in running}
        near = TESTS[mutant.package]
        known = [
            (not test.startswith(near[0]), test not in running, seconds, test)
            for test, seconds in self.seconds.items()
            if test.startswith(near) and (_file(test) in files or not files) and _file(test) not in self.changed
        ]
        chosen = [path for path in self.changed if path.startswith(near) and "/test_" in path]
        spent = 0.0
        for _, _, seconds, test in sorted(known):
            spent += seconds
            if spent < self.budget or not chosen:
                chosen.append(test)
        return chosen

    def test(self, mutant: Mutant) -> dict[str, Any]:
        """What became of it."""
        tests = self.tests(mutant)
        file = self.folder / mutant.path
        source, times = file.read_text(encoding="utf-8"), file.stat()
        changed = mutant.apply(source)
        begin = time.monotonic()
        try:
            file.write_text(changed, encoding="utf-8")
            code, what = self._fork(PATIENCE * (10 + sum(self.seconds.get(test, 5.0) for test in tests)), tests)
        finally:
            file.write_text(source, encoding="utf-8")
            # So that what was compiled of it before still counts.
            os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
        outcome = "hangs" if code is None else "killed" if code else "survived"
        lines = difflib.unified_diff(source.splitlines(), changed.splitlines(), lineterm="", n=3)
        return {
            **asdict(mutant),
            "outcome": outcome,
            "by": what if outcome != "survived" else "",
            "tests": len(tests),
            "seconds": round(time.monotonic() - begin, 1),
            "diff": [*lines][2:] if outcome == "survived" else [],
        }

    def _fork(self, limit: float, tests: list[str], watch: bool = False) -> tuple[int | None, Any]:
        """The exit code of pytest, None after the limit; and the first test that failed, or the seconds of each."""
        context = multiprocessing.get_context("fork")
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(target=_pytest, args=(self.folder, tests, watch, sender))
        process.start()
        sender.close()
        what = None
        try:
            what = receiver.recv() if receiver.poll(limit) else "the limit"
        except EOFError:
            what = "an import"
        process.join(5)
        if process.is_alive():
            os.killpg(process.pid or 0, signal.SIGKILL)
            process.join()
            return None, what
        return process.exitcode, what


def _pytest(folder: Path, tests: list[str], watch: bool, sender: Any) -> None:
    """Runs in the fork."""
    os.setsid()
    os.chdir(folder)
    sys.path[:] = [str(folder), *(path for path in sys.path if Path(path).resolve() != ROOT)]
    os.environ |= {"PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1"}
    if not watch:
        sys.dont_write_bytecode = True
        os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    for name in [name for name in sys.modules if name.partition(".")[0] in ("tools", "archdsl", "tests")]:
        del sys.modules[name]
    log = os.open(folder / "log.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    import pytest

    class Watch:
        """Each test's time, and its name as the context of what it runs."""

        def __init__(self) -> None:
            from coverage import Coverage

            self.seconds: dict[str, float] = {}
            self.coverage = Coverage(data_file=str(folder / ".coverage"), source=["archdsl"])
            self.coverage.start()

        @pytest.hookimpl(tryfirst=True)
        def pytest_runtest_protocol(self, item: pytest.Item) -> None:
            self.coverage.switch_context(item.nodeid)

        def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
            if report.passed:
                self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0.0) + report.duration

    class First:
        """The first test that fails."""

        failed = ""

        def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
            if report.failed and not self.failed:
                self.failed = report.nodeid

    seen: Any = Watch() if watch else First()
    options = ["-x", "-q", "-n", "0", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning"]
    slow = [word for name in SLOW for word in ("--deselect", name)]
    code = pytest.main([*options, *slow, *tests], plugins=[seen])
    if watch:
        seen.coverage.stop()
        seen.coverage.save()
    sender.send(seen.seconds if watch and code == 0 else getattr(seen, "failed", "") or "an import")
    os._exit(code)


def summary(results: list[dict[str, Any]]) -> str:
    """A table of the packages: mutants, killed, survivors."""
    rows = ["| package | mutants | killed | survived | killed, % |", "| --- | ---: | ---: | ---: | ---: |"]
    counts = Counter((Mutant(**_own(one)).package, one["outcome"] == "survived") for one in results)
    for package in [*TESTS, "all"]:
        killed, survived = (
            sum(number for (name, alive), number in counts.items() if alive == lives and package in (name, "all"))
            for lives in (False, True)
        )
        if killed + survived:
            share = 100 * killed / (killed + survived)
            rows.append(f"| `{package}` | {killed + survived} | {killed} | {survived} | {share:.1f} |")
    return "\n".join(rows)


def _own(result: dict[str, Any]) -> dict[str, Any]:
    return {name: result[name] for name in Mutant.__dataclass_fields__}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("first", type=int, nargs="?", default=0)
    parser.add_argument("count", type=int, nargs="?", default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--budget", type=float, default=12, metavar="S", help="seconds of tests for each (default: 12)")
    parser.add_argument("--again", type=Path, metavar="FILE", help="the survivors of these results")
    parser.add_argument("--out", type=Path, metavar="FILE", help="results, one JSON object a line; appended to")
    words = parser.parse_args()
    if words.again:
        before = [json.loads(line) for line in words.again.read_text(encoding="utf-8").splitlines()]
        chosen = [Mutant(**_own(one)) for one in before if one["outcome"] == "survived"]
    else:
        chosen = mutants(words.seed)[words.first : words.first + words.count]
    for name in WARM:
        importlib.import_module(name)
    results = []
    with tempfile.TemporaryDirectory(prefix="mutants-") as name:
        bench = Bench(Path(name).resolve(), words.budget)
        bench.watch()
        for mutant in chosen:
            result = bench.test(mutant)
            results.append(result)
            how = f"{result['outcome']} by {result['by']}" if result["by"] else result["outcome"]
            print(f"{how}, {result['seconds']} s: {mutant}", flush=True)
            print(*result["diff"], sep="\n", end="\n" if result["diff"] else "", flush=True)
            if words.out:
                with words.out.open("a", encoding="utf-8") as out:
                    out.write(json.dumps(result) + "\n")
    print(summary(results))


if __name__ == "__main__":
    main()
