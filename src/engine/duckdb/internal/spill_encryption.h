#pragma once
#include "duckdb/common/encryption_state.hpp"
#include "engine/duckdb/internal/native.h"

namespace neurolake::engine::duckdb {

/// What DuckDB asks for ciphers and random bytes: AES-GCM and AES-CTR by OpenSSL. DuckDB makes the key of an instance's
/// temporary files with it and keeps that key in locked memory; nothing writes it anywhere.
/// Its calls throw what DuckDB's own module throws: IOException for text that was not encrypted so,
/// InvalidInputException for ciphers and key lengths that are not there. Thread-safe; a state belongs to one thread.
native::shared_ptr<native::EncryptionUtil> NewEncryptionUtil();

}  // namespace neurolake::engine::duckdb
