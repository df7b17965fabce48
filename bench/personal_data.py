#!/usr/bin/env python3
"""Precision and recall of the detector of personal data, and its speed. The corpus is made by Faker's own generators (another
library than the detector's, in some twenty countries) and by the negatives below, from a seed. Names of persons are not
Faker's, which the gazetteer was made of. Usage: bench/personal_data.py build/src/privacy/detector/privacy_detector_bench [--seed N]"""
import argparse
import datetime
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import uuid

ROOT = pathlib.Path(__file__).resolve().parent.parent
PEOPLE = """Ada Lovelace|Grace Hopper|Alan Turing|Emmy Noether|Srinivasa Ramanujan|Chien-Shiung Wu|Rosalind Franklin|Carl Gauss
Leonhard Euler|Sofia Kovalevskaya|Ernst Abbe|Lise Meitner|Werner Heisenberg|Pierre Curie|Blaise Pascal|Sophie Germain
Enrico Fermi|Rita Levi-Montalcini|Santiago Cajal|Severo Ochoa|Egas Moniz|Niels Bohr|Tycho Brahe|Anders Celsius|Alfred Nobel
Christiaan Huygens|Hendrik Lorentz|Andrzej Wajda|Maria Dabrowska|Orhan Pamuk|Chinua Achebe|Nadine Gordimer|Nelson Mandela
Patrick White|Alice Munro|Margaret Atwood|Gabriel Marquez|Octavio Paz|Jorge Amado|Clarice Lispector|Seamus Heaney|Edna O'Brien""".replace("\n", "|").split("|")
PERSON_TEXTS = ["{} wrote the report.", "Please ask {} about the delivery.", "The contract was signed by {} yesterday.",
                "Contact: {}", "We spoke with {} on the phone."]
# locale, entity, Faker's method, words before it (None: without a word). Left out where Faker makes numbers that nobody could have:
# British with prefix ZZ, Indian without a check digit; of what is here, Korean months 00, Mexican consonants and cards no longer issued.
IDENTIFIERS = [
    ("en_US", "US_SSN", "ssn", ["SSN", None]),
    ("nl_NL", "NL_BSN", "ssn", ["BSN"]), ("fr_FR", "FR_NIR", "ssn", ["numéro de sécurité sociale", None]),
    ("it_IT", "IT_FISCAL_CODE", "ssn", ["codice fiscale", None]), ("es_ES", "ES_NIE", "nie", ["NIE", None]),
    ("es_ES", "ES_NIF", "nif", ["DNI", None]), ("pl_PL", "PL_PESEL", "pesel", ["PESEL", None]),
    ("fi_FI", "FI_PERSONAL_IDENTITY_CODE", "ssn", ["henkilötunnus", None]),
    ("sv_SE", "SE_PERSONNUMMER", "ssn", ["personnummer", None]), ("no_NO", "NO_FODSELSNUMMER", "ssn", ["fødselsnummer", None]),
    ("nl_BE", "BE_NRN", "ssn", ["rijksregisternummer", None]),
    ("pt_BR", "BR_CPF", "cpf", ["CPF", None]), ("pt_BR", "BR_CNPJ", "cnpj", ["CNPJ", None]),
    ("de_AT", "AT_SVNR", "ssn", ["SVNR"]), ("de_CH", "CH_AHV", "ssn", ["AHV-Nummer", None]),
    ("en_CA", "CA_SIN", "ssn", ["SIN", None]), ("tr_TR", "TR_NATIONAL_ID", "ssn", ["TC kimlik no", None]),
    ("ko_KR", "KR_RRN", "ssn", ["주민등록번호", None]), ("es_MX", "MX_CURP", "curp", ["CURP", None]),
    ("fr_FR", "FR_SIRET", "siret", ["SIRET", None]),
]
CONTACTS = [("EMAIL_ADDRESS", "email", ["mail", None]), ("CREDIT_CARD", "credit_card_number", ["card", None]),
            ("IBAN_CODE", "iban", ["IBAN", None]), ("IP_ADDRESS", "ipv4", ["from", None]), ("IP_ADDRESS", "ipv6", [None]),
            ("MAC_ADDRESS", "mac_address", [None])]
PHONES = ["en_US", "en_GB", "de_DE", "fr_FR", "nl_NL", "it_IT", "es_ES", "pt_BR", "sv_SE", "pl_PL"]
PHONE_WORDS = {"de_DE": "Telefon", "fr_FR": "téléphone", "nl_NL": "telefoon", "it_IT": "telefono", "es_ES": "teléfono",
               "pt_BR": "telefone", "sv_SE": "telefon", "pl_PL": "telefon"}
AROUND = ["The file says {} and nothing else.", "{}", "See {} in the attachment.", "Please update {}; thank you."]


