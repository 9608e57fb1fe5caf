"""Ten mistakes, each made in the same small network as four tools have it: what `write_comparison.py` runs."""

from __future__ import annotations

from typing import NamedTuple

ARCHDSL = """\
model net {
  input   = 3 x 64 x 64
  classes = 10
  act     = silu

  stem = conv_norm_act(32, kernel = 3, stride = 2)

  stages {
    | op     | kernel | stride | expansion | channels | layers | se   |
    | mbconv | 3      | 1      | 1         | 16       | 1      | 0.25 |
    | mbconv | 3      | 2      | 6         | 24       | 2      | 0.25 |
    | mbconv | 5      | 2      | 6         | 40       | 2      | 0.25 |
  }

  head = conv_norm_act(1280) -> global_avg_pool -> linear(classes)

  require params == 132K +- 1%
}
"""
TIMM = """\
blocks = [
    ["ds_r1_k3_s1_e1_c16_se0.25"],
    ["ir_r2_k3_s2_e6_c24_se0.25"],
    ["ir_r2_k5_s2_e6_c40_se0.25"],
]
net = EfficientNet(decode_arch_def(blocks), stem_size=32, act_layer=nn.SiLU, num_classes=10)
"""
ULTRALYTICS = """\
nc: 10
activation: nn.SiLU()
backbone:
  - [-1, 1, Conv, [32, 3, 2]]
  - [-1, 1, C2f, [16, True]]
  - [-1, 1, Conv, [24, 3, 2]]
  - [-1, 2, C2f, [24, True]]
  - [-1, 1, Conv, [40, 5, 2]]
head:
  - [-1, 1, Classify, [nc]]
"""
PYTORCH = """\
class SqueezeExcite(nn.Module):
    def __init__(self, channels, squeezed):
        super().__init__()
        self.gate = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Conv2d(channels, squeezed, 1), nn.SiLU(),
            nn.Conv2d(squeezed, channels, 1), nn.Sigmoid(),
        )

    def forward(self, x):
        return x * self.gate(x)


class MBConv(nn.Module):
    def __init__(self, before, channels, kernel=3, stride=1, expansion=6, se=0.25):
        super().__init__()
        hidden = before * expansion
        expand = [nn.Conv2d(before, hidden, 1, bias=False), nn.BatchNorm2d(hidden), nn.SiLU()]
        self.main = nn.Sequential(
            *(expand if expansion != 1 else []),
            nn.Conv2d(hidden, hidden, kernel, stride, kernel // 2, groups=hidden, bias=False),
            nn.BatchNorm2d(hidden), nn.SiLU(),
            SqueezeExcite(hidden, round(before * se)),
            nn.Conv2d(hidden, channels, 1, bias=False), nn.BatchNorm2d(channels),
        )
        self.is_residual = stride == 1 and before == channels

    def forward(self, x):
        return x + self.main(x) if self.is_residual else self.main(x)


net = nn.Sequential(
    nn.Conv2d(3, 32, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(32), nn.SiLU(),
    MBConv(32, 16, kernel=3, stride=1, expansion=1, se=0.25),
    MBConv(16, 24, kernel=3, stride=2, expansion=6, se=0.25),
    *[MBConv(24, 24) for _ in range(1)],
    MBConv(24, 40, kernel=5, stride=2, expansion=6, se=0.25),
    *[MBConv(40, 40, kernel=5) for _ in range(1)],
    nn.Conv2d(40, 1280, 1, bias=False), nn.BatchNorm2d(1280), nn.SiLU(),
    nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1280, 10),
)
"""
TOOLS = {"archdsl": ARCHDSL, "timm": TIMM, "Ultralytics": ULTRALYTICS, "PyTorch": PYTORCH}
# Without `python`: formatters would lay out these blocks, which are parts of a text.
LANGUAGES = {"archdsl": "", "timm": "", "Ultralytics": "yaml", "PyTorch": ""}


class Edit(NamedTuple):
    """A piece of the sound network and what the mistake makes of it; an empty piece is the very beginning."""

    before: str
    after: str


Edits = tuple[Edit, ...]


class Mistake(NamedTuple):
    """A mistake in each tool; a text instead of edits says why it cannot be made there."""

    title: str
    archdsl: Edits
    timm: Edits | str
    ultralytics: Edits
    pytorch: Edits


def _edit(before: str, after: str) -> Edits:
    return (Edit(before, after),)


_ROW = "    | mbconv | 3      | 2      | 6         | 24       | 2      | 0.25 |"
_LAST = "    | mbconv | 5      | 2      | 6         | 40       | 2      | 0.25 |"
_HEADER = "    | op     | kernel | stride | expansion | channels | layers | se   |"
_PLAIN = "    | plain  | -      | 1      | -         | 40       | 2      | -    |"
_BLOCK = """\
block plain(channels, stride = 1) {
  main = in -> conv(channels, 3, stride = stride) -> norm
  out  = if stride == 1 then in + main else main
}
"""

