"""The kernels of a training step: forward, backward and the optimizer."""

from __future__ import annotations

from archdsl.backends.latency import eager
from archdsl.backends.latency.kernel import BACKWARD, OPTIMIZER, Kernel
from archdsl.ir.base import Shape
from archdsl.ir.walk import Visit


def kernels(visit: Visit, batch: int) -> tuple[Kernel, ...]:
    """The kernels of an operator in a training step: those of its forward pass, and one for the gradients of each."""
    forward = eager.kernels(visit, batch, training=True)
    return (*forward, *(backward(kernel) for kernel in reversed(forward)))


def backward(kernel: Kernel) -> Kernel:
    """The kernel that computes the gradients of another one's input and weights."""
    return kernel._replace(kind=f"{kernel.kind}{BACKWARD}")


def optimizer(params: int) -> Kernel:
    """The update of all parameters, by gradient descent with momentum."""
    shape = Shape(max(params, 1), 1, 1)
    return Kernel(OPTIMIZER, shape, shape)
