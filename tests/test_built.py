"""Modules built from a text live on: pickled, in other processes, in debuggers, beside others of the same name."""

from __future__ import annotations

import copy
import inspect
import subprocess
import sys
import traceback
import warnings
from pathlib import Path

import pytest
import torch
from torch import multiprocessing, nn

import archdsl

IMAGES = torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))


def built(name: str = "net", width: int = 8) -> nn.Module:
    text = f"""
block cell(channels) {{
  out = in + (in -> conv(channels, 3) -> norm -> act)
}}
model {name} {{
  input = 3 x 16 x 16
  classes = 5
  stem = conv_norm_act({width}, 3) -> cell({width})
  head = global_avg_pool -> linear(classes)
}}
"""
    return archdsl.loads(text).build().eval()


def test_two_networks_of_one_name_are_saved_and_loaded(tmp_path: Path) -> None:
    for model in (built(width=8), built(width=16)):
        torch.save(model, tmp_path / "net.pt")
        again = torch.load(tmp_path / "net.pt", weights_only=False)
        assert type(again) is type(model)
        torch.testing.assert_close(again(IMAGES), model(IMAGES))
        torch.testing.assert_close(copy.deepcopy(model)(IMAGES), model(IMAGES))


def test_another_process_loads_what_was_saved(tmp_path: Path) -> None:
    model = built()
    torch.save((model, IMAGES, model(IMAGES)), tmp_path / "net.pt")
    code = (
        "import sys, torch\n"
        "model, images, wanted = torch.load(sys.argv[1], weights_only=False)\n"
        "torch.testing.assert_close(model(images), wanted)\n"
        "torch.save(model, sys.argv[1])\n"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "net.pt")], check=True)
    torch.testing.assert_close(torch.load(tmp_path / "net.pt", weights_only=False)(IMAGES), model(IMAGES))


def _forward(model: nn.Module, answers: multiprocessing.SimpleQueue) -> None:  # type: ignore[type-arg]
    answers.put(model(IMAGES).detach().numpy())


def test_a_spawned_process_takes_a_model() -> None:
    model, context = built(), multiprocessing.get_context("spawn")
    answers = context.SimpleQueue()
    process = context.Process(target=_forward, args=(model, answers))
    process.start()
    torch.testing.assert_close(torch.from_numpy(answers.get()), model(IMAGES))
    process.join()
    assert process.exitcode == 0


def test_the_source_is_there_for_whoever_looks_for_it() -> None:
    model = built()
    assert inspect.getsource(type(model)).startswith("class Net(nn.Module):")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        assert torch.jit.script(model.stem)(IMAGES).shape == (2, 8, 16, 16)
    with pytest.raises(RuntimeError) as raised:
        model(IMAGES[:, :1])
    assert "return self.stem(x)" in "".join(traceback.format_exception(raised.value))


# What emitted code, Python and torch call things themselves.
@pytest.mark.parametrize("name", ["functional", "nn", "torch", "Tensor", "type", "compile", "int", "self", "pipeline"])
def test_any_name_will_do(name: str) -> None:
    assert built(name)(IMAGES).shape == (2, 5)
