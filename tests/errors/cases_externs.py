"""Modules that callers bring, and that are not what a text declares."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import archdsl
from tests.errors.showing import Case, command, found

TEXT = """
extern block halved(channels) {
  out    = channels x in.height // 2 x in.width // 2
  params = in.channels * channels * 4
  macs   = params * out.height * out.width
}

model net {
  input = 3 x 8 x 8
  stem  = halved(4)
}
"""


def built(**extern: Callable[..., Any]) -> Case:
    return lambda: archdsl.loads(TEXT).build(extern=extern)


def convolution(in_channels: int, channels: int, **options: Any) -> Any:
    from torch import nn

    return nn.Conv2d(in_channels, channels, 2, **{"stride": 2, "bias": False, **options})


def two(in_channels: int, channels: int) -> Any:
    from torch import Tensor, nn

    class Two(nn.Conv2d):
        def forward(self, x: Tensor) -> Any:
            return super().forward(x), x

    return Two(in_channels, channels, 2, stride=2, bias=False)


def failing(in_channels: int, channels: int) -> Any:
    """A module of the right parameters for images of another number of channels."""
    from torch import nn

    return nn.Conv2d(channels, in_channels, 2, stride=2, bias=False)


def unimportable() -> object:
    Path("extern.arch").write_text(TEXT)
    return command("export extern.arch --to source --extern halved=no_module_of_this_name:Halved")()


def each(*cases: Case) -> Case:
    """All of them show the same kind of problem."""

    def run() -> object:
        for case in cases[:-1]:
            assert {one.problem for one in found(case)} == {one.problem for one in found(cases[-1])}
        return cases[-1]()

    return run


CASES: dict[str, Case] = {
    "ExternNotGiven": each(built(), command("export extern.arch --to source", extern_arch=TEXT)),
    "UnknownExtern": built(halved=convolution, haved=convolution),
    "ExternNotImported": unimportable,
    "ExternFails": each(
        built(halved=lambda in_channels: None),
        built(halved=lambda *channels: convolution(*channels, groups=3)),
    ),
    "ExternCannotRun": built(halved=failing),
    "NotModule": built(halved=lambda *channels: 4),
    "NotTensor": built(halved=two),
    "OtherParameters": built(halved=lambda *channels: convolution(*channels, bias=True)),
    "OtherShape": built(halved=lambda *channels: convolution(*channels, stride=1)),
}
