"""Step → Finding: what breaks TCP's rules, what suggests loss or attack, what is worth telling.

`check` is the verb. One function a rule, a family a file (`check/rules/`); the view people know (`check/wireshark/`) stands beside them.
"""

from tcpdump_parse.check.engine import check

__all__ = ["check"]
