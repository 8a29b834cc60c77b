"""The laboratory: a page in the browser on which a GAN learns in the plane, by the source that one reads there.

    python -m minigan.lab

    knobs.py     the settings, their limits, and which of them may change while the GAN learns
    plane.py     where the real points come from
    model.py     the GAN: a step of D and a step of G
    noise.py     the random numbers of a training, which go on where they were
    session.py   a training that keeps every state, and can go back to any of them
    frame.py     what the page draws of one state
    source.py    the lines of a function, and which of them runs with what numbers
    graph.py     the graph of a loss, and the order in which `grad` walks through it
    presets.py   the failures of docs/failure-modes.md, and what cures them
    script.py    a session as a script that needs no laboratory
    digits.py    pictures of trained generators, walks, and a small GAN to train
    console.py   Python that is typed on the page, in a process of its own, and the exercises
    typed.py     what becomes of it: output, error, graph, check of the gradient
    recording.py a recorded run inside one HTML file
    commands.py  what the page can ask for
    server.py    the page and its commands, on this machine only
    webassembly.py  the page and its commands in the browser, by Pyodide

Read before it: `models.gan`.
"""
