"""Parts that do not learn."""

from __future__ import annotations

import pytest
import torch

from archdsl.diagnostics import DiagnosticError
from archdsl.training.freezing import FrozenBatchNorm, freeze
from archdsl.training.optimizers import make_optimizer
from tests.training.nets import network, recipe


@pytest.mark.parametrize(
    ("text", "frozen"),
    [
        ("stem", {"stem"}),
        ("stem, stages.0", {"stem", "stages.0"}),
        ("stages.0..1", {"stages.0", "stages.1"}),
        ("stages", {"stages.0", "stages.1"}),
        (" stages.1.1..2 ,head", {"stages.1.1", "stages.1.2", "head"}),
    ],
)
def test_frozen_parts_do_not_change_in_a_step(text: str, frozen: set[str]):
    torch.manual_seed(0)
    model = network().build()
    freeze(model, text)
    model.train()  # which comes after it, and again after each evaluation
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    model(torch.randn(8, 1, 16, 16)).square().sum().backward()
    make_optimizer(model, recipe(), lr=0.1).step()
    changed = {name for name, tensor in model.state_dict().items() if not torch.equal(tensor, before[name])}
    assert {
        name for name in before if any(f"{name}.".startswith(f"{part}.") for part in frozen)
    } == before.keys() - changed


def test_frozen_norms_use_their_statistics_and_keep_their_keys():
    torch.manual_seed(0)
    model, other = network().build(), network().build()
    other.load_state_dict(model.state_dict())
    freeze(model, "stem")
    images = torch.randn(4, 1, 16, 16) * 3
    assert torch.equal(model.train().stem(images), other.eval().stem(images))
    assert isinstance(model.stem.norm, FrozenBatchNorm)
    assert list(model.state_dict()) == list(other.state_dict())
    other.load_state_dict(model.state_dict())
    model.load_state_dict(other.state_dict())


def test_frozen_norms_are_not_synchronized():
    model = network().build()
    freeze(model, "stem")
    model = torch.nn.SyncBatchNorm.convert_sync_batchnorm(model)
    assert isinstance(model.stem.norm, FrozenBatchNorm)
    assert isinstance(model.head.norm, torch.nn.SyncBatchNorm)


@pytest.mark.parametrize(
    ("text", "message", "help_line"),
    [
        ("stagse.0", "Small has no part `stagse.0` to freeze", "did you mean `stages.0`?"),
        ("stages.7", "Small has no part `stages.7` to freeze", None),
        (
            "stem, backbone",
            "Small has no part `backbone` to freeze",
            "its parts are `stem`, `stages`, `head`, `classifier`",
        ),
        ("stages.2..0", "`stages.2..0` is not a path of modules", None),
        ("stem, stages, head, classifier", None, "leave the classifier out of it"),
    ],
)
def test_what_cannot_be_frozen_is_refused(text: str, message: str | None, help_line: str | None):
    with pytest.raises(DiagnosticError) as error:
        freeze(network().build(), text)
    found = error.value.diagnostics[0]
    assert message is None or found.message == message
    assert help_line is None or found.help == help_line
