"""Puts lark's tables into the wheel (making them from grammar/ takes ten times as long as loading them), and the rules' samples."""

from __future__ import annotations

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Tables(BuildHookInterface[Any]):
    """An installed copy has the tables beside the code; an editable one makes them when it needs them."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable" or self.target_name != "wheel":
            return
        grammar = _module(Path(self.root, "tcpdump_parse", "read", "grammar.py"))
        self._folder = TemporaryDirectory()
        saved = Path(self._folder.name, grammar.TABLES.name)
        saved.write_bytes(grammar.tables())
        build_data["force_include"][str(saved)] = f"tcpdump_parse/read/{saved.name}"
        for family in Path(self.root, "samples").iterdir():
            if family.is_dir() and family.name != "lab":  # the logs that `tdparse rules` shows; the lab's recordings stay behind
                build_data["force_include"][str(family)] = f"tcpdump_parse/samples/{family.name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        if hasattr(self, "_folder"):
            self._folder.cleanup()


def _module(path: Path) -> ModuleType:
    """The file alone: the package around it needs more than the build has."""
    spec = spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
