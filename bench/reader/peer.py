"""The peer: Python's `email`, BeautifulSoup and the six classic patterns over the mails of a folder, one core."""

import email
import email.policy
import os
import re
import sys
import time
import unicodedata

from bs4 import BeautifulSoup

PATTERNS = [
    re.compile(p, re.IGNORECASE)
    for p in (
        r"ignore\s+(all\s+)?(previous|prior|above)\s+(instructions|prompts)",
        r"disregard\s+(all\s+)?(previous|prior|above)",
        r"you\s+are\s+now\s+(a|an)\s+",
        r"system\s*:\s*",
        r"<\s*/?\s*(system|assistant|user)\s*>",
        r"(reveal|show|print)\s+(your|the)\s+(system\s+)?(prompt|instructions)",
    )
]


def read(raw: bytes) -> tuple[str, int]:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    part = message.get_body(preferencelist=("html", "plain"))
    text = part.get_content() if part is not None else ""
    if part is not None and part.get_content_type() == "text/html":
        soup = BeautifulSoup(text, "html.parser")
        for tag in soup(["script", "style"]):
            tag.decompose()
        text = soup.get_text(separator="\n", strip=True)
    text = unicodedata.normalize("NFKC", text)
    return text[:10_000], sum(1 for pattern in PATTERNS if pattern.search(text))


def main() -> None:
    folder = sys.argv[1]
    raws = []
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), "rb") as file:
            raws.append(file.read())
    for raw in raws[:10]:
        read(raw)
    times = []
    before = time.process_time()
    for raw in raws:
        start = time.perf_counter()
        read(raw)
        times.append((time.perf_counter() - start) * 1000)
    cpu = (time.process_time() - before) * 1000
    times.sort()
    total = sum(times)
    size = sum(len(raw) for raw in raws)
    print(f'{{"mails": {len(raws)}, "bytes": {size}, "ms": {total:.1f}, "cpu": {cpu:.1f}, "p50": {times[len(times) // 2]:.3f}, "p99": {times[int(len(times) * 0.99)]:.3f}}}')


main()
