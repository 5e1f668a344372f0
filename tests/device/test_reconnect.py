"""Boards that are unplugged and come back: found by their serial numbers, and asked whether they hold the same."""

import contextlib
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import neurocorex as ncx
import pytest
from neurocorex.device.checkpointfile import load
from neurocorex.errors import DisconnectedError, NoAnswerError, StateLostError
from serial.tools import list_ports
from support.boards import Board
from support.devices import BOTH, IMAGE, SPIKES, assert_same
from support.fakes import random_spikes
from support.serving import serving

Plug = Callable[..., Board]
LONG = random_spikes(4000, SPIKES.shape[1], seed=9)


@pytest.fixture
def boards(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Board]]:
    """Boards of this computer, as the system lists them."""
    known: list[Board] = []
    monkeypatch.setattr(list_ports, "comports", lambda: [port for board in known for port in board.listed()])
    yield known
    for board in known:
        board.unplug()


@pytest.fixture
def plugged(boards: list[Board]) -> Plug:
    def plug(path: Path, serial: str | None = "A1", **options: str) -> Board:
        board = Board(serial, **options)
        boards.append(board)
        board.plug(path)
        return board

    return plug


@pytest.fixture(scope="module")
def long() -> ncx.Result:
    with ncx.open("emulator") as device:
        device.load(IMAGE)
        return device.run(spikes=LONG, record=BOTH)


@pytest.mark.parametrize("until", [3000, 20_000])
def test_board_that_comes_back_finishes_the_run(until: int, plugged: Plug, tmp_path: Path, long: ncx.Result) -> None:
    board = plugged(tmp_path / "ttyUSB0")
    with ncx.open(str(tmp_path / "ttyUSB0")) as device:
        device.load(IMAGE)
        board.unplug()
        board.plug(tmp_path / "ttyUSB0", until=until)  # the call before noticed nothing, and neither does the next
        with pytest.raises(DisconnectedError) as gone:
            device.run(spikes=LONG, record=BOTH)
        board.unplug()
        assert gone.value.steps is not None
        assert gone.value.steps < len(LONG)
        with pytest.raises(DisconnectedError, match=r"is not back yet: plug it in again"):
            device.resume()
        board.plug(tmp_path / "ttyUSB3")
        assert_same(device.resume(), long)
        assert device.link.name == str(tmp_path / "ttyUSB3")


def test_board_that_lost_its_state_says_so(plugged: Plug, tmp_path: Path, reference: ncx.Result) -> None:
    board = plugged(tmp_path / "ttyUSB0")
    with ncx.open(str(tmp_path / "ttyUSB0")) as device:
        device.load(IMAGE)
        board.unplug()
        board.reset()
        board.plug(tmp_path / "ttyUSB1")
        with pytest.raises(StateLostError):
            device.weights()
        with pytest.raises(StateLostError):
            device.snapshot()
        device.load(IMAGE)
        assert_same(device.run(spikes=SPIKES, record=BOTH), reference)


def test_another_board_under_the_old_name_is_refused(plugged: Plug, tmp_path: Path, reference: ncx.Result) -> None:
    board = plugged(tmp_path / "ttyUSB0")
    with ncx.open(str(tmp_path / "ttyUSB0")) as device:
        device.load(IMAGE)
        board.unplug()
        plugged(tmp_path / "ttyUSB0", "B2")
        with pytest.raises(DisconnectedError, match="ttyUSB0 is another board now: serial B2, it was serial A1"):
            device.run(spikes=SPIKES)
        board.plug(tmp_path / "ttyUSB1")
        assert_same(device.run(spikes=SPIKES, record=BOTH), reference)


@pytest.mark.parametrize("same", [True, False])
def test_board_without_a_serial_number_is_told_by_its_session(
    same: bool, plugged: Plug, tmp_path: Path, reference: ncx.Result
) -> None:
    board = plugged(tmp_path / "ttyS0", None)
    with ncx.open(str(tmp_path / "ttyS0")) as device:
        device.load(IMAGE)
        board.unplug()
        with pytest.raises(DisconnectedError, match="not back yet"):
            device.run(spikes=SPIKES)
        if not same:
            board.reset()
        board.plug(tmp_path / "ttyS0")
        if same:
            assert_same(device.run(spikes=SPIKES, record=BOTH), reference)
        else:
            with pytest.raises(StateLostError):
                device.run(spikes=SPIKES)


