"""Writes the files of this corpus that a person would not type: bytes, compression, sizes. Run it to make them again."""
import gzip
import pathlib

HERE = pathlib.Path(__file__).parent

FILES = {
    "ragged.csv": b"id,name\n1,a\n2\n3,c,d\n4,d\n",
    "unterminated_quote.csv": b'id,name\n1,a\n2,"b\n3,c\n4,d\n',
    "text_after_quote.csv": b'id,name\n1,a\n2,"b"x\n3,c\n',
    "nul_bytes.csv": b"id,name\n1,a\n2,b\x00c\n\x003,d\n",
    "invalid_utf8.csv": b"id,name\n1,a\n2,b\xffc\n3,d\n",
    "latin1.csv": b"id,name\n1,Stra\xdfe\n",
    "utf16.csv": "id,name\n1,a\n".encode("utf-16"),
    "bom.csv": b"\xef\xbb\xbfid,name\n1,a\nx,b\n",
    "crlf.csv": b"id,name\r\n1,a\r\nx,b\r\n",
    "cr_only.csv": b"id,name\r1,a\r2,b\r",
    "mixed_line_ends.csv": b"id,name\r\n1,a\n2,b\r\nx,c\n4,d\r\n",
    "one_mb_field.csv.gz": gzip.compress(b"id,name\n1," + b"x" * 1_000_000 + b"\n2,b\n", mtime=0),
    "over_long_line.csv.gz": gzip.compress(b"id,name\n1," + b"x" * 20_000_000 + b"\n2,b\n", mtime=0),
    "header_only.csv": b"id,name\n",
    "empty.csv": b"",
    "blank_lines.csv": b"\n\nid,name\n\n1,a\n\n\nx,b\n",
    "duplicate_header.csv": b"id,name,ID\n1,a,2\n",
    "wrong_delimiter.csv": b"id:name\n1:a\n",
    "semicolon.csv": b"id;name\n1;a,b\n",
    "no_last_line_end.csv": b"id,name\n1,a\n2,b",
    "quotes_in_text.csv": b'id,name\n1,5" pipe\n2,say "hi"\nx,c\n',
    "numbers.csv": b"id,name\n1.0,a\n1.5,b\n1e2,c\n2147483648,d\n 7 ,e\n0x1F,f\n,g\n",
    "truncated.csv.gz": gzip.compress(b"id,name\n" + b"".join(b"%d,%d\n" % (i, i * 7919 % 10007) for i in range(20000)), mtime=0)[:20000],
    "not_gzip.csv.gz": b"id,name\n1,a\n",
    "binary.csv": bytes(range(256)) * 4,
    "broken_line.ndjson": b'{"id":1,"name":"a"}\n{"id":2,"name":\n{"id":3,"name":"c"}\n',
    "nested_too_deep.ndjson.gz": gzip.compress(b'{"id":1,"name":"a"}\n{"id":2,"name":' + b"[" * 100_000 + b"]" * 100_000 + b"}\n", mtime=0),
    "duplicate_keys.ndjson": b'{"id":1,"id":2,"name":"a"}\n',
    "array_lines.ndjson": b'{"id":1,"name":"a"}\n[1,2]\n"text"\n3\nnull\n{"id":2,"name":"b"}\n',
    "array_file.json": b'[\n{"id":1,"name":"a"},\n{"id":2,"name":"b"}\n]\n',
    "mixed_types.ndjson": b'{"id":1,"name":"a"}\n\n{"id":"2","name":5}\n{"id":"x","name":"c"}\n{"id":1.5,"name":"d"}\n'
                          b'{"id":true,"name":{"a":1}}\n{"name":"no id"}\n',
    "invalid_utf8.ndjson": b'{"id":1,"name":"a"}\n{"id":2,"name":"\xff"}\n',
    "extra_key.ndjson": b'{"id":1,"name":"a","more":true}\n',
    "no_header.csv": b"1,CANARY one\n2,CANARY two\n",
    "truncated.parquet": None,
    "broken_footer.parquet": None,
    "damaged_footer.parquet": None,
    "not_parquet.parquet": b"this is no parquet file, though it has enough bytes to be one\n",
    "empty.parquet": b"",
}


def main():
    import duckdb

    for name, data in FILES.items():
        if data is not None:
            (HERE / name).write_bytes(data)
    whole = HERE / "whole.parquet"
    duckdb.sql(f"COPY (SELECT i AS id, 'n' || i AS name FROM range(500) t(i)) TO '{whole}' (FORMAT parquet)")
    content = whole.read_bytes()
    (HERE / "truncated.parquet").write_bytes(content[:1500])
    (HERE / "broken_footer.parquet").write_bytes(content[:-8] + b"\xff\xff\xff\x7f" + b"PAR1")
    footer = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
    (HERE / "damaged_footer.parquet").write_bytes(content[:footer] + b"\x00" * 40 + content[footer + 40:])


if __name__ == "__main__":
    main()
