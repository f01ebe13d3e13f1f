"""Measurements, kept apart from the tests: how long something takes depends on the machine."""
