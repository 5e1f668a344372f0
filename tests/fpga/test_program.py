"""Board programming: options of openFPGALoader for each board, questions before flash is written, and its failures."""

import json
import os
import pty
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from neurocorex.errors import DeviceError, InputError, MissingToolError, NoAnswerError
from neurocorex.fpga import programming
from neurocorex.fpga.boards import BOARDS
from neurocorex.fpga.programming import prepare, program
from support.bitstreams import ecppack, written

LOADED = [board for board in BOARDS.values() if not board.manual]
INTO_FLASH = [board for board in LOADED if board.lands_in == "flash"]
#: Seconds after which something that waits is taken to hang.
PATIENCE = 60


@pytest.fixture
def loader(tmp_path: Path, monkeypatch):
    """Return what makes a fake openFPGALoader, which notes its options, prints `says` and exits with `code`."""

    def make(says: str = "", code: int = 0) -> Path:
        path, seen, said = tmp_path / "loader", tmp_path / "seen", tmp_path / "said"
        said.write_text(says + "\n")
        path.write_text(f'#!/bin/sh\necho "$@" > {seen}\ncat {said}\nexit {code}\n')
        path.chmod(0o755)
        monkeypatch.setenv("OPENFPGALOADER", str(path))
        return seen

    return make


@pytest.fixture
def bitstream(tmp_path: Path):
    """Return what writes a bitstream for a board."""
    return lambda name: written(BOARDS[name], tmp_path)


@pytest.mark.parametrize("board", LOADED, ids=lambda board: board.name)
def test_every_board_is_loaded_where_it_should(board, loader, tmp_path) -> None:
    seen, path = loader(), written(board, tmp_path)
    program(board, path)
    options = board.flash if board.lands_in == "flash" else board.sram
    assert seen.read_text().split() == [*board.loader, *options, str(path)]


@pytest.mark.parametrize("board", LOADED, ids=lambda board: board.name)
@pytest.mark.parametrize("target", ["sram", "flash"])
def test_every_board_is_loaded_as_it_is_told_or_says_why_not(board, target, loader, tmp_path) -> None:
    seen, path = loader(), written(board, tmp_path)
    options = board.flash if target == "flash" else board.sram
    if options is None:
        other = "--sram" if target == "flash" else "--flash"
        with pytest.raises(InputError, match=rf"{board.name} .*: .*; use {other}$"):
            prepare(board, path, target=target)
        assert not seen.exists()
        return
    loading = prepare(board, path, target=target)
    loading.run()
    assert seen.read_text().split() == [*board.loader, *options, str(path)]
    needs = board.flash_needs if target == "flash" else board.sram_needs
    assert needs in loading.effect
    assert ("what was in it is lost" if target == "flash" else "until power is lost") in loading.effect


def test_a_board_that_no_loader_knows_says_what_to_do(loader, bitstream, invoke) -> None:
    seen, (board, *_) = loader(), [board for board in BOARDS.values() if board.manual]
    path = bitstream(board.name)
    code, _, err = invoke("program", board.name, "--file", path)
    assert (code, err.count("\n")) == (InputError.exit_code, 1)
    assert board.manual in err
    assert invoke("program", board.name, "--file", path, "--dry-run")[:2] == (
        0, f"{path} is for {board.title}; {board.manual}\n",
    )  # fmt: skip
    values = json.loads(invoke("program", board.name, "--file", path, "--dry-run", "--json")[1])
    assert (values["command"], values["manual"]) == ([], board.manual)
    assert invoke("program", board.name, "--file", path, "--sram")[0] == InputError.exit_code
    assert invoke("program", board.name, "--file", "/dev/null", "--dry-run")[0] == InputError.exit_code
    assert not seen.exists()


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("ulx3s-25f", ["-b", "ulx3s", "-c", "ft2232", "-f"]),
        ("icesugar-pro", ["-c", "ft2232", "-f"]),
        ("upduino-3", ["-b", "ice40_generic", "-c", "ft2232", "-f"]),
    ],
)
def test_another_cable_replaces_that_of_the_board(name, options, loader, bitstream) -> None:
    seen, path = loader(), bitstream(name)
    program(BOARDS[name], path, flash=True, cable="ft2232")
    assert seen.read_text().split() == [*options, str(path)]


