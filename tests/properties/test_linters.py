"""Linters have nothing to say about emitted files: shipped ones, and whatever the program and whatever its names."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import archdsl
from archdsl.backends.pytorch import emit
from tests.backends.pytorch.test_emitted_names import NAMES, PLACES, networks
from tests.properties.checks import architectures_of
from tests.properties.programs import program
from tests.selection import one_in

EXAMPLES = Path(__file__).parents[2] / "examples"


def sources() -> Iterator[tuple[str, str]]:
    for path in (EXAMPLES.parent / "codegen").glob("*.py"):  # which are fresh: `test_generated.py`
        yield f"shipped_{path.stem}", path.read_text(encoding="utf-8")
    for path in EXAMPLES.glob("*.arch"):
        shipped = archdsl.load_all(path)
        if shipped:  # not a search space
            yield f"shipped_{path.stem}", emit([network.architecture for network in shipped.values()], path.name)
    small = archdsl.loads("model small { input = 3 x 8 x 8\n head = conv(4) -> relu }")
    yield "fused", emit([small.architecture], "small.arch", fuses=True)
    for seed in range(10):
        architectures = architectures_of(program(Random(seed)))
        if architectures:
            yield f"program_{seed}", emit(architectures, "program.arch")
    for number, (place, text) in enumerate(PLACES.items()):
        for name in one_in(24, NAMES, number % 24):
            architectures = networks(text.replace("NAME", name))
            if architectures and name != "assert":  # ruff takes `self.assert_` for unittest's
                yield f"named_{place.replace(' ', '_')}_{name}", emit(architectures, "names.arch")


def run(*command: str) -> None:
    done = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr


def test_linters_are_silent(tmp_path: Path) -> None:
    """One test, so that the files are emitted once."""
    for name, source in sources():
        (tmp_path / f"{name}.py").write_text(source, encoding="utf-8")
    files = sorted(map(str, tmp_path.glob("*.py")))
    assert len(files) > 100
    named = [file for file in files if Path(file).name.startswith("named_")]  # a user's `MapLinear` stays that
    rules = ["ruff", "check", "--config", str(EXAMPLES.parent / "pyproject.toml")]
    run(*rules, *(file for file in files if file not in named))
    run(*rules, "--extend-ignore", "N", *named)
    generated = [file for file in files if not Path(file).name.startswith("shipped_")]  # rows of tables stay rows
    run("ruff", "format", "--isolated", "--line-length", "120", "--diff", *generated)
    # As strict as the repository itself, so that what mypy knows of torch from there is known here.
    run("mypy", "--config-file", str(EXAMPLES.parent / "pyproject.toml"), "--strict", *files)
