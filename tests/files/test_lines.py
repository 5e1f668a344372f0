"""Files that grow line by line."""

from pathlib import Path

import pytest
from neurocorex.errors import FileFormatError
from neurocorex.files import LineWriter, read_lines


def test_lines_are_there_at_once_and_over_a_pause(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("older")
    writer = LineWriter(path, b"first\n")
    for number in range(3):
        writer.add(b"%d\n" % number)
        assert path.read_bytes().endswith(b"%d\n" % number)
        writer.close()
    assert list(read_lines(path, longest=10)) == [(b"first", True), (b"0", True), (b"1", True), (b"2", True)]


def test_a_file_that_has_gone_is_not_begun_in_the_middle(tmp_path: Path) -> None:
    path = tmp_path / "log"
    writer = LineWriter(path, b"first\n")
    path.unlink()
    with pytest.raises(FileFormatError, match="cannot write on"):
        writer.add(b"second\n")
    assert not path.exists()


def test_last_line_without_its_end_is_told(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"a\n\nbc")
    assert list(read_lines(path, longest=10)) == [(b"a", True), (b"", True), (b"bc", False)]


@pytest.mark.parametrize("end", [b"", b"\n", b"\n" * 5])
def test_a_line_that_is_too_long_is_refused(tmp_path: Path, end: bytes) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"short\n" + b"x" * 11 + end)
    lines = read_lines(path, longest=10)
    assert next(lines) == (b"short", True)
    with pytest.raises(FileFormatError, match="more than 10 bytes"):
        next(lines)


@pytest.mark.parametrize("name", ["absent", ".", "a\0b"])
def test_what_cannot_be_read_is_a_typed_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(FileFormatError, match="cannot read"):
        next(read_lines(f"{tmp_path}/{name}", longest=10))
