"""Reads lists of mutants: changes of single places of the source, each of which a test must notice. All of them can be
compiled at once, switched by a variable of the environment."""
import pathlib
import re
import zlib
from dataclasses import dataclass

#: Which mutant a program is: its number. The settings' prefix is not ours to use.
VARIABLE = "NL_MUTANT"
#: A directory where programs leave, as an empty file, the number of each mutant that would have gone another way than they did:
#: where that is not easily told, of each whose place they came by.
REACHED = "NL_MUTANTS_REACHED"

HEADER = """#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>

namespace nl_mutants {

inline int Active() {
  static const int active = [] {
    const char* text = std::getenv("NL_MUTANT");
    return text == nullptr ? 0 : std::atoi(text);
  }();
  return active;
}

template <int number>
void Note() {
  static const char* directory = std::getenv("NL_MUTANTS_REACHED");
  static std::atomic<bool> is_known{false};
  if (directory != nullptr && !is_known.exchange(true)) {
    std::array<char, 512> path;
    std::snprintf(path.data(), path.size(), "%s/%d", directory, number);
    if (const int file = ::open(path.data(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666); file >= 0) ::close(file);
  }
}

template <int number>
bool Is() {
  Note<number>();
  return Active() == number;
}

template <int number>
bool Choose(bool truth, bool otherwise) {
  if (truth != otherwise) Note<number>();
  return Active() == number ? otherwise : truth;
}

// A mutant does not look whether `check` refuses, which changes nothing but that.
template <int number, typename Check>
auto Pass(const Check& check) -> decltype(check()) {
  if (Active() == number) return {};
  auto result = check();
  if (!result.has_value()) Note<number>();
  return result;
}

}  // namespace nl_mutants
"""


# A program that is started with an environment of its own is told which mutant it is.
HANDED_ON = {"src/common/spawn.cc": (
    "char* environment[] = {nullptr};",
    "std::string mutant = \"NL_MUTANT=\" + std::to_string(nl_mutants::Active());\n"
    "  char* environment[] = {mutant.data(), nullptr};")}


@dataclass
class Mutant:
    path: str  # Below the repository.
    before: str
    after: str
    line: int  # Of the list.
    switch: str = ""  # Does the one or the other by MUTANT, where that cannot be made of the two.
    noticed_by: str = ""  # The test that fails with it, as slow/mutants.py names tests.

    @property
    def number(self):
        """The same wherever in the list it stands, so that a change of the list compiles what it names alone."""
        return zlib.crc32("\0".join((self.path, self.before, self.after, self.switch)).encode()) >> 1

    def __str__(self):
        return f"line {self.line}: {self.path}: {' '.join(self.before.split())[:100]}"

    def place_in(self, source):
        """Where it stands. ValueError unless that is just once: the list is to follow the source."""
        if source.count(self.before) != 1:
            raise ValueError(f"line {self.line}: stands {source.count(self.before)} times in {self.path}: {self.before}")
        return source.index(self.before)

    def applied_to(self, source):
        place = self.place_in(source)
        return source[:place] + self.after + source[place + len(self.before):]


def read(path):
    """Mutants of a list: "@ file", then lines of "- before", lines of "+ after" and, where needed, lines of "~ switch"; at last
    "= the test that notices it"."""
    found = []
    parts = {"-": "before", "+": "after", "~": "switch", "=": "noticed_by"}
    for number, line in enumerate(pathlib.Path(path).read_text().splitlines(), 1):
        mark, text = line[:1], line[2:]
        if line[1:2] not in ("", " ") or mark not in ("", "#", "@", *parts):
            raise ValueError(f"{path}:{number}: neither @ file, - before, + after, ~ switch nor = test")
        if mark == "@":
            found.append(Mutant(text, "", "", number))
        elif mark in parts:
            known = getattr(found[-1], parts[mark])
            setattr(found[-1], parts[mark], f"{known}\n{text}" if known else text)
    return found


def note(path, noticed):
    """Writes into the list by which test each was noticed: {number: test}. All else of it stays as it is."""
    found = {mutant.line: mutant for mutant in read(path)}
    lines, entry, out = pathlib.Path(path).read_text().splitlines(), None, []

    def close():
        if entry is not None and (test := noticed.get(entry.number, entry.noticed_by)):
            out.append(f"= {test}")

    for number, line in enumerate(lines, 1):
        if number in found or entry is not None and line[:1] not in "-+~=":
            close()
            entry = found.get(number)
        if not line.startswith("= "):
            out.append(line)
    close()
    pathlib.Path(path).write_text("\n".join(out) + "\n")


def condition_of(text):
    """("condition", "the rest") of a text that begins with an if, None of another, or of one that declares something."""
    if not text.startswith("if ("):
        return None
    depth = 0
    for place, letter in enumerate(text):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == ")" and depth == 0:
            condition = text[len("if ("):place]
            return None if re.match(r"(const )?auto\b", condition) or ";" in condition else (condition, text[place + 1:])
    return None


#: What is called to refuse, and has no other effect.
CHECK = re.compile(r"NL_RETURN_IF_ERROR\(((?:\w+[.>-]+)*(?:Check|Require|RuleOfPlan|FindTables)\w*\(.*\))\);", re.S)
SIMPLE = re.compile(r"!?\w+( (&&|\|\|) !?\w+)*")


