#include "query/fingerprint.h"

#include <gtest/gtest.h>

namespace neurolake::query {
namespace {

TEST(FingerprintTest, IgnoresLiteralsBlanksCommentsCaseAndPlainQuotes) {
  const std::string one = Fingerprint("SELECT a FROM t WHERE b = 'x' AND c = 3;");
  EXPECT_EQ(one.size(), 64U);
  for (const char* same :
       {"select \"A\" from T where b=E'y' and c = 1e5", "select a /* c */ from t -- d\nwhere b = $$z$$ and c = $1",
        "select a from t where b = 'x'\n 'y' and c = 3 ; ;"}) {
    EXPECT_EQ(Fingerprint(same), one) << NormalizeForFingerprint(same);
  }
}

TEST(FingerprintTest, TellsStatementsApart) {
  const std::string one = Fingerprint("select a from t where b = 1");
  for (const char* other :
       {"select a from t where b = c", "select a from u where b = 1", "select a from t where b <> 1",
        "select a from t where b = 1 limit 1", "select a from t where b = 1; select 2", ""}) {
    EXPECT_NE(Fingerprint(other), one) << other;
  }
  EXPECT_NE(Fingerprint("select \"select\""), Fingerprint("select select")) << "a quoted keyword is a name";
  EXPECT_NE(Fingerprint("select \"a b\""), Fingerprint("select a b"));
  EXPECT_NE(Fingerprint("select \"?\""), Fingerprint("select 1"));
}

TEST(FingerprintTest, AlsoFingerprintsWhatCannotBeRead) {
  EXPECT_EQ(Fingerprint("select 'a"), Fingerprint("SELECT 'b"));
  EXPECT_NE(Fingerprint("select 'a"), Fingerprint("select"));
  EXPECT_EQ(NormalizeForFingerprint("SELECT 1"), "select ?");
}

}  // namespace
}  // namespace neurolake::query
