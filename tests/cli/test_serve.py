"""`serve` and `watch` as commands and processes: signals, suspension, tokens, warnings, floods and their memory."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.cli import serve as command
from neurocorex.errors import NoAnswerError, StateLostError
from neurocorex.spec import Op, Request, Status
from neurocorex.wire.process import ProcessTransport
from neurocorex.wire.socketport import Address
from support.devices import BOTH, IMAGE, SPIKES, assert_same, emulated
from support.fakes import SMALL, random_spikes
from support.serving import TIMEOUT_S, RawClient, flood, peak_bytes, served_process, serving

Invoke = Callable[..., tuple[int, str, str]]
WORDS = ("emulator", "--neurons", "7", "--inputs", "5", "--lanes", "1")


def ended(process: subprocess.Popen[str], number: signal.Signals) -> tuple[int, str]:
    process.send_signal(number)
    _, err = process.communicate(timeout=TIMEOUT_S)
    return process.returncode, err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_signal_ends_the_server_in_order_while_clients_are_connected(number: signal.Signals) -> None:
    with served_process(*WORDS, "--queue") as (url, process), RawClient(url) as first:
        first.until(Status.OK)
        with RawClient(url, b'{"wait":true}') as second:
            second.until(Status.WAIT)
            code, err = ended(process, number)
            assert second.at_end() or second.at_end()
        assert first.at_end()
    assert code == 0
    assert err.splitlines()[0] == f"serving emulator on {url} - stop with Ctrl-C"
    assert err.splitlines()[-1] == "stopped"
    assert "Traceback" not in err


def test_server_that_was_suspended_goes_on_as_if_nothing_was() -> None:
    with served_process(*WORDS) as (url, process), RawClient(url) as client:
        client.until(Status.OK)
        os.kill(process.pid, signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED)
        for _ in range(100):
            client.send(Op.POLL)
        late = RawClient(url)  # the system takes the connection, and nobody answers yet
        late.socket.settimeout(0.05)
        with late, pytest.raises(TimeoutError):
            late.read()
        os.kill(process.pid, signal.SIGCONT)
        assert [client.read().op for _ in range(100)] == [Op.POLL] * 100
        client.send(Op.POLL)
        assert client.read().op == Op.POLL
        assert ended(process, signal.SIGTERM)[0] == 0


def test_run_that_outlives_a_suspension_of_the_server_is_resumed(tmp_path: Path) -> None:
    spikes = random_spikes(30_000, SMALL.inputs)
    with emulated() as device:
        device.load(IMAGE)
        expected = device.run(spikes=spikes)
    geometry = tmp_path / "small.json"
    geometry.write_text(json.dumps(SMALL.to_dict()))
    with served_process("emulator", "--config", str(geometry)) as (url, process), ncx.open(url) as device:
        device.load(IMAGE)

        def suspend(done: int, _total: int) -> None:
            if done:
                os.kill(process.pid, signal.SIGSTOP)

        with pytest.raises(NoAnswerError):
            device.run(spikes=spikes, progress=suspend)
        os.kill(process.pid, signal.SIGCONT)
        assert np.array_equal(device.resume().spikes, expected.spikes)


def test_server_says_what_it_does_with_its_clients() -> None:
    with served_process(*WORDS, "--idle", "0.2") as (url, process), RawClient(url, b'{"who":"ann"}') as client:
        assert "silent for 0.2 s" in client.until(Status.REFUSED)
        _, err = ended(process, signal.SIGTERM)
    said = err.splitlines()
    port = client.socket.fileno()
    assert said[1] == "a client that is silent for 0.2 s loses the chip"
    assert said[2].startswith("client ann at 127.0.0.1:")
    assert said[3].endswith("was silent for 0.2 s")
    assert port == -1


def test_server_whose_messages_nobody_reads_goes_on() -> None:
    """Each client is worth a line, and a pipe that is full would block whoever writes to it."""
    with served_process(*WORDS) as (url, _):
        for _ in range(800):
            with RawClient(url, b'{"who":"%s"}' % (b"x" * 80)) as client:
                client.until(Status.OK)


def test_flood_of_unread_polls_costs_little_memory_and_time() -> None:
    """A sample; `make fire` sends twenty megabytes."""
    with served_process(*WORDS) as (url, process):
        flood(url, 1000)
        before = peak_bytes(process.pid)
        flood(url, 2 << 20)
        assert peak_bytes(process.pid) - before < 50 << 20


def test_token_can_be_made_and_is_needed(invoke: Invoke) -> None:
    with served_process(*WORDS, "--token", "auto") as (url, _):
        address = Address.parse(url)
        assert len(address.token) >= 16
        code, out, _ = invoke("info", url, "--json")
        assert (code, json.loads(out)["neurons"]) == (0, 7)
        code, _, err = invoke("info", str(Address(address.host, address.port)))
        assert code == 6
        assert "asks for a token" in err
        code, _, err = invoke("info", str(Address(address.host, address.port, "wrong")))
        assert code == 6
        assert "another token" in err
        assert "wrong" not in err


@pytest.mark.parametrize(
    ("host", "token", "said"),
    [
        ("127.0.0.1", "", ""),
        ("::1", "", ""),
        ("192.0.2.7", "", "WARNING: 192.0.2.7 can be reached from other machines, and anybody there controls the chip"),
        ("::", "x", "warning: :: can be reached from other machines; the token"),
        ("fe80::1%eth0", "", "WARNING: fe80::1%eth0"),
    ],
)
def test_server_beyond_the_loopback_address_warns(
    host: str, token: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    command._warn(host, token)
    err = capsys.readouterr().err
    assert err.startswith(said)
    assert bool(err) == bool(said)


def test_server_beyond_the_loopback_address_warns_when_it_starts() -> None:
    with served_process(*WORDS, "--host", "0.0.0.0") as (_, process):  # noqa: S104  # what the warning is about
        assert "WARNING: 0.0.0.0" in ended(process, signal.SIGTERM)[1]


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (("--token", "a b"), 3, "1 to 64 letters"),
        (("--idle", "0"), 2, "--idle"),
        (("--idle", "nan"), 3, "nan"),
        (("--host", "no.such.host.invalid"), 3, "cannot listen on no.such.host.invalid"),
    ],
)
def test_bad_option_is_one_line_and_a_code(words: tuple[str, ...], code: int, text: str, invoke: Invoke) -> None:
    got, out, err = invoke("serve", *WORDS, *words)
    assert (got, out) == (code, "")
    assert text in err.splitlines()[-1]


def test_chip_that_ends_is_an_error_with_its_code(invoke: Invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object, **__: object) -> ProcessTransport:
        return ProcessTransport([sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"], name="the simulated chip")

    monkeypatch.setattr("neurocorex.device.open.open_transport", killed)
    before = signal.getsignal(signal.SIGINT)
    code, _, err = invoke("serve", *WORDS)
    assert code == 9
    assert err.splitlines()[-1] == "neurocorex: the simulated chip ended (exit code -9); open it again"
    assert signal.getsignal(signal.SIGINT) is before


def test_taken_port_is_refused(invoke: Invoke) -> None:
    with serving() as (url, _):
        code, _, err = invoke("serve", *WORDS, "--port", Address.parse(url).port)
    assert code == 3
    assert "Address already in use" in err


def test_watch_prints_the_spikes_of_another_client() -> None:
    with serving(share=True) as (url, _):
        watching = subprocess.Popen(
            [sys.executable, "-m", "neurocorex", "watch", url, "--json"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert watching.stdout is not None
        # Runs until the watcher has come: it says nothing before the next session.
        done = threading.Event()

        def run() -> None:
            while not done.is_set():
                with ncx.open(url) as device:
                    device.load(IMAGE)
                    results.append(device.run(spikes=SPIKES))

        results: list[ncx.Result] = []
        thread = threading.Thread(target=run)
        thread.start()
        seen = iter(lambda: json.loads(watching.stdout.readline()), None)  # type: ignore[union-attr]
        while "step" not in (first := next(seen)):
            pass
        done.set()
        thread.join(TIMEOUT_S)
    _, err = watching.communicate(timeout=TIMEOUT_S)
    spikes = results[0].spikes
    step = int(np.flatnonzero(spikes.any(axis=1))[0])
    assert first == {"step": step, "neurons": np.flatnonzero(spikes[step]).tolist()}
    assert watching.returncode == 9
    assert err == ""


def test_watch_of_a_server_that_does_not_share_says_so(invoke: Invoke) -> None:
    with serving() as (url, _):
        code, out, err = invoke("watch", url)
    assert (code, out) == (6, "")
    assert "--share" in err


@pytest.mark.parametrize(
    ("seen", "line"),
    [
        ({"session": 7}, "session 7"),
        ({"step": 3, "neurons": [1, 5]}, "step 3: 1 5"),
        ({"missed": 9}, "missed 9 frames; the next run is shown again"),
    ],
)
def test_watch_as_text(seen: dict[str, object], line: str) -> None:
    assert command._line(**seen) == line  # type: ignore[arg-type]


def test_device_goes_on_over_another_connection(reference: ncx.Result) -> None:
    """The server cuts the connection of an idle client; the next run is as if it had not."""
    with serving(idle_s=0.3) as (url, lines), ncx.open(url) as device:
        device.load(IMAGE)
        lines.until("was silent")
        assert_same(device.run(spikes=SPIKES, record=BOTH), reference)
        lines.until("was silent")
        with RawClient(url) as other:  # HELLO alone does not change the chip
            other.until(Status.OK)
        lines.until("was silent|went away")
        device.clear()
        with RawClient(url, session=5) as other:
            other.until(Status.BUSY)
        lines.until("was silent")
        with RawClient(url, session=5) as other:
            other.until(Status.OK)
            other.socket.sendall(Request(Op.CLEAR, payload=b"\1", session=5).encode())
            other.until(Status.OK, Op.CLEAR)
        with pytest.raises(StateLostError):
            device.run(steps=1)
