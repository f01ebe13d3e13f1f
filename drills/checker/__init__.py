"""The checker: reads histories and tables by itself, shares no code with us, and proves."""
