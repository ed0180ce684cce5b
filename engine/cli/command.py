"""What the subcommands share."""

from __future__ import annotations

import argparse
from typing import TypeAlias

# argparse names the type of what `add_subparsers` returns with an underscore, and has no other name for it.
Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"  # noqa: SLF001
