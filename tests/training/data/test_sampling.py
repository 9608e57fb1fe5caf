"""The order of the images: each once an epoch, the same for any number of processes, from any batch on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archdsl.training.data.sampling import Batches


def whole(count: int, batch: int, world: int, *, epoch: int = 0, seed: int = 0, first: int = 0) -> list[set[int]]:
    """The batches of an epoch, over all processes."""
    parts = [
        list(Batches(count, batch, seed, epoch, rank=rank, world=world, first_batch=first)) for rank in range(world)
    ]
    return [{index for one in same for _, index in one} for same in zip(*parts, strict=True)]


@given(st.integers(1, 200), st.integers(1, 12), st.sampled_from((1, 2, 3, 4)), st.integers(0, 5))
def test_each_image_is_in_one_batch_at_most(count: int, share: int, world: int, epoch: int) -> None:
    batches = whole(count, share * world, world, epoch=epoch)
    assert len(batches) == count // (share * world)
    seen = [index for batch in batches for index in batch]
    assert len(seen) == len(set(seen)) == len(batches) * share * world
    assert set(seen) <= set(range(count))


@given(st.integers(24, 200), st.integers(0, 5))
def test_batches_do_not_depend_on_the_processes(count: int, epoch: int) -> None:
    alone = whole(count, 12, 1, epoch=epoch)
    assert (
        alone
        == whole(count, 12, 2, epoch=epoch)
        == whole(count, 12, 3, epoch=epoch)
        == whole(count, 12, 4, epoch=epoch)
    )


@given(st.integers(1, 200), st.integers(0, 10))
def test_a_start_within_an_epoch_is_the_rest_of_it(count: int, first: int) -> None:
    batches = Batches(count, 8, 3, 1)
    rest = Batches(count, 8, 3, 1, first_batch=first)
    assert list(rest) == list(batches)[first:]
    assert len(rest) == len(list(rest))


def test_epochs_and_seeds_have_orders_of_their_own() -> None:
    orders = [next(iter(Batches(50, 50, seed, epoch))) for seed in (0, 1) for epoch in (0, 1)]
    assert len({tuple(index for _, index in order) for order in orders}) == 4
    assert [order[0][0] for order in orders] == [0, 1, 0, 1]


def test_a_batch_that_cannot_be_shared() -> None:
    with pytest.raises(ValueError, match="cannot be shared by 3 processes"):
        Batches(10, 4, 0, 0, world=3)
