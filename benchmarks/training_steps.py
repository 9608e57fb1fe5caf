"""A step of training as three programs take it: archdsl, timm's train.py and torchvision's reference, on equal terms.

Equal are the network, its dropout and stochastic depth, the batch, SGD with Nesterov's momentum, label smoothing,
channels-last and the precision; there is no average of weights. What is left is how each takes the step: ours is the
real one, those of the others are the statements of their loops, with their own losses, optimizers and bookkeeping.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

import archdsl
from archdsl.backends.pytorch.class_layers import classifiers
from archdsl.ir.recipe import Phase, Recipe
from archdsl.ir.recipe.optimizers import SGD
from archdsl.training.devices import Precision
from archdsl.training.distributed import Processes
from archdsl.training.learner import Learner, build
from archdsl.training.settings import Settings
from archdsl.training.timetable import Position
from tests.peers.zoo import peer

# Takes a step, and gives its loss, which stays on the device.
Step = Callable[[], Tensor]
LR, MOMENTUM, DECAY, SMOOTHING = 0.05, 0.9, 2e-5, 0.1
CLASSES = 1000


@dataclass(frozen=True)
class Case:
    """A network under the names that the three have for it; the rates are None where it has no such layers.

    `recipe` is how it is fine-tuned: a file of those that ship, a recipe in it, and which of a family.
    """

    ours: str
    timm: str
    torchvision: str
    recipe: tuple[str, ...]
    dropout: float | None = None
    drop_path: float | None = None


CASES = (
    Case(
        "efficientnet_b0", "efficientnet_b0", "efficientnet_b0", ("efficientnet", "efficientnet_fine_tune", "b0"),
        dropout=0.2, drop_path=0.2,
    ),
    Case(
        "efficientnetv2_s", "efficientnetv2_s", "efficientnet_v2_s", ("efficientnetv2", "v2_s_fine_tune"),
        dropout=0.2, drop_path=0.2,
    ),
    Case(
        "mobilenetv2_100", "mobilenetv2_100", "mobilenet_v2", ("mobilenetv2", "mobilenetv2_fine_tune", "100"),
        dropout=0.2,
    ),
    Case("resnet_50", "resnet50", "resnet50", ("resnet", "resnet_fine_tune", "50")),
)  # fmt: skip


@dataclass(frozen=True)
class Side:
    """Who takes a step, and the network that it changes."""

    step: Step
    model: nn.Module


@dataclass(frozen=True)
class Terms:
    """What is the same for all."""

    batch: int
    resolution: int
    device: torch.device
    precision: Precision = "float32"
    compile: bool = False

    def batch_of_noise(self) -> tuple[Tensor, Tensor]:
        """Images and labels as a loader gives them, where the step begins: on the CPU."""
        generator = torch.Generator().manual_seed(0)
        images = torch.randn(self.batch, 3, self.resolution, self.resolution, generator=generator)
        labels = torch.randint(CLASSES, (self.batch,), generator=generator)
        return (images.pin_memory(), labels.pin_memory()) if self.device.type == "cuda" else (images, labels)

    def autocast(self) -> Any:
        if self.precision == "float32":
            return nullcontext()
        return torch.autocast(self.device.type, getattr(torch, self.precision))

    def placed(self, model: nn.Module) -> nn.Module:
        model.train().to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        return model

    def compiled(self, model: nn.Module) -> nn.Module:
        return torch.compile(model, dynamic=False) if self.compile else model  # type: ignore[return-value]


def step_of_recipe(network: archdsl.Network, recipe: Recipe, terms: Terms, phase: Phase) -> tuple[Step, Learner]:
    """The step that `archdsl train` takes of a network as emitted, by a recipe, in a phase of it."""
    settings = Settings(data="", compile=terms.compile)
    made = build(network.architecture, CLASSES, 0)
    learner = Learner(
        made,
        recipe,
        settings,
        CLASSES,
        terms.device,
        terms.precision,
        Processes(),
        classifiers=classifiers(network.architecture),
    )
    learner.enter(phase)
    images, labels = terms.batch_of_noise()
    position = Position(step=500, epoch=0, batch=500, phase=phase, lr=recipe.lr(0, terms.batch), is_fixres=False)

    def step() -> Tensor:
        loss = learner.step([(images, labels)], 1, position)[0]
        if learner.average is not None:
            learner.average.update(position.step)
        return loss

    return step, learner


def equal_recipe(network: archdsl.Network, terms: Terms, dropout: float | None, drop_path: float | None) -> Recipe:
    """The terms as a recipe."""
    return Recipe(
        name="speed",
        model=network.name,
        place=network.architecture.place,
        epochs=1,
        batch=terms.batch,
        optimizer=SGD(lr=LR, momentum=MOMENTUM, weight_decay=DECAY),
        label_smoothing=SMOOTHING,
        dropout=dropout,
        drop_path=drop_path,
    )


def step_of_timm(name: str, terms: Terms, **rates: float) -> Side:
    """The statements of `train_one_epoch` in timm's train.py (1.0), without mixup and without its prefetcher.

    In turn: images to the device and to channels-last, forward and loss under autocast, backward, step, zero_grad. It
    reads losses when it logs, every fiftieth step.
    """
    model = terms.placed(peer(f"timm {name}", num_classes=CLASSES, **rates))
    from timm.loss import LabelSmoothingCrossEntropy
    from timm.optim import create_optimizer_v2

    optimizer = create_optimizer_v2(model, opt="sgd", lr=LR, momentum=MOMENTUM, weight_decay=DECAY)
    criterion = LabelSmoothingCrossEntropy(SMOOTHING)
    forward = terms.compiled(model)
    images, labels = terms.batch_of_noise()
    optimizer.zero_grad()

    def step() -> Tensor:
        input, target = images.to(terms.device), labels.to(terms.device)
        input = input.contiguous(memory_format=torch.channels_last)
        with terms.autocast():
            loss: Tensor = criterion(forward(input), target)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        optimizer.zero_grad()
        return loss.detach()

    return Side(step, model)


def step_of_torchvision(name: str, terms: Terms) -> Side:
    """The statements of `train_one_epoch` in torchvision's references/classification/train.py.

    In turn: images to the device, forward and loss under autocast, zero_grad, backward, step, and the accuracies that
    it reads after each step. Channels-last, which it does not have, is added.
    """
    model = terms.placed(peer(f"torchvision {name}", num_classes=CLASSES))
    optimizer = torch.optim.SGD(model.parameters(), lr=LR, momentum=MOMENTUM, weight_decay=DECAY, nesterov=True)
    criterion = nn.CrossEntropyLoss(label_smoothing=SMOOTHING)
    forward = terms.compiled(model)
    images, labels = terms.batch_of_noise()

    def step() -> Tensor:
        image, target = images.to(terms.device, memory_format=torch.channels_last), labels.to(terms.device)
        with terms.autocast():
            output = forward(image)
            loss: Tensor = criterion(output, target)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        _accuracies(output, target)
        loss.item()
        return loss.detach()

    return Side(step, model)


@torch.inference_mode()
def _accuracies(output: Tensor, target: Tensor) -> list[float]:
    """Top-1 and top-5 in percent."""
    found = output.topk(5, 1)[1].t()
    correct = found == target[None]
    return [float(correct[:k].flatten().sum(dtype=torch.float32) * (100 / len(target))) for k in (1, 5)]


def steps(case: Case, terms: Terms) -> dict[str, Side]:
    """The three, of networks with as many weights. Raises ValueError where the numbers differ."""
    network = archdsl.find(case.ours, resolution=terms.resolution)
    rates = {"drop_rate": case.dropout, "drop_path_rate": case.drop_path}
    given = {name: rate for name, rate in rates.items() if rate is not None}
    recipe = equal_recipe(network, terms, case.dropout, case.drop_path)
    ours, learner = step_of_recipe(network, recipe, terms, recipe.phases(terms.resolution)[0])
    made = {
        "archdsl": Side(ours, learner.model),
        "timm": step_of_timm(case.timm, terms, **given),
        "torchvision": step_of_torchvision(case.torchvision, terms),
    }
    sizes = {name: sum(weight.numel() for weight in side.model.parameters()) for name, side in made.items()}
    if len(set(sizes.values())) > 1:
        raise ValueError(f"{case.ours} is not the same network for all: {sizes} weights")
    return made
