"""Transport that records the frames of both directions."""

from neurocorex.spec import Clear, CoreConfig, Op, Region, Request, RequestDecoder, Response, ResponseDecoder
from neurocorex.spec.events import IDLE
from neurocorex.spec.registers import layout
from neurocorex.wire.regions import read_request

from support.fakes import WrappedTransport

WIDE = CoreConfig(neurons=40, inputs=30, lanes=8, frame_bytes=64)
WEIGHTS = layout(Region.WEIGHTS, WIDE)
READ_WEIGHTS = read_request(Region.WEIGHTS, WIDE)
CLEAR = (Op.CLEAR, bytes([Clear.STATE]))
LONG_RUN = (Op.RUN, bytes([IDLE, 0xFF, 0xFF]) * 4)


class Tap(WrappedTransport):
    """Wraps a transport and records requests and responses."""

    def __init__(self, inner):
        super().__init__(inner)
        self.requests: list[Request] = []
        self.responses: list[Response] = []
        self._down, self._up = RequestDecoder(), ResponseDecoder()

    def write(self, data):
        self.requests += [frame for frame in self._down.feed(data) if isinstance(frame, Request)]
        super().write(data)

    def read(self, timeout_s):
        data = super().read(timeout_s)
        self.responses += [frame for frame in self._up.feed(data) if isinstance(frame, Response)]
        return data

    def sent(self, op):
        return sum(request.op == op for request in self.requests)
