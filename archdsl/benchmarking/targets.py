"""What a network can be run by. Nothing here imports torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Purpose = Literal["inference", "training"]
PURPOSES: tuple[Purpose, ...] = ("inference", "training")
# How far outputs may be from those of our module in eager float32, as the norm of the difference over that of the
# output. Of int8 only that something of the network is left.
FLOAT32, BFLOAT16, INT8 = 1e-3, 1e-1, 1.0


@dataclass(frozen=True)
class Target:
    """A way to run a module.

    `packages` are needed besides torch, by the names of their modules. `exported` is the target of `archdsl export`
    that it is made by, if it is. `is_ours` marks what only our networks have.
    """

    name: str
    doc: str
    packages: tuple[str, ...] = ()
    exported: str | None = None
    trains: bool = False
    is_ours: bool = False
    is_int8: bool = False
    on_cuda: bool = False

    @property
    def tolerance(self) -> float:
        """In float32, or int8."""
        return INT8 if self.is_int8 else FLOAT32


TARGETS: tuple[Target, ...] = (
    Target("eager", "PyTorch as it is", trains=True, on_cuda=True),
    Target("channels_last", "PyTorch, channels last in memory", trains=True, on_cuda=True),
    Target("folded", "PyTorch, batch norms folded (ours alone)", is_ours=True, on_cuda=True),
    Target("compiled", "torch.compile, channels last; with freezing at inference", trains=True, on_cuda=True),
    Target("compile_model", "the emitted `compile_model` (ours alone)", trains=True, is_ours=True, on_cuda=True),
    Target("regional", "`archdsl.compile_regions` (ours alone)", trains=True, is_ours=True, on_cuda=True),
    Target("fused", "PyTorch, what `export --to fused` writes (ours alone)", exported="fused", is_ours=True),
    Target("aotinductor", "torch's compiler, ahead of time", exported="aotinductor"),
    Target("onnxruntime", "ONNX Runtime", ("onnx", "onnxscript", "onnxruntime"), exported="onnx"),
    Target("openvino", "OpenVINO, in float32", ("openvino",), exported="openvino"),
    Target(
        "onnxruntime_int8",
        "ONNX Runtime, its own quantization",
        ("onnx", "onnxscript", "onnxruntime"),
        exported="onnx",
        is_int8=True,
    ),
    Target("openvino_int8", "OpenVINO, quantized by NNCF", ("openvino", "nncf"), exported="openvino", is_int8=True),
)
BY_NAME = {target.name: target for target in TARGETS}
# Names for several.
GROUPS = {"int8": ("onnxruntime_int8", "openvino_int8")}
