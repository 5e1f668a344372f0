"""Digits learned on the chip: lessons, teacher and competition, and the accuracy with and without a teacher."""

from dataclasses import replace

import neurocorex as ncx
import numpy as np
import pytest
from neurocorex.demos import competition, digits_stdp, digits_unsupervised, latency, lessons, teacher
from neurocorex.demos.digits import load_data
from neurocorex.demos.samples import Samples
from neurocorex.spec import Control, LearningFlag, Region

TAUGHT, SORTED = digits_stdp.SETTINGS, digits_unsupervised.SETTINGS
PIXELS = TAUGHT.inputs


@pytest.fixture
def device():
    with ncx.open("emulator") as opened:
        yield opened


def image(*pixels):
    """One image with 16, 12, 8 and 4 in some of its pixels, in this order."""
    values = np.zeros((1, PIXELS), np.int64)
    values[0, list(pixels)] = [16, 12, 8, 4][: len(pixels)]
    return values


class TestLatency:
    def test_pixels_fire_in_proportion(self):
        counts = latency.encoded(image(3, 5, 7, 9), 4).sum(axis=1)[0]
        assert counts[[3, 5, 7, 9]].tolist() == [4, 3, 2, 1]
        assert counts.sum() == 10

    def test_images_follow_each_other(self):
        stream = latency.exposure(latency.encoded(np.concatenate([image(3), image(5)]), 2), 10, first=1)
        assert stream.steps == 20
        assert stream.event_step.tolist() == [1, 2, 11, 12]
        assert stream.event_index.tolist() == [3, 3, 5, 5]

    def test_first_spikes_are_counted_from_the_image_on(self, device):
        net = ncx.Network(inputs=1, neurons=2)
        net.connect(net.inputs, net.neurons[0], 5)
        device.load(net)
        spikes = np.zeros((13, 1), bool)
        spikes[[0, 4, 6, 12]] = True
        first = latency.first_spikes(device.run(spikes=spikes), images=2, steps=5, start=3)
        assert first.tolist() == [[1, 5], [4, 5]]


