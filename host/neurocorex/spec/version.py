"""Version of the protocol: a number for the rules, raised by hand, and a digest of the tables, which nobody can forget.

Chip and host compare it. Its upper 16 bits are `RULES`; its lower 16 are a digest of everything that has a number or a
format: regions, control registers, counters and flags with their layouts, operations, statuses, codes of the stimulus,
and frames. What no table shows, such as an equation, is for `RULES`.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from . import events, protocol, stuffing
from .config import LIMITS, CoreConfig, Learning
from .control import Control, InUse
from .counters import COUNTER_BITS, Counter
from .flags import Clear, Flag, JudgeFlag, LearningFlag
from .regions import INFO_WORDS, Region, layout

#: Number of the rules that no table shows: equations, order of events, retransmission. Raise it when one changes.
RULES = 9
#: Chips on which formats are compared; their sizes all differ, so that no two widths look alike.
GEOMETRIES = (
    CoreConfig(neurons=21, inputs=13, weight_bits=8, state_bits=17, refractory_bits=5, max_delay=29, extra_axons=3),
    CoreConfig(neurons=40, inputs=9, weight_bits=4, state_bits=19, adaptation=False, learning=Learning.EXPONENTIAL),
    CoreConfig(neurons=33, inputs=70, weight_bits=16, state_bits=23, learning=Learning.WINDOW, window_steps=6),
    CoreConfig(neurons=41, inputs=10, state_bits=21, learning=Learning.EXPONENTIAL, trace_bits=9, errors=True),
    CoreConfig(neurons=34, inputs=11, weight_bits=4, learning=Learning.EXPONENTIAL, trace_bits=7, rules=2),
    CoreConfig(neurons=38, inputs=12, learning=Learning.EXPONENTIAL, trace_bits=10, errors=True, rules=4, terms=True),
    CoreConfig(neurons=43, inputs=8, state_bits=20, learning=Learning.EXPONENTIAL, trace_bits=7, errors=True, groups=5),
    CoreConfig(neurons=36, inputs=15, weight_bits=4, learning=Learning.EXPONENTIAL, trace_bits=8, eligibility=True),
    CoreConfig(neurons=37, inputs=14, learning=Learning.EXPONENTIAL, trace_bits=8, scaling=True),
    CoreConfig(neurons=37, inputs=14, weight_bits=16, state_bits=18, contexts=8),
    CoreConfig(neurons=39, inputs=17, weight_bits=4, state_bits=22, patterns=19, rate_bits=4),
    CoreConfig(neurons=35, inputs=71, weight_bits=16, state_bits=24, learning=Learning.WINDOW, window_steps=12),
    CoreConfig(neurons=39, inputs=16, state_bits=22, groups=6, reports=True, tallies=11),
    CoreConfig(neurons=42, inputs=18, state_bits=19, noise=True),
)
#: Numbers of the wire that stand in no table.
CONSTANTS = {
    events: (
        "GAP_CODES",
        "SKIP",
        "GRADED",
        "CLEAR",
        "FORCE",
        "SET",
        "REPORT",
        "GENERATE",
        "PLAY",
        "RATES",
        "IDLE",
        "END",
    ),
    stuffing: ("CRC_BYTES",),
    protocol: ("DELIMITER", "SEQUENCE_MODULUS", "RESPONSE", "DIVISOR_MIN", "BREAK_BITS", "DEFAULT_BAUD"),
}


def contract() -> Iterator[str]:
    """Everything that chip and host must have in common, as lines of text."""
    for table in (Region, Control, Counter, InUse, Flag, LearningFlag, JudgeFlag, Clear, protocol.Op, protocol.Status):
        yield f"{table.__name__} {' '.join(f'{item.name}={item.value:#x}' for item in table)}"
    for config in GEOMETRIES:
        for region in Region:
            form = layout(region, config)
            yield f"{region.name} {form.rows} {form.columns} {form.bits} {form.signed:d} {form.writable:d}"
        for register in Control:
            present, bits = register.row.present(config), register.row.width.bits(config)
            yield f"{register.name} {present:d} {bits} {register.signed:d}"
    yield f"counters {COUNTER_BITS} {' '.join(counter.name for counter in Counter if counter.row.of_model)}"
    yield f"description {' '.join(INFO_WORDS)} {' '.join(LIMITS)}"
    yield f"arguments {sorted(events.arguments(reports=True).items())} {events.ANSWER_ARGUMENTS}"
    for module, names in CONSTANTS.items():
        yield " ".join(f"{name}={getattr(module, name):#x}" for name in names)
    headers = (protocol.Request.HEADER, protocol.Response.HEADER)
    arguments = (protocol.READ_ARGUMENTS, protocol.WRITE_ARGUMENTS, protocol.HELLO_ANSWER, protocol.CLEAR_ARGUMENTS,
                 protocol.SET_BAUD_ARGUMENTS)  # fmt: skip
    yield f"formats {' '.join(form.format for form in (*headers, *arguments))}"


def digest() -> int:
    """16 bits of a checksum of the contract."""
    return zlib.crc32("\n".join(contract()).encode()) & 0xFFFF


#: Word of `Region.INFO` that chip and host compare.
PROTOCOL_VERSION = RULES << 16 | digest()


def text(version: int) -> str:
    """Version as it is said to people: ``4.3fa0``; chips from before there was a digest have a small number."""
    return f"{version >> 16}.{version & 0xFFFF:04x}" if version >> 16 else str(version)


def difference(chip: int, host: int) -> str:
    """Say what two versions differ in."""
    if chip >> 16 != host >> 16:
        what = "other rules"
    else:
        what = "the same rules, but other tables (regions, registers, counters, codes or frames)"
    return f"{what}: chip speaks protocol version {text(chip)}, this host {text(host)}"
