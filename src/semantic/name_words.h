#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace neurolake::semantic {

/// The English words of a column's or table's name, lower case: parted at "_", blanks and changes of case,
/// abbreviations written out ("cust_acctbal" is customer account balance), and words of the trade that stand together
/// taken apart
/// ("extendedprice"). Unknown words stay as they are. Pure; at most 64 words.
std::vector<std::string> WordsOfName(std::string_view name);
/// The parts of a name as they are written, in lower case: {"cust", "acct"} of custAcct.
std::vector<std::string> PartsOfName(std::string_view name);

/// "order line" to "order lines"; what has no plural ("weather", "staff") and what is one stays.
std::string PluralOf(std::string_view noun);

/// "order lines" to "order line".
std::string SingularOf(std::string_view noun);

/// `words` with blanks between them.
std::string JoinedWords(const std::vector<std::string>& words);

/// What is done at a time called so: "ordered" of "order date", "shipped" of "shipped_at"; empty where no verb is
/// known.
std::string VerbOfTime(const std::vector<std::string>& words);

}  // namespace neurolake::semantic
