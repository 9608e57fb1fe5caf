"""From text to estimate in one warm process, against the peers' counting alone.

The peers' libraries are imported and their models built before. Ours reads everything from the text in each round
(parsed, names checked, elaborated, counted) but for the standard library, which a process reads once.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from importlib import import_module
from statistics import median

from archdsl.backends.estimate import Estimate, estimate
from archdsl.backends.table import aligned
from archdsl.compiler import compile_source
from archdsl.diagnostics import Source
from benchmarks.estimate_process import MACS, PARAMETERS, PEERS, PYTHON
from benchmarks.measure import ROOT, interleave, row, run, seconds, write_results

REQUIRED_MS = 10.0
OURS, COLD = "archdsl, text to estimate", "archdsl, first call of a process"
SPEC = ROOT / "specs" / "v2_l.arch"


def count(text: str) -> Estimate:
    """EfficientNetV2-L from its text to its estimate."""
    (architecture,) = compile_source(Source(SPEC.name, text), claims=False).checked()
    return estimate(architecture)


def first_call() -> float:
    """How long the first call takes in a process of its own that has imported archdsl."""
    return float(run([PYTHON, "-m", "benchmarks.estimate_in_process", "--first-call"]).stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200, metavar="N", help="how often to run ours (default: 200)")
    parser.add_argument("--peer-rounds", type=int, default=10, metavar="N", help="and each peer (default: 10)")
    parser.add_argument("--first-call", action="store_true", help="only print the seconds of the first call")
    arguments = parser.parse_args()

    text = SPEC.read_text(encoding="utf-8")
    if arguments.first_call:
        print(seconds(partial(count, text)))
        return
    cost = count(text).cost
    if (cost.params, cost.macs) != (PARAMETERS, MACS):
        sys.exit(f"archdsl counts {(cost.params, cost.macs)} and not {(PARAMETERS, MACS)}")

    peer_rounds = min(arguments.peer_rounds, arguments.rounds)
    each = arguments.rounds // peer_rounds
    ours: list[float] = []

    def several() -> float:
        ours.extend(seconds(partial(count, text)) for _ in range(each))
        return median(ours[-each:])

    timings = {OURS: several, COLD: first_call}
    for name, peer in PEERS.items():
        module = import_module(f"benchmarks.peers.{peer.module}")
        timings[name] = partial(seconds, partial(module.count, module.timm_model(module.DEVICE)))
    taken = interleave(timings, peer_rounds)
    taken[OURS] = ours

    rows = [row(name, times, ours) for name, times in taken.items()]
    warm = 1000 * median(ours)
    requirement = {
        "text": f"at most {REQUIRED_MS:.0f} ms warm",
        "found": f"{warm:.1f} ms",
        "met": warm <= REQUIRED_MS,
    }
    write_results("estimate_in_process", {"requirement": requirement, "rows": rows})

    cells = [[entry["name"], f"{entry['median_ms']:.1f} ms", f"{entry['ratio']:.1f} x"] for entry in rows]
    print(aligned(["in one process", "median", "ratio"], cells, "<>>"))
    print(f"required: {requirement['text']}\nfound: {requirement['found']}")


if __name__ == "__main__":
    main()
