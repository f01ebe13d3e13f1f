"""What operators see of a process: its log, and traces through all of them."""
