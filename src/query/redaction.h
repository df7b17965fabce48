#pragma once
#include <string>
#include <string_view>

namespace neurolake::query {

/// What may be kept of a statement's text: the text itself, unless one of its statements makes a credential (or an
/// engine's SECRET, which is refused, but only later). Of such a statement its first words stay, whatever follows is
/// "[redacted]", however broken it is. In any other statement the literals behind the name of a secret option are
/// replaced, and, unless it begins as a statement that has nothing to do with credentials, those behind the words
/// credential and secret; so is the value that lookup_token() is asked about, always. Tables and columns of a text that
/// could run as anything else stay: nobody hides what he does. Pure.
std::string RedactSecrets(std::string_view sql);

}  // namespace neurolake::query
