"""Identity of a sweep: digests of its grid, functions and network, the same in every session."""

from __future__ import annotations

import functools
import hashlib
import os
import pickle
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from ..errors import InputError
from ..files import read_bytes
from ..image import Image
from ..network.network import Network
from ..quantiser.quantise import quantised
from .experiment import Experiment
from .table import Row


def identity_of(work: Any, points: list[Row]) -> dict[str, str]:
    """Return what a sweep is: each value of its grid by name, and what is called, as digests.

    Code is compared as Python has compiled it, so another version of Python makes another sweep. What a function
    calls is not looked into.

    Raises
    ------
    InputError
        For something that cannot be told from its like in another session.
    """
    names = list(points[0])
    found = {name: _digest(name, list(dict.fromkeys(_words(name, point[name]) for point in points))) for name in names}
    found["the size of the grid"] = str(len(points))
    if isinstance(work, Experiment):
        source = Path(work.network) if isinstance(work.network, str) else work.network
        parts = {"network": source, "measure": work.measure, **work.options}
        found |= {name: _digest(name, part) for name, part in parts.items()}
    else:
        found["the function"] = _digest("the function", work)
    found["the version of Python"] = f"{sys.version_info.major}.{sys.version_info.minor}"
    return found


def _digest(name: str, value: Any) -> str:
    return hashlib.sha256(_words(name, value).encode()).hexdigest()[:32]


def _words(name: str, value: Any) -> str:
    """Return words that equal values share, and no others."""
    if value is None or isinstance(value, bool | int | float | complex | str | bytes):
        return f"{type(value).__name__} {value!r}"
    if isinstance(value, np.generic):
        return _words(name, value.item())
    if isinstance(value, np.ndarray) and value.dtype.kind != "O":
        content = hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
        return f"array {value.dtype.str} {value.shape} {content}"
    if isinstance(value, list | tuple | range):
        return f"[{', '.join(_words(name, each) for each in value)}]"
    if isinstance(value, set | frozenset):
        return f"{{{', '.join(sorted(_words(name, each) for each in value))}}}"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_words(name, key)}: {_words(name, each)}' for key, each in value.items())}}}"
    if isinstance(value, Network):
        return _words(name, quantised(value, None)[0])
    if isinstance(value, Image):
        return f"image {hashlib.sha256(value.to_bytes()).hexdigest()}"
    if isinstance(value, os.PathLike):
        return f"file {hashlib.sha256(read_bytes(Path(value))).hexdigest()}"
    if callable(value) or isinstance(value, CodeType | ModuleType):
        return _of_code(name, value)
    return _pickled(name, value)


def _of_code(name: str, value: Any) -> str:
    """Words of a function: its name, its code, and the values that it brings along."""
    if isinstance(value, ModuleType):
        return f"module {value.__name__}"
    if isinstance(value, CodeType):
        return f"code {value.co_code!r} {_words(name, value.co_consts)} {value.co_names} {value.co_varnames}"
    if isinstance(value, functools.partial):
        return f"partial {_words(name, [value.func, value.args, value.keywords])}"
    if isinstance(value, MethodType):
        return f"method {value.__func__.__qualname__} {_words(name, [value.__func__, value.__self__])}"
    if isinstance(value, FunctionType):
        cells = [cell.cell_contents for cell in value.__closure__ or ()]
        brought = [value.__defaults__, value.__kwdefaults__, cells]
        return f"function {value.__qualname__} {_words(name, value.__code__)} {_words(name, brought)}"
    if isinstance(value, type) or not hasattr(value, "__dict__"):
        return f"{_module(value)}.{getattr(value, '__qualname__', repr(value))}"
    return _pickled(name, value)


def _module(value: Callable[..., Any]) -> str:
    return str(getattr(value, "__module__", ""))


def _pickled(name: str, value: Any) -> str:
    try:
        return f"{type(value).__qualname__} {hashlib.sha256(pickle.dumps(value, 4)).hexdigest()}"
    except Exception as error:
        raise InputError(
            f"{name} has a {type(value).__name__}, of which nobody can tell whether it is the same in another session "
            f"({error!s:.100}); leave out resume, or hand over numbers and functions"
        ) from None
