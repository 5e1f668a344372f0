"""Files: written whole or not at all, read without trust, and caches whose entries are checked.

Nothing else in the packages opens a file for writing, or parses an archive or JSON that came from a file. What is wrong
with a file is a FileFormatError.
"""

from .archive import DAMAGE, Archive, pack, read_arrays, write_arrays
from .documents import JSON_LIMIT, parse, read_json, write_json
from .lines import LineWriter, read_lines
from .lock import Lock
from .reading import decoded, printable, read_bytes, read_text
from .writing import replacing, write_atomic, write_text

__all__ = [
    "DAMAGE", "JSON_LIMIT", "Archive", "LineWriter", "Lock", "decoded", "pack", "parse", "printable", "read_arrays",
    "read_bytes", "read_json", "read_lines", "read_text", "replacing", "write_arrays", "write_atomic", "write_json",
    "write_text",
]  # fmt: skip
