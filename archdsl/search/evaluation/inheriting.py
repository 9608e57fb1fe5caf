"""Weight sharing: a network begins with what fits of one that has been trained.

A short training then tells networks apart that would all have to learn the same first. Later trials have more training
behind them, so that what is found has to be trained from scratch to be compared with anything else.
"""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import nn

from archdsl.training.run_folder import WEIGHTS


@torch.no_grad()
def inherit(model: nn.Module, folder: Path) -> None:
    """Fills a network with the tensors of the run in a folder of runs that has the most elements in common with it, by
    name and shape, if there is one."""
    own = model.state_dict()
    most, donor = 0, None
    for path in sorted(folder.glob(f"*/{WEIGHTS}")):
        common = sum(own[name].numel() for name in _fitting(path, own))
        if common >= most and common:  # of equals the last one, which knows most
            most, donor = common, path
    if donor is None:
        return
    with safe_open(donor, framework="pt") as file:
        for name in _fitting(donor, own):
            own[name].copy_(file.get_tensor(name))


def _fitting(path: Path, own: dict[str, torch.Tensor]) -> list[str]:
    """The names of tensors in a file that have the shape of ours; none of a file that another worker is writing."""
    try:
        with safe_open(path, framework="pt") as file:
            shapes = {name: file.get_slice(name).get_shape() for name in file.keys()}  # noqa: SIM118  it is no mapping
    except (OSError, SafetensorError):
        return []
    return [name for name, shape in shapes.items() if name in own and list(own[name].shape) == shape]
