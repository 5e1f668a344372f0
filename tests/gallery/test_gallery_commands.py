"""Commands of the gallery: the list, the measurement, and another chip that is compared."""

import json
from dataclasses import replace

import neurocorex as ncx
import pytest
from neurocorex import gallery
from neurocorex.device.open import open_transport
from support.serving import serving


def test_list_has_figures_and_pictures(invoke):
    code, out, err = invoke("gallery")
    assert (code, err) == (0, "")
    for name in gallery.names():
        assert f"{name}: {gallery.load(name).title}" in out
    assert "(reached)" in out
    assert "cam.png" in out


def test_measurement_writes_figures_and_pictures(invoke, tmp_path):
    code, out, _ = invoke("gallery", "cam", "--measure", tmp_path, "--quick", "--json")
    assert code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cam.png", "measured.json"]
    held = json.loads((tmp_path / "measured.json").read_text())
    assert held["cam"]["findings"] == json.loads(out)["cam"]["findings"]


def test_another_chip_is_compared(invoke):
    _, out, _ = invoke("demo", "cam", "--quick", "--json")
    told = json.loads(out)
    assert told["boards"]
    with serving(open_transport("emulator", config=ncx.CoreConfig.from_dict(told["config"]))) as (url, _):
        code, out, _ = invoke("demo", "cam", "--device", url, "--json")
    assert code == 0
    assert json.loads(out)["identical"]


def test_difference_is_told(invoke, monkeypatch):
    system = gallery.load("cam")
    flips = iter([False, True])
    flipped = replace(system, first=lambda device: {"spikes": system.first(device)["spikes"] ^ next(flips)})
    with ncx.open("emulator") as device:
        system.first(device)
        config = device.config
    monkeypatch.setattr(gallery.System, "of", lambda _path: flipped)
    with serving(open_transport("emulator", config=config)) as (url, _):
        code, out, _ = invoke("demo", "cam", "--device", url, "--json")
    assert code == 1
    assert json.loads(out)["differences"] == ["spikes differ"]


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("gallery", "nothing"), 3, "the gallery has no 'nothing'"),
        (("gallery", "--data", "."), 3, "--data belongs to --measure"),
        (("gallery", "worm", "--measure", "."), 3, "worm reads data"),
        (("demo", "worm", "--data", "no/such/folder"), 4, "there is no such folder"),
        (("gallery", "--quick"), 3, "--quick belongs to --measure"),
        (("gallery", "--measure", "no/such/folder"), 4, "there is no such folder"),
        (("demo", "nothing"), 2, "No such command 'nothing'"),
        (("demo", "cam", "--device", "rtl", "--picture", "a.png"), 3, "--picture shows what is measured"),
    ],
)
def test_wrong_words_are_refused(invoke, words, code, message):
    found, _, err = invoke(*words)
    assert found == code
    assert message in err


def test_data_are_read_from_a_folder(invoke, tmp_path):
    code, _, err = invoke("demo", "worm", "--quick", "--data", tmp_path)
    assert code == 4
    assert "cannot read" in err
    assert "herm_full_edgelist.csv" in err
    code, out, _ = invoke("demo", "worm", "--help")
    assert code == 0
    assert "pip download" in out


def test_figures_without_data_stay(invoke, tmp_path, monkeypatch):
    monkeypatch.setattr(gallery, "names", lambda: ["worm"])
    code, _, err = invoke("gallery", "--measure", tmp_path, "--quick")
    assert code == 0
    assert err == "not measured without --data FOLDER: worm\n"
    assert not any(tmp_path.iterdir())
