"""Exports of generated programs: `python -m tests.properties.soak_exports 0 100` tries seeds 0 to 99.

The first network of each program is exported with any number of images, opened again, and held to the module, as
`archdsl export` does it; every second program is on series. What is not equal is printed: a refusal by name is no
fault, another number or an error of a library is one.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path
from random import Random

import torch

from archdsl.api import Network
from archdsl.diagnostics import DiagnosticError
from archdsl.exporting.export import export
from tests.properties.checks import architectures_of
from tests.properties.programs import in_one_dimension, program


def exported(seed: int, to: str) -> str:
    """How the program of a seed ends: `equal`, `no network`, or the code of a problem."""
    text = program(Random(seed))
    found = architectures_of(in_one_dimension(text) if seed % 2 else text)
    if not found:
        return "no network"
    torch.manual_seed(seed)
    with tempfile.TemporaryDirectory() as folder:
        try:
            export(Network(found[0]), Path(folder) / "exported.onnx", to=to, batch="dynamic")
        except DiagnosticError as error:
            first = error.diagnostics[0]
            print(f"seed {seed}: {first.code.name}: {first.message}", flush=True)
            return first.code.name
    return "equal"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("first", type=int)
    parser.add_argument("count", type=int)
    parser.add_argument("--to", default="onnx")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    ends: Counter[str] = Counter()
    for seed in range(arguments.first, arguments.first + arguments.count):
        ends[exported(seed, arguments.to)] += 1
        print(f"{seed}: {dict(ends)}", file=sys.stderr, flush=True)
    for end, count in ends.most_common():
        print(f"{count:6} {end}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
