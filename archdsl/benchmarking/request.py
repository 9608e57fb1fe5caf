"""What a process is asked to prepare, as it travels to it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from archdsl.benchmarking.targets import Purpose
from archdsl.exporting.settings import Dtype

# Whose network: ours, or that of another library.
Side = Literal["ours", "theirs"]


@dataclass(frozen=True)
class Request:
    """A network, how it is run, and the files with what it begins with.

    Args:
        architecture: our network as JSON, which says classes and channels of another library's too.
        origin: `timm:NAME` and the like; None for ours.
        weights: a .safetensors under the network's own keys.
        images: a .safetensors with `images`, N x C x H x W.
        outputs: where what it puts out is written, a .safetensors.
        externs: what constructs the modules of extern blocks, as `--extern` names it.
    """

    target: str
    purpose: Purpose
    architecture: str
    origin: str | None
    weights: str
    images: str
    outputs: str
    device: str
    dtype: Dtype
    threads: int
    externs: Sequence[str] = ()

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Request:
        return cls(**json.loads(text))
