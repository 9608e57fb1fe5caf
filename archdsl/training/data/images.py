"""Encoded images to pixels, whatever mode they are in."""

from __future__ import annotations

import io
from pathlib import Path
from typing import BinaryIO

from PIL import Image, ImageOps, UnidentifiedImageError

# What `open_data` takes for an image by its name.
EXTENSIONS = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm"})
_SIXTEEN_BITS = ("I;16", "I;16B", "I;16L", "I;16N", "I")


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
    except UnreadableImageError:
        raise
    except UnidentifiedImageError:
        raise UnreadableImageError("it is not an image of a known format") from None
    except Exception as error:  # damaged files fail in the decoder's own ways
        reason = (getattr(error, "strerror", None) or "").lower() or " ".join(str(error).split())
        raise UnreadableImageError(reason or type(error).__name__) from None


def to_rgb(image: Image.Image) -> Image.Image:
    """An image of any mode in RGB. Raises UnreadableImageError where its values could mean anything."""
    if image.mode == "RGB":
        return image
    if image.mode in _SIXTEEN_BITS:
        low, high = (float(value) for value in image.getextrema())  # type: ignore[arg-type]
        if low < 0 or high > 65535:
            raise UnreadableImageError(f"its values, {low:g} to {high:g}, are not of 16 bits")
        return image.point(lambda value: value * (255.0 / 65535.0)).convert("L").convert("RGB")
    if image.mode == "F":
        raise UnreadableImageError("its values are real numbers, of which nobody knows what is white")
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        shown = image.convert("RGBA")
        white = Image.new("RGBA", shown.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, shown).convert("RGB")
    return image.convert("RGB")
