"""Standing of a device: whether what its chip holds is known, and what to do if it is not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ..errors import DeviceError, DisconnectedError, StateLostError
from ..events.stream import CLEAR_ALL
from ..spec import Clear, Control, Region
from .session import Session

#: What a call changes: made again, it makes good one of its kind that was cut off. A word, and what it names.
Change = tuple[Any, ...]


def clearing(flags: Clear) -> Change:
    """Return the change that a clear makes."""
    return ("clear", flags)


def writing(region: Region, places: bytes | None = None) -> Change:
    """Return the change that writing makes: of a whole region, or of some places in it."""
    return ("write", region) if places is None else ("write", region, places)


def setting(register: Control) -> Change:
    """Return the change that setting a register makes."""
    return ("set", register)


def covers(change: Change | None, other: Change | None) -> bool:
    """Whether one change, made as a whole, leaves nothing of another that was cut off."""
    if change is None or other is None:
        return False
    if change[0] == other[0] == "clear":
        return not other[1] & ~change[1]
    return change in (other, other[:2])


@dataclass(frozen=True)
class _Doubt:
    """What is not known, in words, and what makes it known besides `load` and `restore`."""

    sentence: str
    remedy: Change | None = None
    run: Any = None
    error: type[DeviceError] = DeviceError

    @property
    def is_final(self) -> bool:
        """Whether nothing that happens to the chip can change it."""
        return issubclass(self.error, DisconnectedError)


class Standing:
    """Standing of a device: the one place that says whether its chip may be read.

    - *known*: all calls are allowed.
    - *cut*: a run was cut off, and the chip may still go on with it: `resume`, or `clear`.
    - *torn*: a change was ended in the middle; the same change again, or `clear` after a run.
    - *lost*: the network is gone, or has not arrived.

    `load` and `restore` lead out of all of them. See docs/devices.md.

    Parameters
    ----------
    session : Session
        With the chip.

    Attributes
    ----------
    owed : dict of Control to int
        Registers that a run which did not come to its end has left changed, with their values before it.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._generation: int | None = None
        self._doubt: _Doubt | None = None
        self.owed: dict[Control, int] = {}

    @property
    def name(self) -> str:
        """One of "known", "cut", "torn" and "lost"."""
        doubt = self._found()
        if doubt is None:
            return "known"
        return "lost" if doubt.is_final else "torn" if doubt.run is None else "cut"

    @property
    def has_network(self) -> bool:
        """Whether something was loaded or written, or was found and used."""
        return self._generation is not None

    def require(self, change: Change | None = None) -> None:
        """Raise DeviceError, in words, unless what the chip holds is known, or will be by this change.

        Raises
        ------
        StateLostError
            If the network is gone, or has not arrived as a whole.
        DeviceError
            If a run was cut off, or a change was ended in the middle.
        """
        doubt = self._found()
        if doubt is None or covers(change, doubt.remedy):
            return
        raise doubt.error(doubt.sentence)

    def cut_run(self) -> Any:
        """Return the `Run` that was cut off; raises DeviceError if there is none."""
        doubt = self._found()
        if doubt is None:
            raise DeviceError("no run was cut off, so there is nothing to resume; call device.run(...)")
        if doubt.run is None:
            raise doubt.error(doubt.sentence)
        return doubt.run

    # Changes of standing -----------------------------------------------------------------------

    def loading(self) -> None:
        """Note that what the chip holds is being replaced."""
        self.owed = {}
        self._doubt = _Doubt("the network was lost while loading; load it again", error=StateLostError)

    def arrived(self) -> None:
        """Note that a network is on the chip as a whole."""
        self._generation, self._doubt = self._session.generation, None

    def adopt(self) -> None:
        """Note that the chip holds what this session did not load: written region by region, or found there."""
        if self._generation is None:
            self._generation = self._session.generation

    @contextmanager
    def changing(self, what: str, change: Change) -> Iterator[None]:
        """Change something on the chip: torn, should that be ended in the middle; raises as `require`."""
        self.require(change)
        self._doubt = _Doubt(
            f"the last {what} was cut off, so it is not known what the chip holds; call it again as it was, or load or "
            "restore",
            change,
        )
        yield
        self._doubt = None

    def cut(self, run: Any) -> None:
        """Note that a `Run` was cut off, and can be resumed."""
        self._doubt = _Doubt(
            f"the last run was cut off after {run.reached}; device.resume() finishes it, or load, restore or clear",
            clearing(CLEAR_ALL),
            run,
        )

    def torn(self, run: Any) -> None:
        """Note that a `Run` ended in the middle, nobody knows where."""
        self._doubt = _Doubt(
            f"the last run was ended after {run.reached} or more, so it is not known where "
            "the chip stands; call load, restore, or clear to begin from zero state",
            clearing(CLEAR_ALL),
        )

    def known(self) -> None:
        """Note that a run came to its end, or ended in good order."""
        self._doubt = None

    def closed(self) -> None:
        """Note that the device was closed."""
        self._doubt = _Doubt("this device was closed; open it again", error=DisconnectedError)

    def _found(self) -> _Doubt | None:
        is_gone = self._generation not in (None, self._session.generation)
        if is_gone and not (self._doubt is not None and self._doubt.is_final):
            return _Doubt(
                "the network is gone: the device went away, was reset, or was used by another session; load it again",
                error=StateLostError,
            )
        return self._doubt
