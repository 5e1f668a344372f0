"""Refusals of a chip, and silence or garbage on the line, as errors that say what to do."""

from __future__ import annotations

from ..errors import DeviceError, GarbageError, NoAnswerError
from ..spec import Op, Region, Response, Status

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


def unheard(name: str, baud: int, strange: bytes | bytearray) -> DeviceError:
    """Return the error for a device that is not heard, or not understood.

    Parameters
    ----------
    name : str
        The device.
    baud : int
        Rate of this end, 0 if there is none.
    strange : bytes
        What came since the last valid frame.
    """
    if not strange:
        return NoAnswerError(
            f"{name} does not answer; check that it is powered and configured, and that this is the right port"
        )
    rate = f"the baud rate ({baud} here) and " if baud else ""
    return GarbageError(
        f"{name} sent {len(strange)} bytes without one valid frame ({strange[:8].hex(' ')}...); "
        f"check {rate}that this is the right port"
    )
