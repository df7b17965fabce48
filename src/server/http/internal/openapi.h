#pragma once
#include <string_view>

namespace neurolake::server {

/// The text of openapi.json, put into the program by the build.
std::string_view OpenApiDocument();

}  // namespace neurolake::server
