"""Checkpoints read and written. Files are untrusted: nothing in one is run, and a broken one is a diagnostic."""

from __future__ import annotations

import re
import shlex
import warnings
from argparse import Namespace
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from archdsl.diagnostics import Note
from archdsl.diagnostics.render import printable
from archdsl.file_errors import CannotRead
from archdsl.reading import unfolded
from archdsl.weights.errors import (
    FolderOfWeights,
    NoSafetensors,
    NotSafetensors,
    NotTensorsAlone,
    TensorCount,
    Unfolds,
    UnknownSuffix,
)
from archdsl.weights.states import Contents, State, chosen, contents

if TYPE_CHECKING:
    from torch import Tensor

SAFETENSORS = ".safetensors"
_PICKLES = (".pth", ".pt", ".bin", ".ckpt", ".tar")
# What wrappers put into keys: torch.compile and FSDP anywhere, DataParallel with its kin before all of them.
_INNER_WRAPPERS = re.compile(r"(?<![^.])(_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)\.")
_WRAPPER = "module."
# What `AveragedModel` counts beside its `module.`.
_AVERAGED = "n_averaged"
_MOST_TENSORS = 100_000


@dataclass(frozen=True)
class Checkpoint:
    """The tensors of a file under their keys; `is_ordered` where they stand in the order of definition.

    `state` is where in the file they are, and `others` what else it holds: what it is by name. `prefix` is what has
    been taken from the beginning of every key, and `aside` has the tensors whose keys do not begin with it.
    """

    path: Path
    tensors: Mapping[str, Tensor]
    is_ordered: bool
    state: str = ""
    others: Mapping[str, str] = field(default_factory=dict)
    prefix: str = ""
    aside: Mapping[str, Tensor] = field(default_factory=dict)


def read_checkpoint(path: str | Path, state: str | None = None) -> Checkpoint:
    """The tensors of a `.safetensors` file, or of a `.pth` that holds nothing but tensors and plain values.

    Of a file with several state dicts, `state` names the one that is meant: `model_ema`. Raises DiagnosticError when
    the file cannot be read, would have to run code, or does not hold one set of tensors.
    """
    path = Path(path)
    if path.suffix not in (SAFETENSORS, *_PICKLES):
        if path.is_dir():
            raise FolderOfWeights(str(path)).error()
        raise UnknownSuffix(str(path)).error()
    try:
        if not path.is_file():
            what = "is a folder" if path.is_dir() else "is not a file" if path.exists() else "does not exist"
            raise CannotRead(str(path), f"it {what}").error()
        is_ordered = path.suffix != SAFETENSORS
        found = _pickled(path) if is_ordered else Contents([State("", _safetensors(path))])
    except OSError as error:
        raise CannotRead.because(path, error).error() from None
    meant, others = chosen(found, state, path)
    if not meant.tensors or len(meant.tensors) > _MOST_TENSORS:
        how_many = f"more than {_MOST_TENSORS:,}" if meant.tensors else "no"
        raise TensorCount(str(path), how_many).error()
    tensors, dropped = _unwrapped(meant.tensors)
    return Checkpoint(path, tensors, is_ordered, meant.path, {**others, **dropped})


def as_safetensors(tensors: Mapping[str, Tensor]) -> bytes:
    """The contents of a `.safetensors` file. Raises DiagnosticError when safetensors is not installed."""
    _needs_safetensors()
    from safetensors.torch import save

    data: bytes = save({key: tensor.contiguous() for key, tensor in tensors.items()}, metadata={"format": "pt"})
    return data


def as_file(tensors: Mapping[str, Tensor], style: str) -> bytes:
    """The contents of a file of tensors: `safetensors`, or `pth`, which `torch.load(..., weights_only=True)` reads."""
    if style == "safetensors":
        return as_safetensors(tensors)
    import torch

    file = BytesIO()
    torch.save({key: tensor.contiguous() for key, tensor in tensors.items()}, file)
    return file.getvalue()


def _safetensors(path: Path) -> dict[str, Tensor]:
    _needs_safetensors()
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        tensors: dict[str, Tensor] = load_file(path)
    except (SafetensorError, ValueError, KeyError) as error:
        reason = " ".join(str(error).split())
        raise NotSafetensors(str(path), reason).error() from None
    return tensors


def _needs_safetensors() -> None:
    try:
        import safetensors.torch  # noqa: F401
    except ImportError:
        raise NoSafetensors().error() from None


# What saves the weights of a file that holds more; its path is an argument, quoted for a shell.
_AS_TENSORS = 'import sys, torch; torch.save(torch.load(sys.argv[1], weights_only=False)["model"], "weights.pth")'


def _pickled(path: Path) -> Contents:
    """What a pickle holds, which is loaded with `weights_only`: no code of the file's choosing runs."""
    import torch

    if (held := unfolded(path)) is not None:
        raise Unfolds(str(path), held).error()
    try:
        # A namespace is attributes alone; timm's and many other training scripts keep their arguments in one.
        with warnings.catch_warnings(), torch.serialization.safe_globals([Namespace]):
            warnings.simplefilter("ignore")  # about the age of a format that we do not write
            loaded = torch.load(path, map_location="cpu", weights_only=True)
    except OSError:
        raise
    except Exception as error:  # The unpickler of a hostile file fails in any way it likes.
        blocked = _blocked(error)
        notes: tuple[Note, ...] = ()
        if blocked:
            notes = (
                Note(
                    "for a file whose maker you trust, with the name under which it has the weights: "
                    + shlex.join(["python", "-c", _AS_TENSORS, str(path)])
                ),
            )
        raise NotTensorsAlone(str(path), printable(blocked or "")).error(notes=notes) from None
    return contents(loaded)


def _blocked(error: Exception) -> str | None:
    """The class or function that a pickle names and that is not one of torch's plain values."""
    found = re.search(r"GLOBAL ([\w.]+) was not an allowed global", str(error))
    return found[1] if found else None


def _unwrapped(tensors: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The tensors without what wrappers put into their keys, and what the wrappers keep themselves."""
    found = dict(tensors)
    dropped: dict[str, str] = {}
    bare = {_INNER_WRAPPERS.sub("", key): tensor for key, tensor in found.items()}
    if len(bare) == len(found):
        found = bare
    while len(found) > 1 and all(key.startswith(_WRAPPER) or key == _AVERAGED for key in found):
        if _AVERAGED in found:
            dropped[_AVERAGED] = "how many models are averaged"
            del found[_AVERAGED]
        found = {key.removeprefix(_WRAPPER): tensor for key, tensor in found.items()}
    return found, dropped
