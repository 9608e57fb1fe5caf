"""Networks of other libraries, built by their names: `timm:NAME`, `torchvision:NAME`, `pytorchcv:NAME`."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection
from dataclasses import dataclass
from inspect import signature
from typing import TYPE_CHECKING, Any

from archdsl.diagnostics import did_you_mean
from archdsl.torchvision_operators import declare_torchvision_operators
from archdsl.weights.errors import BrokenLibrary, NoLibrary, PeerFails, UnknownPeer

if TYPE_CHECKING:
    from torch import nn

    from archdsl.ir.architecture import Architecture


@dataclass(frozen=True)
class Library:
    """How a library lists its models, builds one for a number of classes, of channels and of outputs, as far as it
    asks for these, and builds a trained one."""

    names: Callable[[], Collection[str]]
    make: Callable[[str, int, int, int], Any]
    trained: Callable[[str], Any]


def is_peer(origin: str) -> bool:
    """Whether this is `LIBRARY:NAME`, and not the path of a file."""
    return origin.split(":", 1)[0] in LIBRARIES and ":" in origin


def build_peer(origin: str, architecture: Architecture, *, pretrained: bool = False) -> nn.Module:
    """The module that `timm:NAME` and the like name, with the classes and channels of `architecture`.

    Its weights are fresh, the same each time, unless `pretrained` asks the library for trained ones, which it may have
    to download, for the classes and channels that they were trained for. Raises DiagnosticError when the library is not
    installed, has no such model, or cannot build it.
    """
    library_name, name = origin.split(":", 1)
    library = LIBRARIES[library_name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        names = _names(library_name)
        # timm's names may say after a dot which training the weights are from.
        if name not in names and name.partition(".")[0] not in names:
            raise UnknownPeer(library_name, name, len(names)).error(help=did_you_mean(name, names))
        import torch

        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            try:
                classes, channels = architecture.classes or 1000, architecture.input.channels
                module: nn.Module = (
                    library.trained(name)
                    if pretrained
                    else library.make(name, classes, channels, len(architecture.outputs) or 1)
                )
            except Exception as error:  # Any library, any model, any network trouble on the way to its weights.
                reason = " ".join(str(error).split())
                raise PeerFails(origin, reason).error() from None
    return module


def _names(library: str) -> Collection[str]:
    try:
        declare_torchvision_operators()
        return LIBRARIES[library].names()
    except Exception as error:  # Compiled extensions fail in their own ways.
        missing = isinstance(error, ModuleNotFoundError) and error.name == library
        problem = NoLibrary(library) if missing else BrokenLibrary(library, " ".join(str(error).split()))
        raise problem.error() from None


# Libraries -----------------------------------------------------------------------------------------------------------


def _timm_names() -> Collection[str]:
    import timm

    found: list[str] = timm.list_models()
    return found


def _timm(name: str, classes: int, channels: int, outputs: int) -> Any:
    import timm

    return timm.create_model(name, num_classes=classes, in_chans=channels)


def _trained_timm(name: str) -> Any:
    import timm

    return timm.create_model(name, pretrained=True)


def _torchvision_names() -> Collection[str]:
    from torchvision.models import list_models

    found: list[str] = list_models()
    return found


def _torchvision(name: str, classes: int, channels: int, outputs: int) -> Any:
    from torchvision.models import get_model_builder

    builder = get_model_builder(name)
    asked = signature(builder).parameters
    # The backbone's trained weights are a default, and an auxiliary classifier is a second output.
    rules = {"weights_backbone": None, "aux_loss": outputs > 1}
    return builder(weights=None, num_classes=classes, **{key: value for key, value in rules.items() if key in asked})


def _trained_torchvision(name: str) -> Any:
    from torchvision.models import get_model

    return get_model(name, weights="DEFAULT")


def _pytorchcv_names() -> Collection[str]:
    from pytorchcv import model_provider

    return list(model_provider._models)


def _pytorchcv(name: str, classes: int, channels: int, outputs: int) -> Any:
    from pytorchcv.model_provider import get_model

    return get_model(name, num_classes=classes, in_channels=channels)


def _trained_pytorchcv(name: str) -> Any:
    from pytorchcv.model_provider import get_model

    return get_model(name, pretrained=True)


LIBRARIES = {
    "timm": Library(_timm_names, _timm, _trained_timm),
    "torchvision": Library(_torchvision_names, _torchvision, _trained_torchvision),
    "pytorchcv": Library(_pytorchcv_names, _pytorchcv, _trained_pytorchcv),
}
