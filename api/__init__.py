"""The HTTP API: `/v1` for services and apps, the same commands as the workflows take as signals."""
