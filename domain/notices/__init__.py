"""Notices: what people and services are told of, by which channel, and how each notice ended."""
