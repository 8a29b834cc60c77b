"""Quicker bodies for some functions of the book.

Nothing here needs to be read to understand minigan.
"""
