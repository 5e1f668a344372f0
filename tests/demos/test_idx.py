"""IDX files: read against bytes written here, and every kind of broken file."""

import gzip
import struct

import numpy as np
import pytest
from neurocorex.demos import idx
from neurocorex.errors import FileFormatError

VALUES = np.random.default_rng(3).integers(0, 256, (5, 3, 4), np.uint8)
IMAGES = b"\x00\x00\x08\x03" + struct.pack(">III", 5, 3, 4) + VALUES.tobytes()
LABELS = b"\x00\x00\x08\x01\x00\x00\x00\x03\x07\x00\x09"


@pytest.fixture
def file(tmp_path):
    return tmp_path / "images"


def test_images_are_those_that_were_written(file):
    file.write_bytes(IMAGES)
    assert np.array_equal(idx.read(file, 3), VALUES)
    assert idx.read(file, 3)[1, 2, 3] == IMAGES[16 + 12 + 8 + 3]


def test_labels_are_those_that_were_written(file):
    file.write_bytes(LABELS)
    assert idx.read(file, 1).tolist() == [7, 0, 9]


@pytest.mark.parametrize("name", ["images", "images.gz"])
def test_packed_files_are_read_under_either_name(tmp_path, name):
    (tmp_path / name).write_bytes(gzip.compress(IMAGES))
    assert np.array_equal(idx.read(tmp_path / "images", 3), VALUES)


def test_plain_file_comes_before_the_packed_one(tmp_path):
    (tmp_path / "labels").write_bytes(LABELS)
    (tmp_path / "labels.gz").write_bytes(b"not read")
    assert idx.read(tmp_path / "labels", 1).tolist() == [7, 0, 9]


PACKED = gzip.compress(IMAGES, mtime=0)
BROKEN = {
    "empty": (b"", "begins with nothing, expected 00 00 08 03"),
    "text": (b"P5 28 28", "begins with 50 35 20 32, expected 00 00 08 03"),
    "labels for images": (LABELS, "begins with 00 00 08 01"),
    "floats": (b"\0\0\x0d\x03" + IMAGES[4:], "begins with 00 00 0d 03"),
    "little-endian": (IMAGES[3::-1] + IMAGES[4:], "begins with 03 08 00 00"),
    "cut in the sizes": (IMAGES[:11], "ends within its sizes"),
    "cut in the values": (IMAGES[:-1], "says 5 x 3 x 4, which is 60 bytes, and has 59"),
    "a byte too many": (IMAGES + b"\0", "says 5 x 3 x 4, which is 60 bytes, and has 61"),
    "sizes of terabytes": (IMAGES[:4] + b"\xff" * 12, "4294967295 x 4294967295 x 4294967295"),
    "packed and cut": (PACKED[:-9], "is cut off"),
    "packed, its end cut": (PACKED[:-1], "is cut off"),
    "packed and altered": (PACKED[:30] + bytes([PACKED[30] ^ 0xFF]) + PACKED[31:], "is damaged"),
    "packed with more behind": (PACKED + b"more", "has bytes too many"),
    "packed text": (gzip.compress(b"hello"), "begins with 68 65 6c 6c"),
}


@pytest.mark.parametrize(("data", "said"), BROKEN.values(), ids=BROKEN.keys())
def test_broken_files_are_refused(file, data, said):
    file.write_bytes(data)
    with pytest.raises(FileFormatError, match=said) as caught:
        idx.read(file, 3)
    assert str(file) in str(caught.value)


def test_missing_file_is_named(file):
    with pytest.raises(FileFormatError, match=r"cannot read .*images: No such file"):
        idx.read(file, 3)


def test_packed_bomb_is_refused(file, monkeypatch):
    monkeypatch.setattr(idx, "LIMIT", 1000)
    file.write_bytes(gzip.compress(bytes(1001)))
    with pytest.raises(FileFormatError, match="unpacked, the most that is read"):
        idx.read(file, 3)
