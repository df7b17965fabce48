#pragma once
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "ask/compile/compile.h"
#include "ask/compile/tests/shop.h"
#include "ask/intent/intent_json.h"

namespace neurolake::ask::compile {

/// A question as an intent, and its answer worked out by hand.
struct AnswerCase {
  const char* name;
  const char* intent;
  std::vector<std::string> rows;
};

inline void PrintTo(const AnswerCase& answer, std::ostream* out) { *out << answer.name; }

class AnswerTest : public ::testing::TestWithParam<AnswerCase> {
 protected:
  static ShopDatabase& Database() {
    // Never closed: when statics are destroyed, the engine's state of the thread is gone.
    static auto* const database = new ShopDatabase();
    return *database;
  }
};

inline Result<CompiledQuery> CompileJson(const std::string& intent) {
  NL_ASSIGN_OR_RETURN(const Intent decoded, DecodeIntent(intent));
  return CompileIntent(decoded, ShopModel());
}

inline std::string CaseName(const ::testing::TestParamInfo<AnswerCase>& info) { return info.param.name; }

}  // namespace neurolake::ask::compile
