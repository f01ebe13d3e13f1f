"""The portal as people see it: a real Chromium, on a real server, with a real worker behind it."""
