"""Arguments that several commands share."""

from __future__ import annotations

import os
import re
from argparse import ArgumentParser, ArgumentTypeError

_LARGEST = 1_000_000
_MOST_WORKERS = 1000


def add_specs(parser: ArgumentParser, *, count: str = "+", standard_input: bool = True) -> None:
    """SPEC arguments; `count` is argparse's `nargs`."""
    help = "an .arch file, or - for standard input" if standard_input else "an .arch file"
    parser.add_argument("specs", nargs=count, metavar="SPEC", help=help)


def add_variant(parser: ArgumentParser) -> None:
    parser.add_argument("--variant", metavar="V", help="one variant, `b1` or `efficientnet_b1` (default: all of them)")


def add_force(parser: ArgumentParser) -> None:
    parser.add_argument("--force", action="store_true", help="replace files that were edited since they were written")


def add_extern(parser: ArgumentParser) -> None:
    """`--extern` of a command that builds networks; `main` imports what it names."""
    parser.add_argument(
        "--extern",
        action="append",
        default=[],
        type=_extern,
        metavar="BLOCK=MODULE:NAME",
        help="Python that constructs the module of an extern block, `deform=package.module:Class`; again for more",
    )


def _extern(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z_]\w*=[A-Za-z_][\w.]*:[A-Za-z_][\w.]*", text, re.ASCII):
        raise ArgumentTypeError(f"{text!r} names no module; write deform=package.module:Class")
    return text


def add_out_file(parser: ArgumentParser) -> None:
    """`--out FILE` of a command that may write an `.arch` file; `write_result` reads it."""
    parser.add_argument("--out", metavar="FILE", help="where to write (default: standard output)")
    parser.add_argument("--force", action="store_true", help="replace an .arch file that is there")


def resolution(text: str) -> tuple[int, int]:
    """Height and width in pixels from `224` or `224x320`."""
    match = re.fullmatch(r"(\d{1,9})(?:\s*x\s*(\d{1,9}))?", text)
    if match is None:
        raise ArgumentTypeError(f"{text!r} is not a resolution; write 224 or 224x320 (height x width)")
    height, width = int(match[1]), int(match[2] or match[1])
    if not (1 <= height <= _LARGEST and 1 <= width <= _LARGEST):
        raise ArgumentTypeError(f"a resolution lies between 1 and {_LARGEST:,} pixels, {text!r} does not")
    return height, width


def batch(text: str) -> int:
    """A number of images."""
    if not re.fullmatch(r"\d{1,9}", text) or not 1 <= int(text) <= _LARGEST:
        raise ArgumentTypeError(f"{text!r} is not a batch size; it is a whole number from 1 to {_LARGEST:,}")
    return int(text)


def count(text: str) -> int:
    """A number of threads, rounds or networks."""
    if not re.fullmatch(r"\d{1,5}", text) or not 1 <= int(text) <= 10_000:
        raise ArgumentTypeError(f"{text!r} is not a number from 1 to 10,000")
    return int(text)


def workers(text: str) -> int:
    """A number of processes that load images."""
    if not re.fullmatch(r"\d{1,4}", text) or int(text) > _MOST_WORKERS:
        raise ArgumentTypeError(
            f"{text!r} is not a number of processes; it is a whole number from 0 to {_MOST_WORKERS:,}"
        )
    return int(text)


def memory_size(text: str) -> int:
    """Bytes, from `16GB` (10^9) or `16GiB` (2^30)."""
    from archdsl.backends.memory.units import amount

    size = amount(text) if text.strip()[-1:].isalpha() else None
    if not size:
        raise ArgumentTypeError(f"{text!r} is not an amount of memory; write 16GB or 16GiB")
    return size


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
