"""Drills: a real stack under load, broken on purpose, and checked by another."""
