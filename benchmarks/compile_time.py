"""How long `torch.compile` takes, whole and by regions, and how fast is what comes of it.

    python -m benchmarks.compile_time [--only NAME...] [--rounds 15]

One image of 224 x 224 on one thread of a CPU, with nothing compiled before but torch's own headers. Each is a process
of its own; once their outputs are found equal to the eager module's they run in turns. Seconds are those of the
processor, compilers of C++ included, since other programs do not lengthen these; those of the wall stand beside them.
Regions are layers that are alike, compiled once, and kernels that are compiled together.
Required, for EfficientNetV2-S: regions take at most half of the time, and run at 0.97 of the speed at least.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

import archdsl
from archdsl.benchmarking.race import Contender, Settings, race
from benchmarks.measure import RESULTS, progress, write_results

NETWORKS = ("efficientnetv2_s", "efficientnet_b0", "mobilenetv2_100", "nfnet_f0")
WHOLE, REGIONAL = "compile_model", "regional"
RESOLUTION = 224
_REQUIRED = {"time": 0.5, "speed": 0.97}


def measured(name: str, rounds: int) -> dict[str, Any]:
    """A network both ways; ratios are those of regions to the whole."""
    network = archdsl.find(name, resolution=RESOLUTION)
    settings = Settings(("eager", WHOLE, REGIONAL), threads=1, rounds=rounds, seconds=0.5)
    eager, whole, regional = race(network, settings, progress=progress).contenders
    return {
        "network": name,
        **{one.target: facts(one) for one in (eager, whole, regional)},
        "time": round(regional.processor / whole.processor, 3),
        "speed": round(regional.speed(whole), 3),
        "speed_to_eager": round(regional.speed(eager), 3),
    }


def facts(one: Contender) -> dict[str, float]:
    return {
        "processor_seconds": round(one.processor, 1),
        "wall_seconds": round(one.prepared, 1),
        "ms": round(1e3 * one.seconds, 2),
        "spread": round(one.spread, 3),
        "difference": one.difference,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", default=NETWORKS, metavar="NAME")
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args()
    path = RESULTS / "compile_time.json"
    rows = {row["network"]: row for row in json.loads(path.read_text())["rows"]} if path.exists() else {}
    print("| network | whole s | regions s | ratio | whole ms | regions ms | speed |\n" + "| --- " * 7 + "|")
    for name in arguments.only:
        row = rows[name] = measured(name, arguments.rounds)
        whole, regional = row[WHOLE], row[REGIONAL]
        seconds = f"{whole['processor_seconds']} | {regional['processor_seconds']} | {row['time']}"
        print(f"| {name} | {seconds} | {whole['ms']} | {regional['ms']} | {row['speed']} |", flush=True)
        write_results("compile_time", {"required": _REQUIRED, "rows": list(rows.values())})


if __name__ == "__main__":
    main()
