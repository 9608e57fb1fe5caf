"""What training scripts save: the weights are found in it, what else it holds is named, and nothing is guessed."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path, PurePosixPath

import pytest
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

import archdsl
from archdsl.diagnostics.codes import NOT_WEIGHTS, SEVERAL_STATES, WRONG_USAGE, Code
from archdsl.weights import map_weights, read_checkpoint
from archdsl.weights.scope import scoped

NET = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
STATE = NET.state_dict()
OTHER = {key: tensor + 1 for key, tensor in STATE.items()}
OPTIMIZER = torch.optim.AdamW(NET.parameters())
NET(torch.ones(2, 3, 5, 5)).sum().backward()
OPTIMIZER.step()
AVERAGED = AveragedModel(NET).state_dict()


def under(prefix: str, state: dict[str, Tensor] = STATE) -> dict[str, Tensor]:
    return {f"{prefix}{key}": tensor for key, tensor in state.items()}


def saved(value: object, path: Path) -> Path:
    torch.save(value, path / "x.pth")
    return path / "x.pth"


@pytest.mark.parametrize(
    ("value", "others"),
    [
        ({"model_state_dict": STATE, "optimizer_state_dict": OPTIMIZER.state_dict()}, {"optimizer_state_dict"}),
        ({"state_dict": STATE, "optimizer": OPTIMIZER.state_dict(), "args": Namespace(lr=0.1)}, {"optimizer"}),
        ({"net": STATE, "sgd": OPTIMIZER.state_dict(), "acc": torch.tensor(0.9)}, {"sgd", "acc"}),
        (
            {"state_dict": under("model."), "optimizer_states": [OPTIMIZER.state_dict()], "epoch": 3},
            {"optimizer_states"},
        ),
        (AVERAGED, {"n_averaged"}),
        ({"ema": under("_orig_mod.", AVERAGED)}, {"n_averaged"}),
        ({"checkpoint": {"model": under("module._orig_mod.")}}, set()),
        (under("backbone."), set()),
        (under("module.model.encoder."), set()),
        ({**under("model."), "criterion.weight": torch.ones(3)}, set()),
        ({"model": STATE, "state_dict": STATE}, set()),
        ({"model": STATE, "ema": {"decay": 0.9, "shadow": list(NET.parameters())}}, {"ema.shadow"}),
    ],
)
def test_the_weights_are_found(value: object, others: set[str], tmp_path: Path) -> None:
    checkpoint = scoped(read_checkpoint(saved(value, tmp_path)), STATE)
    assert checkpoint.tensors.keys() == STATE.keys()
    assert all(torch.equal(checkpoint.tensors[key], STATE[key]) for key in STATE)
    assert checkpoint.others.keys() == others


BOTH = {"model": STATE, "model_ema": OTHER}
NESTED = {"checkpoint": {"model": STATE, "ema": under("module.", OTHER)}, "optimizer": OPTIMIZER.state_dict()}


@pytest.mark.parametrize(
    ("value", "state", "expected"),
    [
        (BOTH, "model", STATE),
        (BOTH, "model_ema", OTHER),
        (NESTED, "ema", OTHER),
        (NESTED, "checkpoint.model", STATE),
        ({**under("model."), **under("ema.", OTHER)}, "ema", OTHER),
        ({"state_dict": {**under("model."), **under("ema.", OTHER)}}, "state_dict.ema", OTHER),
        ({"backbone": STATE, "head": {"weight": OTHER["0.bias"]}}, ".", {**under("backbone.")}),
    ],
)
def test_a_state_is_chosen_by_its_name(value: object, state: str, expected: dict[str, Tensor], tmp_path: Path) -> None:
    tensors = read_checkpoint(saved(value, tmp_path), state).tensors
    assert all(torch.equal(tensors[key], tensor) for key, tensor in expected.items())


@pytest.mark.parametrize(
    ("value", "state", "code", "says", "helps"),
    [
        (BOTH, None, SEVERAL_STATES, "2 state dicts: `model`, `model_ema`", "--state model|model_ema"),
        (BOTH, "model_emma", WRONG_USAGE, "no state `model_emma`", "did you mean `model_ema`?"),
        (OPTIMIZER.state_dict(), None, NOT_WEIGHTS, "no state dict", "model.state_dict()"),
        ({"model": STATE, "at": PurePosixPath("x")}, None, NOT_WEIGHTS, "it holds a `pathlib.", "best as"),
    ],
)
def test_what_is_not_certain_is_refused(
    value: object, state: str | None, code: Code, says: str, helps: str, tmp_path: Path
) -> None:
    with pytest.raises(archdsl.DiagnosticError) as refused:
        read_checkpoint(saved(value, tmp_path), state)
    (diagnostic,) = refused.value.diagnostics
    assert diagnostic.code is code
    assert says in diagnostic.message
    assert helps in (diagnostic.help or "")


def test_two_sets_under_two_beginnings_of_keys_are_not_guessed(tmp_path: Path) -> None:
    network = archdsl.loads("model m {\n  input = 3 x 8 x 8\n  stem = conv(4, 3) -> norm -> act\n}\n")
    state = {key: torch.ones_like(tensor) for key, tensor in network.build().state_dict().items()}
    for renamed in (state, {key.replace("stem", "s"): tensor for key, tensor in state.items()}):
        path = saved({**under("model.", renamed), **under("ema.", renamed)}, tmp_path)
        with pytest.raises(archdsl.DiagnosticError, match="under `model`, `ema`"):
            map_weights(network, str(path))
        assert map_weights(network, str(path), state="ema").ours.keys() == state.keys()
        path = saved({**under("model.", renamed), "loss.weight": torch.ones(3)}, tmp_path)
        mapped = map_weights(network, str(path))
        assert mapped.ours.keys() == state.keys()
        assert [(left.theirs, left.their_shape) for left in mapped.left] == [("loss.weight", (3,))]
