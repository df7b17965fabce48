#pragma once
#include <string>

#include "catalog/catalog.h"

namespace neurolake::query {

/// What the history keeps of a statement's text: the text, without its constants where it names a table with encrypted
/// columns or makes one, or names a view while there are any, as these may be values that nobody is to read without a
/// key. Also where the metadata store cannot say.
std::string WithoutEncryptedValues(catalog::Catalog& catalog, std::string text);

}  // namespace neurolake::query
