"""Table of numbers in the files of an installed package."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import MissingToolError

_INSTALL = "install it with: pip install 'neurocorex[examples]'"


def packaged(package: str, place: str, columns: int, *, title: str, what: str) -> NDArray[np.int64]:
    """Return a table of comma-separated integers, int64 [rows, columns].

    The package is not imported: that takes longer than most uses of its table.

    Parameters
    ----------
    package, place : str
        Package as it is imported, and file within it.
    columns : int
        Columns that the table must have.
    title, what : str
        Package and data as messages name them.

    Raises
    ------
    MissingToolError
        If the package is not installed, or has no such table.
    """
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise MissingToolError(f"{what} come with {title}; {_INSTALL}")
    path = Path(spec.origin).parent / place
    if not path.is_file():
        raise MissingToolError(f"{title} has no {path} with {what}; {_INSTALL}")
    try:
        table = np.loadtxt(path, np.int64, delimiter=",", ndmin=2)
    except (OSError, EOFError, ValueError) as error:
        raise MissingToolError(f"cannot read {what} of {title}, {path}: {error!s:.100}; {_INSTALL}") from None
    if table.shape[1] != columns:
        raise MissingToolError(f"{path} has {table.shape[1]} columns, expected {columns}; {_INSTALL}")
    return table
