"""Codes of the stimulus: bytes collected to a code with its arguments."""

from amaranth.hdl import Cat, Module, ShapeLike, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig
from neurocorex.spec.events import CLEAR, GRADED, IDLE, PLAY, REPORT, SET, arguments

from .reporter import REQUEST


def code_sizes(config: CoreConfig) -> dict[int, int]:
    """Return the arguments of each code that the chip knows, in bytes."""
    return arguments(draws=config.patterns > 0, reports=config.reports)


def code_layout(config: CoreConfig) -> data.StructLayout:
    """Return the layout of a code with its arguments, which overlap: each code has some of them."""
    sizes = code_sizes(config)
    most = max(sizes.values())

    def argument(shape: ShapeLike, code: int, start: int) -> data.Field:
        """Place an argument of a code that begins `start` bytes after it. Those of a code with few are at the top."""
        return data.Field(shape, 8 * (most - sizes[code] + start))

    fields = {
        "gap": argument(16, GRADED, 0),
        "current": argument(signed(24), GRADED, 2),
        "register": argument(8, SET, 0),
        "content": argument(32, SET, 1),
        "flags": argument(8, CLEAR, 0),
        # Of a row that is played the last two bytes, too, and of `RATES` how many bytes follow.
        "steps": argument(16, IDLE, 0),
        **({"row": argument(16, PLAY, 0)} if config.patterns else {}),
        **({"report": argument(REQUEST, REPORT, 0)} if config.reports else {}),
    }
    return data.StructLayout({"code": 8, "arguments": data.FlexibleLayout(8 * most, fields)})


class CodeCollector(wiring.Component):
    """Collects the bytes of a code and of its arguments.

    Members
    -------
    bytes : In(stream)
        A byte a cycle, but for the one in which a code is taken.
    codes : Out(stream)
        Complete codes, a cycle after their last byte.
    abort : In(1)
        Level: everything is thrown away.
    raw : In(1)
        Level: each byte is given as a code without arguments. Only with patterns.
    """

    def __init__(self, config: CoreConfig) -> None:
        self._config = config
        super().__init__({
            "bytes": In(stream.Signature(8)),
            "codes": Out(stream.Signature(code_layout(config))),
            "abort": In(1),
            **({"raw": In(1)} if config.patterns else {}),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the registers for a code and its arguments."""
        m = Module()
        code, complete = Signal(8, reset_less=True), Signal()
        # Arguments move in from the top.
        sizes = code_sizes(self._config)
        most = max(sizes.values())
        given, missing = Signal(8 * most, reset_less=True), Signal(range(most + 1))
        m.d.comb += [
            self.bytes.ready.eq(~complete | self.abort),
            self.codes.valid.eq(complete & ~self.abort),
            self.codes.payload.code.eq(code),
            self.codes.payload.arguments.eq(given),
        ]
        with m.If(self.codes.ready):
            m.d.sync += complete.eq(0)
        with m.If(self.bytes.valid & self.bytes.ready):
            with m.If(missing.any()):
                m.d.sync += [given.eq(Cat(given, self.bytes.payload)[8:]), missing.eq(missing - 1)]
                m.d.sync += complete.eq(missing == 1)
            with m.Else():
                m.d.sync += [code.eq(self.bytes.payload), complete.eq(1)]
                for kind, count in sizes.items():
                    takes = self.bytes.payload == kind
                    with m.If(takes & ~self.raw if self._config.patterns else takes):
                        m.d.sync += [complete.eq(0), missing.eq(count)]
        with m.If(self.abort):
            m.d.sync += [complete.eq(0), missing.eq(0)]
        return m
