"""`Recipe`: the whole of a training, every number in it decided."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from archdsl.ir.base import Count, Frozen, Place, Scalar
from archdsl.ir.recipe.clipping import Clipping
from archdsl.ir.recipe.fix_res import FixRes
from archdsl.ir.recipe.numbers import Decay, Fraction, NotNegative
from archdsl.ir.recipe.optimizers import Optimizer
from archdsl.ir.recipe.phases import PROGRESSIVE, Phase, Progressive
from archdsl.ir.recipe.schedules import Cosine, Schedule

RECIPE_VERSION: Literal["1.0"] = "1.0"

Resolution = Annotated[int, Field(ge=1, le=100_000)]
Magnitude = Annotated[float, Field(ge=0, le=30)]


class Recipe(Frozen):
    """How a network is trained. The fields that a recipe in a text may set have a description; it is their reference.

    `model`, `variant` and `parameters` say which network it is for: `recipe NAME for efficientnet.b4` is for one,
    `recipe NAME for efficientnet` for all variants.
    """

    recipe_version: Literal["1.0"] = RECIPE_VERSION
    name: str
    doc: str = ""
    model: str
    variant: str | None = None
    parameters: dict[str, Scalar] = Field(default_factory=dict)
    place: Place

    epochs: Count = Field(description="times that each image is seen")
    batch: Count = Field(description="images of one step, over all processes and accumulated parts")
    optimizer: Optimizer = Field(discriminator="kind", description="`sgd`, `rmsprop` or `adamw`, with their arguments")
    schedule: Schedule = Field(
        default_factory=lambda: Cosine(),
        discriminator="kind",
        description="of the learning rate: `exponential`, `cosine`, `linear` or `constant`",
    )
    lr_scaling: Literal["linear", "sqrt", "constant"] = Field(
        "linear", description="how the learning rate follows a batch given on the command line instead of the recipe's"
    )
    clip: Clipping | None = Field(
        None, discriminator="kind", description="of gradients: `agc(0.01)` for each unit, `norm(1)` for all"
    )
    accumulate: Count = Field(1, description="parts in which a step's images go through the network")
    precision: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        "auto", description="of activations: `auto` is bfloat16 on a GPU that has it, else float32"
    )

    resolution: Resolution | None = Field(
        None, description="side of the images in training, in pixels; `none`: that of the network's input"
    )
    test_resolution: Resolution | None = Field(
        None, description="side of the images in evaluation, in pixels; `none`: that of the network's input"
    )
    test_crop: Annotated[float, Field(gt=0, le=1)] = Field(
        0.875, description="side of the center crop in evaluation, as a part of the resized image"
    )
    normalization: Literal["imagenet", "centered", "unit"] = Field(
        "imagenet", description="of colours: `imagenet`, its mean and deviation; `centered`, -1 to 1; `unit`, 0 to 1"
    )
    crop_scale: Annotated[float, Field(gt=0, le=1)] = Field(
        0.08, description="smallest area of a random crop, as a part of the image; 1: the whole image, no crop"
    )
    flip: Fraction = Field(0.5, description="probability that an image is mirrored left to right")
    jitter: Fraction = Field(0.0, description="largest change of brightness, contrast and saturation")
    rand_augment: Magnitude = Field(
        0.0, description="magnitude of RandAugment on the scale of the papers, where 10 rotates by 30 degrees; 0: none"
    )
    rand_augment_layers: Annotated[int, Field(ge=1, le=10)] = Field(
        2, description="transformations of RandAugment an image"
    )
    erase: Fraction = Field(0.0, description="probability that a random rectangle of an image is erased")
    mixup: NotNegative = Field(0.0, description="alpha of mixup; 0: none")
    cutmix: NotNegative = Field(0.0, description="alpha of CutMix; 0: none. With mixup, each batch gets one of the two")
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = Field(
        0.0, description="part of a label spread over all classes"
    )

    dropout: Decay | None = Field(
        None, description="rate of the dropouts before the classifier; `none`: the network's own"
    )
    drop_path: Decay | None = Field(
        None, description="rate of stochastic depth at the last layer; `none`: the network's own"
    )
    drop_path_mode: Literal["image", "batch"] = Field(
        "image", description="whether a branch is dropped for each image by itself or for the whole batch"
    )
    freeze: str | None = Field(None, description='parts that do not learn: `"stem, stages.0..2"`')
    sync_batch_norm: bool = Field(False, description="whether batch norms see the batches of all processes")

    ema: Decay | None = Field(
        None, description="decay of the moving average of the weights, which is then evaluated; less in the first steps"
    )
    recount: Annotated[int, Field(ge=0)] = Field(
        50, description="batches over which batch norms of averaged weights are counted anew; 0: averaged like weights"
    )
    fixres: FixRes | None = Field(
        None, description="`fixres(epochs, lr)`: then tunes the classifier at the test resolution"
    )
    progressive: Progressive | None = Field(None, description="the table of settings that rise: progressive learning")

    def phases(self, resolution: int) -> tuple[Phase, ...]:
        """The training in parts of unchanging settings, in order; a single one without progressive learning.

        Args:
            resolution: the side of the network's own input in pixels, for a recipe that does not say one.

        Returns:
            Phases that together cover `epochs`; those that would have no epoch are left out.
        """
        table = self.progressive
        count = table.stages if table is not None else 1
        phases: list[Phase] = []
        for index in range(count):
            first, last = self.epochs * index // count, self.epochs * (index + 1) // count
            values = {name: getattr(self, name) for name in PROGRESSIVE}
            values["resolution"] = values["resolution"] or resolution
            if table is not None:
                values |= {name: value for name in table.ramps if (value := table.at(name, index)) is not None}
            values["resolution"] = int(values["resolution"])  # rounded down, as the public code does
            if first < last:
                phases.append(Phase(len(phases), first, last, **values))
        return tuple(phases)

    def all_phases(self, resolution: int, test_resolution: int) -> tuple[Phase, ...]:
        """`phases`, and FixRes as the last, if there is one: on images as the test has them, without augmentation."""
        phases = self.phases(resolution)
        if self.fixres is None:
            return phases
        plain = dict.fromkeys(("rand_augment", "mixup", "cutmix", "erase"), 0.0)
        last, end = len(phases), self.epochs + self.fixres.epochs
        tuned = phases[-1]._replace(number=last, first=self.epochs, last=end, resolution=test_resolution, **plain)
        return (*phases, tuned)

    def scaled_lr(self, batch: int) -> float:
        """The learning rate at another batch, by the recipe's rule."""
        ratio = batch / self.batch
        factors: dict[str, float] = {"linear": ratio, "sqrt": ratio**0.5, "constant": 1.0}
        return self.optimizer.lr * factors[self.lr_scaling]

    def lr(self, epoch: float, batch: int | None = None) -> float:
        """The learning rate at `epoch`, with its fraction."""
        if self.fixres is not None and epoch >= self.epochs:
            return self.fixres.lr
        return self.scaled_lr(batch or self.batch) * self.schedule.at(epoch, self.epochs)

    def to_json(self) -> str:
        """The recipe as JSON text; `Recipe.from_json` gives it back, equal."""
        return self.model_dump_json(indent=2)

    @classmethod
    def from_json(cls, text: str) -> Recipe:
        """Raises pydantic.ValidationError when the text is not a recipe of this version."""
        return cls.model_validate_json(text)
