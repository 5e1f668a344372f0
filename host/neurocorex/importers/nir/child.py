"""HDF5 files read in a child process with limits on time and memory.

HDF5 is a C library that a file made on purpose can send into an endless loop, or to write where it should not. So files
are opened in a process of their own, which can be stopped; it hands over plain arrays and texts, never pickles. Its
message is a line of JSON, in which an array is ``{"dtype", "shape"}``, then the bytes of all arrays in order.
"""

from __future__ import annotations

import json
import logging
import math
import os
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from ... import errors
from ...errors import FileFormatError, NeuroCoreXError
from .hdf5 import library, read_here

#: Limits of the child: seconds that it may compute, seconds that may pass, and bytes of its address space and message.
CPU_SECONDS, WALL_SECONDS, MEMORY, MESSAGE = 30, 120, 4 << 30, 2 << 30
#: Program of the child. It runs without the user's settings for Python, and finds modules where the parent does.
PROGRAM = "import sys, json; sys.path[:] = json.loads(sys.argv[1]); from {module} import main; main(sys.argv[2])"
#: Threads of a linear algebra library would reserve address space that counts against the limit.
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}

_log = logging.getLogger(__name__)


def read_tree(path: str | Path, *, attributes: bool = False) -> dict[str, Any]:
    """Read an HDF5 file as `hdf5.read_here` does, in a child process.

    Where no child can be started, the file is read in this process, which the log tells.

    Raises
    ------
    FileFormatError
        As `read_here`, and if reading takes too long, too much memory, or ends the child.
    MissingToolError
        If h5py is not installed.
    """
    library()
    told = {"path": str(path), "attributes": attributes, "cpu": CPU_SECONDS, "memory": MEMORY}
    with TemporaryFile() as message:
        try:
            child = start(json.dumps(told), message)
        except OSError as error:
            _log.warning("cannot start a process to read %s (%s); it is read in this one", path, error)
            return read_here(path, attributes=attributes)
        with child:
            try:
                code = child.wait(WALL_SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()
                raise _harmful(path, f"reading takes more than {WALL_SECONDS} s") from None
        if code:
            ways = f"signal {-code}" if code < 0 else f"exit code {code}"
            raise _harmful(path, f"reading ended with {ways}, after at most {CPU_SECONDS} s and {MEMORY >> 30} GiB")
        message.seek(0)
        return _unpacked(message.read(), path)


def read_graph(path: str | Path) -> Any:
    """Read the graph of a NIR file, as `Graph.of` takes it; raises FileFormatError for HDF5 of another kind."""
    tree = read_tree(path)
    if "node" in tree:
        return tree["node"]
    names = ", ".join(map(repr, list(tree)[:5])) or "nothing"
    advice = "; spikes are read by read_spikes" if list(tree) == ["nodes"] else ""
    raise FileFormatError(f"{path} is HDF5, but no NIR graph: it has {names} and no 'node'{advice}")


def main(argument: str) -> None:
    """Read the file that `argument` names and write the message to the standard output: the program of the child."""
    told = json.loads(argument)
    _limit(told["cpu"], told["memory"])
    out = cast(BinaryIO, sys.stdout.buffer)
    try:
        tree = read_here(told["path"], attributes=told["attributes"])
    except NeuroCoreXError as error:
        out.write(json.dumps({"error": type(error).__name__, "text": str(error)}).encode() + b"\n")
        return
    arrays: list[NDArray[Any]] = []
    out.write(json.dumps({"tree": _packed(tree, arrays)}).encode() + b"\n")
    for array in arrays:
        out.write(array.tobytes())


def start(argument: str, message: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start a child whose `main` gets `argument` and writes to `message`; raises OSError where none can be started."""
    if not sys.executable:
        raise OSError("sys.executable is empty")
    program = PROGRAM.replace("{module}", __name__)
    command = [sys.executable, "-I", "-c", program, json.dumps([str(place) for place in sys.path]), argument]
    return subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=message, stderr=subprocess.DEVNULL, env=os.environ | ONE_THREAD
    )


def _limit(cpu: int, memory: int) -> None:
    """Limit this process; systems without such limits keep that of the parent's clock."""
    try:
        import resource
    except ImportError:
        return
    limits = {
        resource.RLIMIT_CPU: cpu, resource.RLIMIT_AS: memory, resource.RLIMIT_FSIZE: MESSAGE, resource.RLIMIT_CORE: 0,
    }  # fmt: skip
    for what, limit in limits.items():
        hard = resource.getrlimit(what)[1]
        limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(what, (limit, limit))


def _packed(value: Any, arrays: list[NDArray[Any]]) -> Any:
    """Return a tree for JSON: groups as ``{"group": ...}``, texts as they are; arrays are appended to a list."""
    if isinstance(value, dict):
        return {"group": {name: _packed(inner, arrays) for name, inner in value.items()}}
    if isinstance(value, str | list):
        return {"text": value}
    array = np.asarray(value)
    arrays.append(array)
    return {"dtype": array.dtype.str, "shape": list(array.shape)}


def _unpacked(content: bytes, path: str | Path) -> dict[str, Any]:
    line, _, rest = content.partition(b"\n")
    try:
        told = json.loads(line)
        if "error" in told:
            raise _same_error(str(told["error"]), str(told["text"]))
        tree = _tree(told["tree"], _Data(memoryview(rest)))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _harmful(path, f"what was read makes no sense ({error})") from None
    return cast(dict[str, Any], tree)


#: Types of the arrays of a graph: integers, floats and truth values.
_NUMBERS = re.compile(r"[<>|=]?[iufb][0-9]{1,2}")


class _Data:
    """Bytes of the arrays, taken in order."""

    def __init__(self, data: memoryview) -> None:
        self._data, self._place = data, 0

    def array(self, dtype: str, shape: list[int]) -> NDArray[Any]:
        if not _NUMBERS.fullmatch(dtype):  # NumPy would read other texts as Python
            raise ValueError(f"an array of {dtype}")
        kind = np.dtype(dtype)
        size = math.prod(shape) * kind.itemsize
        part = self._data[self._place : self._place + size]
        self._place += size
        return np.frombuffer(part, kind).reshape(shape).copy()


def _tree(packed: dict[str, Any], data: _Data) -> Any:
    if "group" in packed:
        return {str(name): _tree(inner, data) for name, inner in packed["group"].items()}
    return packed["text"] if "text" in packed else data.array(packed["dtype"], packed["shape"])


def _same_error(name: str, text: str) -> NeuroCoreXError:
    kind = getattr(errors, name, FileFormatError)
    return cast(NeuroCoreXError, kind(text))


def _harmful(path: str | Path, what: str) -> FileFormatError:
    return FileFormatError(f"cannot read {path} as HDF5: {what}; it is damaged, or made to do harm")
