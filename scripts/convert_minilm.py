#!/usr/bin/env python3
"""Makes a GGUF file for llama.cpp of a BERT of sentence embeddings, such as all-MiniLM-L6-v2, as its package holds it (safetensors,
config.json, vocab.txt). Numbers stay as they are, 32-bit floats. Standard library only. Usage: convert_minilm.py FOLDER FILE"""
import json
import pathlib
import struct
import sys

ALIGNMENT = 32
UINT32, INT32, FLOAT32, BOOL, STRING, ARRAY = 4, 5, 6, 7, 8, 9
NORMAL, CONTROL = 1, 3
MEAN = 1  # How vectors of tokens become one.
F32 = 0
#: Parts of names there, and here; {} is the layer.
NAMES = {
    "embeddings.word_embeddings": "token_embd", "embeddings.position_embeddings": "position_embd",
    "embeddings.token_type_embeddings": "token_types", "embeddings.LayerNorm": "token_embd_norm",
    "encoder.layer.{}.attention.self.query": "blk.{}.attn_q", "encoder.layer.{}.attention.self.key": "blk.{}.attn_k",
    "encoder.layer.{}.attention.self.value": "blk.{}.attn_v", "encoder.layer.{}.attention.output.dense": "blk.{}.attn_output",
    "encoder.layer.{}.attention.output.LayerNorm": "blk.{}.attn_output_norm", "encoder.layer.{}.intermediate.dense": "blk.{}.ffn_up",
    "encoder.layer.{}.output.dense": "blk.{}.ffn_down", "encoder.layer.{}.output.LayerNorm": "blk.{}.layer_output_norm"}


def text(value):
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def scalar(kind, value):
    return text(value) if kind == STRING else struct.pack({UINT32: "<I", INT32: "<i", FLOAT32: "<f", BOOL: "<?"}[kind], value)


def entry(key, kind, value, of=None):
    head = text(key) + struct.pack("<I", kind)
    if kind != ARRAY:
        return head + scalar(kind, value)
    return head + struct.pack("<IQ", of, len(value)) + b"".join(scalar(of, one) for one in value)


def metadata(config, pieces):
    special = {piece: pieces.index(piece) for piece in ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")}
    # A piece in the middle of a word is marked there, one at its beginning here.
    tokens = [p if p in special or p.startswith("[unused") else p[2:] if p.startswith("##") else "\u2581" + p for p in pieces]
    kinds = [CONTROL if p in special else NORMAL for p in pieces]
    return [
        entry("general.architecture", STRING, "bert"), entry("general.name", STRING, config["_name_or_path"]),
        entry("bert.block_count", UINT32, config["num_hidden_layers"]), entry("bert.context_length", UINT32, config["max_position_embeddings"]),
        entry("bert.embedding_length", UINT32, config["hidden_size"]), entry("bert.feed_forward_length", UINT32, config["intermediate_size"]),
        entry("bert.attention.head_count", UINT32, config["num_attention_heads"]),
        entry("bert.attention.layer_norm_epsilon", FLOAT32, config["layer_norm_eps"]), entry("bert.attention.causal", BOOL, False),
        entry("bert.pooling_type", UINT32, MEAN), entry("general.file_type", UINT32, F32),
        entry("tokenizer.ggml.token_type_count", UINT32, config["type_vocab_size"]), entry("tokenizer.ggml.model", STRING, "bert"),
        entry("tokenizer.ggml.tokens", ARRAY, tokens, STRING), entry("tokenizer.ggml.token_type", ARRAY, kinds, INT32),
        entry("tokenizer.ggml.bos_token_id", UINT32, special["[CLS]"]), entry("tokenizer.ggml.seperator_token_id", UINT32, special["[SEP]"]),
        entry("tokenizer.ggml.unknown_token_id", UINT32, special["[UNK]"]), entry("tokenizer.ggml.padding_token_id", UINT32, special["[PAD]"]),
        entry("tokenizer.ggml.mask_token_id", UINT32, special["[MASK]"])]


def tensors(path):
    """(name here, shape, bytes) of all that is needed."""
    data = path.read_bytes()
    length = struct.unpack_from("<Q", data)[0]
    for name, about in sorted(json.loads(data[8:8 + length]).items()):
        parts = name.split(".")
        layer = next((part for part in parts if part.isdigit()), "")
        stem, _, what = name.replace(f".{layer}.", ".{}.", 1).rpartition(".") if layer else name.rpartition(".")
        if stem not in NAMES or what not in ("weight", "bias"):
            continue
        if about["dtype"] != "F32":
            raise SystemExit(f"{name} holds {about['dtype']}, not F32")
        begin, end = about["data_offsets"]
        yield f"{NAMES[stem].format(layer)}.{what}", about["shape"], data[8 + length + begin:8 + length + end]


def main():
    folder, target = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    config = json.loads((folder / "config.json").read_text())
    entries = metadata(config, (folder / "vocab.txt").read_text().splitlines())
    infos, body = b"", b""
    found = list(tensors(folder / "model.safetensors"))
    if len(found) != 5 + 16 * config["num_hidden_layers"]:
        raise SystemExit(f"{len(found)} tensors are not those of this kind of model")
    for name, shape, data in found:
        infos += text(name) + struct.pack("<I", len(shape)) + struct.pack(f"<{len(shape)}Q", *reversed(shape))
        infos += struct.pack("<IQ", F32, len(body))
        body += data + b"\0" * (-len(data) % ALIGNMENT)
    head = b"GGUF" + struct.pack("<IQQ", 3, len(found), len(entries)) + b"".join(entries) + infos
    target.write_bytes(head + b"\0" * (-len(head) % ALIGNMENT) + body)


if __name__ == "__main__":
    main()
