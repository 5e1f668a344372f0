"""Pages: links lead somewhere, commands exist, figures name their commands, and tables agree with the code."""

import contextlib
import functools
import io
import re
from pathlib import Path

import pytest
from neurocorex.cli.application import main
from neurocorex.errors import NeuroCoreXError
from neurocorex.spec import Control, Counter, Flag, Op, Region, Status
from neurocorex.spec.registers import PARAMETERS, STATE
from support.markdown import PAGES, anchors, commands, headline, table, tables
from support.paths import ROOT

MODEL = (ROOT / "docs/model.md").read_text()
PROTOCOL = (ROOT / "docs/protocol.md").read_text()
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text()
FOLDERS = "docs|tests|benchmarks|examples|host|hdl|sim|constraints"

each_page = pytest.mark.parametrize("page", PAGES, ids=headline)


@each_page
def test_links_lead_somewhere(page: Path) -> None:
    for target, anchor in re.findall(r"\]\(([^)#: ]*)(?:#([^) ]+))?\)", page.read_text()):
        file = page.parent / target if target else page
        assert file.exists(), target
        assert not anchor or anchor in anchors(file.read_text()), f"{target}#{anchor}"


@each_page
def test_files_named_exist(page: Path) -> None:
    for name in re.findall(rf"`((?:{FOLDERS})/[\w./-]+)`", page.read_text()):
        assert (ROOT / name).exists(), name


@functools.cache
def help_of(*command: str) -> str:
    """Text that a command prints for --help."""
    with contextlib.redirect_stdout(io.StringIO()) as printed, contextlib.suppress(SystemExit):
        main([*command, "--help"])
    return printed.getvalue()


@each_page
def test_commands_know_their_options(page: Path) -> None:
    for program, *words in commands(page.read_text()):
        if program == "neurocorex" and words[0] != "--help":
            group = words[0] in ("demo", "bench") and len(words) > 1
            command = words[: 1 + group]
            assert f"neurocorex {' '.join(command)} " in help_of(*command), command
            options = [word.partition("=")[0] for word in words if re.match("--?[a-z]", word)]
            assert [option for option in options if option not in help_of(*command)] == [], words


@each_page
def test_scripts_tests_and_targets_exist(page: Path) -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    for program, *words in commands(page.read_text()):
        if program == "make":
            assert words[0] in targets
        for word in words:
            if re.match(rf"(?:{FOLDERS})/", word):
                assert (ROOT / word).exists(), word


def test_every_figure_names_its_command() -> None:
    for rows in tables((ROOT / "docs/figures.md").read_text()):
        for row in rows:
            assert row["rests on"]
            assert re.match(r"`(neurocorex|python|pytest|make) [^`]+`", row["command"]), row


def rooms(folder: Path) -> set[str]:
    """Folders and loose modules of a package."""
    found = {path.stem for path in folder.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    return found - {"__init__", "__main__"}


@pytest.mark.parametrize("folder", ["host/neurocorex", "hdl/neurocorex_hdl"])
def test_contributing_has_a_sentence_for_every_room(folder: str) -> None:
    section = CONTRIBUTING[CONTRIBUTING.index(f"`{folder}`\n") :]
    rows = table(section[: section.index("\n###")], "room")
    assert {row["room"].strip("`") for row in rows} == rooms(ROOT / folder)
    assert all(row["one sentence"].endswith(".") for row in rows)


@pytest.mark.parametrize("region", [*PARAMETERS, *STATE], ids=lambda region: region.name)
def test_model_describes_every_neuron_region(region: Region) -> None:
    assert f"`{region.name}`" in MODEL


@pytest.mark.parametrize("name", [*(item.name for kind in (Control, Counter, Flag) for item in kind)])
def test_model_describes_every_register_and_counter(name: str) -> None:
    assert f"`{name}`" in MODEL or name.startswith("RECORD_")


@pytest.mark.parametrize("op", Op, ids=lambda op: op.name)
def test_protocol_describes_every_operation(op: Op) -> None:
    assert f"| {op.name} |" in PROTOCOL


@pytest.mark.parametrize("status", Status, ids=lambda status: status.name)
def test_protocol_describes_every_status(status: Status) -> None:
    assert f"`{status.name}`" in PROTOCOL


def test_help_lists_every_exit_code() -> None:
    from neurocorex.cli.application import EXIT_CODES

    def family(error: type[NeuroCoreXError]) -> list[type[NeuroCoreXError]]:
        return [error, *(child for kind in error.__subclasses__() for child in family(kind))]

    # Errors of one kind share its code: those of PyNN are loaded by its tests only.
    codes = [error.exit_code for error in family(NeuroCoreXError) if "exit_code" in vars(error)]
    assert len(codes) == len(set(codes))
    for code in codes:
        assert re.search(rf"\b{code}  \w", EXIT_CODES), code
