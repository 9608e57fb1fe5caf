"""A network while it learns: which of its layers follow the classes is known from its text, not from their names."""

from __future__ import annotations

import pytest
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import nn

import archdsl
from archdsl.api import Network
from archdsl.backends.pytorch.class_layers import classifiers
from archdsl.diagnostics import DiagnosticError
from archdsl.ir.head import gives_scores
from archdsl.training.distributed import Processes
from archdsl.training.evaluate import evaluate
from archdsl.training.init import initialize_from
from archdsl.training.learner import Learner, build
from archdsl.training.predict import predict
from archdsl.training.score import score
from archdsl.training.settings import Settings
from archdsl.training.timetable import Position
from tests.training.nets import HEADS, PLAIN, headed, phase, recipe

CLASSIFIERS = [name for name, case in HEADS.items() if case.gives_scores]
CPU = torch.device("cpu")


def learner(network: Network, classes: int = 4, *, is_fixres: bool = False) -> Learner:
    model, layers = build(network.architecture, classes, 0), classifiers(network.architecture)
    return Learner(
        model, recipe(), Settings(data=""), classes, CPU, "float32", Processes(), classifiers=layers,
        is_fixres=is_fixres,
    )  # fmt: skip


def take_step(learner: Learner) -> None:
    torch.manual_seed(0)
    batch = torch.randn(8, 1, 16, 16), torch.randint(4, (8,))
    learner.step([batch], 1, Position(step=0, epoch=0, batch=0, phase=phase(), lr=0.1, is_fixres=learner.is_fixres))


@pytest.mark.parametrize("head", CLASSIFIERS)
def test_in_fixres_the_layers_of_the_classes_and_the_norms_alone_learn(head: str) -> None:
    made = learner(headed(head), is_fixres=True)
    before = {name: parameter.detach().clone() for name, parameter in made.model.named_parameters()}
    take_step(made)
    changed = {name for name, parameter in made.model.named_parameters() if not torch.equal(parameter, before[name])}
    norms = {name for name, part in made.model.named_modules() if isinstance(part, nn.BatchNorm2d)}
    assert changed == {name for name in before if name.rpartition(".")[0] in norms | {*HEADS[head].layers}}


@pytest.mark.parametrize("head", CLASSIFIERS)
def test_what_puts_out_a_number_for_each_class_learns_and_is_scored(head: str) -> None:
    """Be it a vector, a map of 1 x 1, or either by a name."""
    made = learner(headed(head))
    before = {name: parameter.detach().clone() for name, parameter in made.model.named_parameters()}
    take_step(made)
    assert {name for name, one in made.model.named_parameters() if torch.equal(one, before[name])} == set()
    model = made.model.eval()
    images, labels = torch.randn(6, 1, 16, 16), torch.tensor([0, 1, 2, 3, 0, 1])
    found = model(images)
    logits = (found if isinstance(found, torch.Tensor) else found.logits).reshape(6, 4)
    right = float((logits.argmax(1) == labels).float().mean()) * 100
    assert score(model, [(images, labels)], CPU, "float32", Processes()).top1 == pytest.approx(right)
    assert evaluate(model, [(images, labels)], "abcd", CPU).top1 == pytest.approx(right)
    pictures = [Image.new("RGB", (16, 16))] * 6
    shown = iter(images)
    guesses = list(predict(model, pictures, lambda _: next(shown), "abcd", CPU, top=1))
    assert [one[0].name for one in guesses] == ["abcd"[index] for index in logits.argmax(1).tolist()]


@pytest.mark.parametrize("head", CLASSIFIERS)
def test_weights_of_other_classes_leave_these_layers_fresh(head: str, tmp_path) -> None:  # type: ignore[no-untyped-def]
    network = headed(head)
    path = tmp_path / "weights.safetensors"
    save_file(build(network.architecture, 7, 1).state_dict(), path)
    model = build(network.architecture, 4, 0)
    done = initialize_from(model, network, str(path))
    assert {key.rpartition(".")[0] for key in done.fresh} == {*HEADS[head].layers}


@pytest.mark.parametrize(
    ("text", "output"),
    [
        (PLAIN.replace("  classes = 10\n", "").replace("linear(classes)", "linear(10)"), "has no `classes`"),
        (
            PLAIN.replace("global_avg_pool -> linear(classes)", "conv(10) -> global_avg_pool"),
            "puts out 10 x 1 x 1, whatever `classes` is",
        ),
        (PLAIN.replace("global_avg_pool -> linear(classes)", "conv(classes)"), "puts out 10 x 8 x 8"),
        (PLAIN.replace("linear(classes)", "linear(classes + 1)"), "puts out 11 x 1 x 1"),
        ("several", "puts out `logits` and `coarse`"),
    ],
)
def test_what_is_no_classifier_is_refused_by_what_it_puts_out(text: str, output: str) -> None:
    network = headed(text) if text in HEADS else archdsl.loads(text)
    with pytest.raises(DiagnosticError) as error:
        build(network.architecture, 4, 0)
    (found,) = error.value.diagnostics
    assert found.message == f"{network.name} is no classifier that could learn 4 classes: it {output}"


@pytest.mark.parametrize("head", HEADS)
def test_scores_are_a_number_for_each_class(head: str) -> None:
    assert gives_scores(headed(head).architecture) == HEADS[head].gives_scores
