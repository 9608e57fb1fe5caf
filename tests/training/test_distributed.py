"""Two processes over gloo learn what one does, replicated and sharded; a run goes on with another number of them."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import archdsl
from archdsl.training.distributed import Processes, layers_of_stages
from archdsl.training.metrics import EpochRow, StepRow, read
from tests.training.digits import write_digits
from tests.training.kills import ended, started

# Without batch norms, whose statistics are of the images of one process, and without dropout, which each draws for
# itself.
TEXT = """\
## A network without batch norms.
model plain {
  input = 1 x 8 x 8
  classes = 10
  stem = conv(8, kernel = 3) -> relu
  stages {
    | op   | kernel | stride | channels | layers |
    | conv | 3      | 2      | 16       | 1      |
    | conv | 3      | 1      | 16       | 2      |
  }
  head = relu -> global_avg_pool -> linear(classes)
}

recipe quick for plain {
  epochs        = 2
  batch         = 64
  optimizer     = sgd(0.3, weight_decay = 1e-4)
  clip          = norm(1)
  crop_scale    = 1
  flip          = 0
  normalization = centered
  ema           = 0.9
}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("runs")
    (made / "net.arch").write_text(TEXT)
    write_digits(made / "digits", 320, 64)
    train(made, "one", 1)
    return made


def train(folder: Path, out: str, processes: int, *more: str) -> None:
    argv = ["train", str(folder / "net.arch"), "--data", str(folder / "digits"), "--out", str(folder / out), *more]
    port = free_port()
    children = []
    for rank in range(processes):
        world = {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": str(processes)}
        environment = {**world, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port} if processes > 1 else {}
        children.append(started(argv, folder / f"{out}.{rank}.log", environment))
    codes = [ended(child) for child in children]
    logs = "\n".join((folder / f"{out}.{rank}.log").read_text() for rank in range(processes))
    assert codes == [0] * processes, logs


def free_port() -> str:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return str(found.getsockname()[1])


def assert_alike(one: Path, other: Path) -> None:
    """The same loss at each step, the same score and the same weights, but for how sums are rounded."""
    expected, found = (read(run / "steps.csv", StepRow) for run in (one, other))
    assert [row.step for row in found] == list(range(1, 11))
    torch.testing.assert_close(
        torch.tensor([row.loss for row in found]), torch.tensor([row.loss for row in expected]), rtol=1e-4, atol=1e-5
    )
    gradients = [torch.tensor([row.gradient or 0.0 for row in rows]) for rows in (found, expected)]
    torch.testing.assert_close(*gradients, rtol=1e-3, atol=1e-4)
    tested = [torch.tensor([row.test_loss for row in read(run / "metrics.csv", EpochRow)]) for run in (one, other)]
    torch.testing.assert_close(*tested, rtol=1e-4, atol=1e-5)
    weights, theirs = load_file(one / "weights.safetensors"), load_file(other / "weights.safetensors")
    assert weights.keys() == theirs.keys()
    for name, tensor in weights.items():
        torch.testing.assert_close(theirs[name], tensor, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("how", [(), ("--fsdp", "--micro-batch", "32")], ids=str)
def test_two_processes_learn_as_one(how: tuple[str, ...], folder: Path) -> None:
    out = f"two{'-'.join(how)}"
    train(folder, out, 2, *how)
    assert_alike(folder / "one", folder / out)


def test_a_step_in_parts_is_the_same(folder: Path) -> None:
    train(folder, "parts", 1, "--micro-batch", "16")
    assert_alike(folder / "one", folder / "parts")


@pytest.mark.parametrize(("before", "after"), [((2, "--fsdp"), (1,)), ((1,), (2,))], ids=str)
def test_a_run_goes_on_with_another_number_of_processes(
    before: tuple[int, str], after: tuple[int, str], folder: Path
) -> None:
    """The first half by some of them, the other by others."""
    out = f"{before}-{after}"
    whole = folder / "one"
    run = folder / out
    if before == (1,):
        shutil.copytree(whole, run)
    else:
        train(folder, out, *before)
    (run / "weights.safetensors").unlink()
    last = max((run / "checkpoints").iterdir())
    for path in last.iterdir():
        path.unlink()
    last.rmdir()
    train(folder, out, *after, "--resume")
    assert_alike(whole, run)


def test_who_is_who() -> None:
    assert (Processes().rank, Processes().world, Processes().is_first) == (0, 1, True)


def test_a_killed_torchrun_leaves_no_workers(tmp_path: Path) -> None:
    (tmp_path / "net.arch").write_text(TEXT)
    data = write_digits(tmp_path / "digits")
    argv = ["train", str(tmp_path / "net.arch"), "--data", data, "--out", str(tmp_path / "run")]
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-port", free_port()]
    command += ["-m", "archdsl", *argv, "--epochs", "2000"]
    with open(tmp_path / "log", "wb") as log:
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        torchrun = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
    with torchrun:
        until = time.monotonic() + 120
        while not list((tmp_path / "run").glob("checkpoints/0*")):
            assert torchrun.poll() is None, (tmp_path / "log").read_text()
            assert time.monotonic() < until, (tmp_path / "log").read_text()
            time.sleep(0.05)
        workers = children_of(torchrun.pid)
        torchrun.kill()
    assert len(workers) >= 2
    until = time.monotonic() + 20
    while any(is_alive(worker) for worker in workers):
        assert time.monotonic() < until, "workers outlive the torchrun that started them"
        time.sleep(0.05)


def children_of(parent: int) -> list[int]:
    task = Path(f"/proc/{parent}/task")
    return [int(child) for path in task.glob("*/children") for child in path.read_text().split()]


def is_alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def test_the_layers_of_a_part_are_sharded_one_by_one() -> None:
    text = """
    use "archdsl:mobilenetv2.arch"
    model net {
      input    = 3 x 32 x 32
      backbone = mobilenetv2.050
      head     = global_avg_pool -> linear(10)
    }
    """
    model = archdsl.loads(text).build()
    layers = [layer for stage in model.backbone.stages for layer in stage]
    assert [*layers_of_stages(model)] == layers
    assert len(layers) == 17
