"""Definitions drawn at random, in each notation: ordinary ones, and whatever else can be written."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

_EXPANSIONS = ("1", "2", "3", "4", "6", "0.5", "1.1", "1.5", "2.5", "3.67", "0.01")
_SHARES = ("0.25", "0.25", "0.5", "0.0416666", "0.1", "0.3", "1", "0.01", "0")
_ACTIVATIONS = {"nre": "relu", "nr6": "relu6", "nhs": "hard_swish", "nsw": "silu", "nmi": "mish"}
_STRANGE = ("cc4", "gs8", "a3", "p3", "d1", "k3.5", "se1.5", "nhs", "skip", "noskip", "fc16", "e2", "zz9", "h4")


@dataclass(frozen=True)
class Case:
    """A text, and what it leaves open."""

    notation: str
    text: str
    act: str
    stem: int | None
    head: int
    resolution: tuple[int, int]


class _Drawing:
    """What numbers a case has: multiples of 8 and odd kernels in about half of them, anything in the others."""

    def __init__(self, random: Random):
        self.random = random
        self.is_ordinary = random.random() < 0.5
        self.reduction = 2

    def channels(self) -> int:
        return 8 * self.random.randint(1, 6) if self.is_ordinary else self.random.randint(1, 50)

    def kernel(self) -> int:
        return self.random.choice((3, 3, 5, 7)) if self.is_ordinary else self.random.randint(1, 7)

    def expansion(self) -> str:
        return self.random.choice(("1", "2", "3", "4", "6")) if self.is_ordinary else self.random.choice(_EXPANSIONS)

    def stride(self) -> int:
        stride = self.random.choice((1, 1, 2))
        if self.reduction * stride > 32 and self.random.random() < 0.9:
            return 1
        self.reduction *= stride
        return stride

    def share(self) -> str | None:
        if self.random.random() < 0.5:
            return None
        return "0.25" if self.is_ordinary and self.random.random() < 0.8 else self.random.choice(_SHARES)

    def layers(self) -> int:
        return self.random.choice((1, 1, 2, 3))

    def chance(self, of: float) -> bool:
        return self.random.random() < of


def timm_case(seed: int) -> Case:
    """Strings alone, or stages of one or two."""
    random = Random(f"timm {seed}")
    draw = _Drawing(random)
    flag = random.choice(tuple(_ACTIVATIONS))
    stages = [
        [_timm_block(draw, flag, is_first=place == 0) for place in range(random.choice((1, 1, 2)))]
        for _ in range(random.randint(1, 4))
    ]
    is_list = draw.chance(0.5)
    text = repr(stages) if is_list else "\n".join(string for stage in stages for string in stage)
    stem = draw.channels() if draw.chance(0.5) else None
    return _case(draw, "timm", text, _ACTIVATIONS[flag], stem)


def _timm_block(draw: _Drawing, flag: str, *, is_first: bool) -> str:
    kind = draw.random.choice(("ir", "ir", "ir", "ds", "ds", "er", "er", "cn", "dsa"))
    kind = draw.random.choice(("uir", "mqa", "mha")) if draw.chance(0.01) else kind
    stride = draw.stride() if is_first or draw.chance(0.02) else 1
    flags = [f"r{draw.layers()}", f"k{draw.kernel()}", f"s{stride}", f"c{draw.channels()}"]
    if kind in ("ir", "er", "uir"):
        flags.append(f"e{draw.expansion()}")
    elif draw.chance(0.2):
        flags.append("e1")
    share = draw.share() if kind in ("ir", "er", "ds") else None
    flags += [f"se{share}"] if share else []
    flags += ["noskip"] if draw.chance(0.15) else ["skip"] if kind == "cn" and draw.chance(0.5) else []
    flags += [flag] if draw.chance(0.1) else []
    flags += [f"fc{draw.channels()}"] if kind == "er" and draw.chance(0.15) else []
    flags += [draw.random.choice(_STRANGE)] if draw.chance(0.02) else []
    draw.random.shuffle(flags)
    return "_".join([kind, *flags])


def automl_case(seed: int) -> Case:
    """Strings, whose strides are pairs in a third."""
    random = Random(f"automl {seed}")
    draw = _Drawing(random)
    times = 2 if draw.chance(0.3) else 1
    inputs, strings = draw.channels(), []
    for _ in range(random.randint(1, 4)):
        outputs = draw.channels()
        expansion = random.choice("12346") if draw.chance(0.97) else "1.5"
        flags = [f"r{draw.layers()}", f"k{draw.kernel()}", "s" + str(draw.stride()) * times, f"e{expansion}"]
        flags += [f"i{inputs}", f"o{outputs}"]
        share = draw.share()
        flags += [f"se{share}"] if share else []
        flags += [f"c{int(draw.chance(0.3 if times > 1 else 0.5))}"] if draw.chance(0.7) else []
        flags += ["noskip"] if draw.chance(0.2 if times > 1 else 0.02) else []
        flags += [random.choice(_STRANGE)] if draw.chance(0.02) else []
        random.shuffle(flags)
        strings.append("_".join(flags))
        inputs = outputs if draw.chance(0.97) else draw.channels()
    return _case(draw, "automl", "\n".join(strings), "silu", None)


def torchvision_case(seed: int) -> Case:
    """EfficientNet's classes, or MobileNetV2's rows."""
    random = Random(f"torchvision {seed}")
    draw = _Drawing(random)
    count = random.randint(1, 4)
    if draw.chance(0.4):
        rows = [f"[{draw.expansion()}, {draw.channels()}, {draw.layers()}, {draw.stride()}]" for _ in range(count)]
        return _case(draw, "torchvision", f"[{', '.join(rows)}]", "relu6", None)
    inputs, rows = draw.channels(), []
    for _ in range(count):
        name = "FusedMBConvConfig" if draw.chance(0.4) else "MBConvConfig"
        outputs = draw.channels()
        numbers = (draw.expansion(), draw.kernel(), draw.stride(), inputs, outputs, draw.layers())
        rows.append(f"{name}({', '.join(map(str, numbers))})")
        inputs = outputs if draw.chance(0.97) else draw.channels()
    return _case(draw, "torchvision", f"[{', '.join(rows)}]", "silu", None)


def _case(draw: _Drawing, notation: str, text: str, act: str, stem: int | None) -> Case:
    resolution = (draw.random.randint(33, 70), draw.random.randint(33, 70))
    return Case(notation, text, act, stem, draw.channels(), resolution)


CASES = {"timm": timm_case, "automl": automl_case, "torchvision": torchvision_case}
