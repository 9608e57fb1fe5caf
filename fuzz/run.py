"""Runs inputs by the million: `python -m fuzz.run --first 0 --count 1000000`.

A worker process, which may not have more than the memory that is allowed, takes chunks of seeds; the figures of each
chunk are a line of a file, so that a run that is stopped goes on where it was. An input that makes the compiler raise,
take too long or too much memory is saved with its seed, and told.
"""

from __future__ import annotations

import argparse
import gc
import json
import re
import resource
import signal
import subprocess
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

SECONDS = 2.0
MEMORY = 512  # MiB, of address space: more than what is resident
CHUNK = 1_000
# A worker that says nothing for so long, in seconds, is stuck where no signal reaches it.
PATIENCE = 600


class Hang(BaseException):  # not an Exception: nothing on the way may catch it
    """An input has taken its time."""


def run_chunk(first: int, count: int, found: Path) -> dict[str, Any]:
    """Exercises the inputs of some seeds: counts by kind and outcome, the slowest, the failures."""
    from fuzz.exercise import Outcome, exercise
    from fuzz.inputs import input_of

    kinds: Counter[str] = Counter()
    failures: list[dict[str, Any]] = []
    slowest, wall = (0.0, 0, ""), 0.0
    for seed in range(first, first + count):
        kind, text = input_of(seed)
        outcome, problem, began = Outcome(), "", time.monotonic()
        signal.setitimer(signal.ITIMER_VIRTUAL, 10 * SECONDS)
        try:
            exercise(text, outcome)
        except Hang:
            problem = f"a hang\n{traceback.format_exc()}"
        except (Exception, MemoryError):
            problem = traceback.format_exc()
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        wall = max(wall, time.monotonic() - began)
        if outcome.slowest > slowest[0]:
            slowest = (outcome.slowest, seed, max(outcome.seconds, key=lambda command: outcome.seconds[command]))
        if not problem and outcome.slowest > SECONDS:
            problem = f"slow: {outcome.seconds}"
        if problem:
            found.mkdir(parents=True, exist_ok=True)
            (found / f"{seed}.arch").write_text(text, encoding="utf-8", errors="surrogatepass")
            failures.append({"seed": seed, "kind": kind, "problem": problem})
        kinds[f"{kind}: {outcome.kind}"] += 1
    # Not `getrusage`: a process inherits that figure from the one that started it.
    memory = int(re.findall(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text())[0]) // 1024
    return {
        "first": first,
        "count": count,
        "kinds": dict(kinds),
        "failures": failures,
        "slowest": slowest,
        "wall": wall,
        "memory": memory,
    }


def work() -> None:
    """The worker: takes chunks from standard input, one a line, and answers each by a line."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY * 2**20, MEMORY * 2**20))

    def stop(*_: object) -> None:
        raise Hang

    signal.signal(signal.SIGVTALRM, stop)
    import fuzz.exercise
    import fuzz.inputs  # noqa: F401

    gc.freeze()
    gc.set_threshold(20_000, 50, 100)
    for line in sys.stdin:
        first, count, found = json.loads(line)
        print(json.dumps(run_chunk(first, count, Path(found))), flush=True)


class Worker:
    """A process that does chunks; a new one takes the place of one that died."""

    def __init__(self, found: Path):
        self.found = found
        self.process: subprocess.Popen[str] | None = None

    def do(self, first: int, count: int) -> dict[str, Any]:
        if self.process is None or self.process.poll() is not None:
            command = [sys.executable, "-m", "fuzz.run", "--worker"]
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps([first, count, str(self.found)]) + "\n")
        self.process.stdin.flush()
        signal.alarm(PATIENCE)
        try:
            line = self.process.stdout.readline()
        except TimeoutError:
            self.process.kill()
            line = ""
        finally:
            signal.alarm(0)
        if line:
            result: dict[str, Any] = json.loads(line)
            return result
        code = self.process.wait()
        if count > 1:  # one of these killed it: each by itself, to find out which
            return _together([self.do(seed, 1) for seed in range(first, first + count)])
        failure = {"seed": first, "kind": "?", "problem": f"the process died with {code}"}
        return {
            "first": first,
            "count": 1,
            "kinds": {"?: died": 1},
            "failures": [failure],
            "slowest": (0.0, first, ""),
            "wall": 0.0,
            "memory": 0,
        }

    def end(self) -> None:
        if self.process is not None and self.process.stdin is not None:
            assert self.process.stdout is not None
            self.process.stdin.close()
            self.process.wait()
            self.process.stdout.close()


def _together(results: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The figures of several chunks as those of one."""
    all_of = sorted(results, key=lambda result: result["first"])
    kinds: Counter[str] = Counter()
    for result in all_of:
        kinds.update(result["kinds"])
    return {
        "first": all_of[0]["first"] if all_of else 0,
        "count": sum(result["count"] for result in all_of),
        "kinds": dict(kinds),
        "failures": [failure for result in all_of for failure in result["failures"]],
        "slowest": max((tuple(result["slowest"]) for result in all_of), default=(0.0, 0, "")),
        "wall": max((result["wall"] for result in all_of), default=0.0),
        "memory": max((result["memory"] for result in all_of), default=0),
    }