def test_an_svf_file_goes_to_the_fpga_only(loader, tmp_path) -> None:
    seen, path = loader(), tmp_path / "neurocorex.svf"
    path.write_bytes(ecppack("LFE5U-25F", suffix="svf"))
    with pytest.raises(InputError, match="loads the FPGA, not the flash: give --sram"):
        program(BOARDS["ulx3s-25f"], path, flash=True)
    assert not seen.exists()
    program(BOARDS["ulx3s-25f"], path)
    assert seen.exists()


def test_a_name_is_no_option(loader, bitstream, tmp_path, monkeypatch) -> None:
    seen = loader()
    monkeypatch.chdir(tmp_path)
    bitstream("ulx3s-25f").rename(tmp_path / "-x.bit")
    program(BOARDS["ulx3s-25f"], Path("-x.bit"))
    assert seen.read_text().split()[-1] == "./-x.bit"


@pytest.mark.parametrize("name", ["icebreaker", "ulx3s-25f", "tang-nano-9k", "icesugar-pro", "icesugar"])
def test_a_foreign_file_is_refused_before_a_loader_starts(name, loader, tmp_path, invoke) -> None:
    seen = loader()
    (tmp_path / "noise.fs").write_bytes(bytes(range(256)) * 8)
    (tmp_path / "empty.bin").touch()
    for path in ("/dev/null", tmp_path, tmp_path / "noise.fs", tmp_path / "empty.bin", tmp_path / "nothing.bit"):
        for words in ([], ["--yes"], ["--dry-run"], ["--sram"]):
            code, out, err = invoke("program", name, "--file", path, *words)
            assert (code, out, err.count("\n")) == (InputError.exit_code, "", 1)
            code, out, err = invoke("program", name, "--file", path, *words, "--json")
            assert (code, err, json.loads(out)["error"]["code"]) == (InputError.exit_code, "", "input")
    assert not seen.exists()


@pytest.mark.parametrize("board", INTO_FLASH, ids=lambda board: board.name)
@pytest.mark.parametrize("words", [[], ["--flash"], ["--json"]], ids=" ".join)
def test_flash_is_not_written_where_nobody_can_be_asked(board, words, loader, tmp_path, invoke) -> None:
    seen, path = loader(), written(board, tmp_path)
    code, out, err = invoke("program", board.name, "--file", path, *words)
    assert code == InputError.exit_code
    assert "give --yes to write it" in out + err
    assert not seen.exists()
    code, out, err = invoke("program", board.name, "--file", path, *words, "--yes")
    assert code == 0
    assert ("what was in it is lost" in err) is ("--json" not in words)
    assert seen.exists()


def test_json_says_what_was_done(loader, bitstream, invoke) -> None:
    seen, path = loader("Erasing: [====] 100.00%"), bitstream("icebreaker")
    code, out, err = invoke("program", "icebreaker", "--file", path, "--json", "--yes")
    values = json.loads(out)
    assert (code, err, values["target"], values["bitstream"]) == (0, "", "flash", str(path))
    assert values["command"][1:] == seen.read_text().split()


def test_the_fpga_is_loaded_without_a_question(loader, bitstream, invoke) -> None:
    loader()
    path = bitstream("ulx3s-25f")
    code, out, err = invoke("program", "ulx3s-25f", "--file", path)
    assert (code, out) == (0, f"loaded {path} into the FPGA of ULX3S with LFE5U-25F\n")
    assert err == "ulx3s-25f: loads the FPGA of ULX3S with LFE5U-25F until power is lost; its flash stays as it is\n"


