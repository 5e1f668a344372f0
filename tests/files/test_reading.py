"""Suspicious reader: text, JSON and archives of arrays."""

import io
import json
import struct
import sys
import warnings
import zipfile
import zlib

import numpy as np
import pytest
from neurocorex.errors import FileFormatError
from neurocorex.files import Archive, pack, parse, read_arrays, read_bytes, read_json, read_text, write_arrays


def npz(**arrays) -> bytes:
    stream = io.BytesIO()
    pack(stream, {name: np.asarray(array) for name, array in arrays.items()})
    return stream.getvalue()


def zipped(entries, how=zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(stream, "w", how) as out:
        warnings.simplefilter("ignore")  # of names that stand twice
        for name, content in entries:
            out.writestr(name, content)
    return stream.getvalue()


def npy(head: str, content: bytes = b"", version: bytes = b"\1\0") -> bytes:
    text = head.encode()
    return b"\x93NUMPY" + version + struct.pack("<H", len(text)) + text + content


def test_size_is_bounded(tmp_path) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes(10))
    assert read_bytes(path, 10) == bytes(10)
    with pytest.raises(FileFormatError, match="more than 9 bytes"):
        read_bytes(path, 9)
    with pytest.raises(FileFormatError, match="more than 1 MiB"):
        read_bytes("/dev/zero", 1 << 20)


@pytest.mark.parametrize("name", ["missing", "", "nul\0", "x" * 5000], ids=["missing", "folder", "nul", "long"])
def test_what_cannot_be_read_is_told(tmp_path, name) -> None:
    with pytest.raises(FileFormatError, match=r"cannot read .*; check the path"):
        read_bytes(f"{tmp_path}/{name}")


@pytest.mark.parametrize("data", [b"\xff", b"a\0b", b"\xff\xfea", "Grüße".encode("latin-1")])
def test_what_is_no_text_is_told(tmp_path, data) -> None:
    (tmp_path / "file").write_bytes(data)
    with pytest.raises(FileFormatError, match="is no text"):
        read_text(tmp_path / "file")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_text_of_usual_encodings_is_read(tmp_path, encoding) -> None:
    (tmp_path / "file").write_text("1,2 µ", encoding=encoding)
    assert read_text(tmp_path / "file") == "1,2 µ"


BAD_JSON = {
    "empty": "",
    "cut off": '{"a": [1, 2',
    "twice": '{"a": 1, "a": 2}',
    "deep": "[" * 33 + "]" * 33,
    "very deep": "[" * 1_000_000,
    "deep objects": '{"a":' * 100_000,
    "NaN": "[NaN]",
    "Infinity": "[-Infinity]",
    "infinite": "[1e999]",
    "infinite digits": "[" + "9" * 400 + ".0]",
    "huge": "9" * 31,
    "huger": "9" * 5000,
    "half of a character": '["\\ud800"]',
    "half of a name": '{"\\udc00": 1}',
    "unfinished strings": '"\\"' * 100_000,
    "two documents": "{} {}",
}


@pytest.mark.parametrize("text", BAD_JSON.values(), ids=BAD_JSON)
def test_bad_json_is_refused(text) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse(text)
    with pytest.raises(FileFormatError, match="no JSON that can be used"):
        read_json(text.encode(), 1 << 24)


@pytest.mark.parametrize(
    "value",
    [{"a": [1, -2.5, 'µ"[[{{', None, True]}, "9" * 5000, 10**29, -(10**29), 1e300, "\U0001f600", [[]] * 9, 5e-324],
    ids=lambda value: str(value)[:20],
)
def test_good_json_is_read(value) -> None:
    for escaped in (True, False):
        assert read_json(json.dumps(value, ensure_ascii=escaped).encode()) == value


def test_constants_of_json_can_be_allowed() -> None:
    assert parse("[Infinity, 1e999]", constants=True) == [float("inf")] * 2


def test_nearly_full_stack_is_told() -> None:
    def deeper(levels: int) -> None:
        deeper(levels - 1) if levels else parse("[" * 30 + "]" * 30)

    with pytest.raises((ValueError, RecursionError)):
        deeper(sys.getrecursionlimit())


def test_arrays_are_read_as_written(tmp_path) -> None:
    arrays = {
        "a": np.arange(6, dtype=np.int16).reshape(2, 3), "b": np.array(True), "c": np.zeros((0, 4)), "d": np.eye(2) * 1j
    }  # fmt: skip
    write_arrays(tmp_path / "file.npz", arrays)
    for found in (read_arrays(tmp_path / "file.npz"), np.load(tmp_path / "file.npz")):
        assert set(found) == set(arrays)
        for name, array in arrays.items():
            assert found[name].dtype == array.dtype
            assert np.array_equal(found[name], array)


