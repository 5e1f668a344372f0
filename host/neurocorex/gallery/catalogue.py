"""Catalogue of the gallery: its files, wherever the package is installed, and what was measured of them."""

from __future__ import annotations

import importlib.util
import inspect
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy.typing as npt

from ..errors import FileFormatError, InputError
from ..files import read_json, write_atomic
from .finding import About, Outcome

if TYPE_CHECKING:
    from matplotlib.figure import Figure


#: File beside the systems with their figures, by name.
MEASURED = "measured.json"
#: Colours of a picture that is kept: as many as a drawing needs, and files of some ten kilobytes.
COLOURS = 64
_ROOM = Path(__file__).parent


@dataclass(frozen=True)
class System:
    """A published system, as its file has it; see `neurocorex.gallery`.

    Attributes
    ----------
    name, title, text : str
        Name of the file, first line and further lines of its docstring.
    about : About
        Where it was published, and what is idealised.
    first : callable
        Device to dict of arrays: what the chip said in the part that is the same on every device.
    measure : callable
        Device and ``quick`` to `Outcome`.
    draw : callable
        `Outcome` to a figure of matplotlib.
    """

    name: str
    title: str
    text: str
    about: About
    first: Callable[..., Mapping[str, npt.NDArray[Any]]]
    measure: Callable[..., Outcome]
    draw: Callable[[Outcome], Figure]

    @classmethod
    def of(cls, path: Path) -> System:
        """Read the file of a system.

        Raises
        ------
        FileFormatError
            If there is none, or it has not the names of a system.
        """
        spec = importlib.util.spec_from_file_location(f"neurocorex_gallery_{path.stem}", path)
        if spec is None or spec.loader is None or not path.is_file():
            raise FileFormatError(f"{path} is no file of the gallery; one is {folder() / 'cam.py'}")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return cls(path.stem, *_described(module), *(_member(module, each) for each in _MEMBERS))

    @property
    def reads_data(self) -> bool:
        """Whether it takes a folder with data that are not shipped."""
        return "data" in inspect.signature(self.measure).parameters

    def given(self, data: Path | None) -> System:
        """Return the system with a folder of data; without one, or if it reads none, it stays as it is.

        Raises
        ------
        FileFormatError
            If there is no such folder.
        """
        if data is None or not self.reads_data:
            return self
        if not data.is_dir():
            raise FileFormatError(f"cannot read data from {data}: there is no such folder")
        return replace(self, first=partial(self.first, data=data), measure=partial(self.measure, data=data))


_MEMBERS = ("ABOUT", "first", "measure", "draw")


def folder() -> Path:
    """Return where the files of the gallery are: in the installed package, or in the repository beside it."""
    installed = _ROOM / "systems"
    return installed if installed.is_dir() else _ROOM.parents[2] / "examples" / "gallery"


def names() -> list[str]:
    """Return the names of the systems, sorted."""
    return sorted(path.stem for path in folder().glob("[a-z]*.py"))


def load(name: str) -> System:
    """Return a system by its name.

    Raises
    ------
    InputError
        If there is none of that name.
    """
    if name not in names():
        raise InputError(f"the gallery has no {name!r}; it has {', '.join(names())}")
    return System.of(folder() / f"{name}.py")


def measured() -> dict[str, Any]:
    """Return what the last measurement of all systems found, by name: title, paper, findings, boards, seconds."""
    path = folder() / MEASURED
    found = read_json(path) if path.exists() else {}
    if not isinstance(found, dict):
        raise FileFormatError(f"{path} holds no object; make it anew: neurocorex gallery --measure {path.parent}")
    return found


def write(where: Path, found: Mapping[str, Any], pictures: Mapping[str, Figure]) -> None:
    """Write figures and pictures into a folder, such that `measured` and the pages find them; others stay."""
    path = where / MEASURED
    held = read_json(path) if path.exists() else {}
    text = json.dumps(dict(sorted({**held, **found}.items())), indent=1) + "\n"
    for name, figure in pictures.items():
        write_atomic(where / f"{name}.png", partial(_put, _small(figure)))
    write_atomic(path, partial(_put, text.encode()))


def _put(content: bytes, stream: BinaryIO) -> None:
    stream.write(content)


def _small(figure: Figure) -> bytes:
    """Return a picture as PNG with few colours."""
    from PIL import Image

    stream, kept = io.BytesIO(), io.BytesIO()
    figure.savefig(stream, format="png", dpi=90)
    stream.seek(0)
    Image.open(stream).convert("RGB").quantize(COLOURS).save(kept, format="png", optimize=True)
    return kept.getvalue()


def _described(module: ModuleType) -> tuple[str, str]:
    title, _, text = (module.__doc__ or module.__name__).partition("\n")
    return title.strip(), text.strip()


def _member(module: ModuleType, name: str) -> Any:
    if not hasattr(module, name):
        raise FileFormatError(f"{module.__file__} has no {name}; a file of the gallery has {', '.join(_MEMBERS)}")
    return getattr(module, name)
