"""Measures the kernels of a network in eager PyTorch, each where it runs in the network.

The emitted module is traced to its operators, and these run one by one in their order, timed. So every kernel finds the
caches and the allocator as its predecessors left them. The module itself runs too, untimed within: what it takes beyond
its kernels is the overhead of the framework.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, fx, nn

from archdsl.api import Network
from archdsl.backends.latency import eager
from archdsl.backends.latency.kernel import Kernel
from archdsl.backends.pytorch.state import modules
from archdsl.calibration.clock import Run, Stopwatch
from archdsl.calibration.kernel_clock import Clock, clock_of
from archdsl.calibration.sample import Measurements, Sample, typical, whole
from archdsl.ir.base import Shape
from archdsl.ir.walk import Visit

RUN = ("call_module", "call_function", "call_method")
_COMBINED = {
    "add": "add",
    "iadd": "add",
    "sub": "subtract",
    "mul": "multiply",
    "truediv": "divide",
    "maximum": "maximum",
    "minimum": "minimum",
    "cat": "concat",
}


@dataclass(frozen=True)
class Placement:
    """Where a network is timed, and the type and layout of its weights and images."""

    device: str = "cpu"
    dtype: torch.dtype = torch.float32
    channels_last: bool = False

    def put(self, module: nn.Module, network: Network, batch: int) -> tuple[nn.Module, Tensor]:
        """A module there, and images for it, B x C x H x W."""
        images = torch.randn(batch, *network.architecture.input.sizes, generator=torch.Generator().manual_seed(0))
        # None leaves weights as they are laid out, which of images is plainly.
        layout = torch.channels_last if self.channels_last else None
        module.to(device=self.device, dtype=self.dtype, memory_format=layout)  # type: ignore[call-overload]
        return module, images.to(self.device, self.dtype, memory_format=layout or torch.contiguous_format)


ON_CPU = Placement()


class EagerProbe:
    """A network that can be timed as a whole and kernel by kernel."""

    def __init__(self, network: Network, batch: int, placement: Placement = ON_CPU):
        self.device = torch.device(placement.device)
        self.module, self.images = placement.put(network.build().eval(), network, batch)
        graph = Tracer().trace(self.module)
        self.graph = fx.GraphModule(self.module, graph)
        self.kernels = operators(graph, modules(network.architecture), batch, training=False)
        self._combined: dict[fx.Node, Kernel] = {}
        self.runs: list[Run] = []
        self._times: dict[fx.Node, list[float]] = defaultdict(list)

    def round(self) -> None:
        """Runs the module, once to warm up and once timed, and its kernels."""
        with torch.inference_mode():
            self.module(self.images)
            self._wait()
            watch = Stopwatch()
            self.module(self.images)
            self._wait()
            self.runs.append(watch.read())
            runner = Runner(self.graph, clock_of(self.device))
            runner.run(self.images)
        self._combined = combinations(runner, self.kernels)
        for node, seconds in runner.times.items():
            self._times[node].append(seconds)

    @property
    def is_on_cpu(self) -> bool:
        return self.device.type == "cpu"

    def _wait(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize()

    def measurements(self) -> Measurements:
        times = {node: typical(taken) for node, taken in self._times.items()}
        combined = (Sample(kernel, times[node]) for node, kernel in self._combined.items())
        samples = (*samples_of(self.kernels, times), *combined)
        return Measurements(samples, (whole(self.runs, times.values(), is_on_cpu=self.is_on_cpu),))


class Tracer(fx.Tracer):
    """Takes every module without modules in it for one operator, those of emitted files too."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        is_standardized = type(m).__name__ == "StandardizedConv2d"  # two kernels: the weights, the convolution
        return not is_standardized and not any(True for _ in m.children())


# Running -------------------------------------------------------------------------------------------------------------


