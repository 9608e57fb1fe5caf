"""Every operator in every backend: none is without a rule, and each rule gives something that can be."""

from __future__ import annotations

import math

import pytest
import torch

import archdsl
from archdsl.backends import receptive_field
from archdsl.backends.latency import eager, onnx_runtime
from archdsl.backends.latency.kernel import FAMILIES
from archdsl.backends.latency.profile import shipped_profiles
from archdsl.backends.memory import operators as memory
from archdsl.backends.pytorch import operators as pytorch
from archdsl.backends.pytorch import steps
from archdsl.ir.operators import CLASSES, PRIMITIVES
from archdsl.ir.operators.activation import Prelu
from archdsl.ir.operators.table import RuleTable
from archdsl.ir.walk import walk
from tests.operators import SAMPLES, TEXTS

TABLES = [
    eager.RULES,
    memory.RULES,
    onnx_runtime.RULES,
    pytorch.MAPS,
    pytorch.VECTORS,
    receptive_field.RULES,
    steps.OUT_CHANNELS,
]


@pytest.mark.parametrize("table", TABLES, ids=[table.backend for table in TABLES])
def test_no_operator_is_without_a_rule(table: RuleTable[object]) -> None:
    assert table.missing == []


def test_no_operator_is_without_a_sample() -> None:
    assert {kind for kind, _ in SAMPLES} == set(PRIMITIVES)


def network(operator: str) -> archdsl.Network:
    return archdsl.loads(f"model net {{ input = 3 x 17 x 20\nstem = conv(24, 3) -> {operator} }}")


@pytest.mark.parametrize("operator", TEXTS)
def test_is_built_as_it_is_counted(operator: str) -> None:
    net = network(operator)
    module = net.build()
    assert sum(parameter.numel() for parameter in module.parameters()) == net.params
    assert module(torch.randn(2, 3, 17, 20)).numel() == 2 * net.architecture.output.elements


@pytest.mark.parametrize("operator", TEXTS)
@pytest.mark.parametrize("training", [False, True])
def test_takes_memory(operator: str, training: bool) -> None:
    """At least what the convolution before it puts out."""
    assert network(operator).memory(2, training=training).peak.total >= 2 * 4 * 24 * 17 * 20


@pytest.mark.parametrize("device", shipped_profiles())
@pytest.mark.parametrize("operator", TEXTS)
def test_takes_time(operator: str, device: str) -> None:
    """No time at all takes only what does nothing, is a view, or becomes part of the convolution before it."""
    net = network(operator)
    seconds = net.latency(device, batch=2).seconds
    alone = archdsl.loads("model net { input = 3 x 17 x 20\nstem = conv(24, 3) }").latency(device, batch=2).seconds
    kind = operator.partition("(")[0]
    is_free = kind in ("identity", "dropout", "drop_path", "flatten", "chunk")
    is_fused = "onnxruntime" in device and kind in (*onnx_runtime.FUSED, "batch_norm", "channel_gain")
    assert math.isfinite(seconds)
    assert seconds > alone or is_free or is_fused


@pytest.mark.parametrize("operator", TEXTS)
def test_sees_something(operator: str) -> None:
    (field,) = receptive_field.receptive_fields(network(operator).architecture).values()
    assert field.sees_all or (field.height or 0) >= 3


def test_every_kernel_has_a_kind() -> None:
    for operator in TEXTS:
        for visit in walk(network(operator).architecture):
            for kernel in (*eager.kernels(visit, 2), *eager.kernels(visit, 2, training=True)):
                assert kernel.family in FAMILIES


def test_a_table_has_one_rule_for_each() -> None:
    table: RuleTable[str] = RuleTable("a backend")
    table.rule(*CLASSES[1:])("all but one")
    assert table.missing == [CLASSES[0].__name__]
    with pytest.raises(ValueError, match="a backend has two rules for Prelu"):
        table.rule(Prelu)("again")