def chosen(before, after, number, is_condition=True):
    """A condition that is the one or the other, and notes where they differ. None where both cannot be asked for."""
    if "co_await" in before or re.search(r"[;{}]", before + after):
        return None
    if after in ("true", "false") or after == f"false && ({before})":
        return f"nl_mutants::Choose<{number}>(static_cast<bool>({before}), {after[:5].strip()})"
    if before.startswith((f"{after} &&", f"{after} ||")) or is_condition and SIMPLE.fullmatch(after):
        return f"nl_mutants::Choose<{number}>(static_cast<bool>({before}), static_cast<bool>({after}))"
    return None


def passed(check, number):
    return f"NL_RETURN_IF_ERROR(nl_mutants::Pass<{number}>([&] {{ return {check}; }}));"


def chosen_lines(before, after, number):
    """Does the one or the other, and notes where that makes a difference. None where it cannot tell."""
    condition, other = condition_of(before), condition_of(after)
    is_one = condition and condition[1].count(";") == 1 and condition[1].endswith(";")
    if condition and other and condition[1] == other[1]:
        if text := chosen(condition[0], other[0], number):
            return f"if ({text}){condition[1]}"
    if is_one and other and condition[0] == other[0]:
        return f"if ({condition[0]}) {{ if (nl_mutants::Is<{number}>()) {{{other[1]} }} else {{{condition[1]}\n}} }}"
    if is_one and (check := CHECK.fullmatch(condition[1].strip())) and after in ("", f"if (false) {before}"):
        return f"if ({condition[0]}) {passed(check.group(1), number)}"
    if is_one and (not after or condition[1].strip() == after):
        if text := chosen(condition[0], "true" if after else "false", number):
            return f"if ({text}){condition[1]}"
    if check := CHECK.fullmatch(before):
        if after in ("", f"if (false) {before}"):
            return passed(check.group(1), number)
    for start, end in ((r"return ", ";"), (r"const bool \w+ = ", ";"), ("", "")):
        found, instead = (re.fullmatch(f"({start})([^;{{}}]*){end}", text) for text in (before, after))
        if found and instead and found.group(1) == instead.group(1):
            if text := chosen(found.group(2), instead.group(2), number, "bool" in start):
                return found.group(1) + text + end
    return None


def switched_lines(before, after, number):
    if text := chosen_lines(before, after, number):
        return text
    on = f"nl_mutants::Is<{number}>()"
    condition, other = condition_of(before), condition_of(after)
    if after.startswith("if (false) ") and after[len("if (false) "):].strip() == before:
        return f"if (!{on}) {{ {before}\n}}"
    if condition and other and condition[1] == other[1]:
        return f"if ({on} ? static_cast<bool>({other[0]}) : static_cast<bool>({condition[0]})){condition[1]}"
    label = re.match(r"(case [^;]*?:|default:)(?!:) ", before)
    if label and after.startswith(label.group(0)):
        return label.group(0) + switched_lines(before[label.end():], after[label.end():], number)
    if before.startswith("return ") and before.endswith(";") and re.match("(return|continue|break)\\b", after):
        return f"{{ if ({on}) {{ {after} }} {before}\n}}"
    assigned, otherwise = (re.match(r"((?:const )?[\w:<>]+[&*]? \w+ = )(.*);$", text, re.S) for text in (before, after))
    if assigned and otherwise and assigned.group(1) == otherwise.group(1):
        return f"{assigned.group(1)}{on} ? ({otherwise.group(2)}) : ({assigned.group(2)});"
    if before.endswith((";", "}")):
        return f"if ({on}) {{ {after} }} else {{ {before}\n}}"
    if not re.search(r"[;{}]", before + after):
        return f"({on} ? ({after}) : ({before}))"
    raise ValueError("cannot be switched as it stands: a line of ~ is to say how")


def switched(mutant):
    """What stands instead of `before` in a source that has every mutant. ValueError where that needs a ~ line."""
    if mutant.switch:
        return re.sub(r"\bMUTANT\b", f"nl_mutants::Is<{mutant.number}>()", mutant.switch)
    before, after = mutant.before.split("\n"), mutant.after.split("\n")
    head, tail = [], []
    while before and after and before[0] == after[0]:
        head.append(before.pop(0))
        after.pop(0)
    while before and after and before[-1] == after[-1]:
        tail.insert(0, before.pop())
        after.pop()
    if head and not head[-1].rstrip().endswith((";", "{", "}", ":")):
        # An expression over several lines stays one.
        before, after, head = head + before, head + after, []
    try:
        middle = switched_lines("\n".join(before).strip(), "\n".join(after).strip(), mutant.number)
    except ValueError as error:
        raise ValueError(f"{mutant}: {error}") from None
    return "\n".join([*head, middle, *tail])


def with_all(source, mutants):
    """`source` with every one of `mutants`, switched. ValueError when two share a place."""
    places = sorted(((mutant.place_in(source), mutant) for mutant in mutants), key=lambda one: one[0])
    for (start, first), (following, second) in zip(places, places[1:]):
        if start + len(first.before) > following:
            raise ValueError(f"{second}: in the place of line {first.line}")
    for start, mutant in reversed(places):
        source = source[:start] + switched(mutant) + source[start + len(mutant.before):]
    return '#include "nl_mutants.h"\n' + source
