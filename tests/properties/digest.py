"""What programs are emitted as, in short: `python -m tests.properties.digest 0 40`; for runs under other settings."""

from __future__ import annotations

import hashlib
import sys
from random import Random

from archdsl.backends.pytorch import emit
from archdsl.compiler import compile_source
from archdsl.diagnostics import Source
from tests.properties.programs import program


def digest(seed: int, source: str | None = None) -> str:
    """A line on a program: its seed, what the compiler says of it, and the hash of the emitted source, if not given."""
    compiled = compile_source(Source("program.arch", program(Random(seed))))
    if source is None:
        source = emit(compiled.architectures, "program.arch") if compiled.architectures else ""
    return f"{seed} {[p.message for p in compiled.problems]} {hashlib.sha256(source.encode()).hexdigest()}"


if __name__ == "__main__":
    for seed in range(*map(int, sys.argv[1:3])):
        print(digest(seed))
