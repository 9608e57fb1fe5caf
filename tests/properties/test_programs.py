"""Generated programs, compiled, emitted and run: whatever the IR says of a network, the emitted module does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from random import Random

from hypothesis import HealthCheck, assume, given, settings

from archdsl.backends.pytorch import emit
from tests.properties.checks import architectures_of, check_alone, check_file, module_of
from tests.properties.programs import program, programs

RUN = settings(deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)


@settings(RUN, max_examples=100)
@given(programs)
def test_the_module_is_what_the_ir_says(text: str) -> None:
    architectures = architectures_of(text)
    assume(architectures)
    check_file(architectures)


@settings(RUN, max_examples=50)
@given(programs)
def test_networks_do_not_depend_on_their_siblings(text: str) -> None:
    architectures = architectures_of(text)
    assume(len(architectures) > 1)
    namespace = module_of(emit(architectures, "program.arch"))
    for architecture in architectures:
        check_alone(architecture, namespace)


def test_linters_are_silent(tmp_path: Path) -> None:
    for seed in range(30):
        architectures = architectures_of(program(Random(seed)))
        if architectures:
            (tmp_path / f"program_{seed}.py").write_text(emit(architectures, "program.arch"), encoding="utf-8")
    files = sorted(map(str, tmp_path.glob("*.py")))
    assert len(files) > 20
    run("mypy", "--strict", "--config-file", os.devnull, *files)
    run("ruff", "check", "--isolated", *files)
    run("ruff", "format", "--isolated", "--line-length", "120", "--diff", *files)


def run(*command: str) -> None:
    done = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
