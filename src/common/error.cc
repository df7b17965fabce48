#include "common/error.h"

#include "common/check.h"

namespace neurolake {

std::string_view ErrorName(ErrorCode code) {
  switch (code) {
#define NL_ERROR(name, sqlstate, http, retry) \
  case ErrorCode::name: return std::string_view(#name).substr(1);
#include "common/error_codes.def"
#undef NL_ERROR
  }
  NL_UNREACHABLE();
}

std::string_view SqlState(ErrorCode code) {
  switch (code) {
#define NL_ERROR(name, sqlstate, http, retry) \
  case ErrorCode::name: return sqlstate;
#include "common/error_codes.def"
#undef NL_ERROR
  }
  NL_UNREACHABLE();
}

int HttpStatus(ErrorCode code) {
  switch (code) {
#define NL_ERROR(name, sqlstate, http, retry) \
  case ErrorCode::name: return http;
#include "common/error_codes.def"
#undef NL_ERROR
  }
  NL_UNREACHABLE();
}

RetryAdvice RetryAdviceFor(ErrorCode code) {
  switch (code) {
#define NL_ERROR(name, sqlstate, http, retry) \
  case ErrorCode::name: return RetryAdvice::retry;
#include "common/error_codes.def"
#undef NL_ERROR
  }
  NL_UNREACHABLE();
}

ErrorCode ErrorCodeFromName(std::string_view name) {
#define NL_ERROR(enumerator, sqlstate, http, retry) \
  if (name == std::string_view(#enumerator).substr(1)) return ErrorCode::enumerator;
#include "common/error_codes.def"
#undef NL_ERROR
  return ErrorCode::kInternal;
}

}  // namespace neurolake
