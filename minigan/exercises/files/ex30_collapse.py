"""A GAN that collapses, and wants to be repaired.

The GAN below should learn a ring of eight narrow Gaussians. Its samples end at a few of them, or run after each other
in circles: G learns what D likes just now, and D, ten steps behind, cannot say that this is not enough. A D with the
penalty

    γ/2 · mean of ‖∇D(x)‖²  at real x

is flat where the data is, and keeps the two from circling (Mescheder, Geiger and Nowozin 2018, "R1").

To do: change SETTINGS until the GAN finds all eight modes. The check trains it, counts the modes that have at least a
quarter of their share among 2,000 samples, and takes up to a minute. The number of steps stays as it is.
"""

SETTINGS = {
    "g_steps": 10,  # steps of G for one of D
    "learning_rates": (5e-3, 5e-5),  # of G and of D
    "gamma": 0.0,  # weight γ of the penalty
}
