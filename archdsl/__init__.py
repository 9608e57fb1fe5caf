"""archdsl: a declarative architecture compiler for convolutional networks.

    import archdsl
    network = archdsl.load("specs/v2_l.arch")
    network.params, network.macs
    model = network.build(num_classes=10)
    archdsl.list_models("efficientnet*")
    model = archdsl.create_model("efficientnetv2_s", num_classes=10)

Importing archdsl, loading and counting never import torch; building does.
"""

# Nothing is imported here: every command waits for it, and is not guarded yet (see `archdsl.cli.interrupts`).
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from archdsl.api import Network, create_model, find, fit, load, load_all, loads, space
    from archdsl.catalogue import list_models
    from archdsl.compiling import compile_regions
    from archdsl.diagnostics import ArchWarning, DiagnosticError
    from archdsl.exporting.export import export
    from archdsl.externs import Externs
    from archdsl.folders import specs_folder
    from archdsl.ir.architecture import Architecture
    from archdsl.limits import Limits
    from archdsl.search.load import load_study
    from archdsl.training.run import load_run
    from archdsl.version import __version__

__all__ = [
    "ArchWarning",
    "Architecture",
    "DiagnosticError",
    "Externs",
    "Limits",
    "Network",
    "__version__",
    "compile_regions",
    "create_model",
    "export",
    "find",
    "fit",
    "list_models",
    "load",
    "load_all",
    "load_run",
    "load_study",
    "loads",
    "space",
    "specs_folder",
]

# Where each name lives; imported when first asked for, so that `archdsl --help` does not wait for the compiler.
_HOMES = {
    "ArchWarning": "archdsl.diagnostics",
    "Architecture": "archdsl.ir.architecture",
    "DiagnosticError": "archdsl.diagnostics",
    "Externs": "archdsl.externs",
    "Failure": "archdsl.diagnostics",  # the former name of DiagnosticError
    "Limits": "archdsl.limits",
    "Network": "archdsl.api",
    "compile_regions": "archdsl.compiling",
    "__version__": "archdsl.version",
    "create_model": "archdsl.api",
    "export": "archdsl.exporting.export",
    "find": "archdsl.api",
    "fit": "archdsl.api",
    "list_models": "archdsl.catalogue",
    "load": "archdsl.api",
    "load_all": "archdsl.api",
    "load_run": "archdsl.training.run",
    "load_study": "archdsl.search.load",
    "loads": "archdsl.api",
    "space": "archdsl.api",
    "specs_folder": "archdsl.folders",
}


def __getattr__(name: str) -> "Any":
    if name not in _HOMES:
        raise AttributeError(f"module 'archdsl' has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
