"""Point clouds: three forms of data give the same points, and no header is believed."""

from __future__ import annotations

import contextlib
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotvision.data.pcd import decode_depth, decode_points, encode_points, lzf_decode
from robotvision.data.sequence import ChannelKind, ImageFile
from robotvision.errors import FrameError

XYZ = np.array([[1, 2, 3], [np.nan, 0, 1], [-1.5, 0.25, 2], [0, 0, 70]], np.float32)
GOLDEN_TEXT = (
    b"the quick brown fox, the quick brown dog, "
    + b"a" * 300
    + bytes(range(40))
    + b"the quick brown fox"
)
GOLDEN_LZF = bytes.fromhex(
    "1574686520717569636b2062726f776e20666f782c2074e0061405646f672c2061e0ff00e01a001f00010203040506"
    "0708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f072021222324252627e10768217d"
)
"""Written by liblzf 3.6."""


def header(form: str, width: int = 4, height: int = 1, **changes: str) -> str:
    """Return a header of x y z and a padding field; ``changes`` replace lines, "" drops one."""
    lines = {
        "VERSION": "0.7",
        "FIELDS": "x y z _ label",
        "SIZE": "4 4 4 1 2",
        "TYPE": "F F F U U",
        "COUNT": "1 1 1 4 1",
        "WIDTH": str(width),
        "HEIGHT": str(height),
        "VIEWPOINT": "0 0 0 1 0 0 0",
        "POINTS": str(width * height),
        "DATA": form,
        **changes,
    }
    return "# .PCD v0.7\n" + "".join(f"{k} {v}\n" for k, v in lines.items() if v)


def binary() -> bytes:
    return b"".join(row.astype("<f4").tobytes() + b"pad!" + b"\x07\0" for row in XYZ)


def ascii_text() -> str:
    return "".join(f"{x:.9g} {y:.9g} {z:.9g} 1 2 3 4 7\n" for x, y, z in XYZ)


def lzf_encode(raw: bytes) -> bytes:
    """Compress in the plainest way: literals, and a back reference where 3 or more bytes recur."""
    out, at = bytearray(), 0
    while at < len(raw):
        length, distance = 0, 0
        for d in range(1, min(at, 8192) + 1):
            n = 0
            while n < 264 and at + n < len(raw) and raw[at + n] == raw[at - d + n]:
                n += 1
            if n > length:
                length, distance = n, d
        if length >= 3:
            far, n = distance - 1, length - 2
            out += bytes([min(n, 7) << 5 | far >> 8, *([n - 7] if n >= 7 else []), far & 255])
            at += length
        else:
            out += bytes([0, raw[at]])
            at += 1
    return bytes(out)


def compressed(width: int = 4, height: int = 1) -> bytes:
    columns = XYZ.T.astype("<f4").tobytes() + b"pad!" * 4 + b"\x07\0" * 4
    packed = lzf_encode(columns)
    sizes = struct.pack("<II", len(packed), len(columns))
    return header("binary_compressed", width, height).encode() + sizes + packed


FORMS = {
    "ascii": header("ascii").encode() + ascii_text().encode(),
    "binary": header("binary").encode() + binary(),
    "binary_compressed": compressed(),
}


@pytest.mark.parametrize("form", FORMS)
def test_forms_agree(form: str) -> None:
    """Each form gives the finite points, padding and other fields left out."""
    points = decode_points(FORMS[form], form)
    assert points.dtype == np.float32
    assert points.tolist() == XYZ[[0, 2, 3]].tolist()
    assert not points.flags.writeable


def test_organised_cloud_is_a_depth_image() -> None:
    """Z in millimetres, 0 where there is none or it is too far for 16 bits."""
    raw = header("binary", 2, 2).encode() + binary()
    depth = decode_depth(raw, "x")
    assert depth.dtype == np.uint16
    assert depth.tolist() == [[3000, 1000], [2000, 0]]
    assert decode_depth(compressed(2, 2), "x").tolist() == depth.tolist()


def test_not_organised() -> None:
    with pytest.raises(FrameError, match=r"^c: expected an organised cloud \(HEIGHT above 1\)"):
        decode_depth(FORMS["ascii"], "c")


