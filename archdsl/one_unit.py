"""A backend of `torch.compile` whose C++ kernels go to the compiler together.

For a CPU, torch has its compiler read each kernel by itself, and with each Python's headers and its own, precompiled:
that takes longer than the kernels do. What is compiled here is torch's source, in a few units; the rest is as it was.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import ceil
from typing import Any, NamedTuple

import torch
from torch import Tensor, fx
from torch._inductor import async_compile, list_mode_options
from torch._inductor.codecache import CppPythonBindingsCodeCache
from torch._inductor.compile_fx import compile_fx, compile_fx_inner

_PER_UNIT = 8  # kernels, where there are processors to compile further units meanwhile


def together(model: fx.GraphModule, inputs: Sequence[Tensor], mode: str = "default") -> Any:
    """Compiles a graph as the backend `inductor` of `torch.compile` does.

    Args:
        model: as `torch.compile` traced it.
        inputs: its examples.
        mode: of `torch.compile`.
    """
    # Twice: what was compiled before comes from a cache outside the inner call, and a backward pass is compiled later.
    with _kernels_together():
        return compile_fx(
            model,
            inputs,
            inner_compile=_kernels_together()(compile_fx_inner),
            config_patches=list_mode_options(mode),
        )


class _Kernel(NamedTuple):
    """The place of a kernel among those of its module, until all are there."""

    place: int


class _Together(async_compile.AsyncCompile):
    """What a module that torch wrote asks for its kernels, one after the other, before it waits for all."""

    def __init__(self) -> None:
        super().__init__()
        self.kernels: list[tuple[list[str], str]] = []

    def cpp_pybinding(self, argtypes: list[str], source_code: str) -> Any:
        if not _is_simple(source_code):
            return super().cpp_pybinding(argtypes, source_code)
        self.kernels.append((argtypes, source_code))
        return _Kernel(len(self.kernels) - 1)

    def wait(self, scope: dict[str, Any]) -> None:
        functions = self._compiled()
        scope.update({name: functions[one.place] for name, one in scope.items() if isinstance(one, _Kernel)})
        super().wait(scope)

    def _compiled(self) -> list[Any]:
        """The functions of the kernels, in their order."""
        threads = async_compile.get_compile_threads()
        units = max(1, min(threads, ceil(len(self.kernels) / _PER_UNIT)))
        submit = self.submit if threads > 1 else None
        parts = [self.kernels[number::units] for number in range(units) if self.kernels]
        loading = [CppPythonBindingsCodeCache.load_async(_unit(part), "cpu", submit) for part in parts]
        functions: list[Any] = [None] * len(self.kernels)
        for number, load in enumerate(loading):
            module = load()
            module.begin(torch._C._dynamo.guards._torchinductor_pyobject_tensor_data_ptr)  # type: ignore[attr-defined]
            functions[number::units] = [getattr(module, f"kernel_{place}") for place in range(len(parts[number]))]
        return functions


@contextmanager
def _kernels_together() -> Iterator[None]:
    kept = async_compile.AsyncCompile
    async_compile.AsyncCompile = _Together  # type: ignore[misc]
    try:
        yield
    finally:
        async_compile.AsyncCompile = kept  # type: ignore[misc]


# The text of a unit ---------------------------------------------------------------------------------------------------

_ENTRY = 'extern "C"'
_BINDING = """
#define PY_SSIZE_T_CLEAN
#include <Python.h>

static void* (*data_of)(PyObject*);

template <typename T> static T argument(PyObject* arguments, Py_ssize_t place) {
    PyObject* given = PyTuple_GET_ITEM(arguments, place);
    if constexpr (std::is_pointer_v<T>) {
        return static_cast<T>(data_of(given));
    } else {
        T number;
        if constexpr (std::is_floating_point_v<T>) number = static_cast<T>(PyFloat_AsDouble(given));
        else number = static_cast<T>(PyLong_AsLongLong(given));
        if (PyErr_Occurred()) throw std::runtime_error("a number is needed");
        return number;
    }
}

template <typename Call> static PyObject* called(PyObject* arguments, Py_ssize_t count, Call call) {
    if (PyTuple_GET_SIZE(arguments) != count) {
        PyErr_Format(PyExc_TypeError, "%zd arguments are needed", count);
        return nullptr;
    }
    try {
        call();
    } catch (const std::exception& error) {
        PyErr_SetString(PyExc_RuntimeError, error.what());
        return nullptr;
    }
    Py_RETURN_NONE;
}

static PyObject* begin(PyObject*, PyObject* address) {
    data_of = reinterpret_cast<decltype(data_of)>(PyLong_AsVoidPtr(address));
    if (PyErr_Occurred()) return nullptr;
    Py_RETURN_NONE;
}
"""
_MODULE = """
static PyMethodDef methods[] = {{
    {{"begin", begin, METH_O, ""}},
    {methods}
    {{NULL, NULL, 0, NULL}}
}};
static PyModuleDef module_of_kernels = {{PyModuleDef_HEAD_INIT, "kernel", NULL, -1, methods}};
PyMODINIT_FUNC PyInit_kernel(void) {{ return PyModule_Create(&module_of_kernels); }}
"""


def _is_simple(source: str) -> bool:
    """Whether a kernel can be in a namespace: it is one function, and its text defines no macros."""
    directives = [line for line in source.splitlines() if line.lstrip().startswith("#")]
    others = [line for line in directives if not line.lstrip().startswith(("#include", "#pragma"))]
    return source.count(_ENTRY) == 1 and not others and os.name != "nt"


def _unit(kernels: Sequence[tuple[list[str], str]]) -> str:
    """The C++ of a module of Python with `kernel_0` and so on; its `begin` takes what says where tensors have data."""
    lines = [line for _, source in kernels for line in source.splitlines()]
    headers = dict.fromkeys(line.strip() for line in lines if line.lstrip().startswith("#include"))
    return "\n".join(
        [
            *headers,
            *(_in_namespace(place, source) for place, (_, source) in enumerate(kernels)),
            _BINDING,
            *(_bound(place, types) for place, (types, _) in enumerate(kernels)),
            _MODULE.format(
                methods="\n    ".join(
                    f'{{"kernel_{place}", kernel_{place}, METH_VARARGS, ""}},' for place in range(len(kernels))
                )
            ),
        ]
    )


def _in_namespace(place: int, source: str) -> str:
    lines = [line for line in source.splitlines() if not line.lstrip().startswith("#include")]
    return "\n".join([f"namespace unit_{place} {{", *lines, "}"]).replace(_ENTRY, "static")


def _bound(place: int, types: Sequence[str]) -> str:
    given = ", ".join(
        f"argument<{kind.removeprefix('const ') if '*' not in kind else kind}>(given, {number})"
        for number, kind in enumerate(types)
    )
    return (
        f"static PyObject* kernel_{place}(PyObject*, PyObject* given) {{\n"
        f"    return called(given, {len(types)}, [&] {{ unit_{place}::kernel({given}); }});\n}}"
    )
