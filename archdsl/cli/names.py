"""What outputs are called: after their specs, as any system can have it and Python can import it."""

from __future__ import annotations

import keyword
import re
import sys
from collections.abc import Iterable
from pathlib import Path

from archdsl.cli.specs import STANDARD_INPUT
from archdsl.diagnostics import Diagnostic, DiagnosticError
from archdsl.diagnostics.render import printable
from archdsl.folders import shipped

# Packages that the emitted file imports by way of torch, or that stand beside it in a program. A module of such a name
# hides them from every program whose folder it shares, the emitted file included when it is run itself.
_PACKAGES = {
    *("torch", "torchgen", "functorch", "torchvision", "torchaudio", "triton", "numpy", "scipy", "sympy", "mpmath"),
    *("networkx", "jinja2", "markupsafe", "filelock", "fsspec", "typing_extensions", "setuptools", "pkg_resources"),
    *("packaging", "yaml", "tqdm", "PIL", "timm", "onnx", "onnxruntime", "safetensors", "archdsl"),
}


def output_name(spec: str) -> str:
    """What an output is called after a SPEC: its file's name without extension, as any system can have it."""
    stem = (shipped(spec) or Path(spec)).stem
    # Windows has no such characters in names, takes a dot or space from their ends, and keeps some for devices.
    name = re.sub(r'[<>:"|?*\\\x00-\x1f]', "_", stem).rstrip(". ")
    return f"{name}_" if _is_device(name) else name or "_"


def module_names(specs: Iterable[str], *, importable: bool = True, standard_input: str | None = None) -> dict[str, str]:
    """Each file, once, with the name that it gives its outputs. Raises DiagnosticError where no module can have that
    name.

    Figures alone need not be `importable`. `standard_input` is the name for `-`, which is left out without one.
    """
    names: dict[str, str] = {}
    problems: list[Diagnostic] = []
    for path in dict.fromkeys(str(Path(spec)) for spec in specs):
        if path == STANDARD_INPUT and standard_input is None:
            continue
        stem = standard_input if path == STANDARD_INPUT and standard_input is not None else _stem(path)
        name = stem if importable else output_name(path)
        shown = printable("standard input" if path == STANDARD_INPUT else path)
        # Compared without regard to capitals, as the file systems of Windows and macOS do.
        other = next((other for other, taken in names.items() if taken.casefold() == name.casefold()), None)
        names[path] = name
        if other is not None:
            from archdsl.cli.errors import SameOutput

            files = (f"{each}.{'py' if importable else 'svg'}" for each in (name, names[other]))
            problems.append(SameOutput(printable(other), shown, *files).at(None))
        elif importable and (reason := _obstacle(name)):
            from archdsl.cli.errors import UnusableModuleName

            what, suffix = ("the model", "") if path == STANDARD_INPUT else ("it", ".arch")
            problems.append(UnusableModuleName(shown, reason, what, f"{_module_name(name)}{suffix}").at(None))
    if problems:
        raise DiagnosticError(problems)
    return names


def _stem(spec: str) -> str:
    return (shipped(spec) or Path(spec)).stem


def _obstacle(name: str) -> str | None:
    """Why no module of this name is written; None for a name that is fine."""
    if not name.isascii() or not name.isidentifier() or keyword.iskeyword(name):
        return f"Python could not import {printable(name)}.py"
    if name.startswith("__") and name.endswith("__"):
        return f"Python runs {name}.py by itself when the folder is imported or run"
    if name in ("sitecustomize", "usercustomize", "conftest"):
        return f"{'pytest' if name == 'conftest' else 'Python'} imports {name}.py by itself where it finds one"
    if _is_device(name):
        return f"Windows keeps the name {name} for a device"
    if name in sys.stdlib_module_names or name in _PACKAGES:
        whose = "Python's own module" if name in sys.stdlib_module_names else "the package"
        return f"{name}.py would hide {whose} `{name}` from programs in its folder"
    return None


def _module_name(name: str) -> str:
    """A module name close to a name that is none."""
    plain = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_")
    return plain if plain and _obstacle(plain) is None else f"model_{plain}".rstrip("_")


def _is_device(name: str) -> bool:
    """Whether Windows keeps a name for a device, whatever its extension."""
    return re.fullmatch(r"(con|prn|aux|nul|(com|lpt)[0-9\u00b9\u00b2\u00b3])(\..*)?", name, re.IGNORECASE) is not None
