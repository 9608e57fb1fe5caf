"""`archdsl estimate specs/v2_l.arch` as a whole process, against counting timm's model with three counters."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from archdsl.backends.table import aligned
from benchmarks.measure import interleave, row, run, seconds, write_results

PARAMETERS = 118_515_272
MACS = 56_079_699_008
REQUIRED_RATIO = 20

OURS = "archdsl estimate specs/v2_l.arch"
PYTHON = sys.executable
ARCHDSL = str(Path(PYTHON).with_name("archdsl"))
_ESTIMATE = [ARCHDSL, "estimate", "specs/v2_l.arch"]
# Runs the command within a process that afterwards names the heavy modules in it.
_IMPORTED = """\
import sys
from archdsl.cli.main import main
code = main(["estimate", "specs/v2_l.arch"])
print(*({"torch", "networkx", "timm"} & set(sys.modules)), file=sys.stderr)
sys.exit(code)
"""


@dataclass(frozen=True)
class Peer:
    """A script that counts timm's `tf_efficientnetv2_l`, the multiply-accumulates that it must print, and why those."""

    module: str
    macs: int
    note: str


PEERS = {
    "timm + torchinfo": Peer("torchinfo", MACS + 120_552, "on the meta device; adds one for each bias"),
    "timm + fvcore": Peer("fvcore", MACS + 316_022_400, "has to compute the model; adds batch norm and pooling"),
    "timm + torch flop counter": Peer("flop_counter", MACS, "on the meta device"),
}


def peer_command(peer: Peer) -> list[str]:
    return [PYTHON, "-m", f"benchmarks.peers.{peer.module}"]


def verify() -> list[str]:
    """Checks that each side prints the right counts, and returns the heavy modules that ours imports: none."""
    model = json.loads(run([*_ESTIMATE, "--output-format", "json"]).stdout)["models"][0]
    counted = {OURS: ([model["params"], model["macs"]], [PARAMETERS, MACS])}
    for name, peer in PEERS.items():
        printed = [int(count) for count in run(peer_command(peer)).stdout.split()]
        counted[name] = (printed, [PARAMETERS, peer.macs])
    for name, (found, expected) in counted.items():
        if found != expected:
            sys.exit(f"{name} counts {found} and not {expected}")
    return run([PYTHON, "-c", _IMPORTED]).stderr.split()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, metavar="N", help="how often to run each (default: 7)")
    rounds = parser.parse_args().rounds

    heavy = verify()
    commands = {
        OURS: _ESTIMATE,
        **{name: peer_command(peer) for name, peer in PEERS.items()},
        "python -c 'import torch'": [PYTHON, "-c", "import torch"],
        "python -c pass": [PYTHON, "-c", "pass"],
    }
    timings: dict[str, Callable[[], float]] = {
        name: partial(seconds, partial(run, command)) for name, command in commands.items()
    }
    taken = interleave(timings, rounds)

    rows = []
    for name, times in taken.items():
        peer = PEERS.get(name)
        macs = MACS if name == OURS else peer.macs if peer else None
        rows.append(row(name, times, taken[OURS], macs=macs, note=peer.note if peer else ""))
    fastest = min(entry["ratio"] for entry in rows if entry["name"] in PEERS)
    requirement = {
        "text": f"at least {REQUIRED_RATIO} x faster than the fastest peer, without importing torch",
        "found": f"{fastest:.1f} x; {'imports ' + ', '.join(heavy) if heavy else 'torch is not imported'}",
        "met": fastest >= REQUIRED_RATIO and not heavy,
    }
    write_results("estimate_process", {"requirement": requirement, "rows": rows})

    cells = [[entry["name"], f"{entry['median_ms']:.0f} ms", f"{entry['ratio']:.1f} x"] for entry in rows]
    print(aligned(["process", "median", "ratio"], cells, "<>>"))
    print(f"required: {requirement['text']}\nfound: {requirement['found']}")


if __name__ == "__main__":
    main()
