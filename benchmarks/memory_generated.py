"""Predicted against measured peaks of memory over generated networks: those of the property tests, and unusual ones."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from itertools import count, islice
from random import Random
from statistics import median
from typing import Any

import torch

from archdsl.api import Network
from archdsl.backends.memory import Setting, isa_of_this_machine, memory
from archdsl.diagnostics import DiagnosticError
from archdsl.ir.architecture import Architecture
from benchmarks.allocations import inference_peak, training_peak
from benchmarks.measure import progress
from benchmarks.unusual import unusual
from tests.properties.checks import architectures_of
from tests.properties.programs import in_one_dimension, program


def series(random: Random) -> str:
    """A program of the property tests, on series."""
    return in_one_dimension(program(random))


KINDS: dict[str, Callable[[Random], str]] = {"program": program, "unusual": unusual, "series": series}
BATCHES = (1, 2, 8, 16, 16)
OPTIMIZERS = ("sgd", "momentum", "adam", "rmsprop")
WITHIN, BOUND = 0.02, 0.1


def rows(networks: int, threads: int, first: int = 0) -> list[dict[str, Any]]:
    """The measured and predicted peaks of that many networks of each kind, from a seed on."""
    return [row for kind in KINDS for row in _rows(kind, networks, threads, first)]


def _rows(kind: str, networks: int, threads: int, first: int) -> Iterator[dict[str, Any]]:
    for done, (seed, architecture, random) in enumerate(islice(_networks(kind, first), networks)):
        progress(f"{kind} {done + 1} of {networks}")
        batch, optimizer = random.choice(BATCHES), random.choice(OPTIMIZERS)
        for training in (False, True):
            setting = Setting(batch, training=training, optimizer=optimizer, isa=isa_of_this_machine(), threads=threads)
            measured = _measured(Network(architecture), setting)
            if measured is None:
                continue
            predicted = memory(architecture, setting).peak.total
            yield {
                "kind": kind,
                "seed": seed,
                "batch": batch,
                "training": training,
                "optimizer": optimizer,
                "measured": measured,
                "predicted": predicted,
                "error": round(predicted / measured - 1, 5),
            }


def _networks(kind: str, first: int) -> Iterator[tuple[int, Architecture, Random]]:
    """The first network of each program that the compiler accepts, if it has one output, with its seed and what its
    setting is drawn from."""
    for seed in count(first):
        random = Random(seed)
        try:
            found = architectures_of(KINDS[kind](random))
        except DiagnosticError:
            continue
        # Of several outputs there is no one loss.
        if found and not found[0].outputs:
            yield seed, found[0], random


def _measured(network: Network, setting: Setting) -> int | None:
    if setting.training and not network.params:
        return None  # nothing to train
    model = network.build()
    images = torch.randn(setting.batch, *network.architecture.input.sizes)
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


def summary(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of each kind, at inference and in training: how many are within the bound, and the worst."""
    return [_summary(kind, training, rows) for kind in KINDS for training in (False, True)]


def _summary(kind: str, training: bool, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    errors = [abs(row["error"]) for row in rows if (row["kind"], row["training"]) == (kind, training)]
    return {
        "kind": kind,
        "training": training,
        "networks": len(errors),
        "within": round(sum(error <= WITHIN for error in errors) / len(errors), 4),
        "beyond": sum(error > BOUND for error in errors),
        "median": median(errors),
        "worst": max(errors),
    }
