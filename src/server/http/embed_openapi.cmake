# cmake -DIN=openapi.json -DOUT=openapi.gen.cc -P embed_openapi.cmake
file(READ "${IN}" text)
string(FIND "${text}" ")openapi\"" clash)
if(NOT clash EQUAL -1)
  message(FATAL_ERROR "${IN} contains the end mark of the raw string it goes into")
endif()
file(WRITE "${OUT}" "// Generated from src/server/http/openapi.json. Do not edit.
#include \"server/http/internal/openapi.h\"

namespace neurolake::server {

std::string_view OpenApiDocument() {
  return R\"openapi(${text})openapi\";
}

}  // namespace neurolake::server
")
