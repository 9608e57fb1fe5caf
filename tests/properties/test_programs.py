"""Generated programs, compiled, emitted and run: whatever the IR says of a network, the emitted module does."""

from __future__ import annotations

from typing import Any

import networkx
import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from archdsl.backends.pytorch import emit
from archdsl.compiler import compile_source
from archdsl.diagnostics import Source
from archdsl.ir.architecture import Architecture
from archdsl.ir.cost import Costs
from tests.properties.programs import programs
from tests.properties.reference import Reference

RUN = settings(deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)


def architectures_of(text: str) -> tuple[Architecture, ...]:
    """The networks of a program that are small enough to run; none when the compiler refuses it."""
    compiled = compile_source(Source("program.arch", text))
    costs = [Costs(a).model() for a in compiled.architectures]
    return compiled.architectures if all(c.params < 2e6 and c.macs < 2e8 for c in costs) else ()


def functions_of(source: str) -> dict[str, Any]:
    """The names that an emitted file defines."""
    namespace: dict[str, Any] = {"__name__": "emitted"}
    exec(compile(source, "<emitted>", "exec"), namespace)
    return namespace


@settings(RUN, max_examples=150)
@given(programs)
def test_the_module_is_what_the_ir_says(text: str) -> None:
    architectures = architectures_of(text)
    assume(architectures)
    check(architectures)


def check(architectures: tuple[Architecture, ...]) -> None:
    """Everything that must hold for the networks of one file."""
    source = emit(architectures, "program.arch")
    again = tuple(Architecture.from_json(a.to_json()) for a in architectures)
    assert again == architectures
    assert emit(again, "program.arch") == source
    shared = functions_of(source)
    for architecture in architectures:
        model = shared[architecture.name]().double()
        check_counts(architecture, model)
        check_attributes(architecture, model)
        check_outputs(architecture, model)
        check_gradients(architecture, model)
        alone = functions_of(emit([architecture], "program.arch"))[architecture.name]().double()
        check_equal(model, alone, architecture)


def images(architecture: Architecture, count: int = 2) -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(count, *architecture.input, generator=generator, dtype=torch.float64)


def check_counts(architecture: Architecture, model: nn.Module) -> None:
    """Parameters, multiply-accumulates, and the shape of the output; linear layers at the end put out vectors."""
    cost = Costs(architecture).model()
    assert sum(parameter.numel() for parameter in model.parameters()) == cost.params
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        output = model.eval()(images(architecture, 1))
    assert counter.get_total_flops() == cost.flops
    channels, height, width = architecture.output
    assert tuple(output.shape[1:]) in ((channels, height, width), (channels,) if height == width == 1 else ())
    if ends_flat(architecture):
        assert output.dim() == 2


def ends_flat(architecture: Architecture) -> bool:
    last = list(architecture.graph().pred["output"])
    return architecture.graph().nodes[last[0]]["operator"] in ("linear", "flatten")


def check_attributes(architecture: Architecture, model: nn.Module) -> None:
    """What evaluation does not show: rates, momenta, the first values of gains. Paths are those of the IR."""
    modules = dict(model.named_modules())
    for path, node in architecture.graph().nodes(data=True):
        primitive = node["primitive"]
        if primitive is None or path.startswith("head"):
            continue
        if primitive.kind not in ("identity", "drop_path"):
            assert path in modules, path
        module: Any = modules.get(path)
        own = 0 if module is None else sum(p.numel() for p in module.parameters(recurse=False))
        assert own == node["params"], path
        match primitive.kind:
            case "batch_norm":
                assert (module.eps, module.momentum) == (primitive.eps, primitive.momentum)
            case "dropout":
                assert module.p == primitive.rate
            case "gain" | "channel_gain":
                assert torch.all(module.weight == torch.tensor(primitive.initial)), path
            case "drop_path":
                rate = primitive.rate if primitive.rate is not None else scheduled_rate(architecture, path)
                assert (module.rate if module is not None else 0.0) == pytest.approx(rate, abs=1e-12), path


def scheduled_rate(architecture: Architecture, path: str) -> float:
    section, *rest = path.split(".")
    if section != "stages":
        return 0.0
    (stage,) = [stage for stage in architecture.stages if stage.name == rest[0]]
    return stage.layers[int(rest[1])].drop_path


def check_outputs(architecture: Architecture, model: nn.Module) -> None:
    """The numbers, with weights by chance, are those of the IR."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if tensor.is_floating_point():
                tensor.normal_(0.0, 0.5, generator=generator)
                if name.endswith("running_var"):
                    tensor.abs_().add_(0.5)
        x = images(architecture)
        expected = Reference(architecture, model.state_dict())(x)
        actual = model.eval()(x)
    torch.testing.assert_close(actual.reshape(expected.shape), expected, rtol=1e-6, atol=1e-9, equal_nan=True)


def check_gradients(architecture: Architecture, model: nn.Module) -> None:
    """In training, gradients reach exactly the parameters of the operators that lead to the output."""
    x = images(architecture, 3)
    output = model.train()(x)
    assert tuple(output.shape[1:2]) == architecture.output[:1]
    output.sum().backward()
    graph = architecture.graph()
    leading = networkx.ancestors(graph, "output")
    expected = sum(graph.nodes[path]["params"] for path in leading)
    assert sum(p.numel() for p in model.parameters() if p.grad is not None) == expected


def check_equal(model: nn.Module, alone: nn.Module, architecture: Architecture) -> None:
    """The network built with its siblings and the one built alone have the same weights and the same outputs."""
    assert [(k, v.shape) for k, v in model.state_dict().items()] == [
        (k, v.shape) for k, v in alone.state_dict().items()
    ]
    alone.load_state_dict(model.state_dict())
    x = images(architecture)
    with torch.no_grad():
        torch.testing.assert_close(alone.eval()(x), model.eval()(x), rtol=0.0, atol=0.0, equal_nan=True)
