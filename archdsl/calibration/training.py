"""Measures the kernels of a training step in eager PyTorch: forward and backward, each where it runs.

The operators of the traced module run forward one by one, each cut off from the one before; then their gradients are
computed one by one from the last to the first, and the parameters updated.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import torch
from torch import Tensor, fx

from archdsl.api import Network
from archdsl.backends.latency.kernel import Kernel
from archdsl.backends.latency.training import backward, optimizer
from archdsl.backends.pytorch.state import modules
from archdsl.calibration.clock import Run, Stopwatch
from archdsl.calibration.eager import ON_CPU, RUN, Placement, Runner, Tracer, combinations, operators, samples_of
from archdsl.calibration.kernel_clock import Clock, clock_of
from archdsl.calibration.sample import Measurements, Sample, typical, whole


class TrainingProbe:
    """A network whose training step can be timed as a whole and kernel by kernel; arguments as of `EagerProbe`."""

    def __init__(self, network: Network, batch: int, placement: Placement = ON_CPU):
        self.device = torch.device(placement.device)
        self.module, self.images = placement.put(network.build().train(), network, batch)
        graph = Tracer().trace(self.module)
        self.graph = fx.GraphModule(self.module, graph)
        self.kernels = operators(graph, modules(network.architecture), batch, training=True)
        self.step = torch.optim.SGD(self.module.parameters(), lr=1e-6, momentum=0.9)
        self.params = network.params
        self.runs: list[Run] = []
        self._updates: list[float] = []
        self._forward: dict[fx.Node, list[float]] = defaultdict(list)
        self._backward: dict[fx.Node, list[float]] = defaultdict(list)
        self._combined: dict[fx.Node, Kernel] = {}

    @property
    def is_on_cpu(self) -> bool:
        return self.device.type == "cpu"

    def round(self) -> None:
        """Takes a step to warm up, a timed one, and one kernel by kernel."""
        self._step()
        watch = Stopwatch()
        self._updates.append(self._step())
        self.runs.append(watch.read())
        runner = _TrainingRunner(self.graph, clock_of(self.device))
        runner.run(self.images)
        runner.backward()
        self._combined = combinations(runner, self.kernels)
        for node, seconds in runner.times.items():
            self._forward[node].append(seconds)
        for node, seconds in runner.gradient_times.items():
            self._backward[node].append(seconds)

    def _step(self) -> float:
        """One training step; the seconds of the update in it."""
        clock = clock_of(self.device)
        self.module(self.images).square().mean().backward()
        started = clock.start()
        self.step.step()
        self.step.zero_grad()
        return clock.stop(started)

    def measurements(self) -> Measurements:
        forward = {node: typical(taken) for node, taken in self._forward.items()}
        gradients = {node: typical(taken) for node, taken in self._backward.items()}
        backwards = [(tuple(map(backward, kernels)), nodes) for kernels, nodes in self.kernels]
        samples = [*samples_of(self.kernels, forward), *samples_of(backwards, gradients)]
        for node, kernel in self._combined.items():
            samples += [Sample(kernel, forward[node]), Sample(backward(kernel), gradients.get(node, 0.0))]
        update = typical(self._updates)
        samples.append(Sample(optimizer(self.params), update))
        parts = [*forward.values(), *gradients.values()]
        found = whole(self.runs, parts, beside=update, is_on_cpu=self.is_on_cpu)
        return Measurements(tuple(sample for sample in samples if sample.seconds > 0), (found,))


class _TrainingRunner(Runner):
    """Runs forward with every operator cut off from the one before, so that each has a backward pass of its own."""

    def __init__(self, graph: fx.GraphModule, clock: Clock):
        super().__init__(graph, clock)
        self.garbage_collect_values = False
        self.gradient_times: dict[fx.Node, float] = {}
        self._results: dict[fx.Node, Any] = {}
        self._sources: dict[fx.Node, list[tuple[fx.Node, Tensor]]] = {}

    def fetch_args_kwargs_from_env(self, n: fx.Node) -> Any:
        if n.op not in RUN:
            return super().fetch_args_kwargs_from_env(n)
        sources = self._sources[n] = []

        def cut(node: fx.Node) -> Any:
            value = self.env[node]
            if node.op == "get_attr" or not isinstance(value, Tensor):
                if isinstance(value, torch.nn.Parameter):
                    sources.append((node, value))
                return value
            value = value.detach().requires_grad_(node.op != "placeholder")
            sources.append((node, value))
            return value

        return fx.node.map_arg(n.args, cut), fx.node.map_arg(n.kwargs, cut)

    def run_node(self, n: fx.Node) -> Any:
        result = super().run_node(n)
        self._results[n] = result
        return result

    def backward(self) -> None:
        """The gradients of every operator, from the last to the first."""
        gradients: dict[fx.Node, Any] = {}
        for node in reversed(self._sources):
            result = self._results[node]
            several = result if isinstance(result, tuple | list) else [result]  # such as a variance and a mean
            given = gradients.pop(node, None) if len(several) == 1 else None
            self._send_back(node, [(part, given) for part in several], gradients)

    def _send_back(self, node: fx.Node, outputs: list[tuple[Any, Any]], gradients: dict[fx.Node, Any]) -> None:
        found = [(result, _gradient(result, given)) for result, given in outputs if isinstance(result, Tensor)]
        found = [(result, given) for result, given in found if result.requires_grad]
        sources = [(source, value) for source, value in self._sources[node] if value.requires_grad]
        weights = list(self._modules[str(node.target)].parameters()) if node.op == "call_module" else []
        targets = [value for _, value in sources] + weights
        if not found or not targets:
            return
        results, given = [result for result, _ in found], [gradient for _, gradient in found]
        started = self.clock.start()
        computed = torch.autograd.grad(results, targets, given, allow_unused=True)
        self.gradient_times[node] = self.clock.stop(started)
        for (source, _), gradient in zip(sources, computed, strict=False):
            if gradient is not None:
                gradients[source] = gradient if gradients.get(source) is None else gradients[source] + gradient


def _gradient(result: Tensor, given: Tensor | None) -> Tensor:
    """The gradient of a result; a small constant where there is none, at the end of the network."""
    return torch.full_like(result, 1e-3) if given is None else given
