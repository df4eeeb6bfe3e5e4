"""Breaks a tdparse that starts with this folder on its path: its first look at a connection fails."""

import builtins
from typing import Any

_import = builtins.__import__


def _broken(name: str, *rest: Any, **named: Any) -> Any:
    if name == "tcpdump_parse.track":
        raise RuntimeError("broken for a test")
    return _import(name, *rest, **named)


builtins.__import__ = _broken
