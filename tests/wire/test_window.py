"""Sliding window: numbers of requests, credit, and what is sent again."""

from neurocorex.spec import Op, Response
from neurocorex.wire.window import Window


def test_window_counts_on_beyond_the_modulus() -> None:
    window = Window(limit=2)
    for number in range(600):
        window.push(Op.CLEAR, b"")
        request = window.due()
        assert request is not None
        assert request.sequence == number % 256
        response = Response(Op.CLEAR, sequence=number % 256, ack=(number + 1) % 256, credit=2)
        assert window.acknowledge(response)
        assert window.distance(response) == 0
        window.expected += 1
        window.finish()
    assert window.limit == 602


def test_window_ignores_old_acknowledgements_and_refuses_impossible_ones() -> None:
    window = Window(limit=4)
    for _ in range(3):
        window.push(Op.CLEAR, b"")
        window.due()
    assert window.acknowledge(Response(Op.POLL, ack=2, credit=4))
    assert not window.acknowledge(Response(Op.POLL, ack=1, credit=4))
    assert not window.acknowledge(Response(Op.POLL, ack=9, credit=4))
    assert (window.taken, window.limit) == (2, 6)


def test_window_sends_again_from_where_the_chip_stands() -> None:
    window = Window(limit=4)
    for payload in (b"a", b"b", b"c"):
        window.push(Op.CLEAR, payload)
        window.due()
    notice = Response(Op.POLL, ack=1, credit=2)
    window.acknowledge(notice)
    window.rewind(notice)
    again = [window.due(), window.due(), window.due()]
    assert [request and request.payload for request in again] == [b"b", b"c", None]
