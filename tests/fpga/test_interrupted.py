"""Builds that are interrupted or killed, or that run twice at once: slow stand-ins take the place of the tools."""

import json
import os
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

#: The command line, with nothing to elaborate.
COMMAND = """
import sys
from neurocorex_hdl.boards import flow
flow.prepare = lambda *_: {flow.RTLIL: "", "neurocorex.pcf": "pins", "neurocorex.ys": "script"}
flow.place_memories = lambda text, *_: text
from neurocorex.cli.application import main
main(sys.argv[1:])
"""
#: A tool. It notes its run; where `stall` has its name it leaves half of a file and waits for a program that it
#: starts. Both hold the pipe `alive`, so that its end comes when neither runs any more.
TOOL = """#!/bin/sh
name=$(basename $0)
if [ "$1" = --version ]; then echo "$name 1"; exit; fi
echo $name >> {place}/runs
case $name in
yosys) out=neurocorex.v ;;
nextpnr) out=neurocorex.asc ;;
icepack) out=neurocorex.bin ;;
esac
if [ "$(cat {place}/stall)" = $name ]; then
    echo half > $out
    exec 9> {place}/alive
    sleep 600 &
    echo $$ $! >&9
    wait
fi
echo '{{"design": {{"num_cells_by_type": {{}}}}}}' > stat.json
echo '{{"modules": {{"neurocorex": {{"cells": {{}}}}}}}}' > neurocorex.json
echo '{{"fmax": {{"clk": {{"achieved": 15, "constraint": 12}}}}}}' > pnr.json
if [ -f neurocorex.asc ]; then cat neurocorex.asc; else echo "$@"; fi > part
mv part $out
"""
STAGES = {"yosys": "YOSYS", "nextpnr": "NEXTPNR_ICE40", "icepack": "ICEPACK"}


class Builds:
    """Builds with stand-ins in folders of their own."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._env = dict(os.environ, XDG_CACHE_HOME=str(place / "cache"))
        for name, variable in STAGES.items():
            tool = place / name
            tool.write_text(TOOL.format(place=place))
            tool.chmod(0o755)
            self._env[variable] = str(tool)
        os.mkfifo(place / "alive")
        self._alive = os.open(place / "alive", os.O_RDONLY | os.O_NONBLOCK)
        self.stall("")

    def close(self) -> None:
        os.close(self._alive)

    def stall(self, name: str) -> None:
        (self._place / "stall").write_text(name)

    def start(self, *words: str) -> subprocess.Popen:
        out = str(self._place / "out")
        return subprocess.Popen(
            [sys.executable, "-c", COMMAND, "build", "hx8k-b-evn", "--out", out, *words],
            env=self._env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def stalled(self) -> list[int]:
        """Wait until a tool stalls; return its process and that of what it started."""
        return [int(word) for word in self._read().split()]

    def none_is_alive(self) -> bool:
        """Wait for the end of the pipe."""
        return self._read() == b""

    def _read(self) -> bytes:
        assert select.select([self._alive], [], [], 60)[0], "nothing came in a minute"
        return os.read(self._alive, 100)

    def report(self, *words: str) -> dict:
        """Build to the end."""
        self.stall("")
        process = self.start("--json", *words)
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, out + err
        assert err == ""
        return json.loads(out)

    def runs(self) -> list[str]:
        """Tools that have run since the last call."""
        notes = self._place / "runs"
        found = notes.read_text().split() if notes.exists() else []
        notes.unlink(missing_ok=True)
        return found

    def unfinished(self) -> list[Path]:
        return [*(self._place / "cache").rglob("*.part")]

    def bitstream(self) -> str:
        return (self._place / "out/neurocorex.bin").read_text()

    def forget(self) -> None:
        """Empty the cache and the folder of results."""
        for name in ("cache", "out"):
            shutil.rmtree(self._place / name, ignore_errors=True)
        self.runs()


@pytest.fixture
def builds(tmp_path):
    builds = Builds(tmp_path)
    yield builds
    builds.close()


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda each: each.name)
def test_interrupt_ends_the_tools_and_leaves_nothing(builds, stage, number) -> None:
    builds.stall(stage)
    with builds.start() as process:
        builds.stalled()
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
        assert builds.none_is_alive()
    assert process.returncode == 130
    assert err.endswith("neurocorex: interrupted\n")
    assert builds.unfinished() == []


@pytest.mark.parametrize("stage", STAGES)
def test_killed_build_is_made_anew_and_is_whole(builds, stage) -> None:
    builds.report()
    whole = builds.bitstream()
    builds.forget()
    builds.stall(stage)
    with builds.start() as process:
        tool, _ = builds.stalled()
        process.kill()
        process.communicate(timeout=60)
        os.killpg(tool, signal.SIGKILL)  # a killed process ends nothing
        assert builds.none_is_alive()
    builds.runs()
    report = builds.report()
    assert not report["cached"]
    assert builds.bitstream() == whole
    assert builds.unfinished() == []
    assert builds.runs() == [*STAGES][stage != "yosys" :]  # a netlist that was whole is taken


def test_another_seed_takes_the_netlist(builds) -> None:
    first = builds.report()
    assert builds.runs() == ["yosys", "nextpnr", "icepack"]
    second = builds.report("--seed", "2")
    assert builds.runs() == ["nextpnr", "icepack"]
    assert (first["seed"], second["seed"]) == (1, 2)
    assert first["sha256"] != second["sha256"]
    assert builds.report()["sha256"] == first["sha256"]
    assert builds.runs() == []
    builds.report("--fresh")
    assert builds.runs() == ["yosys", "nextpnr", "icepack"]
    builds.report("--baud", "500000")
    assert builds.runs() == ["yosys", "nextpnr", "icepack"]


def test_second_build_of_the_same_waits_and_says_so(builds) -> None:
    builds.stall("nextpnr")
    with builds.start() as first:
        _, helper = builds.stalled()
        with builds.start() as second:
            assert any("waiting for another process that builds the same" in line for line in second.stderr)
            os.kill(helper, signal.SIGTERM)  # the stand-in goes on
            first.communicate(timeout=60)
            out, _ = second.communicate(timeout=60)
    assert (first.returncode, second.returncode) == (0, 0)
    assert "Fmax" in out
    assert builds.runs() == ["yosys", "nextpnr", "icepack"]


def test_output_of_a_failed_tool_is_kept_and_older_results_stay(builds, tmp_path) -> None:
    builds.report()
    (tmp_path / "nextpnr").write_text(f"#!{shutil.which('sh')}\necho some words\necho ERROR: no room\nexit 1\n")
    with builds.start("--seed", "3") as process:
        _, err = process.communicate(timeout=60)
    log = tmp_path / "out/failed.log"
    assert process.returncode == 10
    assert err.splitlines()[-1].endswith(f"failed: ERROR: no room; all of its output is in {log}")
    assert log.read_text() == "some words\nERROR: no room\n"
    assert json.loads((tmp_path / "out/report.json").read_text())["seed"] == 1
    assert "--seed 1 " in builds.bitstream()
