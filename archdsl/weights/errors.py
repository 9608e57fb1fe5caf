"""Problems with weights: files that hold none, names of what is in them, and networks that they do not fit."""

from __future__ import annotations

from collections.abc import Sequence

from archdsl.diagnostics import Problem, codes

# Files ---------------------------------------------------------------------------------------------------------------


class FolderOfWeights(Problem):
    code = codes.NOT_WEIGHTS
    message = "{path} is a folder, not a file of weights"
    help = "name the file: that of a run is `{path}/weights.safetensors`"
    path: str


class UnknownSuffix(Problem):
    code = codes.NOT_WEIGHTS
    message = "{path} is neither `.safetensors` nor `.pth`"
    help = "the suffix says how a file is read"
    path: str


class TensorCount(Problem):
    """`count` is in words: no, or more than so many."""

    code = codes.NOT_WEIGHTS
    message = "{path} holds {count} tensors"
    path: str
    count: str


class NotSafetensors(Problem):
    code = codes.NOT_WEIGHTS
    message = "{path} is not a safetensors file: {reason}"
    path: str
    reason: str


class NotTensorsAlone(Problem):
    """`blocked` is what else the pickle would load, where that is known."""

    code = codes.NOT_WEIGHTS
    message = "{path} does not hold tensors alone{other}"
    help = "a pickle can run code, so nothing else in one is loaded; save the state dict, best as `.safetensors`"
    path: str
    blocked: str

    @property
    def other(self) -> str:
        return f": it holds a `{self.blocked}`" if self.blocked else ""


class Unfolds(Problem):
    code = codes.NOT_WEIGHTS
    message = "{path} says that it unfolds to {held:,} bytes, far more than weights in a file of its size"
    help = "a checkpoint is not compressed: save the state dict again, best as `.safetensors`"
    path: str
    held: int


class NoSafetensors(Problem):
    code = codes.MISSING_TOOL
    message = "safetensors is not installed"
    help = "pip install 'archdsl[weights]'"


# State dicts ---------------------------------------------------------------------------------------------------------


class NoStateDict(Problem):
    code = codes.NOT_WEIGHTS
    message = "{path} holds no state dict"
    help = "a state dict has tensors by name: save `model.state_dict()`"
    path: str


class SeveralStateDicts(Problem):
    """`names` are the first of `count`."""

    code = codes.SEVERAL_STATES
    message = "{path} holds {count} state dicts: {listed}"
    help = "choose one: --state {options}"
    path: str
    count: int
    names: Sequence[str]

    @property
    def listed(self) -> str:
        names = ", ".join(f"`{name}`" for name in self.names)
        return f"{names} and {self.count - len(self.names)} more" if self.count > len(self.names) else names

    @property
    def options(self) -> str:
        return "|".join(self.names)


class SeveralNetworksInside(Problem):
    """Weights of one network, such as a model and its average, whose keys have several `prefixes`."""

    code = codes.SEVERAL_STATES
    message = "{path} has weights of this network under {listed}"
    help = "choose one: --state {options}"
    path: str
    prefixes: Sequence[str]

    @property
    def listed(self) -> str:
        return ", ".join(f"`{prefix}`" for prefix in self.prefixes)

    @property
    def options(self) -> str:
        return "|".join(self.prefixes)


class UnknownState(Problem):
    code = codes.WRONG_USAGE
    message = "{path} holds {count} `{name}`"
    help = "it holds {listed}"
    path: str
    name: str
    is_ambiguous: bool
    known: Sequence[str]

    @property
    def count(self) -> str:
        return "several states" if self.is_ambiguous else "no state"

    @property
    def listed(self) -> str:
        return ", ".join(f"`{name}`" for name in self.known)


class StateWithoutFile(Problem):
    code = codes.WRONG_USAGE
    message = "--state names a part of a file, and there is none"
    help = "name it: --weights FILE"


# Models of other libraries -------------------------------------------------------------------------------------------


class NeitherModelNorFile(Problem):
    code = codes.WRONG_USAGE
    message = "`{origin}` is neither a model nor a file"
    help = "write {models}, or the path of a checkpoint"
    origin: str
    libraries: Sequence[str]

    @property
    def models(self) -> str:
        return ", ".join(f"{library}:NAME" for library in self.libraries)


class WeightsOfFile(Problem):
    code = codes.WRONG_USAGE
    message = "{option} goes with a model of a library; {origin} is a file and has weights of its own"
    option: str
    origin: str


class UnknownPeer(Problem):
    code = codes.WRONG_USAGE
    message = "{library} has no model `{name}`"
    help = "it has {count} models"
    library: str
    name: str
    count: int


class PeerFails(Problem):
    """`reason` is in the library's words."""

    code = codes.CANNOT_READ
    message = "{origin} cannot be built: {reason}"
    origin: str
    reason: str


class NoLibrary(Problem):
    code = codes.MISSING_TOOL
    message = "{library} is not installed"
    help = "pip install {library}"
    library: str


