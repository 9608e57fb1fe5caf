"""Many more definitions than a test run has time for: `python -m tests.importing.soak 0 2000` tries seeds 0 to 1999 of
each notation, `python -m tests.importing.soak 0 2000 timm` those of one."""

from __future__ import annotations

import sys
import warnings
from collections import Counter

import torch

from tests.importing.agreement import is_built, refusal_or_difference
from tests.importing.drawing import CASES


def main(first: int, count: int, notations: list[str]) -> int:
    """Imports definitions and prints those that differ, and why others are refused. The number of differences."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    failures = 0
    for notation in notations:
        refused: Counter[str] = Counter()
        understood: Counter[str] = Counter()
        differing = 0
        for seed in range(first, first + count):
            torch.manual_seed(seed)
            case = CASES[notation](seed)
            refusal, difference = refusal_or_difference(case)
            if refusal:
                reason = "".join(letter for letter in refusal if not letter.isdigit())
                refused[reason] += 1
                understood[reason] += is_built(case)
            if difference:
                differing += 1
                print(f"{notation}, seed {seed}: {case}\n{difference}\n", flush=True)
            if (done := seed + 1 - first) % 100 == 0:
                print(f"{notation}: {done} of {count}, {differing} differ", file=sys.stderr, flush=True)
        equal = count - differing - refused.total()
        print(f"{notation}: {equal} equal, {refused.total()} refused, {differing} differ", flush=True)
        for reason, times in refused.most_common():
            print(f"  {times:5}, {understood[reason]:5} of them built by the library:  {reason}", flush=True)
        failures += differing
    return failures


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:3]), sys.argv[3:] or [*CASES]) > 0)
