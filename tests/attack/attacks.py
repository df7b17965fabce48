"""Reads *.attacks files: blocks separated by blank lines. A block's first line is `attack NUMBER title`, its second what
must come of it, and each further line is one variant (`\\n` in it is a line break):

    denied [CODE …]   fails with one of these errors (default PermissionDenied)
    fails             fails with any clear error
    same              the restricted principal gets what an administrator gets, character for character
    rows JSON         exactly these rows
    alike             `{name}` stands for a hidden name and for one that does not exist: the two answers must not differ
    quiet             whatever comes, no canary is in it

It is run as a reader, or as WHO when that line begins with `WHO:`. Names in braces are filled in by the test. A line that starts with # is a comment."""
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

