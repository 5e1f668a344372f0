"""Cards in notebooks: short, escaped, true to their objects, and without a word to the chip."""

from __future__ import annotations

import threading
from html.parser import HTMLParser

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.notebook import LINES, Card
from neurocorex.quantiser.quantise import quantised

#: What the quantiser says of these networks is of no matter here.
pytestmark = pytest.mark.filterwarnings("ignore::neurocorex.errors.QuantisationWarning")
NASTY = '<script>alert("&")</script>'


class Cells(HTMLParser):
    """Texts of headings and cells, tags that were opened, and attributes that could do harm."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts, self.tags, self.open = [], [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag != "br":
            self.open.append(tag)
        assert all(name == "style" for name, _ in attrs)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def cells(shown) -> dict[str, str]:
    """Rows of a card by their names; the lines of a value joined."""
    found, current = {}, None
    for part in shown._repr_html_().split("<tr>")[1:]:
        texts = Cells("<tr>" + part.split("</tr>")[0] + "</tr>").texts
        current, found[texts[0]] = texts[0], "\n".join(texts[1:])
    assert current is not None
    return found


@pytest.fixture
def net():
    net = ncx.Network(inputs=3, neurons=2)
    net.connect(net.inputs, net.neurons, [[0.5, 0.25], [0.125, 0.3], [0.0, 0.7]], plastic=True)
    net.connect(net.neurons[0], net.neurons[1], -0.5)
    net.neurons.set(threshold=1.0, refractory_ms=2.0)
    net.learn(ncx.learning.stdp(20.0, 20.0, 0.01, -0.012, bounds=(0.0, 1.0)))
    return net


def test_everything_in_a_card_is_escaped():
    html = Card(NASTY, [(NASTY, NASTY), ("list", [NASTY, 3])], [(NASTY, [NASTY])]).html
    found = Cells(html)
    assert found.open == []
    assert set(found.tags) == {"div", "strong", "table", "tr", "th", "td", "br", "details", "summary"}
    assert found.texts.count(NASTY) == 6


def test_details_without_lines_are_left_out_and_long_ones_are_cut():
    assert "<details>" not in Card("a", [], [("empty", [])]).html
    html = Card("a", [], [("many", [f"line {number}" for number in range(LINES + 7)])]).html
    assert f"line {LINES - 1}" in html
    assert f"line {LINES}<" not in html
    assert "... and 7 lines more" in html


def test_card_of_a_network_counts_what_it_has(net):
    found = cells(net)
    assert found["input weights"] == "5, 0.125 to 0.7"
    assert found["recurrent weights"] == "1, -0.5"
    assert (found["threshold"], found["refractory_ms"]) == ("1", "2")
    assert found["learning"].endswith("6 synapses")
    assert "Network of 3 inputs, 2 neurons and 6 synapses (6 plastic)" in net._repr_html_()
    assert repr(net) == "<Network of 3 inputs, 2 neurons and 6 synapses (6 plastic), 1 ms>"


def test_card_of_a_rule_has_what_was_given_only(net):
    assert cells(net.rule) == {
        "bounds": "(0, 1)", "tau_pre_ms": "20", "tau_post_ms": "20", "potentiation": "0.01", "depression": "-0.012",
    }  # fmt: skip
    window = ncx.learning.WindowRule(potentiation=np.exp, depression=(-1.0,), span_ms=4.0, bounds=(0.0, 1.0))
    assert cells(window)["potentiation"] == "exp"


def test_contexts_and_adaptation_are_on_the_card(net):
    net.adaptation(step=0.1, tau_ms=10.0)
    net.context(NASTY)
    found = cells(net)
    assert found["contexts"] == NASTY
    assert found["adaptation"] == "0.1 at each spike"


def test_report_is_short_at_a_prompt_and_whole_when_printed(net):
    _, report = quantised(net)
    assert len(repr(report)) < 300
    assert "print(report) shows everything" in repr(report)
    assert f"{len(report.warnings)} warning" in repr(report) or "no warnings" in repr(report)
    html = report._repr_html_()
    assert html.index("rounded") < html.index("scale") < html.index("<details>")
    texts = Cells(html).texts
    assert set(str(report).splitlines()) <= set(texts)


def test_report_says_when_nothing_was_rounded_or_nothing_is_known():
    net = ncx.Network(inputs=1, neurons=1)
    net.connect(net.inputs, net.neurons, 3)
    image, report = quantised(net)
    assert report.exact
    assert cells(report)["rounded"] == "nothing was rounded"
    with ncx.open("emulator") as device:
        assert "is not known" in cells(device.load(image))["rounded"]


def test_card_of_an_image_tells_program_from_snapshot(net):
    with ncx.open("emulator") as device:
        device.load(net)
        device.run(5)
        snapshot = device.snapshot()
    image, _ = quantised(net)
    assert "<strong>Image</strong>" in image._repr_html_()
    assert "<strong>Snapshot</strong>" in snapshot._repr_html_()
    assert cells(image)["weights"] == "6, of 8 bits"
    assert cells(image)["learning"] == "6 synapses"


def test_card_of_a_result_has_rates_of_recorded_neurons():
    net = ncx.Network(inputs=2, neurons=4)
    net.connect(net.inputs[0], net.neurons[0], 2.0)
    net.neurons.set(threshold=1.0)
    with ncx.open("emulator") as device:
        device.load(net)
        spikes = np.zeros((100, 2), bool)
        spikes[::4, 0] = True
        result = device.run(spikes=spikes, record={"spikes": net.neurons[:2], "v": net.neurons[:1]})
        counted = device.run(spikes=spikes, record="counts")
    found = cells(result)
    assert found["length"] == "100 steps of 1 ms"
    assert found["spikes"] == "25 of 2 of 4 neurons"
    assert found["rate of a neuron"] == "125 Hz in the mean, 0 to 250 Hz"
    assert found["silent"] == "1 of 2 neurons"
    assert found["membranes"] == "of 1 neurons"
    assert cells(counted)["spikes"].endswith(", only counted")


def test_device_says_what_it_is_without_opening_the_chip(net):
    device = ncx.open("emulator")
    assert repr(device) == "<device emulator: no network loaded; chip not asked yet>"
    device.load(net)
    device.run(7)
    found = cells(device)
    assert found["state"] == "ready"
    assert found["chip"] == "3 inputs, 2 neurons, 8-bit weights, learning: exponential"
    assert found["network"] == "3 input axons and 2 neurons, 7 steps old"
    device.close()
    assert repr(device) == "<device emulator: closed>"
    assert cells(device) == {"state": "closed"}


def test_device_is_shown_while_another_thread_uses_it(net):
    shown, inside, seen = threading.Event(), threading.Event(), []

    def progress(_done: int, _total: int) -> None:
        inside.set()
        assert shown.wait(20)

    with ncx.open("emulator") as device:
        device.load(net)
        worker = threading.Thread(target=lambda: seen.append(device.run(10, progress=progress)))
        worker.start()
        assert inside.wait(20)
        assert "<device emulator" in repr(device)
        assert "state" in cells(device)
        shown.set()
        worker.join(20)
    assert len(seen) == 1
