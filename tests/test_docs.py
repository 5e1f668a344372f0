"""The pages under docs/ agree with the contract that the code reads."""

import re
from pathlib import Path

import pytest
from neurocorex.errors import NeuroCoreXError
from neurocorex.spec import Control, Counter, Flag, Op, Region, Status
from neurocorex.spec.registers import PARAMETERS, STATE
from support.paths import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
MODEL = (ROOT / "docs/model.md").read_text()
PROTOCOL = (ROOT / "docs/protocol.md").read_text()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_named_exist(page: Path) -> None:
    for name in re.findall(
        r"`((?:docs|tests|benchmarks|examples|host|hdl|sim|constraints)/[\w./]+\.\w+)`", page.read_text()
    ):
        assert (ROOT / name).exists(), name


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

    codes = [error.exit_code for error in family(NeuroCoreXError)]
    assert len(codes) == len(set(codes))
    for code in codes:
        assert re.search(rf"\b{code}  \w", EXIT_CODES), code
