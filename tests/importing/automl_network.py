"""google/automl's networks of block strings in PyTorch: written after `effnetv2_model.py` and the first version's
`efficientnet_model.py`, which are TensorFlow, and without a look at what is under test."""

from __future__ import annotations

import re

from torch import Tensor, nn
from torch.nn import functional


def network(strings: list[str], head: int) -> nn.Module:
    """The network of strings; strides of two digits are the first version's. Raises ValueError as the decoders do."""
    decoded = [_decoded(string) for string in strings]
    is_first = len(decoded[0]["s"]) == 2
    if any(len(one["s"]) == 2 for one in decoded) != is_first or any(len(one["s"]) > 2 for one in decoded):
        raise ValueError("strides of either version")
    divide = _rounded_first if is_first else _rounded
    channels = divide(int(decoded[0]["i"]))
    layers: list[nn.Module] = [_Unit(3, channels, 3, 2)]
    for one in decoded:
        inputs, outputs = divide(int(one["i"])), divide(int(one["o"]))
        if inputs != channels:
            raise ValueError("channels that do not chain")
        stride = int(one["s"][0])
        for _ in range(int(one["r"])):
            block = (_Mobile, _FusedFirst if is_first else _Fused)[int(one.get("c", "0"))]
            layers.append(block(channels, outputs, int(one["k"]), stride, int(one["e"]), _share(one), _skips(one)))
            channels, stride = outputs, 1
    last = divide(head)
    return nn.Sequential(
        *layers, _Unit(channels, last, 1, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(last, 1000)
    )


def _decoded(string: str) -> dict[str, str]:
    found = {}
    for flag in string.split("_"):
        match = re.split(r"(\d.*)", flag)
        if len(match) >= 2:
            found[match[0]] = match[1]
        elif flag == "noskip" and re.search(r"(^|_)s\d\d(_|$)", string):
            found[flag] = ""  # only the first version reads it
    return found


def _share(one: dict[str, str]) -> float:
    share = float(one.get("se", "0"))
    return share if share <= 1 else 0


def _skips(one: dict[str, str]) -> bool:
    return "noskip" not in one


def _rounded(filters: int) -> int:
    return max(8, int(filters + 4) // 8 * 8)


def _rounded_first(filters: int) -> int:
    return _rounded(filters) + (8 if _rounded(filters) < 0.9 * filters else 0)


class _Unit(nn.Module):
    """A convolution with TensorFlow's padding, normalization, and an activation unless there is none."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, groups: int = 1, act: bool = True):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.01)
        self.act = act

    def forward(self, x: Tensor) -> Tensor:
        kernel, stride = self.conv.kernel_size[0], self.conv.stride[0]
        pads = []
        for size in (x.shape[3], x.shape[2]):
            total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
            pads += [total // 2, total - total // 2]
        x = self.norm(self.conv(functional.pad(x, pads)))
        return functional.silu(x) if self.act else x


class _Squeeze(nn.Module):
    def __init__(self, channels: int, squeezed: int):
        super().__init__()
        self.reduce = nn.Conv2d(channels, squeezed, 1)
        self.expand = nn.Conv2d(squeezed, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        weight: Tensor = self.expand(functional.silu(self.reduce(x.mean((2, 3), keepdim=True)))).sigmoid()
        return weight * x


class _Block(nn.Module):
    """Layers in sequence, whose input is added where shapes allow."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int, share: float, skips: bool):
        super().__init__()
        self.adds = skips and stride == 1 and inputs == outputs
        squeezed = max(1, int(inputs * share)) if share else 0
        layers = self.layers(inputs, outputs, inputs * expansion, kernel, stride, squeezed)
        self.body = nn.Sequential(*layers)

    def layers(
        self, inputs: int, outputs: int, hidden: int, kernel: int, stride: int, squeezed: int
    ) -> list[nn.Module]:
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.body(x)
        return found + x if self.adds else found


class _Mobile(_Block):
    def layers(
        self, inputs: int, outputs: int, hidden: int, kernel: int, stride: int, squeezed: int
    ) -> list[nn.Module]:
        found: list[nn.Module] = [_Unit(inputs, hidden, 1, 1)] if hidden != inputs else []
        found.append(_Unit(hidden, hidden, kernel, stride, groups=hidden))
        found += [_Squeeze(hidden, squeezed)] if squeezed else []
        return [*found, _Unit(hidden, outputs, 1, 1, act=False)]


class _Fused(_Block):
    def layers(
        self, inputs: int, outputs: int, hidden: int, kernel: int, stride: int, squeezed: int
    ) -> list[nn.Module]:
        squeeze: list[nn.Module] = [_Squeeze(hidden, squeezed)] if squeezed else []
        if hidden == inputs:
            return [*squeeze, _Unit(inputs, outputs, kernel, stride)]
        return [_Unit(inputs, hidden, kernel, stride), *squeeze, _Unit(hidden, outputs, 1, 1, act=False)]


class _FusedFirst(_Block):
    def layers(
        self, inputs: int, outputs: int, hidden: int, kernel: int, stride: int, squeezed: int
    ) -> list[nn.Module]:
        found: list[nn.Module] = [_Unit(inputs, hidden, kernel, 1)] if hidden != inputs else []
        return [*found, _Unit(hidden, outputs, 1, stride, act=False)]
