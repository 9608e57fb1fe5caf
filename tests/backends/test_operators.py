"""Every operator in every backend: none is without a rule, and each rule gives something that can be."""

from __future__ import annotations

import importlib
import math
import pkgutil
import re
from functools import cache
from types import ModuleType
from typing import Any, get_args

import pytest
import torch

import archdsl
from archdsl import dilation
from archdsl.backends import receptive_field
from archdsl.backends.latency import eager, onnx_runtime
from archdsl.backends.latency.kernel import FAMILIES
from archdsl.backends.latency.profile import shipped_profiles
from archdsl.backends.memory import operators as memory
from archdsl.backends.pytorch import channels
from archdsl.backends.pytorch import lines as pytorch_lines
from archdsl.backends.pytorch import operators as pytorch
from archdsl.backends.pytorch.state import state
from archdsl.ir import operators
from archdsl.ir.architecture import Architecture
from archdsl.ir.base import Shape
from archdsl.ir.formula import Name
from archdsl.ir.operators import CLASSES, PRIMITIVES, Operator, lines
from archdsl.ir.operators.activation import Prelu
from archdsl.ir.operators.table import RuleTable
from archdsl.ir.walk import walk
from archdsl.weights import aten
from archdsl.weights.trace import trace
from tests.operators import SAMPLES, TEXTS, loads, made, text
from tests.samples import of_positive

# By the file that a missing rule goes into.
TABLES: list[tuple[ModuleType, RuleTable[Any]]] = [
    (aten, aten.RULES),
    (channels, channels.OUT_CHANNELS),
    (dilation, dilation.RULES),
    (eager, eager.RULES),
    (memory, memory.RULES),
    (onnx_runtime, onnx_runtime.RULES),
    (lines, lines.ON_LINES),
    (pytorch_lines, pytorch_lines.LINES),
    (pytorch, pytorch.MAPS),
    (pytorch, pytorch.VECTORS),
    (receptive_field, receptive_field.RULES),
]


@pytest.mark.parametrize(("file", "table"), TABLES, ids=[table.backend for _, table in TABLES])
def test_no_operator_is_without_a_rule(file: ModuleType, table: RuleTable[Any]) -> None:
    path = f"{file.__name__.replace('.', '/')}.py"
    assert not table.missing, f"{path} has no rule of {table.backend} for {', '.join(table.missing)}"


def test_no_operator_is_left_out_of_the_list() -> None:
    """Every class in `archdsl/ir/operators/` that has a name in the language is one of `Primitive`."""
    found: list[type[Operator]] = [Operator]
    for file in pkgutil.iter_modules(operators.__path__, f"{operators.__name__}."):
        importlib.import_module(file.name)
    for base in found:
        if base not in CLASSES:
            found += [each for each in base.__subclasses__() if each.__module__.startswith(operators.__name__)]
    named = {operator for operator in found if get_args(operator.model_fields["kind"].annotation)}
    unlisted = ", ".join(operator.__name__ for operator in named - set(CLASSES))
    assert not unlisted, f"archdsl/ir/operators/__init__.py does not list {unlisted}"


def test_no_operator_is_without_a_sample() -> None:
    missing = ", ".join(set(PRIMITIVES) - {kind for kind, _ in SAMPLES})
    assert not missing, f"tests/operators.py has no sample of {missing}"


# What only looks at a tensor in another way.
_VIEWS = ("chunk", "slice", "crop", "transpose")


@cache
def network(operator: str) -> archdsl.Network:
    return loads(f"model net {{ input = 3 x 17 x 20\nstem = conv(24, 3) -> {of_positive(operator)} }}")


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
    is_free = kind in ("identity", "dropout", "drop_path", "flatten", *_VIEWS)
    is_fused = "onnxruntime" in device and kind in (*onnx_runtime.FUSED, "batch_norm", "channel_gain", "channel_bias")
    assert math.isfinite(seconds)
    assert seconds > alone or is_free or is_fused


