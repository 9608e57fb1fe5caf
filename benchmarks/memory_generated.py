"""Predicted against measured peaks of memory over generated networks: those of the property tests, and unusual ones."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from random import Random
from statistics import median
from typing import Any

import torch

from archdsl.api import Network
from archdsl.backends.memory import Setting, memory
from archdsl.backends.memory.processor import isa
from benchmarks.allocations import inference_peak, training_peak
from benchmarks.measure import progress
from benchmarks.unusual import unusual
from tests.properties.checks import architectures_of
from tests.properties.programs import program

BATCHES = (1, 2, 8, 16, 16)
OPTIMIZERS = ("sgd", "momentum", "adam", "rmsprop")
WITHIN, BOUND = 0.02, 0.1


def rows(count: int, threads: int, first: int = 0) -> list[dict[str, Any]]:
    """The measured and predicted peaks of that many networks of each kind."""
    return [
        row
        for kind, write in (("program", program), ("unusual", unusual))
        for row in _rows(kind, write, count, threads, first)
    ]


def _rows(kind: str, write: Any, count: int, threads: int, first: int) -> Iterator[dict[str, Any]]:
    seed = first
    done = 0
    while done < count:
        random = Random(seed)
        text = write(random)
        batch, optimizer = random.choice(BATCHES), random.choice(OPTIMIZERS)
        try:
            architectures = architectures_of(text)
        except Exception:
            architectures = ()
        for architecture in architectures[:1]:
            done += 1
            progress(f"{kind} {done} of {count}")
            network = Network(architecture)
            for training in (False, True):
                setting = Setting(batch, training=training, optimizer=optimizer, isa=isa(), threads=threads)
                measured = _measured(network, setting)
                if measured is None:
                    continue
                predicted = memory(architecture, setting).peak.total
                error = round(predicted / measured - 1, 5)
                yield {
                    "kind": kind,
                    "seed": seed,
                    "batch": batch,
                    "training": training,
                    "measured": measured,
                    "predicted": predicted,
                    "error": error,
                }
        seed += 1


def _measured(network: Network, setting: Setting) -> int | None:
    model = network.build()
    images = torch.randn(setting.batch, *network.architecture.input)
    try:
        if setting.training:
            return training_peak(model, images, optimizer=setting.optimizer)
        return inference_peak(model, images)
    except ValueError as error:
        # Batch normalization in training refuses a single value per channel.
        if "more than 1 value per channel" in str(error):
            return None
        raise
    finally:
        del model, images
        gc.collect()


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """How many are within the bound, and the worst."""
    errors = sorted(abs(row["error"]) for row in rows)
    return {
        "networks": len(errors),
        "within_2_percent": round(sum(error <= WITHIN for error in errors) / len(errors), 4),
        "beyond_10_percent": sum(error > BOUND for error in errors),
        "median": median(errors),
        "worst": errors[-1],
    }
