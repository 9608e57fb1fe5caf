"""Many more programs than a test run has time for: `python -m tests.properties.soak 0 5000` tries seeds 0 to 4999."""

from __future__ import annotations

import sys
import traceback
from random import Random

import torch

from archdsl.backends.pytorch import emit
from tests.properties.checks import architectures_of, check_alone, check_channels, check_file, module_of
from tests.properties.programs import program


def main(first: int, count: int) -> int:
    """Checks programs and prints those that fail. The number of failures."""
    torch.set_num_threads(1)
    refused = failures = 0
    for seed in range(first, first + count):
        text = program(Random(seed))
        try:
            architectures = architectures_of(text)
            refused += not architectures
            if architectures:
                check_file(architectures)
                namespace = module_of(emit(architectures, "program.arch"))
                for architecture in architectures if len(architectures) > 1 else ():
                    check_alone(architecture, namespace)
                check_channels(text)
        except Exception:
            failures += 1
            print(f"seed {seed}\n{text}\n{traceback.format_exc()}", flush=True)
    print(f"{count} programs from seed {first}: {refused} refused by the compiler, {failures} failures")
    return failures


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:3])) > 0)
