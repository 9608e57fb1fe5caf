"""Draws the letters and digits of font families: images of 62 classes at any resolution, which no one has to download.

    python -m benchmarks.glyphs --fonts DIR --out DIR [--size 64]

Writes OUT/train and OUT/test, a folder for each class in them, for `archdsl train --data OUT`; a family is in one of
the two, so that the test is of letters in unknown shapes. The same fonts give the same images. Debian's
`texlive-fonts-extra` has about five hundred families with all 62 (free licences, one for each font):
`apt-get install --no-install-recommends texlive-fonts-extra`.
"""

from __future__ import annotations

import argparse
import hashlib
import logging
import string
import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.measure import progress

FONTS = Path("/usr/share/texlive/texmf-dist/fonts")
# Folders of classes, for file systems that take `a` and `A` for the same, too.
CLASSES = {
    **{letter: f"upper_{letter.lower()}" for letter in string.ascii_uppercase},
    **{letter: f"lower_{letter}" for letter in string.ascii_lowercase},
    **{digit: f"digit_{digit}" for digit in string.digits},
}
# What is drawn takes so much of an image's side.
_FILLED = 7 / 8
_MEASURED_AT = 256
# What fontTools raises, TTLibError beside it, for tables that are not as they should be.
_UNREADABLE = (OSError, ValueError, LookupError, TypeError, AttributeError, AssertionError, struct.error)
# In the names of fonts whose letters are pictures of something else.
_SYMBOLS = ("symbol", "dingbat", "ornament", "icon", "braille", "emoji", "barcode", "border")


@dataclass(frozen=True, order=True)
class Style:
    """A font of a family; the order is from the plainest on: upright, of normal weight and width."""

    plainness: tuple[int, int, int]
    name: str
    path: Path
    family: str


def style_of(path: Path) -> Style | None:
    """What a font file holds; None where it is unreadable, or has not all 62 characters."""
    from fontTools.ttLib import TTFont, TTLibError

    try:
        with TTFont(path, lazy=True) as font:
            known = font.getBestCmap() or {}
            if any(ord(character) not in known for character in CLASSES):
                return None
            names, metrics = font["name"], font["OS/2"]
            family = names.getBestFamilyName() or path.stem
            style = names.getBestSubFamilyName() or ""
            is_slanted = "ital" in style.lower() or "obl" in style.lower() or bool(metrics.fsSelection & 1)
            plainness = (int(is_slanted), abs(metrics.usWeightClass - 400), abs(metrics.usWidthClass - 5))
    except (TTLibError, *_UNREADABLE):
        return None
    if any(word in f"{family} {path.stem}".lower() for word in _SYMBOLS):
        return None
    return Style(plainness, style, path, family)


def families(folder: Path, styles: int) -> dict[str, list[Style]]:
    """The plainest styles of each family below a folder, in the order of the names."""
    found: dict[str, list[Style]] = {}
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".otf", ".ttf"))
    for number, path in enumerate(paths):
        progress(f"reading fonts, {number} of {len(paths)}")
        style = style_of(path)
        if style is not None:
            found.setdefault(style.family, []).append(style)
    return {family: sorted(found[family])[:styles] for family in sorted(found)}


def drawings(path: Path, size: int) -> Iterator[tuple[str, Any]]:
    """The characters of a font as grey images, all at one scale and on one baseline; blank ones are left out."""
    from PIL import Image, ImageDraw, ImageFont

    def font_of(height: float) -> Any:
        return ImageFont.truetype(str(path), height, layout_engine=ImageFont.Layout.BASIC)

    large = font_of(_MEASURED_AT)
    boxes = {character: large.getbbox(character, anchor="ls") for character in CLASSES}
    top, bottom = min(box[1] for box in boxes.values()), max(box[3] for box in boxes.values())
    width = max(box[2] - box[0] for box in boxes.values())
    scale = _FILLED * size / max(bottom - top, width, 1)
    font = font_of(_MEASURED_AT * scale)
    baseline = size / 2 - scale * (top + bottom) / 2
    for character, (left, _, right, _) in boxes.items():
        image = Image.new("L", (size, size))
        at = (size / 2 - scale * (left + right) / 2, baseline)
        ImageDraw.Draw(image).text(at, character, fill=255, font=font, anchor="ls")
        if image.getbbox() is not None:
            yield character, image


def is_for_testing(family: str, share: float) -> bool:
    """Whether a family is for the test: by its name, so that more fonts move none of those that were there."""
    digest = hashlib.sha256(family.encode()).digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64


def draw(fonts: Path, out: Path, *, size: int, styles: int, share: float) -> dict[str, int]:
    """Writes the images of all families, each image once, and returns how many there are of each part."""
    counts = {"families": 0, "train": 0, "test": 0}
    for part in ("train", "test"):
        for name in CLASSES.values():
            (out / part / name).mkdir(parents=True)
    seen = set[bytes]()
    for family, found in families(fonts, styles).items():
        counts["families"] += 1
        part = "test" if is_for_testing(family, share) else "train"
        progress(f"drawing {family}")
        for style in found:
            for character, image in _drawn(style.path, size):
                digest = hashlib.sha256(image.tobytes()).digest()
                # Small capitals for small letters, or a font under two names.
                if digest in seen:
                    continue
                seen.add(digest)
                image.save(out / part / CLASSES[character] / f"{style.path.stem}.png")
                counts[part] += 1
    progress("")
    return counts


def _drawn(path: Path, size: int) -> list[tuple[str, Any]]:
    """Nothing of a font that FreeType does not read."""
    try:
        return list(drawings(path, size))
    except OSError:
        return []


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--fonts", type=Path, default=FONTS, metavar="DIR", help=f"(default: {FONTS})")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="a new folder")
    parser.add_argument("--size", type=int, default=64, metavar="PX", help="side of the images (default: 64)")
    parser.add_argument("--styles", type=int, default=1, metavar="N", help="of a family at most (default: 1)")
    parser.add_argument("--test", type=float, default=0.2, metavar="X", help="part of the families (default: 0.2)")
    arguments = parser.parse_args()
    logging.getLogger("fontTools").setLevel(logging.CRITICAL)  # remarks on each odd table of hundreds of fonts
    if not arguments.fonts.is_dir():
        hint = "apt-get install --no-install-recommends texlive-fonts-extra"
        sys.exit(f"{arguments.fonts} does not exist; on Debian: {hint}")
    if arguments.out.exists():
        sys.exit(f"{arguments.out} exists; `--out` is a new folder")
    counts = draw(arguments.fonts, arguments.out, size=arguments.size, styles=arguments.styles, share=arguments.test)
    if not counts["families"]:
        sys.exit(f"{arguments.fonts} has no .otf or .ttf fonts with all 62 letters and digits")
    print(f"{counts['families']} families: {counts['train']:,} images to train on, {counts['test']:,} to test on")


if __name__ == "__main__":
    main()
