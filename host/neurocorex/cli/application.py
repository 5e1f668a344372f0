"""Command group, and the one place where errors become messages and exit codes."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence

import click

from ..errors import InternalError, NeuroCoreXError
from ..progress import quiet
from . import (
    bench,
    boards,
    chips,
    convert,
    demos,
    doctor,
    gallery,
    output,
    program,
    replay,
    runs,
    scope,
    selftest,
    serve,
)

#: Exit codes that are those of no error of the library.
_OTHER_CODES = {0: "done", 2: "the command line is wrong; see --help", 130: "interrupted"}
#: With this in the environment every error shows its traceback.
DEBUG = "NEUROCOREX_DEBUG"


def _family(error: type[NeuroCoreXError]) -> Iterator[type[NeuroCoreXError]]:
    yield error
    for child in error.__subclasses__():
        yield from _family(child)


def exit_codes() -> dict[int, str]:
    """Return the meaning of every exit code."""
    return dict(sorted({**_OTHER_CODES, **{each.exit_code: each.meaning for each in _family(NeuroCoreXError)}}.items()))


EXIT_CODES = "\b\nExit codes:\n" + "\n".join(f"  {code:>3}  {meaning}" for code, meaning in exit_codes().items())


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, epilog=EXIT_CODES)
@click.version_option(package_name="neurocorex")
def application() -> None:
    """Spiking neural networks on an FPGA, on the simulated chip, or on an emulator with the same bits.

    DEVICE is `emulator` (software), `rtl` (the chip's own logic, simulated behind its UART pins), a serial
    port such as /dev/ttyUSB1, a board such as usb:210319B57D2A, a served chip such as socket://127.0.0.1:4000,
    or `faulty:` and any of these.

    \b
    First steps:
      neurocorex demo digits                    classify handwritten digits
      neurocorex demo digits --device rtl -n 20 the same on the simulated chip
      neurocorex demo digits --save digits.npz  keep the network as a file
      neurocorex run emulator digits.npz --poisson 0.1 --raster raster.png
      neurocorex selftest rtl                   random networks, chip against emulator, every bit
      neurocorex doctor /dev/ttyUSB1            cable, rates and memories of a board, one report
    """
    # Commands say themselves what has a bar, so that --json and --quiet hold for all that they call.
    click.get_current_context().with_resource(quiet())


for _command in (
    demos.demo, gallery.gallery, chips.info, chips.load, runs.run, scope.scope, chips.weights, serve.serve,
    serve.watch, chips.devices,
    selftest.selftest, replay.replay, doctor.doctor, bench.bench, boards.boards, boards.plan, boards.build,
    program.program, convert.convert,
):  # fmt: skip
    application.add_command(_command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with a documented code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        with output.warnings_as_lines():
            application.main(words or ["--help"], prog_name="neurocorex", standalone_mode=False)
    except NeuroCoreXError as error:
        _fail(words, error.code, str(error), error.exit_code, steps=getattr(error, "steps", None))
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(error.exit_code)
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
    except Exception as error:
        _fail(words, InternalError.code, _defect(error, words), InternalError.exit_code)


def _defect(error: Exception, words: Sequence[str]) -> str:
    """Keep the traceback of an unexpected exception; return the line that says where it is."""
    from .defect import record

    what = " ".join(f"unexpected {type(error).__name__}: {error}".split())[:200]
    try:
        return f"{what}; its traceback is in {record(error, words)}, please report it"
    except Exception:
        return f"{what}; see its traceback with {DEBUG}=1, and please report it"


def _fail(words: Sequence[str], code: str, message: str, exit_code: int, *, steps: int | None = None) -> None:
    """Tell an error and exit; `steps` are those of a run whose results had come before it."""
    if os.environ.get(DEBUG):
        import traceback

        traceback.print_exc()
    if "--json" in words:
        click.echo(
            json.dumps({"error": {"code": code, "message": message} | ({} if steps is None else {"steps": steps})})
        )
    else:
        came = "" if steps is None else f" (after {steps} steps of the run)"
        click.echo(f"neurocorex: {message}{came}", err=True)
    sys.exit(exit_code)
