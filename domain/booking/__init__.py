"""One booking: its states, its transition table, and the decisions that move it."""