class Runner(fx.Interpreter):
    """Runs the operators of a network one by one, times each, and notes which tensors were combined."""

    def __init__(self, graph: fx.GraphModule, clock: Clock):
        super().__init__(graph)
        self.times: dict[fx.Node, float] = {}
        self.combined: dict[fx.Node, Kernel] = {}
        self._modules = dict(graph.named_modules())
        self.clock = clock

    def run_node(self, n: fx.Node) -> Any:
        if n.op not in RUN:
            return super().run_node(n)
        arguments, keywords = self.fetch_args_kwargs_from_env(n)
        call: Callable[..., Any]
        if n.op == "call_module":
            call = self._modules[str(n.target)]
        elif n.op == "call_function":
            call = cast("Callable[..., Any]", n.target)
        else:
            call, arguments = getattr(arguments[0], str(n.target)), arguments[1:]
        shapes = _shapes(arguments)
        started = self.clock.start()
        result = call(*arguments, **keywords)
        # Large tensors go back to the system when nothing needs them any more, which takes its time in a network too.
        del call, arguments, keywords
        if self.garbage_collect_values:
            for dead in self.user_to_last_uses.get(n, ()):
                self.env[dead] = None
        self.times[n] = self.clock.stop(started)
        operator = _COMBINED.get(getattr(n.target, "__name__", "")) if n.op == "call_function" else None
        if operator is not None and isinstance(result, Tensor):
            kernel = _combining(operator, shapes, result)
            if kernel is not None:
                self.combined[n] = kernel
        return result


def _shapes(arguments: tuple[Any, ...]) -> list[torch.Size]:
    """The shapes of the tensors that an operator is given, by themselves or in a list."""
    operands = arguments[0] if arguments and isinstance(arguments[0], list | tuple) else arguments
    return [operand.shape for operand in operands if isinstance(operand, Tensor)]


def _combining(operator: str, shapes: list[torch.Size], result: Tensor) -> Kernel | None:
    if result.dim() != 4 or any(len(shape) != 4 for shape in shapes):
        return None
    output = Shape(*result.shape[1:])
    factors = 0 if len(shapes) > 1 else 1
    return eager.combining(operator, tuple(Shape(*shape[1:]) for shape in shapes), output, result.shape[0], factors)[0]


Operators = list[tuple[tuple[Kernel, ...], list[fx.Node]]]


def combinations(runner: Runner, kernels: Operators) -> dict[fx.Node, Kernel]:
    """The nodes that combine tensors, and are not within an operator."""
    inside = {node for _, nodes in kernels for node in nodes}
    return {node: kernel for node, kernel in runner.combined.items() if node not in inside}


# Which operator a node is --------------------------------------------------------------------------------------------


def operators(graph: fx.Graph, visits: list[Visit], batch: int, *, training: bool) -> Operators:
    """The kernels of each operator with the nodes of the graph that are it."""
    by_path = {visit.path: visit for visit in visits}
    nodes: dict[str, list[fx.Node]] = defaultdict(list)
    for node in graph.nodes:
        if node.op in RUN:
            path = _path(node, by_path)
            if path is not None:
                nodes[path].append(node)
    return [(eager.kernels(by_path[path], batch, training=training), found) for path, found in nodes.items()]


def _path(node: fx.Node, visits: dict[str, Visit]) -> str | None:
    """The path of the operator that a node belongs to: its own, or that of a module around it."""
    path = str(node.target) if node.op == "call_module" else ""
    stack = node.meta.get("nn_module_stack") or {}
    candidates = [path, *reversed(list(stack))] if path else list(reversed(list(stack)))
    for candidate in candidates:
        while candidate:
            if candidate in visits:
                return str(candidate)
            candidate = candidate.rpartition(".")[0]
    return None


def samples_of(kernels: Operators, times: dict[fx.Node, float]) -> Iterator[Sample]:
    """Kernels with their seconds. Where an operator has more nodes than kernels, the surplus is the first one's."""
    for expected, nodes in kernels:
        if not expected or len(nodes) < len(expected):
            continue
        taken = [times.get(node, 0.0) for node in nodes]
        surplus = len(nodes) - len(expected)
        seconds = [sum(taken[: surplus + 1]), *taken[surplus + 1 :]]
        yield from map(Sample, expected, seconds)
