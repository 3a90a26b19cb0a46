"""What a camera sees in a picture: PNG files as grey pixels, and the codes that are in them.

Only what we and Chromium write: one bit of grey, or eight bits of colour, never interlaced.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import Final

import numpy as np
import zxingcpp

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_CHANNELS: Final = {0: 1, 2: 3, 6: 4}


def codes_in(png: bytes) -> list[str]:
    """Return what the QR codes of a picture say."""
    found = zxingcpp.read_barcodes(pixels(png))
    return [each.text for each in found if each.format == zxingcpp.BarcodeFormat.QRCode]


def pixels(png: bytes) -> np.ndarray:
    """Return a picture as rows of grey, 0 black to 255 white."""
    assert png.startswith(_SIGNATURE)
    chunks = list(_chunks(png))
    head = next(content for kind, content in chunks if kind == b"IHDR")
    width, height, depth, colour = struct.unpack(">IIBB", head[:10])
    palette = next((content for kind, content in chunks if kind == b"PLTE"), b"")
    packed = zlib.decompress(b"".join(content for kind, content in chunks if kind == b"IDAT"))
    channels = _CHANNELS.get(colour, 1)
    lines = _unfiltered(packed, -(-width * channels * depth // 8), max(1, channels * depth // 8))
    rows = np.frombuffer(b"".join(lines), np.uint8).reshape(height, -1)
    if depth == 1:
        bits = np.unpackbits(rows, axis=1)[:, :width]
        black_and_white = np.array([palette[0], palette[3]] if palette else [0, 255], np.uint8)
        grey: np.ndarray = black_and_white[bits]
        return grey
    seen: np.ndarray = rows.reshape(height, width, channels)[:, :, :3].mean(axis=2).astype(np.uint8)
    return seen


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(_SIGNATURE)
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        yield png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        at += length + 12


def _unfiltered(packed: bytes, length: int, step: int) -> Iterator[bytes]:
    """Yield the lines of a picture, each computed from the one above (PNG, section 9)."""
    above = bytearray(length)
    for at in range(0, len(packed), length + 1):
        kind, line = packed[at], bytearray(packed[at + 1 : at + 1 + length])
        for here in range(length if kind else 0):
            left = line[here - step] if here >= step else 0
            corner = above[here - step] if here >= step else 0
            guess = (
                0,
                left,
                above[here],
                (left + above[here]) // 2,
                _nearest(left, above[here], corner),
            )
            line[here] = (line[here] + guess[kind]) % 256
        yield bytes(line)
        above = line


def _nearest(left: int, above: int, corner: int) -> int:
    middle = left + above - corner
    return min((left, above, corner), key=lambda each: abs(middle - each))
