"""Problems with networks: layers that do not fit their input, blocks that do not fit where they are used, claims."""

from __future__ import annotations

from archdsl.diagnostics import OverBound, Problem, codes
from archdsl.elaborate.check.errors import ColumnsNotOfBlock

# Shapes. `reason` is what the operator says of its input. ------------------------------------------------------------


class VanishingSize(Problem):
    code = codes.VANISHING
    message = "{reason}"
    reason: str


class IndivisibleChannels(Problem):
    code = codes.INDIVISIBLE
    message = "{reason}"
    reason: str


class BadValueForShape(Problem):
    code = codes.BAD_VALUE
    message = "{reason}"
    reason: str


# Blocks --------------------------------------------------------------------------------------------------------------


class EndlessRecursion(Problem):
    code = codes.ENDLESS_RECURSION
    message = "`{block}` calls itself without end"
    help = "end it with a condition: `-> {block}(depth - 1) when depth > 1`, or `if depth > 1 then ... else ...`"
    block: str


class OutNotTensor(Problem):
    code = codes.MISSING_BINDING
    message = "`out` of `{block}` must be a tensor, not {found}"
    help = "for example `out = in -> conv(channels)`"
    block: str
    found: str


class HeadNotTensor(Problem):
    """A head that reads tensors by their names, and is none."""

    code = codes.MISSING_BINDING
    message = "`head` reads tensors by name, and so must be a tensor itself, not {found}"
    help = "feed a tensor into it, the stem or a stage by its name: `head = stem -> conv(16) -> resize(like = input)`"
    found: str


class BadDeclaration(Problem):
    code = codes.WRONG_KIND
    message = "`{name}` of the extern block `{block}` must be {must}, not {found}"
    name: str
    block: str
    must: str
    found: str


class ArgumentOfExtern(Problem):
    code = codes.WRONG_KIND
    message = "`{parameter}` of the extern block `{block}` must be a number, a size or a word, not {found}"
    help = "the caller's module is constructed with it; layers stand before or behind the extern block"
    parameter: str
    block: str
    found: str


class OutputNotTensor(Problem):
    code = codes.WRONG_KIND
    message = "an output must be a tensor, and `{name}` is {found}"
    help = "{advice}"
    name: str
    found: str
    list: str | None

    @property
    def advice(self) -> str:
        if self.list is not None:
            return f"give each tensor a name: `{self.name}_0, {self.name}_1 = {self.list}`"
        return "for example `outputs { boxes = c5 -> conv(64) }`, where `c5` is the name of a stage"


class StagesUnread(Problem):
    code = codes.MISSING_BINDING
    message = "nothing reads what the last stage puts out"
    help = "read it by its name in the table, or remove the stages that are not needed"


class StemUnread(Problem):
    code = codes.MISSING_BINDING
    message = "nothing reads what the stem puts out"
    help = "read it by its name, `stem -> ...`, or remove the stem"


class PartUnread(Problem):
    code = codes.MISSING_BINDING
    message = "nothing reads a map of `{part}`"
    help = "read one, such as `{part} -> conv(64)` or `{part}.stage3`, or remove the part"
    part: str


class ImagesUnread(Problem):
    code = codes.MISSING_BINDING
    message = "nothing reads the images"
    help = "read them by their name, `input -> ...`"


class SharedNotLayer(Problem):
    code = codes.WRONG_KIND
    message = "only layers are shared, and `{name}` is {found}"
    help = "every tensor and number is computed once anyway: write `{name} = ...`"
    name: str
    found: str


class SharedElsewhere(Problem):
    code = codes.WRONG_KIND
    message = (
        "`{name}` is shared, so it stands by itself in the pipeline of a tensor, in the block or model that binds it"
    )
    help = (
        "write `x -> {name}`, and `x -> {name} -> {name}` for the same weights twice; what belongs to it besides, such "
        "as copies with weights of their own, goes into `shared {name} = ...`"
    )
    name: str


class SharedDiffers(Problem):
    code = codes.BAD_VALUE
    message = "`{name}` cannot have the same weights here as where it is used first"
    help = "give both uses tensors of the same channels, or let each have weights of its own: `{name} = ...`"
    name: str


class ListThroughLayer(Problem):
    """Blocks alone read lists of tensors."""

    code = codes.WRONG_KIND
    message = "`{layer}` reads one tensor, and this is a list of {count}"
    help = (
        "apply it to each, `for x in list: x -> {layer}`, choose one, `list[0]`, or join them: `concat(list)`; only a "
        "block reads a list"
    )
    layer: str
    count: int


class SeveralPutOut(Problem):
    """A stem, or a stage of the table, that is a block with several outputs."""

    code = codes.WRONG_KIND
    message = "{count} tensors come out here, and one goes on"
    help = "apply the block where tensors have names, as in `x, y = c5 -> block(...)`: below the stages, or in a block"
    count: int


