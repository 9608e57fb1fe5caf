"""Which text a seed means: the same one on every machine."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import NamedTuple

from fuzz.large import large
from fuzz.mutate import mutated, renumbered
from fuzz.texts import items, texts
from fuzz.walk import walked
from tests.language.random_programs import Writer
from tests.properties.programs import program

HEAD = "model m {\n  input = 3 x 32 x 32\n"


class Input(NamedTuple):
    kind: str
    text: str


def _item(random: Random) -> str:
    return mutated(random.choice(items()), random)


def _items(random: Random) -> str:
    return mutated("\n".join(random.choice(items()) for _ in range(random.choice((2, 3)))), random)


def _network(random: Random) -> str:
    """A small network around a layer, with other numbers."""
    layers = ("conv(8, 3)", "conv_norm_act(8, kernel = 3)", "max_pool(3, stride = 2)", "mbconv(8, expansion = 2)")
    pipeline = " -> ".join(random.choice(layers) for _ in range(random.choice((1, 2, 3))))
    text = f"{HEAD}  stem = {pipeline}\n  head = global_avg_pool -> linear(10)\n}}\n"
    return random.choice((renumbered, mutated))(text, random)


_KINDS: tuple[tuple[str, int, Callable[[Random], str]], ...] = (
    ("an item of a real file, mutated", 380, _item),
    ("a small network, mutated", 250, _network),
    ("a walk through the grammar", 130, lambda random: walked(random, random.choice((10, 30, 60)))),
    ("a program of the grammar", 70, lambda random: Writer(random).program()),
    ("a program of the grammar, mutated", 60, lambda random: mutated(Writer(random).program(), random)),
    ("several items, mutated", 50, _items),
    ("a real file, mutated", 20, lambda random: mutated(random.choice(texts()), random)),
    ("a real file with other numbers", 10, lambda random: renumbered(random.choice(texts()), random)),
    ("a valid program", 10, program),
    ("a valid program with other numbers", 10, lambda random: renumbered(program(random), random)),
    ("a valid program, mutated", 9, lambda random: mutated(program(random), random)),
    ("a large text", 1, large),
)


def input_of(seed: int) -> Input:
    """The input of a seed."""
    random = Random(seed)
    kind, _, make = random.choices(_KINDS, [weight for _, weight, _ in _KINDS])[0]
    return Input(kind, make(random))
