# Where each dependency comes from: Debian packages, and the cache that scripts/bootstrap.sh fills and checks.
if(DEFINED ENV{NEUROLAKE_CACHE})
  set(NL_CACHE "$ENV{NEUROLAKE_CACHE}" CACHE PATH "Dependency cache")
elseif(DEFINED ENV{XDG_CACHE_HOME})
  set(NL_CACHE "$ENV{XDG_CACHE_HOME}/neurolake" CACHE PATH "Dependency cache")
else()
  set(NL_CACHE "$ENV{HOME}/.cache/neurolake" CACHE PATH "Dependency cache")
endif()

find_package(fmt REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(ZLIB REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(PostgreSQL REQUIRED)
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json url)
find_package(GTest REQUIRED)
find_package(simdjson REQUIRED)
find_package(CLI11 REQUIRED)
find_package(prometheus-cpp REQUIRED)
find_package(pugixml REQUIRED)
find_package(Python3 REQUIRED COMPONENTS Interpreter)
find_package(PkgConfig REQUIRED)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(EDIT REQUIRED IMPORTED_TARGET libedit)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(ARCHIVE REQUIRED IMPORTED_TARGET libarchive)
pkg_check_modules(VECTORSCAN REQUIRED IMPORTED_TARGET libhs)
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)
pkg_check_modules(YAML REQUIRED IMPORTED_TARGET yaml-0.1)
pkg_check_modules(UTF8PROC REQUIRED IMPORTED_TARGET libutf8proc)
find_package(date REQUIRED)
pkg_check_modules(HIREDIS REQUIRED IMPORTED_TARGET hiredis)
# It defines _FILE_OFFSET_BITS, which says nothing new to a 64-bit machine and would cost us the precompiled headers.
set_property(TARGET PkgConfig::HIREDIS PROPERTY INTERFACE_COMPILE_OPTIONS)
set_property(TARGET PkgConfig::HIREDIS PROPERTY INTERFACE_COMPILE_DEFINITIONS)
pkg_check_modules(MD4C REQUIRED IMPORTED_TARGET md4c)
find_package(LibXml2 REQUIRED)

# libphonenumber: Debian's library, and its headers from the cache (scripts/bootstrap.sh says why).
find_package(Protobuf REQUIRED)
find_library(NL_PHONENUMBER_LIBRARY NAMES libphonenumber.so.8 REQUIRED)
add_library(libphonenumber INTERFACE IMPORTED GLOBAL)
target_include_directories(libphonenumber SYSTEM INTERFACE "${NL_CACHE}/libphonenumber/include")
target_link_libraries(libphonenumber INTERFACE "${NL_PHONENUMBER_LIBRARY}" protobuf::libprotobuf)

# DuckDB: the official shared library and the headers of the same version. Only engine/duckdb sees them.

if(NOT EXISTS "${NL_CACHE}/duckdb-library/libduckdb.so" OR NOT EXISTS "${NL_CACHE}/duckdb-headers/include/duckdb.hpp")
  message(FATAL_ERROR "DuckDB is not in ${NL_CACHE}: run scripts/bootstrap.sh")
endif()
add_library(duckdb_prebuilt SHARED IMPORTED GLOBAL)
set_target_properties(duckdb_prebuilt PROPERTIES IMPORTED_LOCATION "${NL_CACHE}/duckdb-library/libduckdb.so" IMPORTED_NO_SONAME OFF)
target_include_directories(duckdb_prebuilt SYSTEM INTERFACE "${NL_CACHE}/duckdb-headers/include")

# nanoarrow: Arrow's C data interface and IPC, compiled from its bundled C sources.
set(NL_NANOARROW_DIR "${NL_CACHE}/nanoarrow")
if(NOT EXISTS "${NL_NANOARROW_DIR}/nanoarrow_array.c")
  message(FATAL_ERROR "nanoarrow is not in ${NL_NANOARROW_DIR}: run scripts/bootstrap.sh")
endif()
file(GLOB NL_NANOARROW_SOURCES "${NL_NANOARROW_DIR}/*.c")
add_library(nanoarrow_bundled STATIC ${NL_NANOARROW_SOURCES})
# The sources expect their build system to write nanoarrow_config.h. The prefix keeps our copy's symbols apart from those
# of any other library in the process.
set(NANOARROW_VERSION_MAJOR 0)
set(NANOARROW_VERSION_MINOR 9)
set(NANOARROW_VERSION_PATCH 0)
set(NANOARROW_VERSION "0.9.0")
set(NANOARROW_NAMESPACE_DEFINE "#define NANOARROW_NAMESPACE NeuroLakeNano")
configure_file("${NL_NANOARROW_DIR}/include/nanoarrow/nanoarrow_config.h.in"
               "${CMAKE_BINARY_DIR}/generated/nanoarrow_config/nanoarrow/nanoarrow_config.h" @ONLY)
target_include_directories(nanoarrow_bundled SYSTEM PUBLIC "${NL_NANOARROW_DIR}/include"
                           "${CMAKE_BINARY_DIR}/generated/nanoarrow_config")
# -fwrapv: it adds offsets and lengths of hostile messages before it judges them; arrow/ipc.cc judges the sums again.
target_compile_options(nanoarrow_bundled PRIVATE -w -fwrapv)

# Rego's interpreter: rust/rego, built by the bootstrap. Only governance/rego sees it.
if(NOT EXISTS "${NL_CACHE}/rego/libneurolake_rego.a")
  message(FATAL_ERROR "the Rego interpreter is not in ${NL_CACHE}/rego: run scripts/bootstrap.sh")
endif()
add_library(rego_prebuilt STATIC IMPORTED GLOBAL)
set_target_properties(rego_prebuilt PROPERTIES IMPORTED_LOCATION "${NL_CACHE}/rego/libneurolake_rego.a")
target_include_directories(rego_prebuilt SYSTEM INTERFACE "${CMAKE_SOURCE_DIR}/rust/rego/include")
target_link_libraries(rego_prebuilt INTERFACE Threads::Threads ${CMAKE_DL_LIBS} m)

# Retrieval: the nearest-neighbour graph is a header; PDFium and the table of word embeddings travel with the binaries.
foreach(needed usearch/include/usearch/index.hpp pdfium/libpdfium.so word-embeddings/embeddings.nlembed)
  if(NOT EXISTS "${NL_CACHE}/${needed}")
    message(FATAL_ERROR "${needed} is not in ${NL_CACHE}: run scripts/bootstrap.sh")
  endif()
endforeach()
