"""SARIF 2.1.0, for code-scanning pages and editors.

A result's fingerprint says rule, connection, time of its record and which of several alike it is: not its line, so that it survives a log
that was shifted, and a file that was renamed.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from typing import Any, Final, TextIO
from urllib.parse import quote

from msgspec import UNSET, to_builtins

from tcpdump_parse.model import Severity
from tcpdump_parse.visible import visible
from tcpdump_parse.write.report.reported import Reported

SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVELS: Final = {Severity.ERROR: "error", Severity.WARN: "warning", Severity.NOTE: "note"}


def sarif(
    reported: Iterable[Reported], out: TextIO, descriptions: Mapping[str, Mapping[str, str]], version: str, faults: Iterable[str] = ()
) -> None:
    """One run. `descriptions`: rule → `title`, `reason`, `cites`, of the rules that may occur. `faults`: what could not be read, or failed
    beside the log; they may become known while `reported` is consumed."""
    results, used, seen = [], dict[str, int](), dict[tuple[object, ...], int]()
    for one in reported:
        used.setdefault(one.finding.rule, len(used))
        results.append(_result(one, used[one.finding.rule], seen))
    driver = {"name": "tdparse", "version": version, "rules": [_rule(name, descriptions.get(name, {})) for name in used]}
    log = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "invocations": [_invocation(faults)], "columnKind": "unicodeCodePoints", "results": results}],
    }
    json.dump(log, out, ensure_ascii=False, indent=1)
    out.write("\n")


def _invocation(faults: Iterable[str]) -> dict[str, Any]:
    notifications = [{"level": "error", "message": {"text": visible(fault)}} for fault in faults]
    return {"executionSuccessful": not notifications} | ({"toolExecutionNotifications": notifications} if notifications else {})


def _rule(name: str, about: Mapping[str, str]) -> dict[str, Any]:
    rule: dict[str, Any] = {"id": name, "shortDescription": {"text": about.get("title") or name}}
    if about.get("reason"):
        rule["fullDescription"] = {"text": about["reason"]}
    if about.get("cites"):
        rule["help"] = {"text": about["cites"]}
    return rule


def _result(one: Reported, index: int, seen: dict[tuple[object, ...], int]) -> dict[str, Any]:
    finding = one.finding
    message = finding.rule if finding.message is UNSET else visible(finding.message)
    region = {"startLine": one.line, "endLine": max(one.line, one.end_line)}
    location = {"physicalLocation": {"artifactLocation": {"uri": _uri(one.file)}, "region": region}}
    properties = {
        key: value for key, value in to_builtins(finding).items() if key in ("frame", "known_at", "conn", "facts", "evidence", "unless")
    }
    return {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": LEVELS[finding.severity],
        "message": {"text": message},
        "locations": [location],
        "partialFingerprints": {"record/v1": _fingerprint(one, seen)},
        "properties": properties,
    }


def _fingerprint(one: Reported, seen: dict[tuple[object, ...], int]) -> str:
    finding = one.finding
    whole = finding.flow is UNSET and finding.known_at == "end"  # what a whole log shows is shown at no time of its own
    time = UNSET if whole else finding.time
    key = (finding.rule, *("" if value is UNSET else value for value in (finding.flow, finding.side, time)))
    seen[key] = seen.get(key, 0) + 1
    return hashlib.sha256("\0".join(map(str, (*key, seen[key]))).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _uri(file: str) -> str:
    """A path as a URI reference: no colon of it becomes a scheme."""
    path = file.replace(os.sep, "/")
    try:
        return quote(path, safe="/", errors="surrogateescape")  # the octets of a name that is not UTF-8, as Python holds them
    except UnicodeEncodeError:
        return quote(path, safe="/", errors="surrogatepass")