class TestTeacher:
    @pytest.fixture
    def taught(self, device):
        """Return weights before and after a lesson in which neuron 4 gains an image and neuron 7 loses it."""
        device.load(teacher.build(replace(TAUGHT, potentiation=1.0, depression=-1.06)))
        before = device.weights()
        stimulus = latency.encoded(image(10, 20, 30, 40), TAUGHT.spikes)
        device.run(spikes=lessons.lessons(stimulus, np.array([4]), np.array([7])))
        return before, device.weights()

    def test_right_neuron_gains_the_image(self, taught):
        before, after = taught
        gained = (after - before)[:PIXELS, 4]
        assert gained[[10, 20, 30, 40]].tolist() == [4, 3, 2, 1]
        assert np.count_nonzero(gained) == 4

    def test_wrong_neuron_loses_the_image(self, taught):
        before, after = taught
        lost = (before - after)[:PIXELS, 7]
        assert (lost[[10, 20, 30, 40]] >= [4, 3, 2, 1]).all()
        assert np.count_nonzero(lost) == 4

    def test_other_neurons_keep_their_weights(self, taught):
        before, after = taught
        assert np.flatnonzero((before != after).any(axis=0)).tolist() == [4, 7]

    def test_questions_leave_weights_alone(self, device):
        device.load(digits_stdp.build())
        before = device.weights()
        result = device.run(spikes=lessons.questions(latency.encoded(image(10, 20), TAUGHT.spikes), TAUGHT.steps))
        assert result.spike_times.size > 0
        assert np.array_equal(device.weights(), before)

    def test_questions_do_not_depend_on_what_came_before(self, device):
        device.load(digits_stdp.build())
        stimulus = latency.encoded(np.concatenate([image(1, 2), image(50), image(1, 2)]), TAUGHT.spikes)
        result = device.run(spikes=lessons.questions(stimulus, TAUGHT.steps))
        first = latency.first_spikes(result, images=3, steps=TAUGHT.steps)
        assert np.array_equal(first[0], first[2])
        assert not np.array_equal(first[0], first[1])

    def test_opening_shows_each_neuron_an_image_of_its_class(self, device):
        settings = replace(TAUGHT, per_class=2, opening=16.0)
        device.load(teacher.build(settings))
        before = device.weights()[:PIXELS]
        labels = np.repeat([0, 1, 3, 4, 5, 6, 7, 8, 9], 2)  # there is no 2
        images = np.concatenate([image(2 * label, 40 + label) for label in labels.tolist()])
        teacher.Teacher(device, settings).open(latency.encoded(images, 4), labels, np.random.default_rng(1))
        changed = device.weights()[:PIXELS] - before
        for neuron in range(20):
            own = [2 * (neuron % 10), 40 + neuron % 10]
            lost = np.delete(changed[:, neuron], own)
            assert (lost <= 0).all()
            assert lost.any()
            # 16 times a quarter of a unit for each spike: 4 of the first pixel, 3 of the second.
            gained = [16, 12] if neuron % 10 != 2 else [0, 0]
            assert np.abs(changed[own, neuron] - gained).max() <= 2

    def test_same_seed_gives_same_weights(self):
        weights = []
        for seed in (0, 0, 1):
            with ncx.open("emulator") as device:
                settings = replace(TAUGHT, epochs=2)
                weights.append(digits_stdp.learn(device, seed=seed, images=20, settings=settings).weights)
        assert np.array_equal(weights[0], weights[1])
        assert not np.array_equal(weights[0], weights[2])

    @pytest.mark.parametrize("rate_bits", [4, 8])
    @pytest.mark.parametrize("by_wire", [False, True], ids=["process", "wire"])
    def test_chip_that_draws_and_reports_learns_and_answers_the_same(self, by_wire, rate_bits):
        plain = ncx.CoreConfig(neurons=90, inputs=64, learning=ncx.Learning.EXPONENTIAL)
        chips = [plain, replace(plain, patterns=1, rate_bits=rate_bits, reports=True, tallies=4, groups=1)]
        outcomes = []
        for config in chips:
            with ncx.open("emulator", config=config, by_wire=by_wire) as device:
                outcomes.append(digits_stdp.learn(device, images=60, settings=replace(TAUGHT, epochs=2)))
        assert np.array_equal(outcomes[0].predictions, outcomes[1].predictions)
        assert np.array_equal(outcomes[0].weights, outcomes[1].weights)
        assert len(set(outcomes[0].predictions.tolist())) > 5

    def test_reported_answers_are_few_bytes_and_rates_fewer_than_spikes(self):
        shown = latency.encoded(load_data()[2][:40], TAUGHT.spikes)
        plain = ncx.CoreConfig(neurons=90, inputs=64, learning=ncx.Learning.EXPONENTIAL)
        sent = []
        for config in (plain, replace(plain, patterns=1, rate_bits=4, reports=True, tallies=4, groups=1)):
            with ncx.open("emulator", config=config, by_wire=True) as device:
                device.load(digits_stdp.build())
                asked = teacher.Teacher(device, TAUGHT)
                asked.answers(shown[:1])
                before = device.link.traffic
                asked.answers(shown)
                sent.append(device.link.traffic - before)
        assert sent[1].bytes_from_chip < sent[0].bytes_from_chip / 5
        assert sent[1].bytes_to_chip < sent[0].bytes_to_chip * 0.75

    def test_rates_make_the_spikes_that_they_stand_for(self):
        shown = latency.encoded(load_data()[2][:40], TAUGHT.spikes)
        for bits in (4, 8):
            rates, better = latency.rates_of(shown, bits)
            probability = np.where(rates == (1 << bits) - 1, 1.0, rates / (1 << bits))
            assert (rates >= 0).all()
            assert better.any()
            made = ncx.encode.generated(probability, TAUGHT.spikes, rate_bits=bits, even=True)
            assert np.array_equal(made, shown)

    def test_trains_that_no_rate_makes_stay_spikes(self):
        shown = np.zeros((2, 4, 64), np.bool_)
        shown[0, :2] = True  # two spikes in a row and none after them
        shown[1, ::2] = True
        rates, better = latency.rates_of(shown, 8)
        assert (rates[0] == -1).all()
        assert (rates[1] >= 0).all()
        assert better.tolist() == [False, True]

    def test_all_digits_are_learned(self, device):
        outcome = digits_stdp.learn(device)
        assert outcome.accuracy >= 0.96
        assert (len(outcome.labels), outcome.trained) == (594, 1203)
        assert device.config.neurons <= 100
        assert device.config.weight_bits == 8


