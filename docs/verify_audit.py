#!/usr/bin/env python3
"""Independent check of a Hardshell audit folder: verify_audit.py AUDIT_DIR [SIZE:ROOT_HEX]. Standard library only."""
import hashlib, os, re, sys

FRAME = re.compile(rb'\{"v":1,"seq":([1-9]\d{0,14}),"time":"[^\n]*,"prev":"([0-9a-f]{64})","hash":"([0-9a-f]{64})"\}\n', re.S)

def segments(folder):
    closed = [(int(m[1]), m[0]) for m in (re.fullmatch(r"audit\.(\d+)\.jsonl", name) for name in os.listdir(folder)) if m]
    return [os.path.join(folder, name) for _, name in sorted(closed)] + [os.path.join(folder, "audit.jsonl")]

def verify(folder, size=None, root=None):
    entries, prev, edge, found = 0, b"0" * 64, [], None  # edge: (leaves, hash), largest subtree first
    for path in segments(folder):
        with open(path, "rb") as lines:
            for line in lines:
                frame = FRAME.fullmatch(line) if len(line) <= 4097 else None
                good = frame and int(frame[1]) == entries + 1 and frame[2] == prev
                if not good or hashlib.sha256(b"hardshell/audit/v1\n" + line[:-76]).hexdigest().encode() != frame[3]:
                    return f"Chain integrity: BROKEN at entry {entries + 1}"
                entries, prev = entries + 1, frame[3]
                if size is None or entries > size:
                    continue
                node = (1, hashlib.sha256(b"\0" + line[:-1]).digest())
                while edge and edge[-1][0] == node[0]:
                    node = (2 * node[0], hashlib.sha256(b"\1" + edge.pop()[1] + node[1]).digest())
                edge.append(node)
                if entries == size:
                    found = edge[-1][1]
                    for _, left in reversed(edge[:-1]):
                        found = hashlib.sha256(b"\1" + left + found).digest()
    if entries == 0:
        return "Chain integrity: NOT VERIFIED (the log is empty)"
    if size is not None and (found is None or found.hex() != root):
        return f"Chain integrity: BROKEN at entry {entries + 1 if size > entries else 1}"
    return f"Chain integrity: VALID ({entries} entries)"

if __name__ == "__main__":
    size, root = sys.argv[2].split(":") if len(sys.argv) > 2 else (None, None)
    verdict = verify(sys.argv[1], size and int(size), root)
    print(verdict)
    sys.exit(0 if "VALID (" in verdict and "NOT" not in verdict else 1)
