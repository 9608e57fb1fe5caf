"""Exports of every shipped spec and example against the eager module, at the exported size and at five others.

    python -m benchmarks.exports [--only NAME...] [--targets onnx,torch,openvino]

The smallest network of each file is exported with a free batch and, where it takes that, a free resolution. Batch norms
get the statistics of random images first: with made-up ones deep networks amplify the last bit of every number.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import nn

import archdsl
from archdsl.api import Network
from archdsl.catalogue import models
from archdsl.exporting.comparison import Reference, compare, rounding
from archdsl.exporting.export import job_of, tool_of
from archdsl.exporting.settings import TOLERANCES, Settings, facts_of
from archdsl.exporting.subject import Plain, subject_of
from archdsl.quiet import quiet
from benchmarks.measure import RESULTS, ROOT

TARGETS = ("onnx", "torch", "openvino")
OUT = RESULTS / "exports.json"
# Batches and what is added to the height and width of the model's input, by parts of it; odd sizes among them.
_OTHERS = ((1, 0.5, 1), (3, 0.51, 3), (2, 0.75, -1), (5, 0.6, 7), (4, 0.5, 0))


def files() -> list[Path]:
    examples = sorted(path for path in (ROOT / "examples").glob("*.arch") if not path.stem.endswith("_space"))
    return [*sorted(set(models().values())), *examples]


def smallest(path: Path) -> Network:
    return min(archdsl.load_all(path).values(), key=lambda network: network.macs)


def weights_of(network: Network, folder: Path) -> Path:
    """Fresh weights with the statistics of a batch of random images, as a file."""
    torch.manual_seed(0)
    module = network.build()
    norms = [each for each in module.modules() if isinstance(each, nn.BatchNorm2d | nn.BatchNorm1d)]
    for norm in norms:
        norm.momentum = None  # the mean of all batches
    height, width = (min(side, 256) for side in network.architecture.input[1:])
    with torch.no_grad():
        try:
            module(torch.randn(4, network.architecture.input.channels, height, width))
        except RuntimeError:
            module(torch.randn(2, *network.architecture.input))
    path = folder / "weights.pth"
    torch.save(module.state_dict(), path)
    return path


def sizes(network: Network, *, is_free: bool) -> list[tuple[int, int, int, int]]:
    """Images to compare on, N x C x H x W."""
    channels, height, width = network.architecture.input
    if not is_free:
        return [(count, channels, height, width) for count, _, _ in _OTHERS]
    found = []
    for count, part, more in _OTHERS:
        # 32 is what networks divide their maps by.
        high, wide = (max(int(side * part) // 32 * 32, 32) for side in (height, width))
        found.append((count, channels, high + more, wide + 2 * more))
    return found


def measured(network: Network, target: str, weights: Path, folder: Path) -> dict[str, Any]:
    """How far an export is from the module, at its own size and at others."""
    subject, started = subject_of(network, weights), time.process_time()
    row: dict[str, Any] = {"network": network.name, "target": target}
    for resolution in (None, ()):
        settings = Settings(target, None, resolution)
        job, path = job_of(subject, settings), folder / f"{target}{facts_of(target).suffix}"
        try:
            with quiet():
                run = tool_of(facts_of(target))(job, path).runner()
            break
        except Exception as error:
            row["refused"] = " ".join(str(error).split())[:200]
    else:
        return row
    row |= {"is_free": resolution is None, "seconds": round(time.process_time() - started, 1)}
    module = Plain(subject.module, torch.float32)
    compared = []
    for shape in [(1, *job.shape[1:]), *sizes(network, is_free=resolution is None)]:
        images = [(torch.randn(shape, generator=torch.Generator().manual_seed(1)),)]
        with torch.no_grad():
            try:
                held_to = Reference(images, [module(*one) for one in images])
            except RuntimeError:
                compared.append({"images": list(shape), "difference": None})
                continue
        found = compare(job, held_to, run)
        one = {"images": list(shape), "difference": found.difference}
        if found.difference > TOLERANCES["float32"] / 4:  # a network that amplifies the last bit of its numbers
            one["rounding"] = rounding(job, held_to)
        compared.append(one)
    return row | {"compared": compared}


def is_equal(row: dict[str, Any]) -> bool:
    return "compared" in row and all((one["difference"] or 0) <= TOLERANCES["float32"] for one in row["compared"])


def line(row: dict[str, Any]) -> str:
    """A row of the table: what was exported, at how many sizes it was compared, and the largest difference."""
    taken = [one["difference"] for one in row.get("compared", ()) if one["difference"] is not None]
    worst = f"{max(taken):.1e}" if taken else row.get("refused", "")
    free = "batch, height, width" if row.get("is_free") else "batch"
    cells = (row["network"], row["target"], free, str(len(taken)), worst, "equal" if is_equal(row) else "DIFFERS")
    return f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", default=[], metavar="NAME", help="files by their names without suffix")
    parser.add_argument("--targets", default=",".join(TARGETS))
    arguments = parser.parse_args()
    # What is measured again takes the place of what is there.
    kept = json.loads(OUT.read_text())["rows"] if OUT.exists() and arguments.only else []
    rows: list[dict[str, Any]] = []
    print("| network | target | free | sizes compared | largest difference | |\n| --- | --- | --- | --- | --- | --- |")
    for path in files():
        if arguments.only and path.stem not in arguments.only:
            continue
        with TemporaryDirectory() as folder:
            network = smallest(path)
            weights = weights_of(network, Path(folder))
            for target in arguments.targets.split(","):
                rows.append({"file": path.stem, **measured(network, target, weights, Path(folder))})
                print(line(rows[-1]), flush=True)
        again = {(row["file"], row["target"]) for row in rows}
        document = [*(row for row in kept if (row["file"], row["target"]) not in again), *rows]
        OUT.write_text(json.dumps({"torch": torch.__version__, "rows": document}, indent=1) + "\n")
    differing = [row for row in rows if not is_equal(row)]
    print(f"{len(rows) - len(differing)} of {len(rows)} exports equal the eager module")


if __name__ == "__main__":
    main()
