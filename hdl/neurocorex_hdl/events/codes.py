"""Codes of the stimulus: bytes collected to a code with its arguments."""

from amaranth.hdl import Cat, Module, ShapeLike, Signal, signed
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out
from neurocorex.spec import CoreConfig
from neurocorex.spec.events import ARGUMENTS, CLEAR, DRAWING, GRADED, IDLE, PLAY, SET

#: Bytes of the arguments of the code that has most.
_ARGUMENTS_MAX = max(ARGUMENTS.values())


def _argument(shape: ShapeLike, code: int, start: int) -> data.Field:
    """Place an argument of a code that begins `start` bytes after it. Those of a code with few are at the top."""
    return data.Field(shape, 8 * (_ARGUMENTS_MAX - ARGUMENTS[code] + start))


def code_layout() -> data.StructLayout:
    """Return the layout of a code with its arguments, which overlap: each code has some of them."""
    arguments = {
        "gap": _argument(16, GRADED, 0),
        "current": _argument(signed(24), GRADED, 2),
        "register": _argument(8, SET, 0),
        "content": _argument(32, SET, 1),
        "flags": _argument(8, CLEAR, 0),
        # Of a row that is played the last two bytes, too, and of `RATES` how many bytes follow.
        "steps": _argument(16, IDLE, 0),
        "row": _argument(16, PLAY, 0),
    }
    return data.StructLayout({"code": 8, "arguments": data.FlexibleLayout(8 * _ARGUMENTS_MAX, arguments)})


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
            "codes": Out(stream.Signature(code_layout())),
            "abort": In(1),
            **({"raw": In(1)} if config.patterns else {}),
        })  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Build the registers for a code and its arguments."""
        m = Module()
        code, complete = Signal(8, reset_less=True), Signal()
        # Arguments move in from the top.
        arguments, missing = Signal(8 * _ARGUMENTS_MAX, reset_less=True), Signal(range(_ARGUMENTS_MAX + 1))
        m.d.comb += [
            self.bytes.ready.eq(~complete | self.abort),
            self.codes.valid.eq(complete & ~self.abort),
            self.codes.payload.code.eq(code),
            self.codes.payload.arguments.eq(arguments),
        ]
        with m.If(self.codes.ready):
            m.d.sync += complete.eq(0)
        with m.If(self.bytes.valid & self.bytes.ready):
            with m.If(missing.any()):
                m.d.sync += [arguments.eq(Cat(arguments, self.bytes.payload)[8:]), missing.eq(missing - 1)]
                m.d.sync += complete.eq(missing == 1)
            with m.Else():
                m.d.sync += [code.eq(self.bytes.payload), complete.eq(1)]
                for kind, count in ARGUMENTS.items():
                    if kind in DRAWING and not self._config.patterns:
                        continue
                    takes = self.bytes.payload == kind
                    with m.If(takes & ~self.raw if self._config.patterns else takes):
                        m.d.sync += [complete.eq(0), missing.eq(count)]
        with m.If(self.abort):
            m.d.sync += [complete.eq(0), missing.eq(0)]
        return m
