"""Generated programs, compiled, emitted and run: whatever the IR says of a network, the emitted module does."""

from __future__ import annotations

import os
import subprocess
import sys

from hypothesis import HealthCheck, assume, given, settings
from hypothesis.strategies import sampled_from

from tests.properties.checks import architectures_of, check_alone, check_channels, check_file, module_of
from tests.properties.programs import in_one_dimension, programs
from tests.selection import a_third

# Programs whose modules two processes make.
PROGRAMS = a_third(60)
# The same programs every time; `soak.py` tries others.
RUN = settings(deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@settings(RUN, max_examples=a_third(30))
@given(programs, sampled_from([1, 4, 6]))
def test_the_module_is_what_the_ir_says(text: str, channels: int) -> None:
    """Of a file, of each of its networks alone, and with other channels of the images: each is emitted once for all."""
    architectures = architectures_of(text)
    assume(architectures)
    namespace = module_of(check_file(architectures))
    for architecture in architectures if len(architectures) > 1 else ():
        check_alone(architecture, namespace)
    check_channels(text, architectures, namespace, channels)


@settings(RUN, max_examples=a_third(30))
@given(programs.map(in_one_dimension), sampled_from([1, 4, 6]))
def test_a_module_on_series_is_what_the_ir_says(text: str, channels: int) -> None:
    """The same of programs whose networks have one dimension."""
    architectures = architectures_of(text)
    assume(architectures)
    assert all(architecture.input.is_line for architecture in architectures)
    check_channels(text, architectures, module_of(check_file(architectures)), channels)


def test_nothing_depends_on_asserts() -> None:
    command = [sys.executable, "-m", "tests.properties.digest", "0", str(PROGRAMS)]
    plain, optimized = (
        subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "PYTHONOPTIMIZE": level})
        for level in ("", "1")
    )
    assert plain.stdout.count("\n") == PROGRAMS
    assert optimized.stdout == plain.stdout
