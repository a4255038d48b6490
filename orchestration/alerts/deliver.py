"""The process that sends: messages come as JSON on stdin, and of each a line on stdout says what went wrong."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed

import apprise

_SECONDS = 20


def deliver(url: str, title: str, body: str) -> str | None:
    """What went wrong, None where the address took the message."""
    said: list[str] = []
    service = apprise.Apprise()
    if not service.add(url):
        return "apprise does not know such an address"
    result = service.notify(
        title=title,
        body=body,
        body_format=apprise.NotifyFormat.TEXT,
        timeout=_SECONDS,
        log_callback=lambda entry, _: said.append(str(entry.message)),
        log_level=apprise.logging.WARNING,
    )
    # Without any service the result is NOMATCH, which is no success either.
    return None if result else " ".join(said[:2]) or f"apprise says {result.status}"


def main() -> None:
    """Serve all side by side; who takes long holds no other up."""
    messages = json.load(sys.stdin)
    with ThreadPoolExecutor(len(messages) or 1) as pool:
        places = {pool.submit(deliver, **message): place for place, message in enumerate(messages)}
        for future in as_completed(places):
            error = future.exception()
            why = f"{type(error).__name__}: {error}" if error else future.result()
            print(json.dumps([places[future], why]), flush=True)


if __name__ == "__main__":
    main()
