"""Kills `archdsl build` at random moments and looks at what it leaves: `python -m tests.kill.run --count 200`.

Three specs are built into a folder, then changed and built again. That second build is killed, by SIGKILL in three
cases of five, else by SIGTERM or SIGINT; the moments are random and spread evenly over the time that it takes. Then

- every file must be, byte for byte, the whole old or the whole new one;
- the next build, of another spec into the same folder, must find or make the nine files all old or all new, and leave
  nothing behind but files.
"""

from __future__ import annotations

import argparse
import io
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import redirect_stdout, suppress
from pathlib import Path
from typing import NamedTuple

from archdsl.cli.main import main as archdsl
from tests.interrupts import heard

MODEL = """\
## A network to be built while somebody pulls the plug.
model {name} {{
  input   = 3 x 32 x 32
  classes = 10
  stem = conv_norm_act(8, kernel = 3, stride = 2)
  stages {{
    | op     | kernel | stride | expansion | channels   | layers | se   |
    | mbconv | 3      | 2      | 4         | {channels} | 2      | 0.25 |
    | mbconv | 5      | 2      | 6         | {channels} | 3      | 0.25 |
  }}
  head = global_avg_pool -> linear(classes)
}}
"""
NAMES = ("one", "two", "three")
SIGNALS = (signal.SIGKILL, signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT)


class Outcome(NamedTuple):
    """What a killed build left: which files, whether it was between two moves, and whether it had ended before."""

    signal: str
    state: str
    left_behind: int


class Scene:
    """A folder with specs, old and new, and what whole builds of them give."""

    def __init__(self, root: Path):
        self.root, self.out = root, root / "out"
        for version, channels in (("old", 16), ("new", 24)):
            self.write_specs(root / version, channels)
        (root / "other.arch").write_text(MODEL.format(name="other", channels=8))
        self.old, self.new = self.built("old"), self.built("new")
        assert self.old.keys() == self.new.keys()
        assert all(self.old[name] != self.new[name] for name in self.old)

    def write_specs(self, folder: Path, channels: int) -> None:
        folder.mkdir()
        for name in NAMES:
            (folder / f"{name}.arch").write_text(MODEL.format(name=name, channels=channels))

    def built(self, version: str) -> dict[str, bytes]:
        """The files of a whole build, in this process."""
        out = self.root / f"{version}_out"
        with redirect_stdout(io.StringIO()):
            assert archdsl(self.command(version, out)[3:]) == 0
        return {path.name: path.read_bytes() for path in out.iterdir()}

    def command(self, version: str, out: Path | None = None) -> list[str]:
        specs = [str(self.root / version / f"{name}.arch") for name in NAMES]
        return [sys.executable, "-m", "archdsl", "build", *specs, "--out", str(out or self.out)]

    def restore(self) -> None:
        """The out folder as it was before the build."""
        self.out.mkdir(exist_ok=True)
        for name, data in self.old.items():
            (self.out / name).write_bytes(data)

    def duration(self) -> float:
        """How long the build takes: the median of three."""
        found = []
        for _ in range(3):
            self.restore()
            start = time.perf_counter()
            subprocess.run(self.command("new"), check=True, capture_output=True)
            found.append(time.perf_counter() - start)
        return sorted(found)[1]

    def kill(self, moment: float, how: signal.Signals) -> Outcome:
        """Kills one build and looks at what is there. Raises AssertionError for anything that should not be."""
        self.restore()
        command, nowhere = self.command("new"), subprocess.DEVNULL
        with heard():
            build = subprocess.Popen(command, stdout=nowhere, stderr=nowhere)
        with build:
            with suppress(subprocess.TimeoutExpired):
                build.wait(moment)
            build.send_signal(how)
        return self.examine(how.name)

    def examine(self, how: str) -> Outcome:
        """What is in the folder now, and after the next build into it."""
        state = self.state()
        left_behind = sum(path.is_dir() for path in self.out.iterdir())
        self.build_other()
        assert self.state() in ("all old", "all new"), "the next build makes the files one set"
        expected = {*self.old, "other.py", "other.svg", "other.json"}
        assert {path.name for path in self.out.iterdir()} == expected, "nothing is left behind for ever"
        return Outcome(how, state, left_behind)

    def build_other(self) -> None:
        """The next build into the folder, in this process: it has loaded already what takes long to load."""
        with redirect_stdout(io.StringIO()):
            assert archdsl(["build", str(self.root / "other.arch"), "--out", str(self.out)]) == 0

    def state(self) -> str:
        found = set()
        for name in self.old:
            data = (self.out / name).read_bytes()
            assert data in (self.old[name], self.new[name]), f"{name} is neither the old nor the new file"
            found.add("old" if data == self.old[name] else "new")
        for path in self.out.iterdir():
            is_known = path.name in self.old or path.stem == "other"
            assert is_known or (path.is_dir() and path.name.startswith(".archdsl-")), f"{path.name} is a stray"
        return f"all {found.pop()}" if len(found) == 1 else "between two moves"


def run(count: int, seed: int, root: Path) -> Iterator[Outcome]:
    """Kills so many builds, at moments spread over all of the time that a build takes."""
    scene, chance = Scene(root), random.Random(seed)
    duration = scene.duration()
    moments = [(index + chance.random()) / count * duration for index in range(count)]
    chance.shuffle(moments)
    for index, moment in enumerate(moments):
        yield scene.kill(moment, SIGNALS[index % len(SIGNALS)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        outcomes = list(run(arguments.count, arguments.seed, Path(root)))
    for (how, state), number in sorted(Counter((one.signal, one.state) for one in outcomes).items()):
        print(f"{how}: {state}: {number}")
    print(f"folders left behind, all gone after the next build: {sum(one.left_behind for one in outcomes)}")
    print(f"{len(outcomes)} builds killed: no half-written file, no lost one")


if __name__ == "__main__":
    main()
