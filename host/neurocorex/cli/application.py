"""The command group, and the one place where errors become messages and exit codes."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

import click

from ..errors import NeuroCoreXError
from . import bench, boards, chips, convert, demos, doctor, runs, selftest

EXIT_CODES = """
\b
Exit codes:
  0  done                        6  the device refused a command
  1  a check fails; other errors 7  the device cannot be opened or does not answer
  2  wrong use of the command    8  the device answers, but not in this protocol
  3  a value cannot be used      9  the device went away
  4  a file cannot be used      10  an extra or a program is missing
  5  does not fit on the chip   11  a chip is too slow for its clock
                               130  interrupted
"""


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, epilog=EXIT_CODES)
@click.version_option(package_name="neurocorex")
def application() -> None:
    """Spiking neural networks on an FPGA, on a simulated chip, or on an emulator with the same bits.

    DEVICE is `emulator` (software), `rtl` (the chip's own logic, simulated behind its UART pins), a serial
    port such as /dev/ttyUSB1, or a pyserial URL such as socket://127.0.0.1:4000.

    \b
    First steps:
      neurocorex demo digits                    classify handwritten digits
      neurocorex demo digits --device rtl -n 20 the same on the simulated chip
      neurocorex demo digits --save digits.npz  keep the network as a file
      neurocorex run emulator digits.npz --poisson 0.1 --raster raster.png
      neurocorex selftest rtl                   random networks, chip against emulator, every bit
      neurocorex doctor /dev/ttyUSB1            cable, rates and memories of a board, one report
    """


for _command in (
    demos.demo, chips.info, chips.load, runs.run, chips.weights, chips.serve, chips.devices, selftest.selftest,
    doctor.doctor, bench.bench, boards.boards, boards.plan, boards.build, boards.program, convert.convert,
):  # fmt: skip
    application.add_command(_command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with a documented code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        application.main(words, prog_name="neurocorex", standalone_mode=False)
    except NeuroCoreXError as error:
        _fail(words, error.code, str(error), error.exit_code)
    except click.UsageError as error:
        hint = f" (try: {error.ctx.command_path} --help)" if error.ctx else ""
        _fail(words, "usage", error.format_message() + hint, error.exit_code)
    except click.ClickException as error:
        _fail(words, "error", error.format_message(), error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        _fail(words, "interrupted", "interrupted", 130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)


def _fail(words: Sequence[str], code: str, message: str, exit_code: int) -> None:
    if "--json" in words:
        click.echo(json.dumps({"error": {"code": code, "message": message}}))
    else:
        click.echo(f"neurocorex: {message}", err=True)
    sys.exit(exit_code)
