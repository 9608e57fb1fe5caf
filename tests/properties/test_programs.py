"""Generated programs, compiled, emitted and run: whatever the IR says of a network, the emitted module does."""

from __future__ import annotations

import os
import subprocess
import sys

from hypothesis import HealthCheck, assume, given, settings

from archdsl.backends.pytorch import emit
from tests.properties.checks import architectures_of, check_alone, check_channels, check_file, module_of
from tests.properties.programs import programs

# The same programs every time; `soak.py` tries others.
RUN = settings(deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@settings(RUN, max_examples=100)
@given(programs)
def test_the_module_is_what_the_ir_says(text: str) -> None:
    architectures = architectures_of(text)
    assume(architectures)
    check_file(architectures)


@settings(RUN, max_examples=50)
@given(programs)
def test_images_of_other_channels(text: str) -> None:
    assume(architectures_of(text))
    check_channels(text)


@settings(RUN, max_examples=50)
@given(programs)
def test_networks_do_not_depend_on_their_siblings(text: str) -> None:
    architectures = architectures_of(text)
    assume(len(architectures) > 1)
    namespace = module_of(emit(architectures, "program.arch"))
    for architecture in architectures:
        check_alone(architecture, namespace)


def test_nothing_depends_on_asserts() -> None:
    command = [sys.executable, "-m", "tests.properties.digest", "0", "60"]
    plain, optimized = (
        subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "PYTHONOPTIMIZE": level})
        for level in ("", "1")
    )
    assert plain.stdout.count("\n") == 60
    assert optimized.stdout == plain.stdout
