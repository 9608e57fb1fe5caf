"""Every bound of the compiler, in one place: `.arch` files are untrusted, and a few characters can ask for very much.

No file can raise a bound; who runs the compiler can, all programs of archdsl at once by the environment,

    ARCHDSL_LIMITS=characters=2000000,layers=50000 archdsl check net.arch

or in Python those calls that are made inside of

    with archdsl.Limits(layers=50_000): ...

Values may also be lower than those that stand here.
"""

from __future__ import annotations

import os
from contextvars import ContextVar
from functools import cache

from msgspec import Struct

VARIABLE = "ARCHDSL_LIMITS"
# Why some bounds have a highest value.
STACK = "beyond that Python's stack overflows"
DIGITS = "Python reads no longer numbers"
FLOATS = "beyond that floating-point numbers are infinite"


class WrongLimits(ValueError):  # noqa: N818 - it reads as what is wrong
    """The limits that somebody asks for are none."""


class Bound(int):
    """A bound where nobody sets another: what it counts, and how high it can be set, and why no higher."""

    what: str
    most: int | None
    why: str

    def __new__(cls, value: int, what: str, most: int | None = None, why: str = "") -> Bound:
        bound = super().__new__(cls, value)
        bound.what, bound.most, bound.why = what, most, why
        return bound


class Limits(Struct, frozen=True):
    """The bounds. No network of the literature comes near one, and no text within all of them takes long."""

    characters: int = Bound(40_000, "characters of a file, or of a definition to import")
    nesting: int = Bound(100, "brackets, and expressions, within one another", 120, STACK)
    elements: int = Bound(
        1_000, "elements of a list: arguments, parameters, steps, cells, options, values; rounds of loops"
    )
    # Names stand in the path of every operator, and a model's in the name of every variant.
    name: int = Bound(64, "characters of a name; a text that is a value has four times as many")
    digits: int = Bound(40, "characters of a number", 4_000, DIGITS)
    bits: int = Bound(256, "the magnitude of a number, as a power of 2", 1_000, FLOATS)
    problems: int = Bound(200, "problems that are reported of a file")
    uses: int = Bound(32, "files that use each other in a chain", 64, STACK)
    ancestors: int = Bound(32, "models that extend each other in a chain", 64, STACK)
    networks: int = Bound(1_000, "models and variants of a file")
    stages: int = Bound(1_000, "rows of a table of stages, or of a definition to import")
    layers: int = Bound(10_000, "layers of all stages together")
    repetitions: int = Bound(10_000, "repetitions of a layer, `layer * n`")
    parts: int = Bound(1_000, "layers that one layer is written out as, `[a -> b -> ...]`")
    calls: int = Bound(64, "calls of blocks within one another", 64, STACK)
    effort: int = Bound(
        60_000,
        "work on networks: a layer, binding or cell counts 1, one of long text more, a layer of a stage 2, a distinct "
        "block 25",
    )
    facts: int = Bound(100, "facts of a tensor")
    channels: int = Bound(2**24, "channels of a tensor")
    side: int = Bound(2**20, "height, and width, of a tensor")
    steps: int = Bound(40_000, "operators of the networks of a file that are listed one by one")
    classes: int = Bound(250, "classes of a written PyTorch file")
    # Graphviz takes at most two seconds for so many side by side, and half a minute for a thousand.
    drawn_networks: int = Bound(60, "networks of a diagram; at the level of blocks, models")
    drawn_stages: int = Bound(2_000, "stages of a diagram")
    drawn_blocks: int = Bound(3_000, "boxes of a diagram of blocks")
    drawn_operators: int = Bound(5_000, "operators of a diagram")
    shards: int = Bound(100_000, "files that a pattern of training data stands for")
    space: int = Bound(100, "networks of a search space, as a power of 10")
    # Some ten thousand take a second.
    proof: int = Bound(200_000, "stages that the proof of a search space elaborates")
    values: int = Bound(10_000, "values of a parameter for `archdsl fit`")
    points: int = Bound(100_000, "points of a grid, before its constraint")
    grid: int = Bound(2_000, "networks on a grid, within its constraint")

    def __post_init__(self) -> None:
        for name, bound in BOUNDS.items():
            value = getattr(self, name)
            if value is bound:
                continue
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise WrongLimits(f"`{name}` is a whole number from 1, not {value}")
            if bound.most is not None and value > bound.most:
                raise WrongLimits(f"`{name}` goes up to {bound.most}, not {value}: {bound.why}")

    def __enter__(self) -> Limits:
        """Makes these the limits of everything that is called until the end of the `with`."""
        _given.set((*_given.get(), self))
        return self

    def __exit__(self, *error: object) -> None:
        _given.set(_given.get()[:-1])


_given: ContextVar[tuple[Limits, ...]] = ContextVar("limits", default=())
BOUNDS: dict[str, Bound] = dict(zip(Limits.__struct_fields__, Limits.__struct_defaults__, strict=True))


def limits() -> Limits:
    """The limits that hold here. Raises WrongLimits where the environment says none."""
    given = _given.get()
    if given:
        return given[-1]
    found: Limits = _of_environment()
    return found


@cache
def _of_environment() -> Limits:
    text = os.environ.get(VARIABLE, "")
    try:
        return parse(text)
    except WrongLimits as error:
        raise WrongLimits(f"{VARIABLE}: {error}") from None


def parse(text: str) -> Limits:
    """`characters=2000000,layers=50000`; the others stay as they are. Raises WrongLimits."""
    values: dict[str, int] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, sign, written = (piece.strip() for piece in part.partition("="))
        if not sign:
            raise WrongLimits(f"`{part}` is not a limit; write `name=number`, with commas between them")
        if name not in BOUNDS:
            from difflib import get_close_matches  # for a mistake alone

            near = get_close_matches(name, BOUNDS, n=1)
            help = f"did you mean `{near[0]}`?" if near else f"there are {', '.join(BOUNDS)}"
            raise WrongLimits(f"there is no limit `{name}`; {help}")
        if name in values:
            raise WrongLimits(f"`{name}` is given twice")
        if not (written.isascii() and written.replace("_", "").isdigit() and len(written) <= 30):
            raise WrongLimits(f"`{name}` is a whole number from 1, not {written or 'nothing'}")
        values[name] = int(written.replace("_", ""))
    return Limits(**values)


def raising(name: str, needed: int = 0, instead: str = "", *, is_enough: bool = True) -> str:
    """A help line for who goes over a bound: what to do instead, and how to raise it: to what is needed, or to a guess
    where that is not known, or is not all (`is_enough`)."""
    bound: int = getattr(limits(), name)
    most, why = BOUNDS[name].most, BOUNDS[name].why
    value = _round_up(max(needed, 2 * bound))
    if most is not None and max(needed, bound + 1) > most:
        return ", and ".join(filter(None, [instead, f"the bound cannot be higher than {most}: {why}"]))
    value = value if most is None else min(value, most)
    guess = "" if needed and is_enough else " (a guess: how much is needed is not known)"
    return ", or ".join(filter(None, [instead, f"raise the bound: `{VARIABLE}={name}={value}`{guess}"]))


def _round_up(value: int) -> int:
    """To two digits that matter."""
    unit: int = 10 ** max(0, len(str(value)) - 2)
    return -(-value // unit) * unit
