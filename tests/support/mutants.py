"""Reads lists of mutants: changes of single places of the source, each of which a test must notice."""
import pathlib
from dataclasses import dataclass


@dataclass
class Mutant:
    path: str  # Below the repository.
    before: str
    after: str
    line: int  # Of the list.

    def __str__(self):
        return f"{self.path}: {' '.join(self.before.split())[:100]}"

    def applied_to(self, source):
        """The changed source. ValueError unless the place is there just once: the list is to follow the source."""
        if source.count(self.before) != 1:
            raise ValueError(f"line {self.line}: stands {source.count(self.before)} times in {self.path}: {self.before}")
        return source.replace(self.before, self.after)


def read(path):
    """Mutants of a list: "@ file", then lines of "- before" and lines of "+ after"."""
    found = []
    for number, line in enumerate(pathlib.Path(path).read_text().splitlines(), 1):
        mark, text = line[:2], line[2:]
        if mark == "@ ":
            found.append(Mutant(text, "", "", number))
        elif mark == "- ":
            found[-1].before += ("\n" if found[-1].before else "") + text
        elif mark == "+ ":
            found[-1].after += ("\n" if found[-1].after else "") + text
        elif line and not line.startswith("#"):
            raise ValueError(f"{path}:{number}: neither @ file, - before nor + after")
    return found
