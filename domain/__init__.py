"""The rules of the marketplace, as pure functions over plain values.

Nothing here reads a clock, draws a random number, or talks to anything: time is an argument, and
every answer can be computed again from the same inputs. Only the standard library is imported.
"""
