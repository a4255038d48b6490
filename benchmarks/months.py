"""Names of months, as the command line takes them."""


def months_until(last: str, count: int) -> list[str]:
    """The `count` months that end with `last`: ('2025-02', 3) -> ['2024-12', '2025-01', '2025-02']."""
    year, month = map(int, last.split("-"))
    index = year * 12 + month - 1
    return [f"{one // 12:04}-{one % 12 + 1:02}" for one in range(index - count + 1, index + 1)]
