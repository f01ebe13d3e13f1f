"""Comparing what is on record with what a workflow says of it, and writing down what is missing."""
