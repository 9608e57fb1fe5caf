"""What must hold for every network: the emitted module is what the IR says."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

import networkx
import pytest
import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from archdsl.backends.pytorch import emit
from archdsl.backends.pytorch.state import modules, state
from archdsl.backends.pytorch.texts import function_name
from archdsl.compiler import compile_source
from archdsl.diagnostics import Source
from archdsl.ir.architecture import Architecture
from archdsl.ir.body import Apply, Bound
from archdsl.ir.cost import Costs
from archdsl.ir.head import has_classifier, is_vector
from archdsl.ir.parts import applied
from archdsl.ir.walk import walk
from tests.properties.reference import Reference


def architectures_of(text: str) -> tuple[Architecture, ...]:
    """The networks of a program that are small enough to run; none when the compiler refuses it."""
    compiled = compile_source(Source("program.arch", text))
    costs = [Costs(architecture).model() for architecture in compiled.architectures]
    return compiled.architectures if all(cost.params < 2e6 and cost.macs < 2e8 for cost in costs) else ()


def module_of(source: str) -> dict[str, Any]:
    """The names that an emitted file defines."""
    namespace: dict[str, Any] = {"__name__": "emitted"}
    exec(compile(source, "<emitted>", "exec"), namespace)
    return namespace


def built(namespace: dict[str, Any], architecture: Architecture, **options: Any) -> nn.Module:
    """A network of an emitted file, in double precision."""
    model: nn.Module = namespace[function_name(architecture.name)](**options).double()
    return model


def unused_arguments(source: str) -> list[str]:
    """Arguments of constructors that nothing reads; those that a loop over stages gives to all its blocks aside."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef) and node.name == "__init__":
            read = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
            names = [argument.arg for argument in node.args.args]
            found += [name for name in names if name not in read and name != "drop_path" and not name.startswith("in_")]
    return [name for name in found if name != "self"]


def images(architecture: Architecture, count: int = 2) -> list[Tensor]:
    """Images by chance for each input."""
    generator = torch.Generator().manual_seed(0)
    shapes = architecture.images.values()
    return [torch.randn(count, *shape.sizes, generator=generator, dtype=torch.float64) for shape in shapes]


def check_file(architectures: tuple[Architecture, ...], *, is_thorough: bool = True) -> str:
    """Everything that must hold for the networks of one file, with gradients and timm's interface if `is_thorough`.

    Returns the emitted source.
    """
    source = emit(architectures, "program.arch")
    again = tuple(Architecture.from_json(architecture.to_json()) for architecture in architectures)
    assert again == architectures
    assert emit(again, "program.arch") == source
    assert not unused_arguments(source)
    namespace = module_of(source)
    for architecture in architectures:
        model = built(namespace, architecture)
        check_state(architecture, model)
        check_counts(architecture, model)
        check_attributes(architecture, model)
        check_outputs(architecture, model)
        if is_thorough:
            check_gradients(architecture, model)
            check_interfaces(architecture, namespace)
    return source


def check_state(architecture: Architecture, model: nn.Module) -> None:
    """The tensors that are predicted, by name and size, are those of the module: none is missing, none is another's."""
    assert state(architecture) == {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}


def check_counts(architecture: Architecture, model: nn.Module) -> None:
    """Parameters, multiply-accumulates, and the shape of the output; linear layers at the end put out vectors."""
    cost = Costs(architecture).model()
    assert sum(parameter.numel() for parameter in model.parameters()) == cost.params
    # Of attention, the products are counted where they are made one by one.
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH):
        output = model.eval()(*images(architecture, 1))
    assert counter.get_total_flops() == cost.flops
    if architecture.head is not None and architecture.head.reads_maps:
        check_shapes_of_maps(architecture, output)
        return
    graph = architecture.graph()
    (last,) = graph.pred["output"]
    if last.startswith("head") and graph.nodes[last]["operator"] in ("linear", "flatten"):
        assert output.dim() == 2
    sizes = architecture.output.sizes
    expected = sizes if output.dim() == 1 + len(sizes) else sizes[:1]
    assert tuple(output.shape) == (1, *expected)


