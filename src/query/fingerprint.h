#pragma once
#include <string>
#include <string_view>

namespace neurolake::query {

/// Lower-case hexadecimal SHA-256 that statements share when they differ in nothing but literals, parameters,
/// blanks, comments, the case of words, quotes around plain names and a final semicolon. Never fails: a text
/// that cannot be cut into tokens gets one too, by the tokens before the error.
std::string Fingerprint(std::string_view sql);

/// The text that is hashed: "select a from t where b = ?".
std::string NormalizeForFingerprint(std::string_view sql);

}  // namespace neurolake::query
