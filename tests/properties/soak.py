"""Many more programs than a test run has time for: `python -m tests.properties.soak 0 5000` tries seeds 0 to 4999.

Each is compiled, emitted, run and compared with the IR (shapes, parameters, MACs, keys, outputs), as a whole file, each
network alone, and after a JSON round trip; and emitted again, with the same bytes, where `assert` does nothing. Every
fifth is on series. Every fourth is also tried in training, by timm's interface, and with other channels of its images
(1, 4 or 6, in turns).
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import traceback
from random import Random

import torch

from tests.properties.checks import architectures_of, check_alone, check_channels, check_file, module_of
from tests.properties.digest import digest
from tests.properties.programs import in_one_dimension, program

_COUNTS = (1, 4, 6)
_CHUNK = 500


def main(first: int, count: int) -> int:
    """Checks programs and prints those that fail. The number of failures."""
    torch.set_num_threads(1)
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)
    refused = failures = networks = 0
    plain: list[str] = []  # the digests of a chunk
    for seed in range(first, first + count):
        text, source = program(Random(seed)), None
        if seed % 5 == 4:
            text = in_one_dimension(text)
        try:
            architectures = architectures_of(text)
            refused += not architectures
            networks += len(architectures)
            if architectures:
                is_thorough = seed % 4 == 0
                source = check_file(architectures, is_thorough=is_thorough)
                namespace = module_of(source)
                for architecture in architectures if len(architectures) > 1 else ():
                    check_alone(architecture, namespace)
                if is_thorough:
                    check_channels(text, architectures, namespace, _COUNTS[seed % len(_COUNTS)])
        except Exception:
            failures += 1
            print(f"seed {seed}\n{text}\n{traceback.format_exc()}", flush=True)
        plain.append(digest(seed, source))
        done = seed + 1 - first
        if done % _CHUNK == 0 or done == count:
            failures += _without_asserts(seed + 1 - len(plain), plain)
            plain = []
            print(f"{done} of {count}: {networks} networks, {failures} failures", flush=True)
    print(f"{count} programs from seed {first}: {networks} networks, {refused} programs refused, {failures} failures")
    return failures


def _without_asserts(first: int, plain: list[str]) -> int:
    """How many programs are emitted otherwise under PYTHONOPTIMIZE=1."""
    command = [sys.executable, "-m", "tests.properties.digest", str(first), str(first + len(plain))]
    environment = {**os.environ, "PYTHONOPTIMIZE": "1"}
    run = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    other = [line for line, expected in zip(run.stdout.splitlines(), plain, strict=True) if line != expected]
    print("".join(f"under PYTHONOPTIMIZE=1 otherwise: {line}\n" for line in other), end="", flush=True)
    return len(other)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:3])) > 0)