def test_board_is_opened_by_its_serial_number(plugged: Plug, tmp_path: Path, reference: ncx.Result) -> None:
    board = plugged(tmp_path / "ttyUSB0", "B2")
    board = plugged(tmp_path / "ttyUSB4", "A1")
    with ncx.open("usb:A1", deadline_s=60.0) as device:
        assert device.deadline_s == 60.0
        device.load(IMAGE)
        board.unplug()
        with pytest.raises(DisconnectedError, match=r"usb:A1 \(serial A1\) is not back yet"):
            device.run(spikes=SPIKES)
        board.plug(tmp_path / "ttyUSB7")
        assert_same(device.run(spikes=SPIKES, record=BOTH), reference)
    with pytest.raises(NoAnswerError, match=r"no port has the serial number of 'usb:C3'; ports here: .*serial B2"):
        ncx.open("usb:C3")


def test_board_with_two_ports_is_found_by_its_interface(plugged: Plug, tmp_path: Path, reference: ncx.Result) -> None:
    plugged(tmp_path / "ttyUSB0", "A1", interface="1.0")
    board = plugged(tmp_path / "ttyUSB1", "A1", interface="1.1")
    with pytest.raises(NoAnswerError, match=r"several ports; choose 'usb:A1:1.0' .* or 'usb:A1:1.1' "):
        ncx.open("usb:A1")
    with ncx.open("usb:A1:1.1") as device:
        device.load(IMAGE)
        board.unplug()
        with pytest.raises(DisconnectedError):
            device.run(spikes=SPIKES)
        board.plug(tmp_path / "ttyUSB5")
        assert_same(device.run(spikes=SPIKES, record=BOTH), reference)


def test_checkpointed_run_is_resumed_on_the_same_board(plugged: Plug, tmp_path: Path, long: ncx.Result) -> None:
    board = plugged(tmp_path / "ttyUSB0")
    saving = {"checkpoint": tmp_path / "run.ckpt", "checkpoint_every": 500}
    with ncx.open(str(tmp_path / "ttyUSB0")) as device:
        device.load(IMAGE)
        board.unplug()
        board.plug(tmp_path / "ttyUSB0", until=20_000)
        with pytest.raises(DisconnectedError) as gone:
            device.run(spikes=LONG, record=BOTH, **saving)
        assert "of 4000 steps: load the network again" in gone.value.__notes__[-1]
        board.unplug()
        board.plug(tmp_path / "ttyUSB3")
        assert_same(device.resume(), long)
        assert load(tmp_path / "run.ckpt").is_complete


def test_checkpointed_run_goes_on_after_the_state_was_lost(plugged: Plug, tmp_path: Path, long: ncx.Result) -> None:
    board = plugged(tmp_path / "ttyUSB0")
    saving = {"checkpoint": tmp_path / "run.ckpt", "checkpoint_every": 500}
    with ncx.open(str(tmp_path / "ttyUSB0")) as device:
        device.load(IMAGE)
        board.unplug()
        board.plug(tmp_path / "ttyUSB0", until=60_000)
        with pytest.raises(DisconnectedError):
            device.run(spikes=LONG, record=BOTH, **saving)
        board.unplug()
        board.reset()
        board.plug(tmp_path / "ttyUSB1")
        with pytest.raises(StateLostError):
            device.resume()
        assert 500 <= load(tmp_path / "run.ckpt").done < len(LONG)
        device.load(IMAGE)
        assert_same(device.run(spikes=LONG, record=BOTH, **saving), long)


def test_server_is_connected_to_again(long: ncx.Result) -> None:
    with serving() as (url, _), ncx.open(url) as device:
        device.load(IMAGE)
        line = device.link._line.transport

        def cut(done: int, _total: int) -> None:
            if 0 < done < len(LONG):
                with contextlib.suppress(OSError):  # it was cut already, and more had come before
                    line._socket.shutdown(socket.SHUT_RDWR)

        with pytest.raises(DisconnectedError):
            device.run(spikes=LONG, record=BOTH, progress=cut)
        assert_same(device.resume(), long)
        device.load(IMAGE)
        assert_same(device.run(spikes=LONG, record=BOTH), long)
