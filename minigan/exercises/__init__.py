"""Exercises that check themselves: short files to edit, from a derivative with a hole to a GAN that collapses.

``python -m minigan.exercises start`` copies them into a folder; ``python -m minigan.exercises`` says what else it can.
"""
