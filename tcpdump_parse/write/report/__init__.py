"""Findings for people and their machines: as a linter prints them, SARIF, JUnit, GitHub annotations.

Each writer takes `Reported` values, in the order it is to show them, and escapes by its own format's rules: text of a log never becomes
XML, a command of CI, or terminal control. JSON lines of findings are `write.jsonl`.
"""

from tcpdump_parse.write.report.github import github
from tcpdump_parse.write.report.junit import junit
from tcpdump_parse.write.report.reported import Reported, Summary, folded
from tcpdump_parse.write.report.sarif import sarif
from tcpdump_parse.write.report.text import text

__all__ = ["Reported", "Summary", "folded", "github", "junit", "sarif", "text"]
