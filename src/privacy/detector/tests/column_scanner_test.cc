#include "privacy/detector/detector.h"

namespace neurolake::privacy {
namespace {

TEST(ColumnScannerTest, Compiles) { ASSERT_TRUE(Detector::Get()) << Detector::Get().error().message(); }

}  // namespace
}  // namespace neurolake::privacy
