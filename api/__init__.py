"""The HTTP API: `/v1` for services and apps, and the portal for people, on the same engine.

`/v1` takes the same commands as the workflows take as signals.
"""
