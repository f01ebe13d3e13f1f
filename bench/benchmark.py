"""What every benchmark is: options, a run, and results that can be written down."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """Something that can be measured.

    `about` says what, in one line. `run` is given the options of all benchmarks, those of this one
    as `add_options` has added them; it prints what it finds as it finds it, and returns it in a
    form that JSON knows. It leaves nothing behind.
    """

    about: str
    run: Callable[[argparse.Namespace], dict[str, Any]]
    add_options: Callable[[argparse._ArgumentGroup], None] = lambda _: None
