"""Kills a training at random moments until it is through: `python -m tests.training.kills --count 10`, and with
`--fixres` in its fine-tuning alone, once before that while batch norms are counted anew.

Each training is a process of its own, forked from this one, which has torch loaded already; it runs `archdsl train`, is
killed by SIGKILL, and resumed. What it ends with is compared, bit for bit, to what an undisturbed one ends with.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

import matplotlib.figure  # noqa: F401 - what takes long to import comes before the forks
import torch
import torch.utils.tensorboard

import archdsl.training.start
import archdsl.trainings  # noqa: F401
from archdsl.cli.main import main as command_line
from archdsl.torchvision_operators import declare_torchvision_operators
from archdsl.training.checkpoint import Checkpoints, weights
from tests.training.digits import write_digits

_OPERATORS = declare_torchvision_operators()
import_module("timm.optim")

# All that is random in a training, all that a checkpoint has to hold, and three phases.
TEXT = """\
## A network for digits.
model tiny {
  input = 1 x 8 x 8
  classes = 10
  drop_path = ramp(0.2)
  stem = conv_norm_act(8, kernel = 3)
  stages {
    | op     | kernel | stride | expansion | channels | layers | se   |
    | mbconv | 3      | 2      | 2         | 16       | 3      | 0.25 |
  }
  head = global_avg_pool -> dropout(0.1) -> linear(classes)
}

recipe quick for tiny {
  epochs          = 2
  batch           = 24
  optimizer       = rmsprop(0.005, weight_decay = 1e-5)
  schedule        = cosine(warmup = 0.5)
  clip            = agc(0.1)
  accumulate      = 2
  crop_scale      = 0.6
  flip            = 0
  normalization   = centered
  cutmix          = 0.5
  label_smoothing = 0.1
  ema             = 0.9
  recount         = 5
  test_resolution = 10
  fixres          = fixres(1, 0.01)
  progressive(stages = 2) {
    | setting      | from | to  |
    | resolution   | 8    | 10  |
    | rand_augment | 2    | 5   |
    | mixup        | 0    | 0.2 |
    | dropout      | 0.1  | 0.2 |
  }
}
"""


class Result(NamedTuple):
    """How it went: steps at which a run went on, and how many kills came in the middle of a checkpoint."""

    steps: list[int]
    halves: int
    log: str


def prepare(folder: Path, train: int = 192, test: int = 48) -> None:
    """Writes what is trained into a folder, and what it is trained on: 8 steps an epoch unless said otherwise."""
    (folder / "net.arch").write_text(TEXT)
    write_digits(folder / "digits", train, test)


def arguments(folder: Path, out: str, *more: str) -> list[str]:
    """A command line that trains what is in a folder."""
    common = ("--data", str(folder / "digits"), "--out", str(folder / out), "--seed", "3")
    return ["train", str(folder / "net.arch"), *common, *more]


def started(argv: Sequence[str], log: Path, environment: Mapping[str, str] | None = None) -> int:
    """The process of a training that has just begun."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        # A shell has what it starts in the background ignore it.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.environ.update(environment or {})
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        sys.stdout = open(1, "w", closefd=False)  # noqa: SIM115 - pytest's own are not the process's
        sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115
        code = command_line(list(argv))
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


def ended(child: int, within: float | None = None) -> int | None:
    """The exit code of a process, if it ends in so many seconds."""
    until = time.monotonic() + (within if within is not None else 600)
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    return None


def trained(folder: Path, out: str, *more: str) -> str:
    """What an undisturbed training prints. Raises AssertionError where it fails."""
    log = folder / f"{out}.log"
    code = ended(started(arguments(folder, out, *more), log))
    text = log.read_text()
    assert code == 0, text
    return text


def main_steps(images: int) -> int:
    """The steps before FixRes on so many images to learn from, by the recipe of `TEXT`."""
    return 2 * (images // 24)


def killed(folder: Path, out: str, count: int, seed: int, *more: str, span: float = 2.0, least: int = 0) -> Result:
    """Trains, is killed so many times, each up to `span` seconds after a new checkpoint is there, of `least` steps or
    more, and then left to end."""
    chance, log = random.Random(seed), folder / f"{out}.log"
    checkpoints = Checkpoints(folder / out / "checkpoints")
    steps, halves = [0], 0
    while len(steps) <= count:
        child = started(arguments(folder, out, "--resume", "--checkpoint-minutes", "0.001", *more), log)
        while (last := _step(checkpoints)) < max(steps[-1] + 1, least):
            code = ended(child, 0.001)
            assert code is None, f"{code}: {log.read_text()}"
        code = ended(child, chance.random() * span)
        if code is not None:
            assert code == 0, log.read_text()
            break
        os.kill(child, signal.SIGKILL)
        ended(child)
        last = _step(checkpoints)
        steps.append(last)
        halves += any(path.name.endswith(".new") for path in checkpoints.folder.iterdir())
    log.write_text(log.read_text() + trained(folder, out, "--resume", *more))
    return Result(steps[1:], halves, log.read_text())


def killed_after_step(folder: Path, out: str, step: int, delay: float, *more: str) -> int:
    """Begins or goes on, and is killed so many seconds after a step.

    Returns:
        The step of the last checkpoint then.
    """
    child = started(arguments(folder, out, "--resume", *more), folder / f"{out}.log")
    rows = folder / out / "steps.csv"
    while not (rows.exists() and f"\n{step}," in rows.read_text()):
        code = ended(child, 0.001)
        assert code is None, f"{code}: {(folder / f'{out}.log').read_text()}"
    ended(child, delay)
    os.kill(child, signal.SIGKILL)
    ended(child)
    return _step(Checkpoints(folder / out / "checkpoints"))


def _step(checkpoints: Checkpoints) -> int:
    latest = checkpoints.latest()
    return latest.facts.step if latest is not None else 0


def difference(one: Path, other: Path) -> str:
    """Where the results of two runs are not the same, bit for bit; empty where they are."""
    if (one / "weights.safetensors").read_bytes() != (other / "weights.safetensors").read_bytes():
        return "weights.safetensors"
    states = [Checkpoints(run / "checkpoints").all()[-1] for run in (one, other)]
    found, expected = (state.load() for state in states)
    for name, tensor in weights(expected).items():
        if not torch.equal(tensor, weights(found)[name]):
            return f"the last checkpoint's {name}"
    if (one / "steps.csv").read_bytes() != (other / "steps.csv").read_bytes():
        return "steps.csv"
    return ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--fixres", action="store_true", help="kill it in FixRes alone, and in the recount before it")
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as root:
        folder = Path(root)
        images, least = 1437, 0
        prepare(folder, images, 360)
        more = ("--workers", str(options.workers))
        trained(folder, "whole")
        if options.fixres:
            least = main_steps(images)
            last = killed_after_step(folder, "killed", least, 0.02, *more)
            print(f"killed after step {least}, with a checkpoint of step {last}")
        span = 0.2 if options.fixres else 2.0
        result = killed(folder, "killed", options.count, options.seed, *more, span=span, least=least)
        found = difference(folder / "killed", folder / "whole")
        print(f"killed after steps {result.steps}, {result.halves} in a half-written checkpoint")
        print(f"differs in {found}" if found else "the same weights, bit for bit")
        sys.exit(bool(found))


if __name__ == "__main__":
    main()
