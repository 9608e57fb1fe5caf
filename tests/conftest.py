"""Shared set-up: one thread a worker, so that workers do not fight over the cores."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator

import pytest

# argparse looks for translations of its words, at every word, in files that are not there.
os.environ["LANGUAGE"] = "C"

_MANY = 1_000_000
# What takes longest goes first, or one worker would be left with it at the end.
_LONG = (
    *("tests/search/test_worker.py", "tests/search/test_processes.py", "tests/training/test_loop.py"),
    *("tests/properties/", "tests/backends/pytorch/", "tests/weights/test_peers.py", "tests/test_tutorial.py"),
)
# Instead of the `timeout` of pyproject.toml: some of them compile a network, or run it at full size.
_LONG_TIMEOUT_S = 600


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write approved texts anew, as tests/errors/*.err")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not item.nodeid.startswith(_LONG))
    for item in items:
        if item.nodeid.startswith(_LONG) and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(_LONG_TIMEOUT_S))


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)


@pytest.fixture(autouse=True, scope="module")
def _rare_collections() -> Iterator[None]:
    """What torch, the peers and pytest itself define lives as long as the tests: to look through it all again and again
    took a third of their time. It is looked at once, and what comes later only where much has come."""
    if gc.get_threshold()[0] != _MANY:
        gc.collect()
        gc.freeze()
        gc.set_threshold(_MANY, 100, 100)
    yield
    if gc.get_count()[0] > _MANY // 2:
        gc.collect()
        gc.freeze()
