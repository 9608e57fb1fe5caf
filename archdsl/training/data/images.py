"""Encoded images to pixels, whatever mode they are in."""

from __future__ import annotations

import io
from pathlib import Path
from typing import BinaryIO

from PIL import Image, ImageOps, UnidentifiedImageError

# What `open_data` takes for an image by its name.
EXTENSIONS = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm"})
_SIXTEEN_BITS = ("I;16", "I;16B", "I;16L", "I;16N", "I", "F")


class UnreadableImageError(Exception):
    """An image that cannot be decoded; the message says why."""


def decode(source: bytes | Path | BinaryIO) -> Image.Image:
    """An image in RGB, turned as its EXIF data says; what is transparent lies on white.

    Raises UnreadableImageError.
    """
    try:
        with Image.open(io.BytesIO(source) if isinstance(source, bytes) else source) as image:
            image.load()
            return to_rgb(ImageOps.exif_transpose(image))
    except UnidentifiedImageError:
        raise UnreadableImageError("it is not an image of a known format") from None
    except Exception as error:  # damaged files fail in the decoder's own ways
        reason = (getattr(error, "strerror", None) or "").lower() or " ".join(str(error).split())
        raise UnreadableImageError(reason or type(error).__name__) from None


def to_rgb(image: Image.Image) -> Image.Image:
    """An image of any mode in RGB."""
    if image.mode == "RGB":
        return image
    if image.mode in _SIXTEEN_BITS:
        _, high = image.getextrema()
        most = 255.0 if isinstance(high, float | int) and high <= 255 else 65535.0
        return image.point(lambda value: value * (255.0 / most)).convert("L").convert("RGB")
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        shown = image.convert("RGBA")
        white = Image.new("RGBA", shown.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, shown).convert("RGB")
    return image.convert("RGB")
