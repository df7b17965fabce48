"""Reads *.attacks files: blocks separated by blank lines. A block's first line is `attack NUMBER title`, its second what
must come of it, and each further line is one variant (`\\n` in it is a line break):

    denied [CODE …]   fails with one of these errors (default PermissionDenied)
    fails             fails with any clear error
    same              the restricted principal gets what an administrator gets, character for character
    rows JSON         exactly these rows
    alike             `{name}` stands for a hidden name and for one that does not exist: the two answers must not differ
    quiet             whatever comes, no canary is in it

It is run as a reader, or as WHO when that line begins with `WHO:`. Names in braces are filled in by the test. A line that starts with # is a comment."""
import base64
import dataclasses
import json


@dataclasses.dataclass
class Attack:
    number: str
    title: str
    expectation: str
    arguments: list
    variants: list
    user: str


def read(path):
    blocks, block = [], []
    for line in path.read_text().splitlines() + [""]:
        if line.startswith("#"):
            continue
        if line.strip():
            block.append(line)
        elif block:
            _, number, title = block[0].split(" ", 2)
            user, _, line = block[1].partition(": ") if ": " in block[1] else ("reader", "", block[1])
            expectation, _, rest = line.partition(" ")
            arguments = json.loads(rest) if expectation == "rows" else rest.split()
            blocks.append(Attack(number, title, expectation, arguments, [v.replace("\\n", "\n") for v in block[2:]],
                                 user))
            block = []
    return blocks


def forms(canary):
    """The canary as somebody might carry it out: as it is, folded, hexadecimal, base64 (at all three offsets), backwards."""
    raw = canary.encode()
    found = {canary.lower(), canary[::-1].lower(), raw.hex()}
    for offset in range(3):
        text = base64.b64encode(b"\0" * offset + raw).decode()
        found.add(text[4 if offset else 0:-4].rstrip("=").lower())
    return {form for form in found if len(form) > 7}


def leaks(text, canaries):
    """The canaries that any of their forms shows in `text`."""
    low = text.lower()
    return [canary for canary in canaries if any(form in low for form in forms(canary))]
