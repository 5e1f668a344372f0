"""Access to a serial port that could not be opened: busy, forbidden or absent, in words."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path

from . import ports

_BUSY = (errno.EAGAIN, errno.EWOULDBLOCK, errno.EBUSY)
_FORBIDDEN = (errno.EACCES, errno.EPERM)
#: Command that prints the udev rules, as messages name it.
UDEV = "`neurocorex doctor --udev`"
#: Program of many Linux systems that opens each new serial port for some seconds, to see whether it is a modem.
_MODEM_MANAGER = "ModemManager"


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
    if number in _BUSY or _is_busy_on_windows(error):
        return f"cannot open {url!r}: it is in use ({held(path)}); close that first"
    if number in _FORBIDDEN and os.path.exists(path):
        return f"cannot open {url!r}: permission denied; {_remedy(path)}"
    if "://" not in path and not url.startswith(ports.SCHEME) and (number == errno.ENOENT or not os.path.exists(path)):
        return f"cannot open {url!r}: there is no such port; {ports.near(url)}{ports.known()}"
    return f"cannot open {url!r} ({error}); {ports.known()}"


def held(path: str) -> str:
    """Return who has a port open, in words."""
    found = users(path)
    told = ", ".join(found) or f"the system does not tell which program has it; `sudo fuser -v {path}` does"
    if any(_MODEM_MANAGER in each for each in found) or (not found and _runs(_MODEM_MANAGER)):
        told += f"; {_MODEM_MANAGER} tries new ports for half a minute unless the rules of {UDEV} are installed"
    return told


def denied(path: str) -> str | None:
    """Return why this user may not open a port, without opening it, and what to do; None if nothing is in the way."""
    if os.name != "posix" or not os.path.exists(path) or os.access(path, os.R_OK | os.W_OK):
        return None
    return f"permission denied; {_remedy(path)}"


def _is_busy_on_windows(error: Exception) -> bool:
    """Whether pyserial says, in words alone, that another program has a port of Windows."""
    return os.name == "nt" and "PermissionError" in str(error)


def _runs(name: str) -> bool:
    """Whether a program of this name runs; False where the system does not tell."""
    for process in Path("/proc").glob("[0-9]*/comm"):
        with contextlib.suppress(OSError):
            if process.read_text(errors="replace").strip() == name:
                return True
    return False


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
    rules = f"install the udev rules that {UDEV} prints"
    try:
        group = grp.getgrgid(status.st_gid)
    except KeyError:
        name, members = str(status.st_gid), []
    else:
        name, members = group.gr_name, group.gr_mem
    if status.st_mode & 0o060 != 0o060 or not status.st_gid:
        mode, owner = f"{status.st_mode & 0o777:03o}", status.st_uid
        return f"its mode is {mode}, and it belongs to user {owner} and group {name!r}; {rules}"
    if status.st_gid in (*os.getgroups(), os.getegid()):
        return (
            f"it is for the group {name!r}, which you have, so something else forbids it: a container that was not "
            "given this port, or a security policy of the system"
        )
    if _myself() in members:
        return (
            f"you are in the group {name!r}, but this session began before you were: log out and in again "
            f"(or `newgrp {name}` in this shell)"
        )
    return (
        f"it is for the group {name!r}: join it with `sudo usermod -a -G {name} $USER`, then log out and in again; "
        f"or {rules}"
    )


def _myself() -> str | None:
    """Return the name of the user; None for one without a name, as in some containers."""
    import pwd

    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return None
