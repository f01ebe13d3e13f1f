"""Live updates: what happens is told to whom it concerns, over server-sent events.

Every process of the API listens to the database on one connection, reads what is new once, and
keeps the newest of it in a log. Each open stream is no more than a place in that log, so that one
which is slow costs nothing, and one which comes back goes on from the place that it names.
"""
