"""Bookings and standings as durable workflows: they wait, and have decided, and remember."""
