"""Which text a seed means: the same one on every machine."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import NamedTuple

from fuzz.large import large
from fuzz.mutate import NUMBERS, SIGNS, WORDS, mutated, renumbered
from fuzz.texts import items, texts
from fuzz.walk import walked
from tests.language.random_programs import Writer
from tests.properties.programs import program

HEAD = "model m {\n  input = 3 x 32 x 32\n"


class Input(NamedTuple):
    kind: str
    text: str


# Where a few tokens may stand.
PLACES = (
    "@",
    "model m {\n  input = 3 x 8 x 8\n  stem = @\n}\n",
    "model m {\n  input = 3 x 8 x 8\n  stem = relu\n  @\n}\n",
    "block b(n = 1) {\n  out = @\n}\nmodel m {\n  input = 3 x 8 x 8\n  stem = b(2) -> b()\n}\n",
    "model m {\n  input = 3 x 8 x 8\n  stages {\n    | op | channels |\n    | conv | @ |\n  }\n}\n",
    "model m(a = 1) {\n  input = 3 x 8 x 8\n  stem = conv(a)\n}\nvariants m {\n  | name | a |\n  | n | @ |\n}\n",
)
_WORTH = (*WORDS, *NUMBERS, *SIGNS[:18], *"+ - * / // % ** == < and or not x -> ( ) [ ]".split())


def _short(random: Random) -> str:
    """A few tokens in a place of a small program."""
    words = random.choices(_WORTH, k=random.choice((1, 2, 3, 3, 4, 5, 7, 10)))
    return random.choice(PLACES).replace("@", " ".join(words))


def _item(random: Random) -> str:
    return mutated(random.choice(items()), random)


def _items(random: Random) -> str:
    return mutated("\n".join(random.choice(items()) for _ in range(random.choice((2, 3)))), random)


def _network(random: Random) -> str:
    """A small network."""
    layers = ("conv(8, 3)", "conv_norm_act(8, kernel = 3)", "max_pool(3, stride = 2)", "mbconv(8, expansion = 2)")
    pipeline = " -> ".join(random.choice(layers) for _ in range(random.choice((1, 2, 3))))
    return f"{HEAD}  stem = {pipeline}\n  head = global_avg_pool -> linear(10)\n}}\n"


# What an input is, how many of 20,000 are that, and what writes one.
_KINDS: tuple[tuple[str, int, Callable[[Random], str]], ...] = (
    ("a few tokens in a small program", 11_300, _short),
    ("an item of a real file, mutated", 4_200, _item),
    ("a small network, mutated", 1_500, lambda random: mutated(_network(random), random)),
    ("a small network with other numbers", 1_200, lambda random: renumbered(_network(random), random)),
    ("a walk through the grammar", 1_200, lambda random: walked(random, random.choice((8, 15, 30)))),
    ("several items, mutated", 300, _items),
    ("a real file, mutated", 80, lambda random: mutated(random.choice(texts()), random)),
    ("a program of the grammar", 40, lambda random: Writer(random).program()),
    ("a program of the grammar, mutated", 40, lambda random: mutated(Writer(random).program(), random)),
    ("a real file with other numbers", 39, lambda random: renumbered(random.choice(texts()), random)),
    ("a valid program", 30, program),
    ("a valid program with other numbers", 30, lambda random: renumbered(program(random), random)),
    ("a valid program, mutated", 40, lambda random: mutated(program(random), random)),
    ("a large text", 1, large),
)


def input_of(seed: int) -> Input:
    """The input of a seed."""
    random = Random(seed)
    kind, _, make = random.choices(_KINDS, [weight for _, weight, _ in _KINDS])[0]
    return Input(kind, make(random))
