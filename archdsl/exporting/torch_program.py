"""`torch.export` programs, and libraries that AOTInductor compiles of them."""

from __future__ import annotations

import json
import os
import shutil
from io import BytesIO
from pathlib import Path

import torch
from torch import Tensor

from archdsl.exporting.errors import NoCompiler
from archdsl.exporting.job import Job, Runner, Written


def write(job: Job, path: Path) -> Written:
    """Writes a .pt2 for `torch.export.load`; what is known of the images is its extra file `archdsl.json`."""
    data = BytesIO()  # torch ends the process where it cannot write to a file itself
    torch.export.save(job.program(), data, extra_files={"archdsl.json": json.dumps(job.facts())})
    path.write_bytes(data.getbuffer())
    return Written(lambda: _opened(path), {})


def _opened(path: Path) -> Runner:
    module = torch.export.load(path).module()

    def run(*images: Tensor) -> tuple[Tensor, ...]:
        found: tuple[Tensor, ...] = module(*images)
        return found

    return run


def compile_ahead(job: Job, path: Path) -> Written:
    """Writes a .pt2 for `torch._inductor.aoti_load_package`, compiled for the processor of this machine.

    Raises:
        DiagnosticError: where there is no compiler.
    """
    compiler = os.environ.get("CXX") or "g++"
    if shutil.which(compiler) is None:
        raise NoCompiler("aotinductor", compiler).error()
    from torch._inductor import aoti_compile_and_package

    metadata = {"archdsl": json.dumps(job.facts())}
    with torch.no_grad():
        aoti_compile_and_package(
            job.program(),
            package_path=str(path),
            inductor_configs={"aot_inductor.metadata": metadata, "freezing": True},
        )
    return Written(lambda: _loaded(path), {})


def _loaded(path: Path) -> Runner:
    from torch._inductor import aoti_load_package

    package = aoti_load_package(str(path))

    def run(*images: Tensor) -> tuple[Tensor, ...]:
        found = package(*images)
        return tuple(found) if isinstance(found, tuple | list) else (found,)

    return run
