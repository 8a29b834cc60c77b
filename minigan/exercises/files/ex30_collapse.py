"""A GAN that collapses, and wants to be repaired.

The GAN of this exercise should learn a ring of eight narrow Gaussians. With
the settings below all of its samples end in one point (mode collapse). D is
too slow: while G takes four steps, D takes one, of a tenth of the length. So G
runs to the place that D likes best just now, with all of its samples, before D
can say that this is not enough.

D may also have a penalty, γ/2 · mean of ‖∇D(x)‖² at real x, which makes it
flat where the data is and keeps D and G from circling around each other
(Mescheder, Geiger and Nowozin 2018, "R1").

    D minimises  -log D(x) - log(1 - D(G(z))) + γ/2 · ‖∇D(x)‖²
    G minimises  -log D(G(z))

To do: change SETTINGS until the GAN finds all eight modes. The check trains
it, counts the modes that have at least a quarter of their share among 2,000
samples, which is 63 of them, and takes some seconds, on a slow machine a
minute.
"""

SETTINGS = {  # TODO
    "g_steps": 4,  # steps of G for one of D
    "learning_rates": (5e-3, 5e-4),  # of G and of D
    "gamma": 0.0,  # weight γ of the penalty
}
