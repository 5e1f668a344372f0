"""Host that sends one request at a time over any transport, for tests of chips against each other."""

from neurocorex.spec import Op, Request, Response, ResponseDecoder, Status

SILENCE_S = 60.0
SESSION = 0x1234


class Client:
    """One request at a time, over a line that loses nothing."""

    def __init__(self, transport, session=SESSION):
        self._transport = transport
        self._decoder = ResponseDecoder()
        self._frames = []
        if session is not None:
            self.hello(session)

    def hello(self, session=SESSION):
        """Begin a session; return the whole answer."""
        self.session = session
        self.send(Op.HELLO)
        answer = self._next()
        assert (answer.op, answer.session) == (Op.HELLO, session)
        self._sequence = self._expected = 0
        return answer

    def send(self, op, payload=b"", sequence=0, ack=0, session=None):
        session = self.session if session is None else session
        self._transport.write(b"\0" + Request(op, sequence, ack, payload, session).encode())

    def ask(self, op, payload=b"", sequence=0, ack=0, session=None):
        """Send a request, good or bad, and POLL; return all that comes up to the answer to POLL."""
        self.send(op, payload, sequence, ack, session)
        self.send(Op.POLL, ack=self._expected)
        frames = [self._next()]
        while (frames[-1].op, frames[-1].status) != (Op.POLL, Status.OK):
            frames.append(self._next())
        return frames

    def call(self, op, payload=b""):
        """Carry out a numbered request; return its last status and all of its payload."""
        self.send(op, payload, self._sequence, self._expected)
        self._sequence = (self._sequence + 1) % 256
        data = b""
        while True:
            answer = self._next()
            assert (answer.op, answer.sequence, answer.ack) == (op, self._expected, self._sequence)
            self._expected = (self._expected + 1) % 256
            data += answer.payload
            if answer.status != Status.MORE:
                return Status(answer.status), data
            self.send(Op.ACK, ack=self._expected)

    def stop(self):
        self.send(Op.STOP, ack=self._expected)

    def poll(self):
        self.send(Op.POLL, ack=self._expected)
        return self._next()

    def _next(self):
        frame = self._any()
        assert isinstance(frame, Response), frame
        return frame

    def _any(self):
        while not self._frames:
            data = self._transport.read(SILENCE_S)
            assert data, "the chip is silent"
            self._frames += self._decoder.feed(data)
        return self._frames.pop(0)
