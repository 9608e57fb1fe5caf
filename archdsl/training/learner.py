"""A network with all that changes while it learns: optimizer, averaged weights, the scale of losses in float16."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from archdsl.api import Network
from archdsl.diagnostics import DiagnosticError
from archdsl.diagnostics.wording import quoted
from archdsl.ir.architecture import Architecture
from archdsl.ir.head import gives_scores
from archdsl.ir.recipe import Phase, Recipe
from archdsl.training.averaging import Average
from archdsl.training.devices import Precision
from archdsl.training.distributed import Processes, like, replicate, shard, whole
from archdsl.training.errors import NoCheckpointing, NoClassifierToTrain, SyncOnCPU
from archdsl.training.freezing import freeze
from archdsl.training.optimizers import make_optimizer
from archdsl.training.random import key
from archdsl.training.regularization import set_drop_path, set_drop_path_mode, set_dropout
from archdsl.training.settings import Settings
from archdsl.training.step import Stepper, grad_scaler

_NORMS = (nn.modules.batchnorm._NormBase, nn.LayerNorm, nn.GroupNorm)


def build(architecture: Architecture, classes: int, seed: int) -> nn.Module:
    """A network for so many classes, with the weights that a seed gives it.

    Raises DiagnosticError for one that does not put out a number for each class.
    """
    if not gives_scores(architecture):
        raise NoClassifierToTrain(architecture.name, classes, _output(architecture)).error()
    torch.manual_seed(key(seed, "weights"))
    try:
        return Network(architecture).build(num_classes=classes)
    except TypeError:
        output = f"puts out {architecture.output}, whatever `classes` is"
        raise NoClassifierToTrain(architecture.name, classes, output).error() from None


def _output(architecture: Architecture) -> str:
    """What a network does that does not put out one number for each class."""
    if architecture.classes is None:
        return "has no `classes`"
    return f"puts out {quoted(architecture.outputs) if len(architecture.outputs) > 1 else architecture.output}"


class Learner:
    """What a checkpoint holds.

    Args:
        model: as emitted, with weights to begin with.
        classifiers: the paths of the layers that follow the number of classes.
        is_fixres: whether this is the fine-tuning at the end, in which the classifier and the norms alone learn, at a
            rate of their own, and nothing is averaged.
    """

    def __init__(
        self,
        model: nn.Module,
        recipe: Recipe,
        settings: Settings,
        classes: int,
        device: torch.device,
        precision: Precision,
        processes: Processes,
        *,
        classifiers: Sequence[str],
        is_fixres: bool = False,
    ):
        self.is_fixres, self.device, self.processes = is_fixres, device, processes
        self.is_compiled = settings.compile
        if recipe.freeze is not None:
            freeze(model, recipe.freeze)
        if is_fixres:
            _freeze_for_fixres(model, classifiers)
        if recipe.drop_path_mode == "batch":
            set_drop_path_mode(model, "batch")
        if settings.grad_checkpointing:
            _checkpoint_activations(model)
        if recipe.sync_batch_norm and processes.world > 1:
            if device.type == "cpu":
                raise DiagnosticError([SyncOnCPU().at(None)])
            model = nn.SyncBatchNorm.convert_sync_batchnorm(model)  # type: ignore[no-untyped-call]
        # Sharding takes weights in their plain order; the images bring channels-last along all the same.
        order = torch.contiguous_format if settings.fsdp else torch.channels_last
        self.model = model.to(device, memory_format=order)  # type: ignore[call-overload]
        self.model.train()
        forward = self.model
        if settings.fsdp:
            shard(self.model, device, processes.world)
        elif processes.world > 1:
            forward = replicate(self.model, device)
        if settings.compile:
            # Sizes are constants: the network is compiled once for each phase, whose resolution is one.
            forward = torch.compile(forward, dynamic=False)
        self.optimizer = make_optimizer(self.model, recipe, lr=recipe.optimizer.lr)
        self.average = Average(self.model, recipe.ema) if recipe.ema is not None and not is_fixres else None
        self.scaler = grad_scaler(device, precision)
        self.step = Stepper(
            self.model, forward, self.optimizer, recipe, device, precision, classes, classifiers, settings.seed,
            processes, self.scaler,
        )  # fmt: skip

    def enter(self, phase: Phase) -> None:
        """Sets what is the network's of a phase. Raises DiagnosticError for rates of layers that it does not have."""
        if phase.dropout is not None:
            set_dropout(self.model, phase.dropout)
        if phase.drop_path is not None:
            set_drop_path(self.model, phase.drop_path)
        if self.is_compiled:
            torch._dynamo.reset()  # what was compiled for another resolution is not needed any more

    @contextmanager
    def evaluated(self) -> Iterator[nn.Module]:
        """In here the network has the weights that count: the averaged ones, where the recipe averages.

        Batch norms are counted by each process for itself; what the first one has counts.
        """
        if self.average is None:
            self.processes.spread_buffers(self.model)
            yield self.model
            return
        with self.average.applied() as model:
            self.processes.spread_buffers(model)
            yield model

    # Checkpoints ----------------------------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """Whole tensors on the CPU; all processes have to call it, and the first one has them."""
        keep = self.processes.is_first
        return {
            "model": whole(self.model.state_dict(), keep=keep),
            "average": whole(self.average.state_dict(), keep=keep) if self.average is not None else None,
            "optimizer": whole(self.optimizer.state_dict(), keep=keep),
            "scaler": self.scaler.state_dict(),
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Goes on from what `state` gave, however many processes there were."""
        load_weights(self.model, state["model"])
        if self.average is not None:
            load_tensors(self.average.state_dict(), state["average"])
        self.optimizer.load_state_dict(self._placed(state["optimizer"]))
        if self.scaler.is_enabled() and state["scaler"]:
            self.scaler.load_state_dict(state["scaler"])

    def _placed(self, state: Mapping[str, Any]) -> dict[str, Any]:
        """The state of an optimizer, sharded as the parameters are that it is of."""
        parameters = [parameter for group in self.optimizer.param_groups for parameter in group["params"]]
        placed = {
            index: {
                name: like(value, parameters[index]) if _is_of(value, parameters[index]) else value
                for name, value in values.items()
            }
            for index, values in state["state"].items()
        }
        return {"state": placed, "param_groups": state["param_groups"]}

    def is_finite(self) -> bool:
        """Whether all weights are numbers."""
        norms = torch._foreach_norm([_local(parameter) for parameter in self.model.parameters()])
        bad = torch.stack([~norm.isfinite() for norm in norms]).sum().to(torch.float32)
        return not self.processes.summed(bad).item()


def _is_of(value: Any, parameter: Tensor) -> bool:
    """Whether a value of an optimizer has an element for each of the parameter's; its count of steps has not."""
    return isinstance(value, Tensor) and value.shape == parameter.shape and value.dim() > 0


def _local(tensor: Tensor) -> Tensor:
    local: Tensor = tensor.detach()
    return local.to_local() if hasattr(local, "to_local") else local


def load_weights(model: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Fills a network, sharded or not, with whole tensors under its keys."""
    load_tensors(model.state_dict(), weights)


@torch.no_grad()
def load_tensors(own: Mapping[str, Tensor], given: Mapping[str, Tensor]) -> None:
    for name, tensor in own.items():
        tensor.copy_(like(given[name], tensor))


def _freeze_for_fixres(model: nn.Module, classifiers: Sequence[str]) -> None:
    """Leaves the classifier and the norms to learn (Touvron et al. 2019, section 4)."""
    learning: list[nn.Module] = [part for part in model.modules() if isinstance(part, _NORMS)]
    learning += [model.get_submodule(path) for path in classifiers]
    kept = {id(parameter) for part in learning for parameter in part.parameters() if parameter.requires_grad}
    for parameter in model.parameters():
        parameter.requires_grad_(id(parameter) in kept)


def _checkpoint_activations(model: nn.Module) -> None:
    """Has the layers of the stages computed twice instead of kept. Raises DiagnosticError where there are none."""
    enable = getattr(model, "set_grad_checkpointing", None)
    if enable is None:
        raise DiagnosticError([NoCheckpointing(type(model).__name__).at(None)])
    enable()
