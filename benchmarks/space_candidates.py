"""Candidates of MnasNet's search space costed per second, against building them with timm and counting.

Both sides run on one core. Ours counts parameters, MACs and activations of networks drawn from
`specs/mnasnet_space.arch`, beginning with the text each round, so that nothing is known from the round before. The peer
builds the same stages from timm's block strings on the meta device and counts with torch's flop counter, which is the
fastest way there is to count what has been built; it leaves out the ways around blocks that timm's strings cannot say.

The same networks are also timed, on a GPU by its data sheet and on a calibrated CPU; nothing is known before,
not even the time of a kernel.
"""

from __future__ import annotations

import argparse
from functools import partial

from archdsl.backends.latency import profile
from archdsl.backends.table import aligned
from archdsl.search_space.networks import Sample
from archdsl.search_space.space import Space
from archdsl.sources import read
from archdsl.spaces import open_space
from archdsl.weights.peers import declare_torchvision_operators
from benchmarks.measure import ROOT, interleave, row, seconds, write_results

SPEC = ROOT / "specs" / "mnasnet_space.arch"
REQUIRED = 2_000
DEVICES = ("a100", "epyc_eager")
OURS, PEER = "archdsl, text to costs", "timm on the meta device, flop counter"
_KINDS = {"regular": "cn", "separable": "ds", "inverted": "ir"}


def cost_many(count: int) -> None:
    """From the text to the costs of `count` networks."""
    space = open_space(read(SPEC))
    space.costs(space.sample(count, seed=1))


def time_many(device: str, count: int) -> None:
    """From the text to the latencies of `count` networks."""
    profile(device)._times.clear()  # It keeps the times of kernels as long as the process runs.
    space = open_space(read(SPEC))
    space.latencies(space.sample(count, seed=1), device)


def block_strings(space: Space, sample: Sample) -> list[list[str]]:
    """The stages of a network in timm's notation."""
    strings = []
    for stage in space.architecture(sample).stages:
        text = f"{_KINDS[stage.op]}_r{len(stage.layers)}_k{stage.kernel}_s{stage.stride}_c{stage.channels}"
        text += "_e6" if stage.op == "inverted" else ""
        text += f"_se{stage.se}" if stage.se and stage.op != "regular" else ""
        strings.append([text])
    return strings


def build_and_count(stages: list[list[str]]) -> None:
    import torch

    declare_torchvision_operators()
    from timm.models._efficientnet_builder import decode_arch_def
    from timm.models.efficientnet import EfficientNet
    from torch.utils.flop_counter import FlopCounterMode

    with torch.device("meta"):
        model = EfficientNet(decode_arch_def(stages), num_features=1280, stem_size=32).eval()
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            model(torch.empty(1, 3, 224, 224))
    assert sum(parameter.numel() for parameter in model.parameters()) > 0
    assert counter.get_total_flops() > 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000, metavar="N", help="networks a round (default: 10000)")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="rounds (default: 5)")
    arguments = parser.parse_args()

    import torch

    torch.set_num_threads(1)
    space = open_space(read(SPEC))
    peers = [block_strings(space, sample) for sample in space.sample(arguments.rounds + 1, seed=2)]
    build_and_count(peers.pop())  # What timm imports when it first builds is not counted.
    ours = partial(seconds, partial(cost_many, arguments.count))
    timed = {
        f"archdsl, text to latency on {device}": lambda device=device: (
            seconds(partial(time_many, device, arguments.count)) / arguments.count
        )
        for device in DEVICES
    }
    taken = interleave(
        {OURS: lambda: ours() / arguments.count, **timed, PEER: lambda: seconds(partial(build_and_count, peers.pop()))},
        arguments.rounds,
    )
    rows = [
        row(name, times, taken[OURS], per_second=round(len(times) / sum(times), 1)) for name, times in taken.items()
    ]
    found = rows[0]["per_second"]
    requirement = {
        "text": f"at least {REQUIRED:,} candidates per second and core",
        "found": f"{found:,.0f}",
        "met": found >= REQUIRED,
    }
    write_results("space_candidates", {"requirement": requirement, "count": arguments.count, "rows": rows})
    cells = [[one["name"], f"{one['per_second']:,.1f}", f"{one['ratio']:,.0f} x"] for one in rows]
    print(aligned(["candidates of mnasnet_space", "a second", "time of one"], cells, "<>>"))
    print(f"required: {requirement['text']}\nfound: {requirement['found']}")


if __name__ == "__main__":
    main()
