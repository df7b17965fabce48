#!/usr/bin/env python3
"""Makes the file of word embeddings (docs/formats/embeddings.md) from what the wordllama package holds: a table of 16-bit
floating-point numbers and the tokenizer's description. Standard library only. Usage: convert_embeddings.py FOLDER FILE"""
import hashlib
import json
import pathlib
import struct
import sys

MODEL = "wordllama-l2-supercat-256"
MAGIC = b"NLEMBED1"
WHOLE = 1  # Flag of a piece that its own text is cut into: the tokenizer may look it up instead of merging.


def read_table(path):
    data = path.read_bytes()
    header_length = struct.unpack_from("<Q", data)[0]
    header = json.loads(data[8:8 + header_length])
    (entry,) = [value for name, value in header.items() if name != "__metadata__"]
    if entry["dtype"] != "F16":
        raise SystemExit(f"the table holds {entry['dtype']}, not F16")
    rows, columns = entry["shape"]
    start = 8 + header_length + entry["data_offsets"][0]
    return [struct.unpack_from(f"<{columns}e", data, start + row * columns * 2) for row in range(rows)]


def cut(symbols, merges):
    """Byte-pair encoding: the pair of lowest rank first, of equal ranks the leftmost."""
    symbols = list(symbols)
    while True:
        best = min(((merges[pair][0], at) for at, pair in enumerate(zip(symbols, symbols[1:])) if pair in merges),
                   default=None)
        if best is None:
            return symbols
        at = best[1]
        symbols[at:at + 2] = [merges[symbols[at], symbols[at + 1]][1]]


def main():
    folder, target = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    table = read_table(next(folder.rglob("*.safetensors")))
    model = json.loads(next(folder.rglob("*tokenizer_config.json")).read_text())["model"]
    vocabulary = model["vocab"]
    pieces = sorted(vocabulary, key=vocabulary.get)
    if [vocabulary[piece] for piece in pieces] != list(range(len(table))):
        raise SystemExit("the vocabulary does not number the table's rows")
    merges = {}
    for rank, line in enumerate(model["merges"]):
        left, right = line.split(" ")
        merges[vocabulary[left], vocabulary[right]] = (rank, vocabulary[left + right])

    out = bytearray(MAGIC)
    name = MODEL.encode()
    out += struct.pack("<IIII", len(table[0]), len(pieces), len(merges), len(name)) + name
    for number, piece in enumerate(pieces):
        letters = [vocabulary.get(letter) for letter in piece]
        whole = None not in letters and cut(letters, merges) == [number]
        text = piece.encode()
        out += struct.pack("<BH", WHOLE if whole else 0, len(text)) + text
    for (left, right), (_, merged) in sorted(merges.items(), key=lambda item: item[1][0]):
        out += struct.pack("<HHH", left, right, merged)
    scales, codes = bytearray(), bytearray()
    for row in table:
        largest = max(map(abs, row))
        scale = largest / 127 if largest else 1.0
        scales += struct.pack("<f", scale)
        codes += bytes([round(value / scale) & 0xFF for value in row])
    out += scales + codes
    out += hashlib.sha256(out).digest()
    target.write_bytes(out)


if __name__ == "__main__":
    main()
