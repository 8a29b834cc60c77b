"""Exercises that check themselves: short files to edit, from a derivative to a GAN that collapses.

``python -m minigan.exercises start`` copies them into a folder.
"""
