"""Published architectures in the three notations: the numbers of the papers' tables, written down here."""

from __future__ import annotations

from typing import NamedTuple


class Definition(NamedTuple):
    """What is imported, with which options, and the shipped model that it is."""

    model: str
    notation: str
    text: str
    options: tuple[str, ...] = ()


# Kernel, stride, expansion, input and output channels, layers, squeeze-and-excitation.
Rows = tuple[tuple[int, int, int, int, int, int, bool], ...]

B0: Rows = (
    (3, 1, 1, 32, 16, 1, True),
    (3, 2, 6, 16, 24, 2, True),
    (5, 2, 6, 24, 40, 2, True),
    (3, 2, 6, 40, 80, 3, True),
    (5, 1, 6, 80, 112, 3, True),
    (5, 2, 6, 112, 192, 4, True),
    (3, 1, 6, 192, 320, 1, True),
)
V2_S_FUSED: Rows = (
    (3, 1, 1, 24, 24, 2, False),
    (3, 2, 4, 24, 48, 4, False),
    (3, 2, 4, 48, 64, 4, False),
)
V2_S_PLAIN: Rows = (
    (3, 2, 4, 64, 128, 6, True),
    (3, 1, 6, 128, 160, 9, True),
    (3, 2, 6, 160, 256, 15, True),
)
MOBILENET_V2: Rows = (
    (3, 1, 1, 32, 16, 1, False),
    (3, 2, 6, 16, 24, 2, False),
    (3, 2, 6, 24, 32, 3, False),
    (3, 2, 6, 32, 64, 4, False),
    (3, 1, 6, 64, 96, 3, False),
    (3, 2, 6, 96, 160, 3, False),
    (3, 1, 6, 160, 320, 1, False),
)
MNASNET_A1: Rows = (
    (3, 1, 1, 32, 16, 1, False),
    (3, 2, 6, 16, 24, 2, False),
    (5, 2, 3, 24, 40, 3, True),
    (3, 2, 6, 40, 80, 4, False),
    (3, 1, 6, 80, 112, 2, True),
    (5, 2, 6, 112, 160, 3, True),
    (3, 1, 6, 160, 320, 1, False),
)


def as_timm(rows: Rows, fused: Rows = (), first: str = "") -> str:
    """A list of stages, each a list of one string; `first` are further flags of the first block."""
    strings = []
    for index, (kernel, stride, expansion, _, channels, layers, se) in enumerate([*fused, *rows]):
        is_fused = index < len(fused)
        kind = ("cn" if expansion == 1 else "er") if is_fused else ("ds" if expansion == 1 else "ir")
        flags = [kind, f"r{layers}", f"k{kernel}", f"s{stride}", f"e{expansion}", f"c{channels}"]
        flags += ["se0.25"] if se else []
        flags += ["skip"] if kind == "cn" else []
        flags += [first] if first and index == 0 else []
        strings.append(f"    ['{'_'.join(flags)}'],")
    return "\n".join(["arch_def = [", *strings, "]", ""])


def as_automl(rows: Rows, fused: Rows = (), *, pairs: bool = False, first: str = "") -> str:
    """Block strings, one a line; strides as pairs of digits, as the first version had them, or single digits."""
    lines = []
    for index, (kernel, stride, expansion, inputs, channels, layers, se) in enumerate([*fused, *rows]):
        strides = str(stride) * (2 if pairs else 1)
        line = f"r{layers}_k{kernel}_s{strides}_e{expansion}_i{inputs}_o{channels}"
        line += "_se0.25" if se else ""
        line += "_c1" if index < len(fused) else ""
        lines.append(line + (f"_{first}" if first and index == 0 else ""))
    return "\n".join(lines) + "\n"


def as_torchvision(rows: Rows, fused: Rows = ()) -> str:
    """A list of constructor calls."""
    lines = [f"    FusedMBConvConfig({e}, {k}, {s}, {i}, {o}, {n})," for k, s, e, i, o, n, _ in fused]
    lines += [f"    MBConvConfig({e}, {k}, {s}, {i}, {o}, {n})," for k, s, e, i, o, n, _ in rows]
    return "\n".join(["inverted_residual_setting = [", *lines, "]", ""])


def as_settings(rows: Rows) -> str:
    """torchvision's rows of four numbers."""
    return "[\n    # t, c, n, s\n" + "".join(f"    [{e}, {o}, {n}, {s}],\n" for _, s, e, _, o, n, _ in rows) + "]\n"


V2_S = ("--resolution", "384")
DEFINITIONS = (
    Definition("efficientnet_b0", "timm", as_timm(B0)),
    Definition("efficientnet_b0", "automl", as_automl(B0, pairs=True)),
    Definition("efficientnet_b0", "torchvision", as_torchvision(B0)),
    Definition("efficientnetv2_s", "timm", as_timm(V2_S_PLAIN, V2_S_FUSED), (*V2_S, "--stem", "24")),
    Definition("efficientnetv2_s", "automl", as_automl(V2_S_PLAIN, V2_S_FUSED), V2_S),
    Definition("efficientnetv2_s", "torchvision", as_torchvision(V2_S_PLAIN, V2_S_FUSED), V2_S),
    Definition("mobilenetv2_100", "timm", as_timm(MOBILENET_V2, first="nr6"), ("--act", "relu6")),
    Definition("mobilenetv2_100", "automl", as_automl(MOBILENET_V2, pairs=True), ("--act", "relu6")),
    Definition("mobilenetv2_100", "torchvision", as_settings(MOBILENET_V2), ("--act", "relu6")),
    Definition("mnasnet_a1_100", "timm", as_timm(MNASNET_A1, first="noskip"), ("--act", "relu")),
    Definition("mnasnet_a1_100", "automl", as_automl(MNASNET_A1, pairs=True, first="noskip"), ("--act", "relu")),
)