def figures(result: dict[str, Any]) -> str:
    """The figures for a reader."""
    kinds: dict[str, Counter[str]] = {}
    for name, count in result["kinds"].items():
        kind, outcome = name.rsplit(": ", 1)
        kinds.setdefault(kind, Counter())[outcome] += count
    lines = ["| inputs | in all | elaborated | no network | refused |", "| --- | ---: | ---: | ---: | ---: |"]
    for kind, counts in sorted(kinds.items(), key=lambda item: -item[1].total()):
        row = (counts.total(), counts["elaborated"], counts["empty"], counts["refused"])
        lines.append(f"| {kind} | " + " | ".join(f"{number:,}" for number in row) + " |")
    seconds, seed, command = result["slowest"]
    lines += [
        "",
        f"{result['count']:,} inputs, {len(result['failures'])} failures",
        f"slowest command: {seconds:.2f} s of processor time (seed {seed}, {command})",
        f"slowest input: {result['wall']:.2f} s of wall clock for everything that is done with it",
        f"largest resident memory of a worker: {result['memory']} MiB; address space bounded at {MEMORY} MiB",
    ]
    return "\n".join(lines)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m fuzz.run", description="Exercise the compiler with hostile texts.")
    parser.add_argument("--first", type=int, default=0, metavar="SEED", help="the first seed (default: 0)")
    parser.add_argument("--count", type=int, default=10_000, metavar="N", help="how many inputs (default: 10,000)")
    parser.add_argument(
        "--out", type=Path, default=Path(".fuzz"), help="where figures and failures go (default: .fuzz)"
    )
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args(argv)
    if arguments.worker:
        work()
        return 0

    def give_up(*_: object) -> None:
        raise TimeoutError

    signal.signal(signal.SIGALRM, give_up)
    arguments.out.mkdir(parents=True, exist_ok=True)
    log = arguments.out / "results.jsonl"
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    done = {result["first"]: result for result in map(json.loads, lines)}
    wanted = range(arguments.first, arguments.first + arguments.count, CHUNK)
    worker = Worker(arguments.out / "found")
    for number, first in enumerate(wanted, 1):
        count = min(CHUNK, arguments.first + arguments.count - first)
        if first not in done or done[first]["count"] != count:
            result = done[first] = worker.do(first, count)
            with log.open("a", encoding="utf-8") as file:
                file.write(json.dumps(result) + "\n")
            for failure in result["failures"]:
                last = failure["problem"].strip().splitlines()[-1]
                print(f"seed {failure['seed']} ({failure['kind']}): {last}", flush=True)
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{number} of {len(wanted)} chunks")
    worker.end()
    result = _together(done[first] for first in wanted)
    print(figures(result))
    return 1 if result["failures"] else 0


if __name__ == "__main__":
    sys.exit(main())