def test_written_is_read(tmp_path: Path) -> None:
    points = XYZ[[0, 2]]
    (tmp_path / "c.pcd").write_bytes(encode_points(points))
    assert (ImageFile(tmp_path / "c.pcd", ChannelKind.POINTS).read() == points).all()


@pytest.mark.parametrize("form", FORMS)
def test_empty_cloud(form: str) -> None:
    """A cloud without points is a cloud."""
    assert decode_points(header(form, 0).encode(), form).shape == (0, 3)
    assert decode_points(encode_points(np.zeros((0, 3), np.float32)), form).shape == (0, 3)


def test_lzf_golden() -> None:
    """What liblzf packed is unpacked to what it was."""
    assert lzf_decode(GOLDEN_LZF, len(GOLDEN_TEXT), "x") == GOLDEN_TEXT


@given(st.binary(max_size=300) | st.lists(st.sampled_from([b"ab", b"abc", b"\0"])).map(b"".join))
def test_lzf_round_trip(raw: bytes) -> None:
    assert lzf_decode(lzf_encode(raw), len(raw), "x") == raw


@given(st.binary(max_size=60), st.integers(0, 500))
def test_lzf_junk(packed: bytes, size: int) -> None:
    """Junk is refused or unpacks to the size that was asked for, never more."""
    with contextlib.suppress(FrameError):
        assert len(lzf_decode(packed, size, "x")) == size


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "no DATA line"),
        (b"junk", "no DATA line"),
        (b"\n" * 100_000, "no DATA line"),
        (header("ascii", WIDTH="").encode(), "lacks WIDTH"),
        (header("zip").encode(), "expected DATA ascii, binary, binary_compressed, got 'zip'"),
        (header("ascii", SIZE="4 4").encode(), "entries; expected as many of each"),
        (header("ascii", TYPE="F F Q U U").encode(), "'z' has the unknown type Q4"),
        (header("ascii", POINTS="5").encode(), "does not agree with WIDTH 4 x HEIGHT 1"),
        (header("ascii", WIDTH="-4").encode(), "WIDTH: expected a whole number, got '-4'"),
        (
            header("ascii", FIELDS="x y w _ label").encode() + ascii_text().encode(),
            "expected the fields x y z, got x y w _ label",
        ),
        (header("ascii").encode(), "expected 4 points of 8 numbers, got 0"),
        (header("ascii").encode() + ascii_text().replace("7", "q").encode(), "not a number"),
        (header("binary").encode() + binary()[:-1], "cut short: expected 72 bytes"),
        (compressed()[:-1], "cut short"),
        (header("binary_compressed").encode() + b"123", "sizes of the compressed points"),
        (header("binary", 999_999_999, 1).encode(), "expected at most 16777216 points"),
        (header("binary", 999_999, 999_999).encode(), "expected at most 16777216 points"),
        (header("binary", COUNT="1 1 1 999999999 1").encode(), "expected at most"),
        (header("binary", 0, COUNT="1 1 1 999999999999 1").encode(), "expected at most"),
        (header("binary", COUNT="0 0 0 0 0").encode(), "expected the fields x y z"),
        (
            header("binary_compressed", 16_000_000).encode() + struct.pack("<II", 9, 288_000_000),
            "cut short",
        ),
        (header("ascii", 16_000_000).encode(), "expected 16000000 points"),
    ],
)
def test_broken(raw: bytes, message: str) -> None:
    """Each fault is one clear line; a header that lies allocates nothing."""
    with pytest.raises(FrameError, match=f"^c: .*{message}"):
        decode_points(raw, "c")


@given(st.sampled_from(sorted(FORMS)), st.integers(0, 400), st.binary(min_size=1, max_size=4))
def test_mutated(form: str, at: int, put: bytes) -> None:
    """Whatever bytes are changed, a cloud is read or refused."""
    raw = FORMS[form][:at] + put + FORMS[form][at + len(put) :]
    with contextlib.suppress(FrameError):
        assert decode_points(raw, "c").shape[1] == 3