@pytest.mark.parametrize("name", ["icebreaker", "ulx3s-25f"])
def test_a_dry_run_needs_neither_loader_nor_board(name, bitstream, monkeypatch, invoke) -> None:
    monkeypatch.setenv("OPENFPGALOADER", "no-such-program")
    path, board = bitstream(name), BOARDS[name]
    code, out, _ = invoke("program", name, "--file", path, "--dry-run")
    options = board.flash if board.lands_in == "flash" else board.sram
    assert code == 0
    assert out.splitlines()[-1] == " ".join(["openFPGALoader", *board.loader, *options, str(path)])
    code, out, err = invoke("program", name, "--file", path, "--dry-run", "--json")
    assert (code, err, json.loads(out)["dry_run"]) == (0, "", True)


@pytest.mark.parametrize("words", [("--sram", "--flash"), ("--file", "x.bin", "--from", "dist")], ids=" ".join)
def test_contradictions_are_refused(words, invoke) -> None:
    code, _, err = invoke("program", "icebreaker", *words)
    assert code == 2
    assert "give one of" in err


CTRL_C = b"\x03"
#: Makes standard input the terminal of a new session, from which Ctrl-C comes, and runs a command there.
AT_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
)


def asked(words: list, answer: bytes) -> tuple[int, str]:
    """Run the command at a terminal, and answer its question; returns its exit code and what the terminal shows."""
    terminal, end = pty.openpty()
    command_line = [sys.executable, "-c", AT_TERMINAL, sys.executable, "-m", "neurocorex", *words]
    with subprocess.Popen(command_line, stdin=end, stdout=end, stderr=end, start_new_session=True) as command:
        os.close(end)
        shown, answers = b"", 0
        try:
            while answers < PATIENCE:
                if select.select([terminal], [], [], 1 if answers else PATIENCE)[0]:
                    try:
                        shown += os.read(terminal, 4096)
                    except OSError:  # the command has ended
                        break
                    if b"[y/N]" not in shown or answers:
                        continue
                elif answer != CTRL_C:
                    answers += 1
                    continue
                # Python passes over a signal that comes just before it waits for a line, so Ctrl-C is repeated.
                answers += 1
                os.write(terminal, answer)
        finally:
            os.close(terminal)
        return command.wait(PATIENCE), shown.decode()


@pytest.mark.parametrize(
    ("answer", "code"), [(b"y\n", 0), (b"n\n", 1), (b"\n", 1), (b"\x04", 130), (CTRL_C, 130)],
    ids=["yes", "no", "return", "end of input", "Ctrl-C"],
)  # fmt: skip
def test_flash_is_written_after_a_yes_only(answer, code, loader, bitstream) -> None:
    seen, path = loader("Erasing: done"), bitstream("icebreaker")
    got, shown = asked(["program", "icebreaker", "--file", str(path)], answer)
    assert "icebreaker: writes the flash of iCEBreaker V1.0; what was in it is lost" in shown
    assert "Write the flash? [y/N]" in shown
    assert got == code
    assert seen.exists() is (code == 0)
    assert ("Erasing: done" in shown) is (code == 0)
    assert ("nothing was written: the answer was no" in shown) is (code == 1)


@pytest.mark.parametrize("words", [["--yes"], ["--sram"], ["--dry-run"]], ids=" ".join)
def test_nothing_is_asked_where_no_answer_is_needed(words, loader, bitstream) -> None:
    loader()
    code, shown = asked(["program", "icebreaker", "--file", str(bitstream("icebreaker")), *words], b"")
    assert (code, "[y/N]" in shown) == (0, False)


#: A loader behind a script, as that of PyPI is; it says when it has started, and both hold a pipe open while they live.
WRAPPED = """#!/bin/sh
exec 9> {pipe}
{deaf}
sh -c 'echo started >&9; sleep 600' &
wait
"""


