"""The version of the protocol: every table is in its digest, and an error says what differs."""

import pytest
from neurocorex.spec import ChipInfo, Control, CoreConfig, Counter, Learning, Region, protocol
from neurocorex.spec import version as versions
from neurocorex.spec.flags import Flag
from neurocorex.spec.info import MAGIC
from neurocorex.spec.regions import layout
from neurocorex.spec.rows import never
from neurocorex.spec.version import PROTOCOL_VERSION, RULES, digest
from neurocorex.spec.widths import exactly


@pytest.fixture(autouse=True)
def fresh_layouts():
    """Layouts are remembered; after a test has changed a row they are wrong."""
    layout.cache_clear()
    yield
    layout.cache_clear()


def test_version_is_rules_and_digest() -> None:
    assert divmod(PROTOCOL_VERSION, 1 << 16) == (RULES, digest())
    assert PROTOCOL_VERSION < 1 << 32


@pytest.mark.parametrize(
    ("owner", "name", "value"),
    [
        pytest.param(Region.BIAS.row, "width", exactly(12), id="width of a region"),
        pytest.param(Region.BIAS.row, "signed", False, id="sign of a region"),
        pytest.param(Region.BIAS.row, "present", never, id="region that is not there"),
        pytest.param(Region.BIAS.row, "writable", never, id="region that is read-only"),
        pytest.param(Region.BIAS.row, "per", Region.PRE_TRACE.row.per, id="size of a region"),
        pytest.param(Control.GATE.row, "width", exactly(12), id="width of a register"),
        pytest.param(Control.GATE.row, "present", never, id="register that is not there"),
        pytest.param(Counter.SPIKES.row, "of_model", False, id="counter of another kind"),
        pytest.param(Flag.RECORD_SPIKES, "_value_", 64, id="flag"),
        pytest.param(protocol.Status.BAD_OP, "_value_", 0x30, id="status"),
        pytest.param(protocol, "DIVISOR_MIN", 5, id="constant of the wire"),
        pytest.param(protocol, "WRITE_ARGUMENTS", protocol.READ_ARGUMENTS, id="arguments"),
        pytest.param(versions, "INFO_WORDS", ("magic",), id="words of the description"),
    ],
)
def test_a_table_that_changes_changes_the_digest(owner, name: str, value, monkeypatch: pytest.MonkeyPatch) -> None:
    before = digest()
    layout.cache_clear()
    monkeypatch.setattr(owner, name, value)
    assert digest() != before


@pytest.mark.parametrize("name", ["meaning", "unit", "tame", "default"])
def test_prose_and_tests_have_no_part_in_the_digest(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = digest()
    layout.cache_clear()
    monkeypatch.setattr(Region.BIAS.row, name, None)
    assert digest() == before


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (3, "other rules: chip speaks protocol version 3, this host 9.[0-9a-f]{4}"),
        (PROTOCOL_VERSION + (1 << 16), "other rules: chip speaks protocol version 10.[0-9a-f]{4}, this host"),
        (PROTOCOL_VERSION ^ 1, "the same rules, but other tables"),
    ],
    ids=["before digests", "other rules", "other tables"],
)
def test_chip_of_another_version_is_refused_with_what_differs(found: int, message: str) -> None:
    info = ChipInfo(config=CoreConfig(learning=Learning.WINDOW), clock_hz=0, baud=0, build_id=0)
    assert info.to_words()[:2] == [MAGIC, PROTOCOL_VERSION]
    with pytest.raises(ValueError, match=message):
        ChipInfo.from_words([MAGIC, found])