@pytest.mark.parametrize("operator", TEXTS)
def test_sees_what_a_gradient_reaches(operator: str) -> None:
    """The gradient of one position leads to its receptive field alone, or beyond where that says the whole image."""
    net = network(operator)
    (field,) = receptive_field.receptive_fields(net.architecture).values()
    images = torch.randn(1, 3, 17, 20, requires_grad=True, generator=torch.Generator().manual_seed(0))
    module = net.build().eval()
    for weight in module.parameters():
        if weight.min() == weight.max():
            torch.nn.init.uniform_(weight, 0.5, 1.5)  # a factor that begins at zero hides what it is a factor of
    maps = module(images)
    maps = maps[:, :, None, None] if maps.dim() == 2 else maps
    position = maps[0, :, maps.shape[2] // 2, maps.shape[3] // 2]
    weights = torch.randn(position.shape, generator=torch.Generator().manual_seed(1))
    (gradient,) = torch.autograd.grad((position * weights).sum(), images)
    rows, columns = (gradient[0].abs().sum(0) > 1e-9).nonzero().T
    reached = int(rows.max() - rows.min()) + 1, int(columns.max() - columns.min()) + 1
    local = field.height or 3, field.width or 3
    is_local = reached[0] <= local[0] and reached[1] <= local[1]
    assert is_local != field.sees_all, (reached, field)


@pytest.mark.parametrize(("kind", "arguments"), SAMPLES, ids=TEXTS)
def test_is_seen_in_a_trace(kind: str, arguments: dict[str, Any]) -> None:
    """What stands between two convolutions reads its weights as its entry says, or activates the second so."""
    operator = made(kind, arguments)
    seen = aten.RULES[operator]
    net = network(f"{text(kind, arguments)} -> conv(4)")
    first, *between, last = trace(net.build(), (3, 17, 20)).operators
    assert {each.kind for each in between} <= set(seen.reads.values())
    assert bool(between) == bool(operator.parameters(Shape(24, 17, 20)) or operator.state(Shape(24, 17, 20)))
    found = set(last.constants["after"].split(", ")) - {"no activation"}
    assert found <= seen.activations
    assert bool(found) == (bool(seen.activations) and kind != "identity")
    assert first.kind == last.kind == "convolution"


STRIDED = """
block unit(channels) {
  out = in -> conv(channels, 3, stride = 2) -> OPERATOR -> conv(4)
}

model net {
  input = 3 x 34 x 40
  stages {
    | op   | channels | layers |
    | unit | 24       | 1      |
  }
}
"""


@pytest.mark.parametrize("operator", TEXTS)
def test_is_dilated_or_refused(operator: str) -> None:
    """Behind a stride that is taken out a layer gets a denser map, which holds the old one, unless it is refused."""
    plain = loads(STRIDED.replace("OPERATOR", of_positive(operator)))
    before, dense = plain.build().double().eval(), plain.build().double().eval()
    dense.load_state_dict(before.state_dict())
    try:
        dilation.dilate(dense, plain.architecture, 1)
    except ValueError as error:
        assert "output_stride: stages.0.0" in str(error)  # noqa: PT017
        return
    images = torch.randn(1, 3, 34, 40, dtype=torch.float64)
    with torch.no_grad():
        expected, found = before(images), dense(images)
    step = -(-found.shape[2] // expected.shape[2])
    # What is computed from the whole map or from shares of it, or has the zeros of `same`, is another on a denser one,
    # in timm too.
    (field,) = receptive_field.receptive_fields(network(operator).architecture).values()
    if not field.sees_all and not operator.startswith("adaptive") and "padding = same" not in operator:
        torch.testing.assert_close(found[..., ::step, ::step], expected, rtol=1e-9, atol=1e-9)


def series(operator: str) -> tuple[archdsl.Network, Architecture]:
    """A network with an operator on series, and the same on maps of height 1; the test is over where it is refused."""
    try:
        net = loads(f"model net {{ input = 3 x 40\nstem = conv(24, 3) -> {of_positive(operator)} }}")
    except archdsl.DiagnosticError as error:
        assert re.search("series|channels x length", error.diagnostics[0].message)  # noqa: PT017
        pytest.skip("no layer of series")
    return net, Architecture.model_validate(net.architecture.model_dump())


@pytest.mark.parametrize("operator", TEXTS)
def test_on_series_is_what_it_is_on_maps_of_height_one(operator: str) -> None:
    """Built of modules of one dimension, with weights of one, and the same in numbers and counts."""
    net, flat = series(operator)
    ours, theirs = net.build().eval(), archdsl.Network(flat).build().eval()
    for module in theirs.modules():
        if isinstance(module, torch.nn.Upsample):
            module.scale_factor = (1.0, module.scale_factor)
    sizes = {key: tensor.shape for key, tensor in theirs.state_dict().items()}
    theirs.load_state_dict({key: tensor.reshape(sizes[key]) for key, tensor in ours.state_dict().items()})
    assert not any("2d" in type(module).__name__ for module in ours.modules())
    assert net.architecture.costs.model() == flat.costs.model()
    assert state(net.architecture) == {key: tuple(tensor.shape) for key, tensor in ours.state_dict().items()}
    x = torch.randn(2, 3, 40, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        found, expected = ours(x), theirs(x[:, :, None])
    sizes_out = net.architecture.output.sizes
    assert tuple(found.shape[1:]) == (sizes_out if found.dim() == 3 else sizes_out[:1])
    torch.testing.assert_close(found.flatten(1), expected.flatten(1))


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


@pytest.mark.parametrize(("kind", "arguments"), SAMPLES)
def test_what_takes_vectors_has_a_module_on_them(kind: str, arguments: dict[str, Any]) -> None:
    """A head is divided by what the operators say, before any backend is asked."""
    operator = made(kind, arguments)
    attributes = {name: Name(name) for name in ("in_channels", *type(operator).model_fields)}
    assert operator.takes_vectors == (pytorch.vector_module(operator, attributes) is not None)
