"""Shared set-up: one thread a worker, so that workers do not fight over the cores."""

from __future__ import annotations

import gc

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite the .err files beside tests/errors/*.arch")


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)


@pytest.fixture(autouse=True, scope="session")
def _rare_collections() -> None:
    """What torch and the peers define lives as long as the tests: to look through it all again and again took a third
    of their time."""
    import torch  # noqa: F401

    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)