def check_shapes_of_maps(architecture: Architecture, output: Any) -> None:
    """The shapes of what a head of tensors puts out: vectors as such, `tests/ir/test_head.py` says which these are."""
    assert architecture.head is not None
    (apply,) = applied(architecture.head.steps)
    block = architecture.blocks[apply.block or ""]
    values = {name: one.value for name, one in block.outputs.items()} or {"out": Bound(name="out")}
    shapes = [*architecture.outputs.values()] or [architecture.output]
    if architecture.outputs:
        assert output._fields == tuple(architecture.outputs)
    for one, value, shape in zip(listed(output), values.values(), shapes, strict=True):
        assert tuple(one.shape[1:]) == (shape[:1] if is_vector(value, block) else shape.sizes)


def listed(output: Any) -> list[Tensor]:
    """What a network puts out."""
    return [output] if isinstance(output, Tensor) else list(output)


def check_attributes(architecture: Architecture, model: nn.Module) -> None:
    """What evaluation does not show: rates, momenta, the first values of gains. Paths are those of the IR."""
    modules: dict[str, Any] = dict(model.named_modules())
    for path, node in architecture.graph().nodes(data=True):
        primitive = node["primitive"]
        if primitive is None or path.startswith("head") or node["is_again"]:
            continue  # the parts of a head are divided in ways that the IR does not know
        module = modules.get(path)
        if primitive.kind not in ("identity", "drop_path", "chunk", "slice"):  # a tensor is split by a function
            assert module is not None, path
        assert sum(p.numel() for p in module.parameters(recurse=False)) == node["params"] if module else True, path
        match primitive.kind:
            case "batch_norm":
                assert (module.eps, module.momentum) == (primitive.eps, primitive.momentum)
            case "dropout":
                assert module.p == primitive.rate
            case "gain" | "channel_gain":
                assert torch.all(module.weight == torch.tensor(primitive.initial)), path
            case "drop_path":
                rate = primitive.rate if primitive.rate is not None else scheduled_rate(architecture, path)
                assert getattr(module, "rate", 0.0) == pytest.approx(rate, abs=1e-12), path
                assert rate == 0.0 or type(module).__name__.removesuffix("1d") == (
                    "DropPath" if primitive.rescale else "PlainDropPath"
                )


def scheduled_rate(architecture: Architecture, path: str) -> float:
    inside = f"{architecture.part.name}." if architecture.part is not None else ""
    section, *rest = path.removeprefix(inside).split(".")
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
        expected = reference(architecture, model.state_dict())(*x)
        actual = listed(model.eval()(*x))
    assert len(actual) == len(expected)
    for one, other in zip(actual, expected, strict=True):
        torch.testing.assert_close(one.reshape(other.shape), other, rtol=1e-6, atol=1e-9, equal_nan=True)


def reference(architecture: Architecture, weights: Mapping[str, Tensor]) -> Callable[..., list[Tensor]]:
    """What computes an architecture from its IR alone. Series are maps of height 1 there, and so are their weights."""
    if not architecture.input.is_line:
        return Reference(architecture, weights)
    sizes = state(of_maps(architecture))
    runs = Reference(architecture, {name: tensor.reshape(sizes[name]) for name, tensor in weights.items()})
    return lambda *images: runs(*(x.unsqueeze(2) for x in images))


def of_maps(architecture: Architecture) -> Architecture:
    """A network on series as one on maps of height 1, which its IR is but for how shapes are written."""
    return Architecture.model_validate(architecture.model_dump())


def check_gradients(architecture: Architecture, model: nn.Module) -> None:
    """In training, gradients reach exactly the parameters of the operators that lead to the output."""
    outputs = listed(model.train()(*images(architecture, 3)))
    shapes = [*architecture.outputs.values()] or [architecture.output]
    assert [output.numel() for output in outputs] == [3 * shape.elements for shape in shapes]
    learned = [output.sum() for output in outputs if output.requires_grad]
    if not learned:
        return
    torch.stack(learned).sum().backward()
    graph = architecture.graph()
    for visit in walk(architecture):
        first, *others = visit.inputs or (None,)
        if visit.operator == "resize" and others and others[0] != first:
            graph.remove_edge(others[0].path, visit.path)  # nothing but the size is read
    leading = networkx.ancestors(graph, "output")
    expected = sum(graph.nodes[path]["params"] for path in leading)
    assert sum(p.numel() for p in model.parameters() if p.grad is not None) == expected