MISTAKES = (
    Mistake(
        "A misspelt block",
        _edit(_ROW, _ROW.replace("mbconv", "mbcnv ")),
        _edit('"ir_r2_k3', '"irr_r2_k3'),
        _edit("2, C2f", "2, C2ff"),
        _edit("MBConv(16, 24", "MBCnv(16, 24"),
    ),
    Mistake(
        "A misspelt option",
        _edit(_HEADER, _HEADER.replace("se   |", "sse  |")),
        _edit("c24_se0.25", "c24_sse0.25"),
        _edit("[24, True]", "[24, Ture]"),
        _edit("24, kernel=3, stride=2, expansion=6, se=", "24, kernel=3, stride=2, expansion=6, sse="),
    ),
    Mistake(
        "A misspelt activation",
        _edit("  act     = silu", "  act     = siluu"),
        _edit("c24_se0.25", "c24_se0.25_nws"),
        _edit("activation: nn.SiLU()", "activation: nn.SiLUU()"),
        _edit("nn.BatchNorm2d(32), nn.SiLU(),", "nn.BatchNorm2d(32), nn.SiLUU(),"),
    ),
    Mistake(
        "A shortcut around a change of channels",
        (Edit("", _BLOCK), Edit(_LAST, _PLAIN)),
        "the strings have no word for a shortcut: the builder makes one where it fits",
        _edit("head:", "  - [[-1, 2], 1, Concat, [1]]\nhead:"),
        _edit("stride == 1 and before == channels", "stride == 1"),
    ),
    Mistake(
        "Groups that do not divide the channels",
        _edit("conv_norm_act(1280)", "conv(1280, groups = 7) -> norm -> act"),
        _edit("ir_r2_k5_s2_e6_c40_se0.25", "er_r2_k5_s2_e6_c40_gs7"),
        _edit("[40, 5, 2]", "[40, 5, 2, null, 7]"),
        _edit("nn.Conv2d(40, 1280, 1, bias", "nn.Conv2d(40, 1280, 1, groups=7, bias"),
    ),
    Mistake(
        "A stride too large for what comes after",
        (
            Edit(_ROW, _ROW.replace("3      | 2 ", "3      | 8 ")),
            Edit("conv_norm_act(1280)", "conv(1280, 7, padding = valid) -> norm -> act"),
        ),
        _edit("k3_s2", "k3_s8"),
        (Edit("[24, 3, 2]", "[24, 3, 8]"), Edit("[40, 5, 2]", "[40, 5, 2, 0]")),
        (
            Edit("24, kernel=3, stride=2", "24, kernel=3, stride=8"),
            Edit("nn.Conv2d(40, 1280, 1, bias", "nn.Conv2d(40, 1280, 7, bias"),
        ),
    ),
    Mistake(
        "Channels left out",
        _edit(_ROW, _ROW.replace("| 24 ", "| -  ")),
        _edit("e6_c24_se0.25", "e6_se0.25"),
        _edit("Conv, [24, 3, 2]", "Conv, []"),
        _edit("MBConv(16, 24, kernel", "MBConv(16, kernel"),
    ),
    Mistake(
        "Two and a half layers",
        _edit(_ROW, _ROW.replace("| 2      | 0.25", "| 2.5    | 0.25")),
        _edit('"ir_r2_k3', '"ir_r2.5_k3'),
        _edit("2, C2f", "2.5, C2f"),
        _edit("MBConv(24, 24) for _ in range(1)", "MBConv(24, 24) for _ in range(1.5)"),
    ),
    Mistake(
        "A digit too many",
        _edit(_LAST, _LAST.replace("| 40 ", "| 400")),
        _edit("e6_c40", "e6_c400"),
        _edit("[40, 5, 2]", "[400, 5, 2]"),
        _edit("MBConv(24, 40, ", "MBConv(24, 400, "),
    ),
    Mistake(
        "A value too few",
        _edit(_ROW, _ROW.replace(" 6         |", "")),
        _edit("ir_r2_k3_s2_e6_c24", "ir_r2_k3_e6_c24"),
        _edit("[-1, 2, C2f, [24, True]]", "[-1, C2f, [24, True]]"),
        _edit("nn.Conv2d(40, 1280, 1, bias", "nn.Conv2d(40, 1280, bias"),
    ),
)  # fmt: skip


def made(text: str, edits: Edits) -> str:
    """A network with a mistake in it."""
    for edit in edits:
        if not edit.before:
            text = edit.after + text
        elif text.count(edit.before) != 1:
            raise ValueError(f"{edit.before!r} stands {text.count(edit.before)} times in the network")
        else:
            text = text.replace(edit.before, edit.after)
    return text
