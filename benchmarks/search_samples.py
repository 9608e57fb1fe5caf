"""Networks drawn from every shipped search space: each has costs or is rejected for a reason, and none crashes.

Drawn uniformly of all networks, those among them that a `require` line prunes. A network is rejected where it does not
meet such a line, or where there is a mistake in it; anything but a diagnostic is a crash.
"""

from __future__ import annotations

import argparse
from collections import Counter
from random import Random
from time import perf_counter, process_time

from archdsl.backends.table import aligned
from archdsl.diagnostics import DiagnosticError
from archdsl.folders import recipes_folder, shipped_files
from archdsl.search_space.space import Space
from archdsl.sources import read
from archdsl.spaces import open_space
from benchmarks.measure import progress, write_results

_CHUNK = 1_000


def outcome(space: Space, index: int) -> str:
    """What came of a network: `costs`, or why it is rejected."""
    sample = space.numbered(index)
    try:
        if refuted := space.pruning.refuted(sample):
            return f"pruned: `{refuted[0].span.text}`" if refuted[0].span else f"pruned: {refuted[0].message}"
        cost = space.cost(sample)
    except DiagnosticError as failure:
        return f"mistake: {failure.diagnostics[0].code.name} {failure.diagnostics[0].message}"
    except Exception as error:
        return f"crash: {type(error).__name__}: {error}"
    return "costs" if min(cost.params, cost.macs, cost.activations) > 0 else f"crash: costs of {cost}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000, metavar="N", help="networks a space (default: 100000)")
    arguments = parser.parse_args()
    rows = []
    for path in [*shipped_files(), *sorted(recipes_folder().glob("*.arch"))]:
        if not path.stem.endswith("_space"):
            continue
        began, busy = perf_counter(), process_time()
        space = open_space(read(path))
        draw = Random(1).randrange
        found: Counter[str] = Counter()
        for start in range(0, arguments.count, _CHUNK):
            progress(f"{path.stem}: {start:,} of {arguments.count:,}")
            found.update(outcome(space, draw(space.size)) for _ in range(min(_CHUNK, arguments.count - start)))
        progress("")
        busy, took = process_time() - busy, perf_counter() - began
        rows.append(
            {
                "space": path.stem,
                "networks": str(space.size),
                "drawn": arguments.count,
                "costs": found.pop("costs", 0),
                "crashes": sum(number for what, number in found.items() if what.startswith("crash")),
                "rejected": dict(found.most_common(20)),
                "processor_seconds": round(busy, 1),
                "seconds": round(took, 1),
                "per_second": round(arguments.count / busy),
            }
        )
    crashes = sum(row["crashes"] for row in rows)
    requirement = {"text": "none crashes", "found": f"{crashes:,} crashes", "met": crashes == 0}
    write_results("search_samples", {"requirement": requirement, "rows": rows})
    cells = [
        [row["space"], f"{row['drawn']:,}", f"{row['costs']:,}", f"{row['drawn'] - row['costs'] - row['crashes']:,}",
         f"{row['crashes']:,}", f"{row['per_second']:,}"]
        for row in rows
    ]  # fmt: skip
    print(aligned(["space", "drawn", "costs", "rejected", "crashes", "a second"], cells, "<>>>>>"))
    print(f"required: {requirement['text']}\nfound: {requirement['found']}")


if __name__ == "__main__":
    main()
