"""The rules, one function each, a family a file: its name is the family's everywhere (texts, samples, tests)."""