class TestCompetition:
    @pytest.fixture
    def small(self):
        """A few training and test images of two digits."""
        from neurocorex.demos.digits import load_data

        train_x, train_y, test_x, test_y = load_data()
        chosen = []
        for images, labels in ((train_x, train_y), (test_x, test_y)):
            some = np.flatnonzero(labels <= 1)[:40]
            chosen += [images[some], labels[some]]
        return Samples.of(tuple(chosen), SORTED.spikes)

    def test_two_digits_are_told_apart(self, device, small):
        again = replace(small, test=small.train, test_labels=small.train_labels)
        outcome = competition.learn(device, again, SORTED)
        assert outcome.accuracy >= 0.9
        assert set(outcome.facts["digits"].tolist()) <= {-1, 0, 1}

    def test_opening_brings_each_neuron_near_an_image(self, device, small):
        settings = replace(SORTED, neurons=5, opening=2.0)
        device.load(competition.build(settings))
        result = device.run(spikes=competition.opening(small.train[:5], settings))
        assert result.spike_neurons.tolist() == [0, 1, 2, 3, 4]
        assert result.spike_times.tolist() == [4, 13, 22, 31, 40]
        assert not device.read(Region.ADAPTATION).any()
        count = small.train[:5].sum(axis=1).T
        weights = device.weights()[:PIXELS, :5]
        for neuron in range(5):
            dark, bright = (weights[count[:, neuron] == spikes, neuron].mean() for spikes in (0, 4))
            assert dark < -30 * competition.UNIT
            assert bright > 30 * competition.UNIT

    def test_labels_do_not_matter_for_weights(self, small):
        weights = []
        for labels in (small.train_labels, 1 - small.train_labels):
            with ncx.open("emulator") as device:
                outcome = competition.learn(device, replace(small, train_labels=labels), replace(SORTED, epochs=2))
                weights.append(outcome.weights)
        assert np.array_equal(*weights)

    def test_questions_change_neither_weights_nor_thresholds(self, device, small):
        competition.learn(device, small, replace(SORTED, epochs=1))
        held = (Region.WEIGHTS, Region.ADAPTATION, Region.CONTROL)
        before = [device.read(region) for region in held]
        generator = np.array(before[2][Control.RANDOM])
        competition.winners(device, small.test, SORTED)
        assert before[1].any()
        after = [device.read(region) for region in held]
        assert after[2][Control.RANDOM] != generator
        after[2][Control.RANDOM] = generator  # it moves in every step, also while nothing is learned
        assert all(np.array_equal(*pair) for pair in zip(after, before, strict=True))
        assert before[2][Control.LEARNING] & LearningFlag.ENABLE

    def test_neurons_are_named_after_most_of_their_images(self):
        digits = competition.classes_of(np.array([3, 3, 3, 5, -1]), np.array([7, 7, 2, 0, 9]), 96)
        assert (digits[3], digits[5]) == (7, 0)
        assert np.count_nonzero(digits >= 0) == 2

    def test_all_digits_are_sorted(self, device):
        outcome = digits_unsupervised.learn(device)
        assert outcome.accuracy >= 0.85
        assert device.config.neurons <= 100
