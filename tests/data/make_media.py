"""Makes plain/media/*: small pictures, sounds, films and fonts as their usual writers write them.

Pillow 13.0, tifffile 2026.3, soundfile 0.14 (libsndfile 1.2), PyAV 18.1 (FFmpeg 8), fonttools 4.68, numpy 2.4:

    python -m venv /tmp/v && /tmp/v/bin/pip install pillow tifffile soundfile av fonttools brotli numpy
    cd tests/data && /tmp/v/bin/python make_media.py
"""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import soundfile
import tifffile
from fontTools.fontBuilder import FontBuilder
from fontTools.ttLib import TTCollection
from fontTools.ttLib.tables._g_l_y_f import Glyph
from PIL import Image

OUT = Path(__file__).parent / "plain" / "media"
PIXELS = (np.indices((24, 32)).sum(0) * 4 % 256).astype("uint8")


def pictures():
    grey, colours = Image.fromarray(PIXELS), Image.fromarray(np.stack([PIXELS] * 3, -1))
    colours.save(OUT / "a.png")
    colours.save(OUT / "a.jpg")
    exif = Image.Exif()
    exif[0x010E] = "a picture"
    colours.save(OUT / "progressive.jpg", progressive=True, exif=exif)
    grey.save(OUT / "a.gif")
    grey.save(OUT / "film.gif", save_all=True, append_images=[grey.rotate(90), grey.rotate(180)])
    grey.save(OUT / "film.png", save_all=True, append_images=[grey.rotate(180)])
    colours.save(OUT / "a.webp")
    colours.save(OUT / "a.avif")
    colours.save(OUT / "a.jp2")
    colours.save(OUT / "a.bmp")
    colours.save(OUT / "a.ico", sizes=[(16, 16), (24, 24)])
    colours.save(OUT / "a.tiff", exif=exif)
    colours.save(OUT / "packed.tiff", compression="tiff_lzw")
    tifffile.imwrite(OUT / "pages.tiff", np.stack([PIXELS] * 3), photometric="minisblack")
    tifffile.imwrite(OUT / "tiles.tiff", np.tile(PIXELS, (2, 2)), tile=(16, 16), bigtiff=True, byteorder=">")


def sounds():
    tone = (np.sin(np.arange(4000) / 9) * 0.4).astype("float32")
    for name in ("a.wav", "a.flac", "a.ogg", "a.mp3", "a.aiff"):
        soundfile.write(OUT / name, tone, 8000)


def films():
    for name, codec, options in (
        ("a.mp4", "mpeg4", {}),
        ("fragments.mp4", "mpeg4", {"movflags": "frag_keyframe+empty_moov"}),
        ("a.mov", "mpeg4", {"movflags": "faststart"}),
        ("a.avi", "mpeg4", {}),
        ("a.mkv", "mpeg4", {}),
        ("a.webm", "libvpx", {}),
    ):
        with av.open(str(OUT / name), "w", options=options) as film:
            stream = film.add_stream(codec, rate=4)
            stream.width, stream.height, stream.pix_fmt, stream.time_base = 32, 24, "yuv420p", Fraction(1, 4)
            for turn in range(4):
                picture = np.stack([np.roll(PIXELS, turn, 1)] * 3, -1)
                film.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
            film.mux(stream.encode())


def fonts():
    builder = FontBuilder(1024, isTTF=True)
    builder.setupGlyphOrder([".notdef", "A"])
    builder.setupCharacterMap({65: "A"})
    builder.setupGlyf({".notdef": Glyph(), "A": Glyph()})
    builder.setupHorizontalMetrics({".notdef": (500, 0), "A": (600, 0)})
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": "Tiny", "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(OUT / "a.ttf")
    collection = TTCollection()
    collection.fonts = [builder.font, builder.font]
    collection.save(OUT / "two.ttc")
    for flavor in ("woff", "woff2"):
        builder.font.flavor = flavor
        builder.save(OUT / f"a.{flavor}")


if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    pictures()
    sounds()
    films()
    fonts()