def negatives(rng):
    """Hard negatives: what business texts are full of and nobody is named by."""
    digits = lambda n: "".join(rng.choice("0123456789") for _ in range(n))
    at = datetime.datetime(2020, 1, 1) + datetime.timedelta(seconds=rng.randrange(150_000_000))
    return rng.choice([
        f"Order {digits(10)} was shipped.", f"Invoice {at.year}-{digits(6)}, position {rng.randrange(90)}.",
        f"Parcel 1Z{digits(6)}{digits(10)} left the hub.", f"Batch {digits(9)} passed inspection.",
        f"Started at {at.isoformat()}Z, took {rng.randrange(9000)} ms.", f"epoch {int(at.timestamp())} and {int(at.timestamp()) * 1000}",
        f"sha256 {''.join(rng.choice('0123456789abcdef') for _ in range(64))}", f"commit {''.join(rng.choice('0123456789abcdef') for _ in range(40))}",
        f"request {uuid.UUID(int=rng.getrandbits(128))} failed", f"price {rng.randrange(1, 9999)}.{digits(2)} EUR, before {rng.randrange(1, 99)},{digits(3)}.00",
        f"version {rng.randrange(9)}.{rng.randrange(40)}.{rng.randrange(300)} replaces {rng.randrange(9)}.{rng.randrange(40)}",
        f"SKU {rng.choice('ABCDEFG')}{rng.choice('HJKLM')}-{digits(7)} is out of stock.", f"Ticket #{digits(7)}: printer is offline",
        f"ISBN 978-{rng.randrange(9)}-{digits(4)}-{digits(4)}-{digits(1)}", f"{digits(3)} x {digits(2)} cm, {digits(4)} g",
        f"Latitude {rng.randrange(90)}.{digits(6)}, longitude {rng.randrange(180)}.{digits(6)}",
        f"Row {digits(11)} of {digits(12)}", "The quick brown fox will grant hope in May.", "Mark the page and bill the department.",
        f"Flight LH{digits(3)} gate {rng.choice('ABCD')}{digits(2)}", f"Room {digits(3)}, building {digits(2)}", f"article {digits(13)} x{digits(1)}",
    ])


def corpus(seed, per_kind):
    cache = pathlib.Path(os.environ.get("NEUROLAKE_CACHE", pathlib.Path.home() / ".cache/neurolake"))
    wheel = next((cache / "dl").glob("faker-*.whl"), None)
    if wheel is None:
        raise SystemExit("Faker is not in the cache: run scripts/bootstrap.sh")
    sys.path.insert(0, str(wheel))
    from faker import Faker  # pylint: disable=import-outside-toplevel
    rng = random.Random(seed)
    lines = []

    def add(entity, value, word, template=None):
        value = str(value)
        shown = f"{word} {value}" if word else value
        text = (template or rng.choice(AROUND)).format(shown).replace("\t", " ").replace("\n", " ")
        begin = len(text[:text.index(value)].encode())
        lines.append(f"{text}\t{entity}:{begin}:{begin + len(value.encode())}")

    for locale, entity, method, words in IDENTIFIERS:
        fake = Faker(locale)
        fake.seed_instance(seed)
        if not hasattr(fake, method):
            print(f"skipped: Faker has no {method} of {locale}", file=sys.stderr)
            continue
        for _ in range(per_kind):
            add(entity, getattr(fake, method)(), rng.choice(words))
    fake = Faker("en_US")
    fake.seed_instance(seed)
    for entity, method, words in CONTACTS:
        for _ in range(per_kind):
            add(entity, getattr(fake, method)(), rng.choice(words))
    for locale in PHONES:
        fake = Faker(locale)
        fake.seed_instance(seed)
        for _ in range(per_kind // 2):
            add("PHONE_NUMBER", fake.phone_number(), rng.choice([PHONE_WORDS.get(locale, "phone"), "call"]))
    for _ in range(per_kind):
        add("PERSON", rng.choice(PEOPLE), None, rng.choice(PERSON_TEXTS))
    lines += [f"{negatives(rng)}\t" for _ in range(per_kind * 20)]
    rng.shuffle(lines)
    return lines


def mixed_text(seed, words_between):
    """English prose with something to find every so many words, for the speed."""
    rng = random.Random(seed)
    words = pathlib.Path(ROOT / "LICENSE").read_text(encoding="utf-8").split()
    found = ["maria.garcia@example.com", "+49 30 901820", "DE89370400440532013000", "4111 1111 1111 1111", "192.168.1.17",
             "2024-01-05", "https://example.com/x?y=1", "1234567890", "order-8837261", "12.99", str(uuid.UUID(int=seed))]
    out, size = [], 0
    while size < 8_000_000:
        out.append(" ".join(rng.choices(words, k=words_between)) + " " + rng.choice(found))
        size += len(out[-1]) + 1
    return "\n".join(out)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--seed", type=int, default=20261121)
    parser.add_argument("--per-kind", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / "corpus.tsv"
        path.write_text("\n".join(corpus(options.seed, options.per_kind)) + "\n", encoding="utf-8")
        judged = subprocess.run([options.binary, "judge", str(path)], check=True, capture_output=True, text=True).stdout
        print(f"seed {options.seed}, {options.per_kind} of each kind, {options.per_kind * 20} negatives\n")
        print("| entity | recall | hidden | precision |\n|---|---|---|---|")
        total = [0, 0, 0, 0]
        for line in judged.splitlines():
            entity, *numbers = line.split("\t")
            found, missed, wrong, hidden = map(int, numbers)
            total = [a + b for a, b in zip(total, (found, missed, wrong, hidden))]
            labelled = found + missed
            share = lambda part, whole: f"{part / whole:.3f}" if whole else "-"
            print(f"| {entity} | {share(found, labelled)} | {share(hidden, labelled)} | {share(found, found + wrong)} ({wrong} wrong) |")
        found, missed, wrong, hidden = total
        print(f"| all | {found / (found + missed):.3f} | {hidden / (found + missed):.3f} | {found / (found + wrong):.3f} ({wrong} wrong) |\n")
        for words in (14, 60):
            text = pathlib.Path(directory) / "mixed.txt"
            text.write_text(mixed_text(options.seed, words), encoding="utf-8")
            speed = subprocess.run([options.binary, "speed", str(text)], check=True, capture_output=True, text=True).stdout
            print(f"one identifier in {words} words: " + ", ".join(f"{one.split(chr(9))[0]} {one.split(chr(9))[1]} MB/s a core" for one in speed.splitlines()))


if __name__ == "__main__":
    main()
