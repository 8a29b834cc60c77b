"""Does a GPU compute what the CPU computes, and how fast?  A report to read, or to send to somebody.

``python -m minigan.gpucheck`` makes it.
"""
