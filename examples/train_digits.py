"""Training of the digits network from scratch, on training images only, with a test.

    python examples/train_digits.py [--seed 0] [--epochs 300] [--device emulator] [--out digits.npz]
    python examples/train_digits.py --folds 5        cross-validate instead: how the settings were chosen

This script, without options, made the network that ships with the library. It needs NumPy, and scikit-learn for the
images. The training itself is in `neurocorex.demos.training`.
"""

import argparse
from dataclasses import replace

import neurocorex as ncx
import numpy as np
from neurocorex.demos import digits, training


def cross_validate(settings: training.Settings, folds: int, seed: int) -> None:
    """Train on all but one part of the training images, count errors on that part, for each part."""
    images, labels, _, _ = digits.load_data()
    parts = np.array_split(np.random.default_rng(123).permutation(len(images)), folds)
    errors = []
    for number, part in enumerate(parts):
        rest = np.setdiff1d(np.arange(len(images)), part)
        model = training.train_model(images[rest], labels[rest], seed=seed + number, settings=settings)
        outputs = model.run(digits.encode(images[part])).output.spikes > 0
        errors.append(int(np.sum(digits.classify(outputs.transpose(1, 0, 2)) != labels[part])))
        print(f"part {number + 1} of {folds}: {errors[-1]} errors in {len(part)} images")
    print(f"validation accuracy {1 - sum(errors) / len(images):.2%}")


def main() -> None:
    """Read the options, train, test."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=training.Settings().epochs)
    parser.add_argument("--folds", type=int)
    parser.add_argument("--device", default="emulator")
    parser.add_argument("--out", default="digits.npz")
    options = parser.parse_args()
    settings = replace(training.Settings(), epochs=options.epochs)
    if options.folds:
        cross_validate(settings, options.folds, options.seed)
        return

    def progress(done: int, total: int) -> None:
        if done % max(total // 20, 1) == 0:
            print(f"epoch {done} of {total}")

    images, labels, _, _ = digits.load_data()
    image = training.train_network(images, labels, seed=options.seed, settings=settings, progress=progress)
    image.save(options.out)
    with ncx.open(options.device) as device:
        print(device.load(image))
        print(digits.evaluate(device))
    print(f"network: {options.out}")


if __name__ == "__main__":
    main()