def check_interfaces(architecture: Architecture, namespace: dict[str, Any]) -> None:
    """What people know from timm and torchvision: other classes, other images, feature maps."""
    x = images(architecture, 1)
    model = built(namespace, architecture).eval()
    if has_classifier(architecture):
        assert built(namespace, architecture, num_classes=7).eval()(*x).shape == (1, 7)
        model.reset_classifier(0)
        assert model(*x).shape == (1, model.num_features)
    elif hasattr(model, "reset_classifier"):
        made = listed(built(namespace, architecture, num_classes=7).eval()(*x))
        model.reset_classifier(7)
        assert [one.shape for one in listed(model(*x))] == [one.shape for one in made]
        with pytest.raises(ValueError, match="0 classes"):
            model.reset_classifier(0)
    elif "num_classes" in inspect.signature(namespace[function_name(architecture.name)]).parameters:
        one, other = (built(namespace, architecture, num_classes=count).eval()(*x) for count in (7, 8))
        assert [a.shape for a in listed(one)] != [b.shape for b in listed(other)]
    if architecture.stages:
        backbone = built(namespace, architecture, features_only=True).eval()
        first = dict(zip(architecture.images, x, strict=True))[architecture.first]
        maps, features = backbone(first), backbone.feature_info
        trunk = getattr(model, architecture.part.name) if architecture.part is not None else model
        assert trunk.feature_info == features
        assert [m.shape[1] for m in maps] == [f["num_chs"] for f in features]
        ends = {"stem": architecture.stem.output} if architecture.stem is not None else {}
        for visit in modules(architecture):  # the last one inside a part of the stem is what that part puts out
            parts = visit.path.removeprefix(architecture.prefix).split(".")
            ends |= {".".join(parts[:2]): visit.output} if parts[0] == "stem" and len(parts) > 1 else {}
        ends |= {f"stages.{stage.name}": stage.output for stage in architecture.stages}
        assert [tuple(m.shape[1:]) for m in maps] == [ends[f["module"]].sizes for f in features]
        reductions = [0, *(f["reduction"] for f in features)]
        assert all(one != other for one, other in pairwise(reductions))
    if first_is_convolution(architecture) and not architecture.inputs:
        other = architecture.input._replace(channels=architecture.input.channels + 1)
        y = built(namespace, architecture, in_channels=other.channels).eval()(torch.zeros(1, *other.sizes).double())
        assert listed(y)[0].numel() == architecture.output.elements


def check_channels(text: str, architectures: tuple[Architecture, ...], namespace: dict[str, Any], count: int) -> None:
    """`in_channels` gives the networks of the same text with other channels of its images, or refuses to.

    `architectures` are those of the text, `namespace` what their emitted file defines.
    """
    others = architectures_of(re.sub(r"input = \w+ x", f"input = {count} x", text))
    changed = module_of(emit(others, "program.arch")) if others else {}
    named = {other.name: other for other in others}
    for architecture in architectures:
        if architecture.inputs:
            continue  # their channels are no option
        try:
            model = built(namespace, architecture, in_channels=count).eval()
        except (ValueError, ZeroDivisionError, UserWarning) as error:  # torch warns of layers without channels
            if "is made for" in str(error) or architecture.name not in named:
                continue  # torch refuses some by itself, or divides by channels that are none
            raise
        if architecture.name not in named:
            continue  # what the compiler refuses may fail in any way
        other = built(changed, named[architecture.name]).eval()
        assert _shapes(model) == _shapes(other), count
        other.load_state_dict(model.state_dict())
        x = images(named[architecture.name])
        with torch.no_grad():
            torch.testing.assert_close(listed(other(*x)), listed(model(*x)), rtol=1e-6, atol=1e-9, equal_nan=True)


def first_is_convolution(architecture: Architecture) -> bool:
    """Whether images of any channels can be read: a stem's first layer is a full convolution."""
    layers = list(applied(architecture.stem.steps)) if architecture.stem else []
    match layers:
        case [Apply(operator=operator), *_] if operator is not None:
            return operator.kind in ("conv", "ws_conv") and operator.groups == 1
        case _:
            return False


def check_alone(architecture: Architecture, namespace: dict[str, Any]) -> None:
    """A network built with its siblings and one built alone have the same weights and the same outputs."""
    model = built(namespace, architecture).eval()
    alone = built(module_of(emit([architecture], "program.arch")), architecture).eval()
    assert _shapes(model) == _shapes(alone)
    alone.load_state_dict(model.state_dict())
    x = images(architecture)
    with torch.no_grad():
        torch.testing.assert_close(listed(alone(*x)), listed(model(*x)), rtol=1e-6, atol=1e-9, equal_nan=True)


def _shapes(model: nn.Module) -> list[tuple[str, torch.Size]]:
    return [(name, tensor.shape) for name, tensor in model.state_dict().items()]
