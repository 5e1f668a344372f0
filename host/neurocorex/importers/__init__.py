"""Importers: models of other tools, SuperNeuroMAT and NIR, become images with a label for every part."""
