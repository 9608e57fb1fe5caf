"""`archdsl check specs/*.arch` as a whole process, beside importing torch, which all else begins with."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable
from functools import partial

from archdsl.backends.table import aligned
from benchmarks.estimate_process import ARCHDSL, PYTHON
from benchmarks.measure import ROOT, interleave, row, run, seconds, write_results

OURS = "archdsl check specs/*.arch"
REQUIRED_S = 1.0
_SPECS = [str(path.relative_to(ROOT)) for path in sorted((ROOT / "specs").glob("*.arch"))]
_CHECK = [ARCHDSL, "check", *_SPECS]
_IMPORTED = """\
import sys
from archdsl.cli.main import main
code = main(sys.argv[1:])
print(*({"torch", "networkx", "timm"} & set(sys.modules)), file=sys.stderr)
sys.exit(code)
"""


def verify() -> tuple[list[int], list[str]]:
    """The files, networks and claims that are checked, and the heavy modules that checking imports."""
    lines = run(_CHECK).stdout.splitlines()
    if [line.partition(":")[0] for line in lines] != _SPECS:
        sys.exit("not every file is checked and right")
    found = [re.findall(rf"(\d+) {what}", "\n".join(lines)) for what in ("model", "claim")]
    counts = [len(lines), *(sum(map(int, numbers)) for numbers in found)]
    return counts, run([PYTHON, "-c", _IMPORTED, "check", *_SPECS]).stderr.split()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, metavar="N", help="how often to run each (default: 9)")
    rounds = parser.parse_args().rounds

    (files, networks, claims), heavy = verify()
    commands = {
        OURS: _CHECK,
        "archdsl check specs/v2_l.arch": [ARCHDSL, "check", "specs/v2_l.arch"],
        "python -c 'import torch'": [PYTHON, "-c", "import torch"],
        "python -c pass": [PYTHON, "-c", "pass"],
    }
    timings: dict[str, Callable[[], float]] = {
        name: partial(seconds, partial(run, command)) for name, command in commands.items()
    }
    taken = interleave(timings, rounds)

    rows = [row(name, times, taken[OURS]) for name, times in taken.items()]
    middle = rows[0]["median_ms"] / 1000
    requirement = {
        "text": f"all {files} files, with {networks} networks and {claims} claims, in under {REQUIRED_S:g} s",
        "found": f"{middle:.2f} s; {'imports ' + ', '.join(heavy) if heavy else 'torch is not imported'}",
        "met": middle < REQUIRED_S and not heavy,
    }
    write_results("check_process", {"requirement": requirement, "rows": rows})

    cells = [[entry["name"], f"{entry['median_ms']:.0f} ms", f"{entry['ratio']:.2f} x"] for entry in rows]
    print(aligned(["process", "median", "ratio"], cells, "<>>"))
    print(f"required: {requirement['text']}\nfound: {requirement['found']}")


if __name__ == "__main__":
    main()