class BrokenLibrary(Problem):
    code = codes.MISSING_TOOL
    message = "{library} cannot be imported: {reason}"
    library: str
    reason: str


# Parts ---------------------------------------------------------------------------------------------------------------


class NotModulePath(Problem):
    code = codes.WRONG_USAGE
    message = "`{path}` is not a path of modules"
    help = "such as `classifier`, `stages.0`, `stages.0..2`"
    path: str


class UnknownWeights(Problem):
    """`examples` say which there are."""

    code = codes.WRONG_USAGE
    message = "there are no weights `{path}`"
    help = "{examples}"
    path: str
    examples: str


class AmbiguousPath(Problem):
    code = codes.WRONG_USAGE
    message = "`{path}` names other weights of ours than of theirs"
    help = "write {options}"
    path: str
    sides: Sequence[str]

    @property
    def options(self) -> str:
        return " or ".join(f"`{side}:{self.path}`" for side in self.sides)


# Tensors that do not fit ---------------------------------------------------------------------------------------------


class WeightsDoNotFit(Problem):
    """Of `count` tensors some are `missing`, some of `other_shape`; `advice` is which options leave them out."""

    code = codes.NO_MAP
    message = "{source} does not have all weights of {network}: of {count} tensors {problems}"
    help = "{advice}"
    source: str
    network: str
    count: int
    missing: int
    other_shape: int
    advice: str

    @property
    def problems(self) -> str:
        shaped = f"{self.other_shape} {'are' if self.other_shape > 1 else 'is'} of another shape"
        absent = f"{self.missing} {'are' if self.missing > 1 else 'is'} missing"
        return ", ".join(text for text, number in ((shaped, self.other_shape), (absent, self.missing)) if number)


class OneTensorForSeveral(Problem):
    code = codes.NO_MAP
    message = "{origin} has one tensor, `{key}`, for several of {network} that differ"
    origin: str
    key: str
    network: str


class OtherSize(Problem):
    """`had` and `wanted` are shapes, in words."""

    code = codes.NO_MAP
    message = "`{key}` of {owner} is {had}, not {wanted}"
    key: str
    owner: str
    had: str
    wanted: str


class MissingTensors(Problem):
    """`keys` are the first of `count`."""

    code = codes.NO_MAP
    message = "{names} missing from the weights"
    help = "these are not the weights of {owner}, or not all of them"
    keys: Sequence[str]
    count: int
    owner: str

    @property
    def names(self) -> str:
        listed = ", ".join(f"`{key}`" for key in self.keys)
        more = f" and {self.count - len(self.keys)} more" if self.count > len(self.keys) else ""
        return f"{listed}{more} {'is' if self.count == 1 else 'are'}"


# Networks that do not correspond -------------------------------------------------------------------------------------


class OtherWeights(Problem):
    """`options` are those that carry over the rest, where there are some."""

    code = codes.NO_MAP
    message = "{network} and {origin} do not have the same weights"
    help = "{advice}"
    network: str
    origin: str
    options: str | None

    @property
    def advice(self) -> str:
        return f"{self.options} carries over the rest" if self.options else ""


class UncertainFile(Problem):
    """A file whose tensors correspond in more than one way, which only the model that it is of can decide."""

    code = codes.NO_MAP
    help = "name the model that the file belongs to: --from timm:NAME --weights FILE"
    origin: str


class SeveralReadings(UncertainFile):
    message = "{origin} can be read in more than one way: modules of equal shapes are used side by side"


class OtherOrder(UncertainFile):
    message = "{origin} does not have its modules in the order in which {network} uses them"
    network: str


class IndistinctTensors(UncertainFile):
    message = "{origin} has modules whose tensors cannot be distinguished by names or shapes"


class CannotRun(Problem):
    """`image` is its shape, in words, and `reason` in torch's words."""

    code = codes.CANNOT_READ
    message = "{network} does not run on a batch of images of {image}: {reason}"
    help = (
        "try another --resolution; of a detector that takes a list of images, give `archdsl.weights.map_module` "
        "a module that calls its backbone and heads"
    )
    network: str
    image: str
    reason: str


class OutputsDiffer(Problem):
    code = codes.NOT_PROVEN
    message = "the weights of {network} and {origin} correspond, their outputs do not"
    help = "the difference is between the weights: compare pooling, padding, factors and additions"
    network: str
    origin: str


class PartsDiffer(Problem):
    """The same of weights that were selected."""

    code = codes.NOT_PROVEN
    message = "the selected weights of {network} and {origin} correspond, their outputs do not"
    help = "compare what comes before them"
    network: str
    origin: str


class UnusedByTheirs(Problem):
    code = codes.NO_MAP
    message = "{origin} has tensors that its forward pass never reads: {names}"
    help = "{network} has nothing to fill them with"
    origin: str
    network: str
    keys: Sequence[str]

    @property
    def names(self) -> str:
        return ", ".join(self.keys)
