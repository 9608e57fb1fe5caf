"""The processes of a training that torchrun starts: who is who, what they exchange, tensors sharded over them."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Iterable
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.tensor import DTensor, distribute_tensor
from torch.nn.parallel import DistributedDataParallel

_PR_SET_PDEATHSIG = 1


class Processes:
    """The processes that train together; by itself, one is all of them.

    `rank` counts them from 0, `local` those on one machine.
    """

    def __init__(self, rank: int = 0, world: int = 1, local: int = 0):
        self.rank, self.world, self.local = rank, world, local

    @classmethod
    def of_environment(cls) -> Processes:
        """What torchrun says in the environment, without joining the others."""
        if "RANK" not in os.environ or "WORLD_SIZE" not in os.environ:
            return cls()
        rank, world = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
        return cls(rank, world, int(os.environ.get("LOCAL_RANK", rank)))

    @property
    def is_first(self) -> bool:
        return self.rank == 0

    def join(self, device: torch.device) -> None:
        """Meets the others, and ends with torchrun: killed, it would leave its workers training."""
        if "TORCHELASTIC_RUN_ID" in os.environ:
            _end_with_parent()
        if self.world > 1 and not dist.is_initialized():
            dist.init_process_group("nccl" if device.type == "cuda" else "gloo")

    def leave(self) -> None:
        if self.world > 1 and dist.is_initialized():
            dist.destroy_process_group()

    def wait(self) -> None:
        """Until all of them are here."""
        if self.world > 1:
            dist.barrier()

    def summed(self, values: Tensor) -> Tensor:
        """The sum over the processes, the same for all of them."""
        if self.world > 1:
            dist.all_reduce(values)
        return values

    def spread_buffers(self, model: nn.Module) -> None:
        """Gives all processes the buffers of the first: each counts the statistics of batch norms by itself.

        In training they are only written, so that the first one's do not depend on when this is done.
        """
        if self.world > 1:
            for buffer in model.buffers():
                dist.broadcast(buffer, 0)

    def from_first(self, value: Any) -> Any:
        """A plain value of the first process."""
        if self.world == 1:
            return value
        box = [value]
        dist.broadcast_object_list(box, 0)
        return box[0]


def _end_with_parent() -> None:
    """Has the kernel kill this process when its parent dies, where the system knows how (Linux)."""
    if not sys.platform.startswith("linux"):
        return
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it was too late
        os._exit(1)


# The network ----------------------------------------------------------------------------------------------------------


def replicate(model: nn.Module, device: torch.device) -> nn.Module:
    """A copy of the network in each process, with gradients that are means over all of them (DDP)."""
    devices = [device] if device.type == "cuda" else None
    # What is frozen or dropped from a step takes no part in it; DDP has to look for that only where a part may be.
    return DistributedDataParallel(model, device_ids=devices, gradient_as_bucket_view=True)


def shard(model: nn.Module, device: torch.device, world: int) -> None:
    """Parameters, gradients and the optimizer's state in parts over the processes (FSDP2): layer by layer of the
    stages, and the rest as one."""
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    mesh = init_device_mesh(device.type, (world,))
    for layer in layers_of_stages(model):
        if any(True for _ in layer.parameters()):
            fully_shard(layer, mesh=mesh)
    fully_shard(model, mesh=mesh)


def layers_of_stages(model: nn.Module) -> Iterable[nn.Module]:
    """The layers of a network's stages, which may be those of its part."""
    for owner in (model, *model.children()):
        stages = getattr(owner, "stages", None)
        for stage in stages.children() if isinstance(stages, nn.Module) else ():
            yield from stage.children()


# Tensors that are sharded ---------------------------------------------------------------------------------------------


def whole(state: Any, *, keep: bool) -> Any:
    """A tree of dicts, lists and tensors with whole tensors on the CPU, copied; None in a process that does not
    `keep` it. All processes have to call it where tensors are sharded."""
    if isinstance(state, DTensor):
        full = state.full_tensor()
        return full.detach().cpu() if keep else None
    if isinstance(state, Tensor):
        return state.detach().to("cpu", copy=True) if keep else None
    if isinstance(state, dict):
        return {key: whole(value, keep=keep) for key, value in state.items()}
    if isinstance(state, list | tuple):
        return [whole(value, keep=keep) for value in state]
    return state


def like(full: Tensor, model: Tensor) -> Tensor:
    """A whole tensor sharded, placed and typed as the one of the same shape that it is to replace."""
    if isinstance(model, DTensor):
        return distribute_tensor(full.to(model.device, model.dtype), model.device_mesh, model.placements)
    return full.to(model.device, model.dtype)
