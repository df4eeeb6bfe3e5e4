"""The story on a page: text for terminals and pipes, Markdown for tickets, JSON lines for programs.

Law: the values of `tell` already hold every sentence; a writer arranges, colours and escapes. Its few labels (headings, columns) come from
the catalogue, too. Text of the log arrives made visible and is escaped here by each format's own rules.
"""

from tcpdump_parse.write.story.look import Glyphs, Look, Paint
from tcpdump_parse.write.story.markdown import markdown
from tcpdump_parse.write.story.records import records
from tcpdump_parse.write.story.text import lines, text

__all__ = ["Glyphs", "Look", "Paint", "lines", "markdown", "records", "text"]
