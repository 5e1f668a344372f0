"""Parts of a log: where its chip was reset, replaced or used by others, and what it held at the beginning."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..errors import FileFormatError, InputError
from ..image import program_regions, state_regions
from ..image.content import region_shape
from ..spec import ChipInfo, CoreConfig, Op, Region, Status, layout
from ..spec.protocol import READ_ARGUMENTS
from ..wire.log import LogFile, described
from ..wire.regions import Items, from_bytes
from ..wire.tap import Call, Greeting


@dataclass(slots=True)
class Part:
    """Part of a log in which nobody else used or reset the chip.

    Attributes
    ----------
    info : ChipInfo
        Of its chip.
    fresh : bool
        Whether the chip had not been used since its reset.
    calls : int
        Requests.
    """

    info: ChipInfo
    fresh: bool
    calls: int = 0


def parts_of(log: LogFile) -> Iterator[Part]:
    """Cut a log where its chip was reset, replaced or used by others; all of it is read for that."""
    part, session = Part(log.info, fresh=True), 0
    used: set[int] = set()
    for entry in log.entries():
        if isinstance(entry, Greeting):
            session = entry.session
            if entry.origin not in used:
                if part.calls:
                    yield part
                part = Part(part.info, fresh=not entry.origin)
                used.clear()
        elif isinstance(entry, Call):
            part.calls += 1
            if len(entry.payload) > part.info.config.payload_bytes:
                raise FileFormatError(
                    f"{log.path} has a request of {len(entry.payload)} bytes, which no frame of its chip holds"
                )
            used.add(session)
            try:
                part.info = described(entry) or part.info
            except ValueError as error:
                raise FileFormatError(f"{log.path} has a chip that this library cannot replay: {error}") from None
    yield part


def require_geometry(config: CoreConfig, parts: list[Part]) -> None:
    """Raise InputError if a chip has another geometry than a part of the log."""
    mine = config.to_dict()
    for part in parts:
        theirs = part.info.config.to_dict()
        other = [f"{name} is {mine[name]}, in the log {theirs[name]}" for name in mine if mine[name] != theirs[name]]
        if other:
            raise InputError(
                f"this chip has another geometry than the log: {'; '.join(other)}; replay on emulator or rtl"
            )


def held_before(calls: Iterator[Call], config: CoreConfig) -> tuple[list[Call], dict[Region, Items] | None]:
    """Read on up to the first request that may change something; return these requests, and what the chip held.

    None if they do not tell all of it.
    """
    seen: list[Call] = []
    held: dict[Region, Items] = {}
    for call in calls:
        seen.append(call)
        if call.op != Op.READ:
            break
        for region in (*program_regions(config), *state_regions(config)):
            table = layout(region, config)
            whole = call.payload == READ_ARGUMENTS.pack(region, 0, 0, table.items)
            if whole and call.status == Status.OK and len(call.data) == table.items * table.item_bytes:
                held[region] = from_bytes(call.data, table).reshape(region_shape(region, config))
    return seen, held if {*program_regions(config), *state_regions(config)} <= set(held) else None
