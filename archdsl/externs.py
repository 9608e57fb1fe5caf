"""Modules that the caller of a network brings, for the blocks that its text only declares.

They come from Python (`network.build(extern={"deform": DeformConv2d})`) or from a command line (`--extern
deform=package.module:Class`), never from a text. `extern_modules.py` holds what they construct to what it declares.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from typing import Any

from archdsl.extern_errors import ExternFails, NotModule, reason

# What constructs a module: it is given the channels of the input, and the parameters of the block.
Make = Callable[..., Any]

_brought: ContextVar[tuple[Mapping[str, Make], ...]] = ContextVar("externs", default=())


class Externs:
    """`with archdsl.Externs(deform=DeformConv2d):` - what every network inside is built with, whoever builds it.

    Names are those of the extern blocks; what constructs their modules is given the input's channels and the block's
    `channels`, if it has such a parameter, and everything else by name.
    """

    def __init__(self, **modules: Make):
        self.modules = modules

    def __enter__(self) -> Externs:
        _brought.set((*_brought.get(), {**brought(), **self.modules}))
        return self

    def __exit__(self, *error: object) -> None:
        _brought.set(_brought.get()[:-1])


def brought() -> Mapping[str, Make]:
    """The modules that hold here."""
    given = _brought.get()
    return given[-1] if given else {}


# Named on a command line ----------------------------------------------------------------------------------------------


def named(texts: Iterable[str]) -> dict[str, Make]:
    """The modules that options name, `deform=package.module:Class`, imported; also from the current folder.

    Raises DiagnosticError for one that is not there. Only who runs the command names them.
    """
    found: dict[str, Make] = {}
    for text in texts:
        name, _, path = text.partition("=")
        home, _, attribute = path.partition(":")
        folder = os.getcwd()
        sys.path.append(folder)  # behind all else, which nothing in the folder can then stand in for
        try:
            made: Any = importlib.import_module(home)
            for part in attribute.split("."):
                made = getattr(made, part)
        except Exception as error:
            help = "`--extern` names a module of Python and what is in it; the current folder is searched last"
            raise ExternFails(path, "cannot be imported", reason(error)).error(help=help) from error
        finally:
            sys.path.remove(folder)
        if not callable(made):
            raise NotModule(path, type(made).__name__).error()
        found[name] = made
    return found
