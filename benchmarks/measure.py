"""Interleaved timing, the facts of the machine, and results as JSON."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
# Before anything here runs: how many processes of others wanted the cores.
_LOAD = os.getloadavg()[0]
_LIBRARIES = ("pydantic", "torch", "onnxruntime", "timm", "torchvision", "torchinfo", "fvcore")


def seconds(action: Callable[[], object]) -> float:
    """How long an action takes."""
    start = perf_counter()
    action()
    return perf_counter() - start


def run(command: Sequence[str], variables: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Runs a command in the repository to its end, which must be a good one, with more variables in its environment.

    Python keeps its compiled modules between runs, as it does for installed packages, whatever the environment says.
    """
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment.update(variables or {})
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)


def interleave(timings: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Takes each timing once a round, so that whatever else the machine does falls on all of them alike."""
    taken: dict[str, list[float]] = {name: [] for name in timings}
    for turn in range(rounds):
        for name, timing in timings.items():
            progress(f"round {turn + 1} of {rounds}: {name}")
            taken[name].append(timing())
    progress("")
    return taken


def row(name: str, taken: Sequence[float], ours: Sequence[float], **more: object) -> dict[str, Any]:
    """A line of a table: what was timed, and how many times as long as ours its median is."""
    middle = median(taken)
    spread = {"median_ms": 1000 * middle, "least_ms": 1000 * min(taken), "most_ms": 1000 * max(taken)}
    rounded = {name: round(value, 2) for name, value in spread.items()}
    return {"name": name, **rounded, "rounds": len(taken), "ratio": round(middle / median(ours), 2), **more}


def progress(text: str) -> None:
    """A line that takes the place of the last one, if a person is looking."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()


# Results -------------------------------------------------------------------------------------------------------------


def write_results(name: str, results: Mapping[str, object], *, command: str | None = None) -> None:
    """Writes `results/NAME.json`, with the machine's facts and the command that repeats them (default: its name)."""
    RESULTS.mkdir(exist_ok=True)
    command = f"python -m benchmarks.{command or name}"
    document = {"format_version": "1.0", "command": command, "machine": machine(), **results}
    (RESULTS / f"{name}.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def machine() -> dict[str, Any]:
    """What the numbers depend on, and when they were taken; nothing that names the machine."""
    return {
        "date": date.today().isoformat(),
        "revision": _git("describe", "--always", "--dirty"),
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "load": round(_LOAD, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "libraries": {name: found for name in _LIBRARIES if (found := _version(name))},
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")


def _version(library: str) -> str | None:
    try:
        return version(library)
    except PackageNotFoundError:
        return None


def _git(*arguments: str) -> str:
    found = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return found.stdout.strip() or "unknown"
