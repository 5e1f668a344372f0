"""Errors of the library, each with the exit code that the command line gives it, and its warnings.

Every message is one line that names the offending value and says what to do.
"""

from __future__ import annotations

from typing import ClassVar


class NeuroCoreXError(Exception):
    """Base of all errors of this library.

    Attributes
    ----------
    exit_code : int
        What the command line exits with.
    code : str
        Name of the error in JSON.
    meaning : str
        What the exit code means, for ``neurocorex --help``.
    """

    exit_code: ClassVar[int] = 1
    code: ClassVar[str] = "error"
    meaning: ClassVar[str] = "a check found a difference, or another error"


class InputError(NeuroCoreXError, ValueError):
    """Value, shape or option that cannot be used."""

    exit_code = 3
    code = "input"
    meaning = "a value or option cannot be used"


class FileFormatError(NeuroCoreXError):
    """File that is missing, truncated, corrupt or of another format."""

    exit_code = 4
    code = "file"
    meaning = "a file cannot be read or written"


class FitError(NeuroCoreXError):
    """Network that does not fit on the chip, or chip that does not fit on the board."""

    exit_code = 5
    code = "fit"
    meaning = "the network or chip does not fit"


class DeviceError(NeuroCoreXError):
    """Base of errors of a device; raised itself when a device refuses a command.

    Attributes
    ----------
    steps : int or None
        Steps of a run whose results had all come when it was cut off; None if no run was under way.
    """

    steps: int | None = None

    exit_code = 6
    code = "device"
    meaning = "the device refused a command"


class NoAnswerError(DeviceError):
    """Device that cannot be opened or does not answer."""

    exit_code = 7
    code = "no-answer"
    meaning = "the device cannot be opened or does not answer"


class GarbageError(DeviceError):
    """Device that answers, but not in this protocol."""

    exit_code = 8
    code = "garbage"
    meaning = "the device answers, but not in this protocol"


class DisconnectedError(DeviceError):
    """Device that went away."""

    exit_code = 9
    code = "disconnected"
    meaning = "the device went away"


class StateLostError(DisconnectedError):
    """Chip that was reset, replaced, or used by another session meanwhile: what it held is no longer there."""

    exit_code = 12
    code = "state-lost"
    meaning = "the chip no longer holds what was loaded"


class MissingToolError(NeuroCoreXError):
    """Python extra or program of the system that is not installed, or that failed."""

    exit_code = 10
    code = "missing-tool"
    meaning = "an extra or a program is missing, or it failed"


class TimingError(NeuroCoreXError):
    """Chip that does not reach its clock on the board."""

    exit_code = 11
    code = "timing"
    meaning = "the chip is too slow for its clock"


class InternalError(NeuroCoreXError):
    """Exception that nobody expected: a defect of NeuroCoreX. The command line keeps its traceback in a file."""

    exit_code = 70
    code = "internal"
    meaning = "a defect of NeuroCoreX; the message names the file of the traceback"


class NeuroCoreXWarning(UserWarning):
    """Base of all warnings of this library."""


class QuantisationWarning(NeuroCoreXWarning):
    """Network that does on the chip something else than what was asked for; the report has the same lines."""


class DeviceWarning(NeuroCoreXWarning):
    """Device that works, but not as it should: found at another rate, or not heard at the one that was asked for."""
