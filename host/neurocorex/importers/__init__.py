"""Models of other tools as networks for a chip, each with a label for everything that it is made of."""
