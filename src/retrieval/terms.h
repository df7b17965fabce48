#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace neurolake::retrieval {

/// The terms by which a text is found word by word. A plain word is one term in lower case. An identifier (camelCase,
/// snake_case, with digits, dots between names, or all capitals) is a term of its own as it is written, case kept, and
/// its parts are terms in lower case: `custEmail_v2` gives custEmail_v2, cust, email, v2. Of a dotted name each name is
/// taken by itself too. Characters of scripts without spaces (from U+2E80 on) are a term each. Lower case is ASCII's;
/// other letters compare as they are. Terms longer than 128 bytes are cut off there. Bytes that are no UTF-8 count as
/// letters.
std::vector<std::string> TermsOf(std::string_view text);

/// The terms of a question: without the words that English sentences are held together by ("how", "the", "is"), which
/// in a small corpus are rare enough to weigh; all terms when there are no others.
std::vector<std::string> QuestionTermsOf(std::string_view text);

/// `text` without its identifiers, for a model of meanings, to which they are noise; as it is when nothing else is in
/// it.
std::string WithoutIdentifiers(std::string_view text);

}  // namespace neurolake::retrieval