class LayerOfTensor(Problem):
    """An argument that is a layer which reads a tensor of the block where it was written."""

    code = codes.WRONG_KIND
    message = "`{parameter}` is a layer that reads a tensor of another block"
    help = "give the tensor to the block as an argument of its own, and write the layer there"
    parameter: str


class FactOfOtherBinding(Problem):
    code = codes.WRONG_KIND
    message = "`{name}` is not a tensor here, so it has no facts"
    name: str


class FactNotNumber(Problem):
    code = codes.WRONG_KIND
    message = "a fact must be a number, not {found}"
    found: str


class FactOfShape(Problem):
    code = codes.BAD_VALUE
    message = "`{fact}` follows from the layers; it cannot be set"
    fact: str


_REPLACES = "replaces another block of this name"
_REPLACEMENT = "give it the parameters of the block that it replaces; under a name of its own it replaces nothing"


class ReplacementMismatch(Problem):
    """`reason` is what is wrong with the block where it is used."""

    code = codes.MISSING_ARGUMENT
    message = "{reason}"
    label = _REPLACES
    help = _REPLACEMENT
    reason: str


class ReplacementWithoutColumns(ColumnsNotOfBlock):
    label = _REPLACES
    help = _REPLACEMENT


# Models --------------------------------------------------------------------------------------------------------------


class ParameterWithoutValue(Problem):
    code = codes.MISSING_ARGUMENT
    message = "parameter `{parameter}` of `{model}` has no value"
    help = "give it a default, `{parameter} = ...`, or a column in `variants {model}`"
    parameter: str
    model: str


class EmptyModel(Problem):
    code = codes.MISSING_BINDING
    message = "model `{model}` has no stem, no stages and no head"
    help = "write `stages {{ ... }}`, or `head = global_avg_pool -> linear(classes)`"
    model: str


class InputNotShape(Problem):
    code = codes.WRONG_KIND
    message = "`{name}` must be a shape, channels x height x width, not {found}"
    help = "write `{name} = 3 x 224 x 224`, or for series such as sound channels x length, `{name} = 1 x 16000`"
    found: str
    name: str


class InputsOfTwoKinds(Problem):
    code = codes.BAD_VALUE
    message = "the inputs of a network are maps, or all of them are series"
    help = "write a series as a map of height 1: `1 x 1 x 16000`"


class InputUnread(Problem):
    code = codes.MISSING_BINDING
    message = "nothing reads the input `{name}`"
    help = "read it by its name, `{name} -> ...`, or remove it"
    name: str


class SourceUnsaid(Problem):
    """The stem, the stages, a head of layers or a part, of a model with several inputs."""

    code = codes.MISSING_BINDING
    message = "which input `{reader}` reads is not said: {inputs}"
    help = "{advice}"
    reader: str
    inputs: str
    first: str
    value: str | None = None

    @property
    def advice(self) -> str:
        if self.reader == "stages":
            return f"let them begin with it: `stem = {self.first}`, or `stem = {self.first} -> ...`"
        begin = f"begin with its name: `{self.reader} = {self.first} -> {self.value or '...'}`"
        if self.reader == "stem":
            return f"{begin}; a stem reads one: what joins several is a binding that the head reads"
        return begin


class ResolutionOfInputs(Problem):
    code = codes.WRONG_USAGE
    message = "a resolution is that of one input, and `{network}` has several"
    help = "give the shapes in the text, by parameters of the model if they are to change"
    network: str


class ResolutionOfSeries(Problem):
    code = codes.BAD_VALUE
    message = "the resolution of a series is its length, and {found} is a height and a width"
    label = "channels x length"
    help = "give one number"
    found: str


class BadClasses(Problem):
    code = codes.BAD_VALUE
    message = "`classes` must be a positive whole number, not {found}"
    help = "write how many classes there are, for example `classes = 1000`"
    found: str


# Stages --------------------------------------------------------------------------------------------------------------


class BadChannels(Problem):
    code = codes.BAD_VALUE
    message = "`channels` must be a positive whole number, not {found}"
    found: str


class OpNotBlock(Problem):
    code = codes.WRONG_KIND
    message = "`op` must name a block, not {found}"
    help = "make it a block: `block name(channels, stride = 1) {{ out = in -> ... }}`"
    found: str


class BadLayers(Problem):
    code = codes.BAD_VALUE
    message = "`layers` must be a positive whole number, not {found}"
    found: str


class TooManyLayers(OverBound):
    message = "{needed:,} layers in all are more than the bound of {most:,}"
    label = "stage {stage} has {largest:,}"
    bound = "layers"
    needed: int
    stage: int
    largest: int


# Claims --------------------------------------------------------------------------------------------------------------


class BlockRequireFailed(Problem):
    code = codes.REQUIRE_FAILED
    message = "`{block}` requires `{claim}`"
    block: str
    claim: str


class RequireFailed(Problem):
    code = codes.REQUIRE_FAILED
    message = "`{network}` does not meet `{claim}`"
    network: str
    claim: str
