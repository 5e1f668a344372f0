"""Access to a serial port that could not be opened: busy, forbidden or absent, in words."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path

from . import ports

_BUSY = (errno.EAGAIN, errno.EWOULDBLOCK, errno.EBUSY)
_FORBIDDEN = (errno.EACCES, errno.EPERM)


def refused(url: str, path: str, error: Exception) -> str:
    """Return why a port could not be opened, and what to do.

    Parameters
    ----------
    url : str
        What the caller named.
    path : str
        Name of the port that this stands for.
    error : Exception
        What pyserial raised.
    """
    number = getattr(error, "errno", None)
    if number in _BUSY:
        holders = ", ".join(users(path)) or "the system does not tell which"
        return f"cannot open {url!r}: it is in use ({holders}); close that first"
    if number in _FORBIDDEN and os.path.exists(path):
        return f"cannot open {url!r}: permission denied; {_remedy(path)}"
    return f"cannot open {url!r} ({error}); {ports.known()}"


def users(path: str) -> list[str]:
    """Return the programs that have a file open, as far as this user may see them; Linux only, elsewhere empty."""
    wanted, found = os.path.realpath(path), []
    for process in sorted(Path("/proc").glob("[0-9]*"), key=lambda each: int(each.name)):
        with contextlib.suppress(OSError):  # it has ended meanwhile, or belongs to somebody else
            if any(_leads_to(link, wanted) for link in (process / "fd").iterdir()):
                own = process.name == str(os.getpid())
                name = "this program itself" if own else (process / "comm").read_text(errors="replace").strip()
                found.append(f"process {process.name}, {name}")
    return found


def _leads_to(link: Path, wanted: str) -> bool:
    try:
        return str(link.readlink()) == wanted
    except OSError:  # closed meanwhile
        return False


def _remedy(path: str) -> str:
    """Return what gives a user the right to open a port."""
    if os.name != "posix":
        return "another program may have it open: close that first"
    import grp

    status = os.stat(path)
    try:
        group = grp.getgrgid(status.st_gid).gr_name
    except KeyError:
        group = str(status.st_gid)
    if status.st_mode & 0o060 == 0o060 and status.st_gid:
        return (
            f"it is for the group {group!r}: join it with `sudo usermod -a -G {group} $USER`, then log out and in again"
        )
    return f"its mode is {status.st_mode & 0o777:03o}, and it belongs to user {status.st_uid} and group {group!r}"
