#include "common/utf8.h"

#include <gtest/gtest.h>

namespace neurolake {
namespace {

TEST(Utf8, EveryScalarValueIsReadAsItWasWritten) {
  for (uint32_t point = 0; point <= 0x10FFFF; ++point) {
    if (point >= 0xD800 && point <= 0xDFFF) continue;
    std::string text;
    AppendUtf8(text, point);
    ASSERT_EQ(Utf8Length(text), text.size()) << point;
    ASSERT_EQ(text.size(), point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4) << point;
    ASSERT_EQ(Utf8Length(text + "x"), text.size()) << point;
    if (text.size() > 1) {
      ASSERT_EQ(Utf8Length(text.substr(0, text.size() - 1)), 0) << point;
    }
  }
}

TEST(Utf8, WhatIsNoCharacterHasNoLength) {
  for (const char* bytes : {"\x80", "\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xED\xBF\xBF",
                            "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "\xC3(", "\xE2\x82("}) {
    EXPECT_EQ(Utf8Length(bytes), 0);
  }
}

}  // namespace
}  // namespace neurolake
