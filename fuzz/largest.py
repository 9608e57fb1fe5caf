"""Every large text at the bound on characters: `python -m fuzz.largest` reports the slowest commands."""

from __future__ import annotations

import sys
from random import Random

from archdsl.limits import limits
from fuzz.exercise import exercise
from fuzz.large import SHAPES, deep, shaped, squares
from fuzz.run import SECONDS


def main() -> int:
    characters = limits().characters
    texts = {name: shaped(name, characters) for name in SHAPES}
    texts |= {f"a product of two lengths, {seed}": squares(characters, Random(seed)) for seed in range(12)}
    texts |= {f"a short text that unfolds, {seed}": deep(Random(seed)) for seed in range(30)}
    found = []
    for name, text in texts.items():
        outcome = exercise(text)
        command = max(outcome.seconds, key=lambda command: outcome.seconds[command])
        found.append((outcome.slowest, command, name))
    found.sort(reverse=True)
    for seconds, command, name in found[:5]:
        print(f"{seconds:.2f} s of processor time: {command}, {name}")
    print(f"{len(found)} texts, {sum(seconds > SECONDS for seconds, _, _ in found)} over {SECONDS:.0f} s")
    return 1 if found[0][0] > SECONDS else 0


if __name__ == "__main__":
    sys.exit(main())
