"""All errors of the library, and the exit code that the command line gives each of them.

Every message is one line that names the offending value and says what to do.
"""

from __future__ import annotations

from typing import ClassVar


class NeuroCoreXError(Exception):
    """Base of all errors of this library."""

    exit_code: ClassVar[int] = 1
    code: ClassVar[str] = "error"


class InputError(NeuroCoreXError, ValueError):
    """A value, shape or option that cannot be used."""

    exit_code = 3
    code = "input"


class FileFormatError(NeuroCoreXError):
    """A file that is missing, truncated, corrupt or of another format."""

    exit_code = 4
    code = "file"


class FitError(NeuroCoreXError):
    """A network that the chip has no room for."""

    exit_code = 5
    code = "fit"


class DeviceError(NeuroCoreXError):
    """Base of what goes wrong with a device; raised itself when a device refuses a command."""

    exit_code = 6
    code = "device"


class NoAnswerError(DeviceError):
    """A device that cannot be opened or does not answer."""

    exit_code = 7
    code = "no-answer"


class GarbageError(DeviceError):
    """A device that answers, but not in this protocol."""

    exit_code = 8
    code = "garbage"


class DisconnectedError(DeviceError):
    """A device that went away."""

    exit_code = 9
    code = "disconnected"


class MissingToolError(NeuroCoreXError):
    """A Python extra or a program of the system that is not installed, or that failed."""

    exit_code = 10
    code = "missing-tool"


class TimingError(NeuroCoreXError):
    """A chip that does not reach its clock on the board."""

    exit_code = 11
    code = "timing"
