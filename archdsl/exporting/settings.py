"""What can be asked of an export. Nothing here imports torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Dtype = Literal["float32", "bf16"]
DTYPES: tuple[Dtype, ...] = ("float32", "bf16")

# How far outputs may be from the module's, as the norm of the difference over the norm of the output.
TOLERANCES: Mapping[Dtype, float] = {"float32": 1e-4, "bf16": 1e-1}


@dataclass(frozen=True)
class TargetFacts:
    """What is known of a target before its tool is imported.

    `writer` is its tool, the module and the function that write it; what they import may be missing. `packages` are
    needed besides torch, by the names of their modules; `also` are the suffixes of files beside the one that is named.
    `computes_in` are the types that it can be exported in, `quantizes` what makes int8 of it. In some the groups of a
    convolution are a number, which may not depend on the batch (not `has_free_groups`), or the windows of a pooling to
    a given size are, which may not depend on the resolution (not `has_free_windows`). What has not
    `has_several_inputs` is for networks of one.
    """

    name: str
    suffix: str
    doc: str
    writer: str
    packages: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    computes_in: tuple[Dtype, ...] = DTYPES
    quantizes: tuple[str, ...] = ()
    has_free_sizes: bool = True
    has_free_groups: bool = True
    has_free_windows: bool = True
    has_several_inputs: bool = True


TARGETS: tuple[TargetFacts, ...] = (
    TargetFacts(
        "onnx",
        ".onnx",
        "ONNX, for ONNX Runtime and many others",
        "archdsl.exporting.onnx:write",
        ("onnx", "onnxscript", "onnxruntime"),
        # ONNX Runtime has no convolutions in bfloat16 on a CPU, so nothing could be compared.
        computes_in=("float32",),
        quantizes=("onnxruntime",),
        has_free_groups=False,
        has_free_windows=False,
    ),
    TargetFacts(
        "torch",
        ".pt2",
        "a program of torch.export, which torch runs without this network's source",
        "archdsl.exporting.torch_program:write",
    ),
    TargetFacts(
        "openvino",
        ".xml",
        "OpenVINO, an .xml with a .bin",
        "archdsl.exporting.openvino_ir:write",
        ("openvino",),
        also=(".bin",),
        computes_in=("float32",),
        quantizes=("nncf",),
    ),
    TargetFacts(
        "source",
        ".py",
        "PyTorch source for inference, with a .safetensors",
        "archdsl.exporting.source:write",
        ("safetensors",),
        also=(".safetensors",),
    ),
    TargetFacts(
        "fused",
        ".py",
        "PyTorch source that is fast on a CPU without a compiler, with a .safetensors",
        "archdsl.exporting.source:write_fused",
        ("safetensors",),
        also=(".safetensors",),
        has_several_inputs=False,
    ),
    TargetFacts(
        "aotinductor",
        ".pt2",
        "a library that torch compiles for this machine, in a .pt2",
        "archdsl.exporting.torch_program:compile_ahead",
        has_free_sizes=False,
    ),
)


def facts_of(name: str) -> TargetFacts:
    """Raises ValueError for a target that there is not."""
    for target in TARGETS:
        if target.name == name:
            return target
    raise ValueError(f"there is no target {name!r}; there are {', '.join(target.name for target in TARGETS)}")


@dataclass(frozen=True)
class Settings:
    """How a network is exported.

    `batch` and `resolution` are None where they are left free; `resolution` is the network's own where it is ().
    `calibration` is a folder of images that int8 is fitted to.
    """

    to: str
    batch: int | None = 1
    resolution: tuple[int, int] | tuple[()] | None = ()
    dtype: Dtype = "float32"
    normalization: str | None = None
    is_int8: bool = False
    calibration: str | None = None
