#!/usr/bin/env python3
"""Makes wordllama.json: what the reference (PyPI: wordllama==0.4.0.post1 with tokenizers and numpy) says of a number of texts.
Usage: make.py FOLDER-OF-THE-UNPACKED-WHEEL > wordllama.json"""
import json
import pathlib
import random
import struct
import sys

import numpy
from tokenizers import Tokenizer

TEXTS = [
    "", " ", "  ", "a", "revenue", "Revenue by region", "total revenue last quarter", " leading and trailing ", "two  spaces",
    "tab\tand\nnewline\r\n", "customer_id", "custEmail_v2", "HTTPServer.getResponse()", "SELECT * FROM orders WHERE id = 42;",
    "naïve café über Straße", "Zürich – Köln", "日本語のテキスト", "数据湖", "한국어", "Привет, мир", "שלום", "مرحبا", "ไทย",
    "🌊🐟", "👩‍👩‍👧‍👦 family", "e\u0301 combining", "\u2581 already there \u2581\u2581", "nul \x00 byte", "\x7f\x01 control",
    "<s>", "</s>", "<unk>", "a <s> b", "x</s></s>y", "<s", "<unk> at the start", "<0x41>", "price < 5 and > 3", "<sx>", "</s",
    "1234567890", "3.14159", "2024-02-29T23:59:59Z", "30 %", "$1,000.00", "a" * 300, "ab" * 200, "word " * 100, "-" * 77, " " * 40,
    "don't can't won't", "\"quoted\" 'single' `back`", "C++ C# .NET", "foo/bar/baz.txt", "https://example.org/a?b=c&d=%20",
    "The quick brown fox jumps over the lazy dog.", "supercalifragilisticexpialidocious", "\u00a0non\u00a0breaking",
    "\u3000wide space", "\ufeffbom", "\u202eright to left", "Ærøskøbing", "ﬁ ligature", "½ ¾", "①②③", "K\u0308", "\U0010ffff",
]
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-., <>/s\u2581éß漢\n🌊"


def texts():
    rng = random.Random(6)
    words = ["revenue", "orders", "churn", "Customer", "delay", "carrier", "per", "month", "average", "ISO", "week", "Umsatz"]
    for _ in range(120):
        yield "".join(rng.choice(LETTERS) for _ in range(rng.randint(1, 40)))
    for _ in range(60):
        yield " ".join(rng.choice(words) for _ in range(rng.randint(1, 9)))


def table(path):
    data = path.read_bytes()
    length = struct.unpack_from("<Q", data)[0]
    header = json.loads(data[8:8 + length])
    (entry,) = [value for name, value in header.items() if name != "__metadata__"]
    return numpy.frombuffer(data, dtype="<f2", offset=8 + length).reshape(entry["shape"]).astype(numpy.float32)


def main():
    folder = pathlib.Path(sys.argv[1])
    tokenizer = Tokenizer.from_file(str(next(folder.rglob("*tokenizer_config.json"))))
    rows = table(next(folder.rglob("*.safetensors")))
    cases = []
    for text in TEXTS + list(texts()):
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        case = {"text": text, "ids": ids}
        if ids:
            mean = rows[ids].mean(axis=0)
            mean = mean / numpy.linalg.norm(mean)
            case["head"] = [round(float(value), 5) for value in mean[:4]]
        cases.append(case)
    print(json.dumps(cases, ensure_ascii=True, separators=(",", ":")).replace("},{", "},\n{"))


if __name__ == "__main__":
    main()
