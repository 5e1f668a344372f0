"""Refusals of a chip, and silence or garbage on the line, as errors that say what to do."""

from __future__ import annotations

from importlib import metadata

from ..errors import DeviceError, GarbageError, NoAnswerError
from ..spec import Op, Region, Response, Status
from .strangers import Heard, looks

#: Strange bytes that a message shows.
_SHOWN_BYTES = 8

REASONS = {
    Status.BAD_OP: "it does not know this operation; its build may be older than this library",
    Status.BAD_REGION: "it has no such region; its build may be older than this library",
    Status.BAD_RANGE: "that is beyond its end; compare with the sizes that `neurocorex info` shows",
    Status.BAD_LENGTH: "the arguments have the wrong length; library and build may not match",
    Status.READ_ONLY: "that can be read only",
    Status.STEP_OPEN: "a stimulus has begun a step and not ended it",
}


def refusal(name: str, response: Response, request: bytes) -> DeviceError:
    """Return the error for a refused request.

    Parameters
    ----------
    name : str
        The device.
    response : Response
        Of a status beyond `STOPPED`.
    request : bytes
        Payload of the request that it answers.
    """
    op = Op(response.op).name if response.op in set(Op) else f"operation {response.op:#04x}"
    if response.op in (Op.READ, Op.WRITE) and request and request[0] in set(Region):
        op += f" of {Region(request[0]).name}"
    status = response.status
    reason = REASONS[Status(status)] if status in REASONS else f"status {status:#04x}, unknown to this library"
    return DeviceError(f"{name} refused {op}: {reason}")


def unheard(name: str, heard: Heard) -> DeviceError:
    """Return the error for a device that is not heard, or not understood.

    Parameters
    ----------
    name : str
        The device.
    heard : Heard
        What came back.
    """
    if heard.frames and not heard.strange:
        return GarbageError(
            f"{name} sends frames as a NeuroCoreX chip does, but does not answer HELLO: its bitstream is of another "
            f"version; {_both_remedies()}"
        )
    if not heard.strange:
        rates = " at any likely rate" if len(heard.by_rate) > 1 else ""
        return NoAnswerError(
            f"{name} does not answer{rates}; check that it is powered and configured, and that this is the right port; "
            "`neurocorex doctor` lists the ports and says what each is"
        )
    baud, strange = heard.told
    others = len(heard.by_rate) - 1
    where = f" at {baud} baud" if baud else ""
    where += f" (and {others} other rates were tried)" if others else ""
    dots = "..." if len(strange) > _SHOWN_BYTES else ""
    return GarbageError(
        f"{name} sent {len(strange)} bytes without one valid frame ({strange[:_SHOWN_BYTES].hex(' ')}{dots})"
        f"{where}: {looks(strange, heard.said)}"
    )


def foreign(name: str, why: str) -> DeviceError:
    """Return the error for a chip whose bitstream was made by another version of this library.

    Parameters
    ----------
    name : str
        The device.
    why : str
        What it is known by.
    """
    return DeviceError(f"{name} has the bitstream of another version: {why}; {_both_remedies()}")


def no_chip(name: str, magic: int, expected: int) -> DeviceError:
    """Return the error for something that answers as a chip does, but describes itself as something else."""
    return DeviceError(
        f"{name} answers, but is no NeuroCoreX chip: its description begins with {magic:#010x}, not {expected:#010x}; "
        "program it again: `neurocorex program BOARD`"
    )


def _both_remedies() -> str:
    """Return what makes chip and library fit each other."""
    try:
        own = f" {metadata.version('neurocorex')}"
    except metadata.PackageNotFoundError:  # a checkout that is not installed
        own = ""
    return (
        f"load one that this version{own} makes (`neurocorex build BOARD`, then `neurocorex program BOARD`), "
        "or install the version that made it (`pip install neurocorex==VERSION`)"
    )
