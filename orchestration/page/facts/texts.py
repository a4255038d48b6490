"""Long texts, such as errors, cut to what a page can hold."""

MOST = 20_000
"""Characters of the one text that a page is about."""
MOST_IN_A_TABLE = 400


def clipped(text: str | None, most: int = MOST) -> str | None:
    """The text, or its beginning and how much of it is left out."""
    if text is None or len(text) <= most:
        return text
    return f"{text[:most]}… ({len(text) - most:,} more characters)"


def brief(text: str | None) -> str | None:
    """The text as a cell of a table has it."""
    return clipped(text, MOST_IN_A_TABLE)
