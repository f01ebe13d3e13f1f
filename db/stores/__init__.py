"""What the API itself writes, and what recordings, repairs and erasures write of the same.

Each function works inside its caller's transaction, but for `purging`, which makes many.
"""
