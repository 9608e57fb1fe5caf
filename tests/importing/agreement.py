"""A definition as it is imported, against the network that its own library builds of it: equal outputs on equal
weights, or a refusal that names the place."""

from __future__ import annotations

import ast
import re
from typing import Any

import torch
from torch import nn

import archdsl
from archdsl.diagnostics import DiagnosticError, Source
from archdsl.importing.writer import Frame, imported
from archdsl.torchvision_operators import declare_torchvision_operators
from tests.importing import automl_network
from tests.importing.drawing import Case
from tests.peers.zoo import copy_weights, relative_error


def refusal_or_difference(case: Case) -> tuple[str | None, str | None]:
    """Why a case is refused, if it is, and how it differs, if it does."""
    frame = Frame("imported", case.notation, _act(case), case.stem, case.head, case.resolution)
    try:
        text = imported(Source("text", case.text), frame)
    except DiagnosticError as failure:
        if any(problem.span is None or problem.span.source.name != "text" for problem in failure.diagnostics):
            return None, f"refused without a place: {failure.diagnostics}"
        return failure.diagnostics[0].message, None
    ours = archdsl.loads(text).build().double().eval()
    try:
        theirs = _theirs(case).double().eval()
        copy_weights(_settled(theirs), ours)
        with torch.inference_mode():
            images = torch.randn(2, 3, *case.resolution, dtype=torch.float64)
            error = relative_error(theirs(images), ours(images))
    except Exception as problem:  # Whatever either says: it is a difference.
        return None, f"{type(problem).__name__}: {problem}\n{text}"
    return None, None if error < 1e-9 else f"outputs differ by {error}\n{text}"


def is_built(case: Case) -> bool:
    """Whether the library builds a network of a case that takes an image."""
    try:
        with torch.inference_mode():
            _theirs(case).eval()(torch.randn(1, 3, *case.resolution))
    except Exception:  # Whatever it says: it does not.
        return False
    return True


def _act(case: Case) -> str | None:
    """torchvision's and google/automl's activations are their own."""
    return case.act if case.notation == "timm" else None


def _theirs(case: Case) -> nn.Module:
    declare_torchvision_operators()
    match case.notation:
        case "timm":
            return _timm(case)
        case "automl":
            return automl_network.network(case.text.split(), case.head)
    return _torchvision(case)


def _timm(case: Case) -> nn.Module:
    from timm.layers import get_act_layer
    from timm.models._efficientnet_builder import decode_arch_def
    from timm.models.efficientnet import EfficientNet

    stages = ast.literal_eval(case.text) if case.text.startswith("[") else [[string] for string in case.text.split()]
    act = get_act_layer({"silu": "swish"}.get(case.act, case.act))
    made: nn.Module = EfficientNet(
        decode_arch_def(stages), num_features=case.head, stem_size=case.stem or 32, act_layer=act
    )
    return made


def _torchvision(case: Case) -> nn.Module:
    from torchvision.models import efficientnet, mobilenetv2

    if case.text.startswith("[["):
        rows = ast.literal_eval(case.text)
        network = mobilenetv2.MobileNetV2(inverted_residual_setting=rows)
        # The width before the pooling is not an argument.
        channels = network.features[-2].out_channels
        network.features[-1] = mobilenetv2.Conv2dNormActivation(
            channels, case.head, kernel_size=1, norm_layer=nn.BatchNorm2d, activation_layer=nn.ReLU6
        )
        network.classifier[1] = nn.Linear(case.head, 1000)
        return network
    rows = []
    for name, numbers in re.findall(r"(\w+)\(([^)]*)\)", case.text):
        arguments: Any = ast.literal_eval(f"[{numbers}]")
        rows.append(getattr(efficientnet, name)(*arguments))
    return efficientnet.EfficientNet(rows, dropout=0.0, last_channel=case.head)


def _settled(model: nn.Module) -> nn.Module:
    """Gives every normalization an affine part that can be seen."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.8, 1.2)
            nn.init.uniform_(module.bias, -0.3, 0.3)
    return model
