"""What stands between the records is told apart by one table; a case is the line and its verdict together."""

import io

import pytest

from tcpdump_parse.model import Notice
from tcpdump_parse.read import read
from tcpdump_parse.read.notices import KINDS, begins_capture, classify, counters, margin
from tcpdump_parse.write import find

LINES = """
blank                |
blank                |\u00a0 \u00a0
fence                |```bash
fence                |~~~
fence                |<pre class="log">
fence                |{% highlight text %}
banner               |tcpdump: listening on lo, link-type EN10MB (Ethernet), snapshot length 262144 bytes
banner               |listening on eth0, link-type EN10MB (Ethernet), capture size 65535 bytes
banner               |tcpdump: listening on eth0
banner               |tcpdump:\u00a0listening on lo
reading              |reading from file x.pcap, link-type LINUX_SLL2 (Linux cooked v2), snapshot length 262144
reading              |reading from PCAP-NG file x.pcapng
verbose_hint         |tcpdump: verbose output suppressed, use -v[v]... for full protocol decode
verbose_hint         |tcpdump: verbose output suppressed, use -v or -vv for full protocol decode
link_type            |tcpdump: data link type LINUX_SLL2
privileges           |dropped privs to tcpdump
warning              |tcpdump: WARNING: any: That device doesn't support promiscuous mode
warning              |(Promiscuous mode not supported on the "any" device)
warning              |Warning: interface names might be incorrect
error                |tcpdump: pcap_loop: truncated dump file; tried to read 16 header bytes, only got 8
error                |tcpdump: lo: You don't have permission to capture on that device
captured 17          |17 packets captured
captured 1           |1 packet captured
captured 3           |^C3 packets captured
captured 3           |^C^C3 packets captured\u0020
captured 8           |Got 8\r8 packets captured
received 34          |34 packets received by filter
dropped 0            |0 packets dropped by kernel
dropped_by_interface 2|2 packets dropped by interface
counters             |tcpdump: 5 packets captured, 6 packets received by filter, 0 packets dropped by kernel
counted 12           |12 packets
progress 4           |Got 4
interrupt            |^C
interrupt            |^Z
prompt               |$ sudo tcpdump -S -nn -vvv -i lo port 8000
prompt               |$
prompt               |# tcpdump -i eth0
prompt               |root@box:~# tcpdump -c 3 port 80
prompt               |me@Mac ~ % sudo tcpdump -i lo0
prompt               |[root@web01 ~]# ls
prompt               |bash-5.1$ curl localhost
prompt               |/ # tcpdump -n
prompt               |C:\\Users\\me>windump -n
prompt               |❯ curl localhost
prompt               |sudo tcpdump -nni lo
prompt               |tcpdump port 80
comment              |# tcpdump 命令
comment              |# tcp 3次握手
comment              |## 3：使用 tcpdump 进行抓包分析
comment              |// the server answers
elided               |...
elided               |[…]
elided               |[... output omitted ...]
elided               |（省略）
separator            |--
prose                |The client sends a SYN first.
prose                |- 现在，我们通过 tcpdump 来抓取上文 TCP 客户端与服务器通信全过程数据。
prose                |in all, 17 packets captured
prose                |99999999999999999999 packets captured
prose                |[toc]
"""
CASES = [tuple(case.split("|", 1)) for case in LINES.split("\n")[1:-1]]


@pytest.mark.parametrize(("verdict", "line"), CASES, ids=[f"{verdict.strip()}-{number}" for number, (verdict, _) in enumerate(CASES)])
def test_a_line_that_is_no_record_has_its_kind(verdict: str, line: str) -> None:
    kind, *count = verdict.split()
    assert classify(line.encode().decode("latin-1")) == (kind, int(count[0]) if count else None)


def test_every_kind_of_the_table_has_a_case() -> None:
    assert {kind for kind, _ in KINDS} == {verdict.split()[0] for verdict, _ in CASES} - {"prose"}


def test_one_line_may_hold_all_the_counters() -> None:
    line = "tcpdump: 5 packets captured, 1 packet received by filter, 0 packets dropped by kernel, 7 packets dropped by interface"
    assert list(counters(line)) == [("captured", 5), ("received", 1), ("dropped", 0), ("dropped_by_interface", 7)]


def test_a_fence_a_banner_and_a_file_begin_a_capture() -> None:
    assert {kind for kind, _ in KINDS if begins_capture(kind)} == {"fence", "banner", "reading"}


@pytest.mark.parametrize(
    ("before", "record"),
    [
        ("", "10:45:31.713843 IP (tos"),
        ("", "    127.0.0.1.59322 > 127.0.0.1.8000: Flags [S]"),
        ("", "    1  10:45:31.713843 IP (tos"),
        ("^C", "10:45:31.713843 IP (tos"),
        ("> ", "10:45:31.713843 IP (tos"),
        ("> > ", "10:45:31.713843 IP (tos"),
        ("12:", "10:45:31.713843 IP (tos"),
        ("     7\t", "10:45:31.713843 IP (tos"),
    ],
)
def test_what_stands_before_a_record_only_where_it_was_shown(before: str, record: str) -> None:
    assert margin(before + record) == len(before)


WHOLE = "12:00:00.123456 IP 192.0.2.1.1 > 192.0.2.2.2: Flags [S], seq 7, win 5, length 0\n"
TWO_LINES = (
    "12:00:00.123456 IP (tos 0x0, ttl 64, id 1, offset 0, flags [DF], proto TCP (6), length 40)\n"
    "    192.0.2.1.1 > 192.0.2.2.2: Flags [S], cksum 0x1234 (correct), seq 7, win 5, length 0\n"
)
SHOWN_BY = (
    "$ ", "root@h:~# ", "[me@host ~]$ ", "bash-5.1# ", "> ", "> > ", "- ", "* ", "  - ", "1. ", "12:", "log.txt:", "./log/a-1.txt:12:",
    "Nov 23 02:00:01 ", "Nov  3 02:00:01 host tcpdump[123]: ", "2026-11-23T02:00:01.123456+00:00 host tcpdump[12]: ",
    "2026-11-23T02:00:01.123456789Z stdout F ", "app_1  | ", "[pod/web-1/tcpdump] ", "\x1b]0;title\x07", "\x1b[0m",
)  # fmt: skip


@pytest.mark.parametrize("before", SHOWN_BY)
@pytest.mark.parametrize("record", [WHOLE, TWO_LINES])
def test_a_record_behind_what_showed_it_is_read(before: str, record: str) -> None:
    """Nothing of the line is lost, and it is printed back as it stood."""
    text = WHOLE + (before + record) * 2
    found = list(read([text.encode()]))
    assert [type(value).__name__ for value in found] == ["Capture", "Packet", *["Notice", "Packet"] * 2]
    assert {value.text for value in found if isinstance(value, Notice)} == {before}
    out = io.StringIO()
    find("tcpdump").write(found, out)
    assert out.getvalue() == text


@pytest.mark.parametrize(
    "line",
    [
        f"I saw {WHOLE}",
        f"| {WHOLE}",
        f"// {WHOLE}",
        f"# {WHOLE}",
        "- 2026-11-23 12:00:00.123456 deployed\n",
        "Nov 23 02:00:01 host app: 12:00:00.123456 started\n",
        "1. 12:00:00.123456\n",
    ],
)
def test_a_sentence_that_mentions_a_record_is_none(line: str) -> None:
    found = list(read([(WHOLE + line + WHOLE).encode()]))
    assert [type(value).__name__ for value in found] == ["Capture", "Packet", "Notice", "Packet"]