@pytest.mark.parametrize("deaf", ["", "trap '' INT TERM"], ids=["", "deaf"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_an_interrupt_ends_the_loader_and_tells_of_the_flash(number, deaf, tmp_path, bitstream) -> None:
    pipe, path = tmp_path / "pipe", tmp_path / "loader"
    os.mkfifo(pipe)
    path.write_text(WRAPPED.format(pipe=pipe, deaf=deaf))
    path.chmod(0o755)
    words = ["program", "icebreaker", "--yes", "--file", str(bitstream("icebreaker"))]
    with subprocess.Popen(
        [sys.executable, "-m", "neurocorex", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "OPENFPGALOADER": str(path)},
    ) as command, pipe.open() as alive:  # fmt: skip
        assert alive.readline() == "started\n"
        command.send_signal(number)
        _, err = command.communicate(timeout=PATIENCE)
        assert command.returncode == 130
        assert select.select([alive], [], [], PATIENCE)[0], "the loader lives"
        assert alive.read() == ""
    assert "the loader was ended, and its flash may be half-written; program it again" in err
    assert err.splitlines()[-1] == "neurocorex: interrupted"


def test_an_interrupt_while_the_loader_starts_ends_it(loader, bitstream, monkeypatch) -> None:
    """It comes in the middle of `Popen`, which has started the program but not yet returned it."""
    loader()
    path, started, begin = bitstream("ulx3s-25f"), [], subprocess.Popen

    def interrupted(*words, **options):
        started.append(begin(*words, **options))
        os.kill(os.getpid(), signal.SIGINT)
        return started[0]

    handler = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(subprocess, "Popen", interrupted)
    with pytest.raises(KeyboardInterrupt):
        program(BOARDS["ulx3s-25f"], path)
    assert started[0].poll() is not None
    assert signal.getsignal(signal.SIGINT) is handler


def test_a_second_interrupt_does_not_leave_a_loader(monkeypatch) -> None:
    ended = []

    class Loader:
        pid = 0

        def wait(self, timeout: float) -> None:
            raise KeyboardInterrupt

    monkeypatch.setattr(os, "killpg", lambda _, number: ended.append(number))
    programming._end(Loader())
    assert ended == [signal.SIGINT, signal.SIGKILL]


#: What openFPGALoader prints, its exit code, and our error.
FAILURES = {
    "absent": (
        "unable to open ftdi device: -3 (device not found)\nJTAG init failed", 1, NoAnswerError,
        r"no ULX3S with LFE5U-25F answers \(JTAG init failed\); check the USB cable",
    ),
    "probe absent": (
        "cmsisDAP: No CMSIS-DAP v1 device found", 1, NoAnswerError, r"no ULX3S with LFE5U-25F answers \(cmsisDAP: No",
    ),
    "no FPGA": ("Error: no device found", 1, NoAnswerError, r"no ULX3S .* answers \(Error: no device found\)"),
    "DFU": ("DFU init failed with: No DFU compatible device found", 1, NoAnswerError, "no ULX3S .* answers"),
    "permission": (
        "unable to open ftdi device: -4 (usb_open() failed)\nJTAG init failed with: unable to open ftdi device", 1,
        NoAnswerError, r"no permission to use ULX3S .*; neurocorex doctor --udev prints the rule for it",
    ),
    "access": (
        "Error: can't open device with vid:vid = 0x0403:0x6015. Error code -3 LIBUSB_ERROR_ACCESS", 1, NoAnswerError,
        "no permission to use ULX3S",
    ),
    "busy": (
        "unable to open ftdi device: -5 (unable to claim usb device)", 1, NoAnswerError, "another program has ULX3S",
    ),
    "cable": ("error : nonsense not found", 1, InputError, "knows no cable 'nonsense'; .* --list-cables"),
    "board": ("Error: cannot find board 'ulx3s'", 1, MissingToolError, "does not know the board .*; install a newer"),
    "another FPGA": (
        "mismatch between target's idcode and bitstream idcode\n\tbitstream has 0x41111043 hardware requires 0x1", 1,
        DeviceError, "has another FPGA than ulx3s-25f",
    ),
    "two FPGAs": ("Error: more than one FPGA found", 1, DeviceError, "has another FPGA than ulx3s-25f"),
    "library": (
        "x: error while loading shared libraries: libusb-1.0.so.0: cannot open", 127, MissingToolError,
        r"needs libusb-1.0.so.0; on Debian: apt-get install libusb",
    ),
    "colours": ("\x1b[31mError: flash vefification failed\x1b[0m", 1, NoAnswerError, r"loaded \(Error: flash vef"),
    "silent": ("", 1, NoAnswerError, "could not be loaded .no reason given."),
    "not started": ("Wait for CDONE\nFail", 0, DeviceError, "took the bitstream but did not start .CDONE stays low."),
    "killed": ("Erase 10%\rErase 20%", 137, NoAnswerError, r"could not be loaded \(Erase 20%\)"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAILURES)
def test_failures_of_the_loader_are_said_in_words(name, loader, bitstream) -> None:
    says, code, error, message = FAILURES[name]
    loader(says, code)
    with pytest.raises(error, match=message) as caught:
        program(BOARDS["ulx3s-25f"], bitstream("ulx3s-25f"))
    assert type(caught.value) is error
    assert "\n" not in str(caught.value)


def test_a_start_that_is_reported_is_no_failure(loader, bitstream) -> None:
    loader("Wait for CDONE\nDONE\nReset and Wait for CDONE:\nDone")
    program(BOARDS["icebreaker"], bitstream("icebreaker"))


def test_a_loader_that_cannot_be_started_is_named(tmp_path, bitstream, monkeypatch) -> None:
    (tmp_path / "loader").write_bytes(b"\x7fELF of another machine")
    (tmp_path / "loader").chmod(0o755)
    monkeypatch.setenv("OPENFPGALOADER", str(tmp_path / "loader"))
    with pytest.raises(MissingToolError, match=r"cannot start .*loader: Exec format error; set OPENFPGALOADER"):
        program(BOARDS["ulx3s-25f"], bitstream("ulx3s-25f"))


def test_a_missing_loader_is_named_with_its_extra(bitstream, monkeypatch) -> None:
    monkeypatch.setenv("OPENFPGALOADER", "no-such-program")
    with pytest.raises(MissingToolError, match=r"pip install 'neurocorex\[boards\]'"):
        program(BOARDS["icebreaker"], bitstream("icebreaker"))


def test_nobody_is_asked_where_there_is_no_loader(bitstream, monkeypatch, invoke) -> None:
    monkeypatch.setenv("OPENFPGALOADER", "no-such-program")
    code, out, err = invoke("program", "icebreaker", "--file", bitstream("icebreaker"))
    assert (code, out, err.count("\n")) == (MissingToolError.exit_code, "", 1)


def test_a_missing_bitstream_is_named_with_the_command_that_makes_it(tmp_path) -> None:
    with pytest.raises(InputError, match=r"nothing.bit; make it first: neurocorex build basys3"):
        program(BOARDS["basys3"], tmp_path / "nothing.bit")


def test_command_finds_what_build_left(loader, bitstream, tmp_path, monkeypatch, invoke) -> None:
    seen = loader()
    monkeypatch.chdir(tmp_path)
    code, _, err = invoke("program", "icebreaker", "--yes")
    assert code == InputError.exit_code
    assert "make it first: neurocorex build icebreaker" in err
    (tmp_path / "build/icebreaker").mkdir(parents=True)
    bitstream("icebreaker").rename(tmp_path / "build/icebreaker/neurocorex.bin")
    code, out, _ = invoke("program", "icebreaker", "--json", "--yes")
    assert (code, json.loads(out)["bitstream"]) == (0, "build/icebreaker/neurocorex.bin")
    assert seen.read_text().split()[-1] == "build/icebreaker/neurocorex.bin"
