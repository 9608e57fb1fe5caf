"""Times measured on this machine, in the loop of a search."""

from __future__ import annotations

from archdsl.api import Network
from archdsl.calibration.sample import typical
from archdsl.calibration.timing import forward_pass, measure, require_cuda, training_step
from archdsl.elaborate.evaluate.predictions import Prediction
from archdsl.elaborate.evaluate.values import Seconds
from archdsl.ir.architecture import Architecture

_ROUNDS = 15


def measured(architecture: Architecture, asks: Prediction, where: str) -> Seconds:
    """The seconds that inference of a batch takes here, or a step of training: the lower quartile of several rounds.

    Args:
        asks: what is asked for: the batch, the type, and which of both.
        where: `cpu` or `cuda`.

    Raises:
        DiagnosticError: where there is no CUDA.
    """
    if where == "cuda":
        require_cuda("measure on the CPU: `--measure cpu`")
    make = training_step if asks.is_training else forward_pass
    dtype = dict(asks.words).get("dtype", "float32")
    run = make(Network(architecture), asks.batch, where, dtype)
    run()()
    return Seconds(typical(measure([run], _ROUNDS, lambda _: None)[0]))
