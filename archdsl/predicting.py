"""What claims ask of the cost model, answered for a network: its latency on a device, its peak of memory."""

from __future__ import annotations

from typing import Any

from archdsl.backends.latency import Latencies, Profile, read_profile
from archdsl.backends.latency.profile import shipped_profiles
from archdsl.backends.latency.report import setting as timed_setting
from archdsl.backends.memory import Setting, memory
from archdsl.backends.memory.report import title
from archdsl.elaborate.evaluate.predictions import Predicted, Prediction
from archdsl.elaborate.evaluate.values import Bytes, Seconds
from archdsl.ir.architecture import Architecture


def predicted(architecture: Architecture, asked: Prediction) -> Predicted:
    """The number of a prediction. Raises DiagnosticError where a device or the cost model has none."""
    if asked.quantity == "memory":
        setting = memory_setting(asked)
        return Predicted(Bytes(memory(architecture, setting).peak.total), f"{title(setting)}{_batch(asked)}")
    dtype = dict(asked.words).get("dtype")
    latencies = Latencies(architecture, device(asked), batch=asked.batch, training=asked.is_training, dtype=dtype)
    return Predicted(Seconds(latencies.model().seconds), f"{timed_setting(latencies)}{_batch(asked)}")


def device(asked: Prediction) -> Profile:
    """The profile that ships under a device's name: a file that is not trusted has no other files opened."""
    assert asked.device is not None
    return read_profile(shipped_profiles()[asked.device])


def memory_setting(asked: Prediction) -> Setting:
    """What memory is estimated for."""
    words: dict[str, Any] = {name: {"true": True, "false": False}.get(word, word) for name, word in asked.words}
    return Setting(**{"batch": asked.batch, **words})


def _batch(asked: Prediction) -> str:
    return f", batch {asked.batch}"