@pytest.mark.parametrize("writer", [np.savez, np.savez_compressed], ids=lambda each: each.__name__)
@pytest.mark.parametrize("dtype", ["?", "i1", ">i4", "<u8", "f2", "f8", "c8"])
@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0,), (2, 0, 3)], ids=str)
def test_arrays_of_numpy_are_read(writer, dtype, shape) -> None:
    stream, array = io.BytesIO(), np.asarray(np.arange(np.prod(shape)).reshape(shape).astype(dtype), order="F")
    writer(stream, array=array)
    found = read_arrays(stream.getvalue())["array"]
    assert found.dtype == array.dtype
    assert np.array_equal(found, array)


def test_bytes_of_bool_become_true() -> None:
    data = zipped([("a.npy", npy("{'descr': '|b1', 'fortran_order': False, 'shape': (3,), }", b"\0\1\7"))])
    assert read_arrays(data)["a"].tolist() == [False, True, True]


HEADS = {
    "empty": "",
    "no dictionary": "[1]",
    "pickle": "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }",
    "text": "{'descr': '<U4', 'fortran_order': False, 'shape': (1,), }",
    "fields": "{'descr': [('a', '<i4')], 'fortran_order': False, 'shape': (1,), }",
    "code": "{'descr': print(1), 'fortran_order': False, 'shape': (1,), }",
    "negative": "{'descr': '<i4', 'fortran_order': False, 'shape': (-1,), }",
    "huge": "{'descr': '<i4', 'fortran_order': False, 'shape': (9999999999999999999,), }",
    "huge product": "{'descr': '<i4', 'fortran_order': False, 'shape': (99999999, 99999999), }",
    "empty and huge": "{'descr': '<i4', 'fortran_order': False, 'shape': (0, 999999999999, 999999999999), }",
    "axes": "{'descr': '<i4', 'fortran_order': False, 'shape': (" + "1," * 70 + "), }",
    "unfinished": "{'descr': '<i4",
    "twice": "{'descr': '<i4', 'descr': '<i4', 'shape': (1,), }",
    "unknown type": "{'descr': '<i3', 'fortran_order': False, 'shape': (1,), }",
    "of Python 2": "{'descr': '<i4', 'fortran_order': False, 'shape': (2L,), }",
    "nested": "(" * 500,
    "longer": "x" * 2000,
}


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
def test_bad_heads_are_refused(head) -> None:
    with pytest.raises(FileFormatError, match=r"a\.npy"):
        read_arrays(zipped([("a.npy", npy(head, bytes(4)))]))


GOOD = npz(a=np.arange(5), b=np.ones(3))


def bomb() -> bytes:
    return zipped([(f"{name}.npy", bytes(200 << 20)) for name in "abcdef"])


def encrypted() -> bytes:
    data = bytearray(GOOD)
    data[data.index(b"PK\1\2") + 8] |= 1
    return bytes(data)


def overlapping() -> bytes:
    """Both entries of the directory point at the first."""
    data = bytearray(GOOD)
    first = data.index(b"PK\1\2")
    second = data.index(b"PK\1\2", first + 4)
    data[second + 16 : second + 46] = data[first + 16 : first + 46]
    return bytes(data)


def changed(mark: bytes, offset: int, value: bytes) -> bytes:
    data, start = bytearray(GOOD), GOOD.index(mark)
    data[start + offset : start + offset + len(value)] = value
    return bytes(data)


BAD_ARCHIVES = {
    "empty": b"",
    "other": b"hello",
    "array": npy("{'descr': '<i4', 'fortran_order': False, 'shape': (1,), }", bytes(4)),
    "cut off": GOOD[:-30],
    "cut at front": GOOD[30:],
    "bomb": bomb(),
    "lzma": zipped([("a.npy", b"x")], zipfile.ZIP_LZMA),
    "bzip2": zipped([("a.npy", b"x")], zipfile.ZIP_BZIP2),
    "encrypted": encrypted(),
    "overlapping": overlapping(),
    "twice": zipped([("a.npy", b"x"), ("a.npy", b"x")]),
    "many": zipped([(f"{n}.npy", b"x") for n in range(100)]),
    "checksum": changed(b"PK\1\2", 16, b"\1\2\3\4"),
    "claims": changed(b"PK\1\2", 24, struct.pack("<L", 1 << 29)),
    "claims less": changed(b"PK\1\2", 24, struct.pack("<L", 3)),
    "directory": changed(b"PK\5\6", 12, b"\xff\xff\xff\x7f"),
    "no array": zipped([("a.npy", b"x")]),
}


@pytest.mark.parametrize("data", BAD_ARCHIVES.values(), ids=BAD_ARCHIVES)
def test_bad_archives_are_refused(data) -> None:
    with pytest.raises(FileFormatError, match="file"):
        read_arrays(data, label="the file")


def test_checksum_of_an_entry_is_compared() -> None:
    data = zipped([("a.txt", b"hello")], zipfile.ZIP_STORED)
    broken = data.replace(b"hello", b"jello", 1)
    assert zlib.crc32(b"hello") != zlib.crc32(b"jello")
    with pytest.raises(FileFormatError, match="corrupt"):
        Archive(broken).content("a.txt")


def test_missing_array_is_named() -> None:
    with pytest.raises(FileFormatError, match=r"no z\.npy inside"):
        read_arrays(GOOD, names=["z"])
