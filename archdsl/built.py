"""Emitted source as a Python module: executed once, with its text for debuggers, and objects that can be pickled.

The module is on no disk, so another process could not import it. What is pickled of it, by `torch.save`, `deepcopy` or
a worker that is spawned, therefore brings the source along, and unpickling executes that. A pickle can run any code in
any case: load those of people whom you trust, or a `state_dict` with `weights_only=True`.
"""

from __future__ import annotations

import copyreg
import sys
from hashlib import sha256
from importlib.abc import ExecutionLoader
from importlib.util import module_from_spec, spec_from_loader
from types import ModuleType
from typing import Any

_PREFIX = "archdsl_built"


class _Loader(ExecutionLoader):
    """Executes a text; tracebacks, `inspect` and TorchScript get their lines from `get_source`."""

    def __init__(self, source: str):
        self.source = source

    def get_source(self, fullname: str) -> str:
        return self.source

    def get_filename(self, fullname: str) -> str:
        return f"<archdsl>/{fullname}.py"


def module_of(source: str, name: str) -> ModuleType:
    """The module of an emitted source. The same source and name give the same module, and so the same classes.

    Args:
        source: text of an emitted file; it is executed, so it must be ours.
        name: of the network, which the module's name has.
    """
    full_name = f"{_PREFIX}_{name}_{sha256(source.encode()).hexdigest()[:12]}"
    if full_name in sys.modules:
        return sys.modules[full_name]
    spec = spec_from_loader(full_name, _Loader(source))
    if spec is None:  # Only where no loader is given.
        raise ImportError(full_name)
    module = module_from_spec(spec)
    sys.modules[full_name] = module
    try:
        spec.loader.exec_module(module)  # type: ignore[union-attr]
    except BaseException:
        del sys.modules[full_name]
        raise
    for value in list(vars(module).values()):
        if isinstance(value, type) and value.__module__ == full_name:
            copyreg.pickle(value, _Reducer(source, name))
    return module


class _Reducer:
    """Takes an object apart as pickle does, but for the class, of which the source stands in for the import."""

    def __init__(self, source: str, name: str):
        self.source, self.name = source, name

    def __call__(self, made: object) -> tuple[Any, ...]:
        parts: Any = made.__reduce_ex__(
            2
        )  # what makes an object, its arguments, of which the class is the first, state
        _, (kind, *arguments), *rest = parts
        return (_made_again, (self.source, self.name, kind.__qualname__, *arguments), *rest)


def _made_again(source: str, name: str, kind: str, *arguments: object) -> object:
    """An object without its state, which unpickling sets next."""
    made: type[Any] = getattr(module_of(source, name), kind)
    return made.__new__(made, *arguments)
