#include "privacy/detector/detector.h"

#include <map>
#include <thread>

#include "privacy/detector/gazetteer.h"
#include "privacy/detector/phone_numbers.h"

namespace neurolake::privacy {
namespace {

using testing::IsEmpty;

const Detector& TheDetector() {
  const auto detector = Detector::Get();
  EXPECT_TRUE(detector) << detector.error().message();
  static const auto kKept = detector.value();
  return *kKept;
}

std::string Redacted(std::string_view text, std::string_view entities = "default") {
  DetectOptions options;
  options.entities = ParseEntities(entities).value();
  return TheDetector().Redact(text, options);
}

TEST(DetectorTest, HidesWhatNamesOrReachesAPerson) {
  EXPECT_EQ(Redacted("write to maria.garcia@example.com, please"), "write to <EMAIL_ADDRESS>, please");
  EXPECT_EQ(Redacted("IBAN DE89 3704 0044 0532 0130 00 at the bank"), "IBAN <IBAN_CODE> at the bank");
  EXPECT_EQ(Redacted("card 4111-1111-1111-1111 expires"), "card <CREDIT_CARD> expires");
  EXPECT_EQ(Redacted("call +49 30 901820 or (212) 555-0123"), "call <PHONE_NUMBER> or <PHONE_NUMBER>");
  EXPECT_EQ(Redacted("from 192.168.10.25 and fe80::1ff:fe23:4567:890a"), "from <IP_ADDRESS> and <IP_ADDRESS>");
  EXPECT_EQ(Redacted("Herr Jürgen Müller wohnt in Berlin"), "Herr <PERSON> wohnt in <LOCATION>");
  EXPECT_EQ(Redacted("John Smith met Jean-Pierre Dupont."), "<PERSON> met <PERSON>.");
  EXPECT_EQ(Redacted("Her BSN is 111222333."), "Her BSN is <NL_BSN>.");
  EXPECT_EQ(Redacted("born on 12.03.1980 in town", "DATE_OF_BIRTH"), "born on <DATE_OF_BIRTH> in town");
}

TEST(DetectorTest, LeavesWhatOnlyLooksLikeIt) {
  for (const char* text :
       {"Order 1234567890 shipped in 3 parcels", "version 10.2.14", "price 1,299.00 and 45.99",
        "2024-01-05T10:00:00Z took 153 ms", "550e8400-e29b-41d4-a716-446655440000",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "invoice 2024-000183, line 17",
        "the quick brown fox will grant hope in May", "BSN 111222334", "card 4111 1111 1111 1112", "a@b", "x = y / 2",
        "IBAN DE88 3704 0044 0532 0130 00", "SKU AB-1234567", "1700000000 1700000001"}) {
    EXPECT_EQ(Redacted(text), text);
  }
}

TEST(DetectorTest, FindsSecrets) {
  const std::map<std::string, std::string> secrets = {
      {"key AKIAIOSFODNN7EXAMPLE here", "key <AWS_ACCESS_KEY> here"},
      {"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", "<GITHUB_TOKEN>"},
      {"ghp_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq18", "ghp_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq18"},
      {"glpat-AbCdEfGhIjKlMnOpQrSt x", "<GITLAB_TOKEN> x"},
      {"AIzaSyA1234567890abcdefghijklmnopqrstuv end", "<GCP_API_KEY> end"},
      {"postgres://bob:s3cret@db.example.com:5432/x", "<CONNECTION_STRING>"},
      {"Server=db;Database=x;Password=hunter22;", "Server=db;Database=x<CONNECTION_STRING>;"},
      {"password: Tr0ub4dor&3xyz", "password: <HIGH_ENTROPY_SECRET>"},
      {"the password is long enough", "the password is long enough"},
      {"-----BEGIN RSA PRIVATE KEY-----", "<PRIVATE_KEY>"},
      {"-----BEGIN PUBLIC KEY-----", "-----BEGIN PUBLIC KEY-----"}};
  for (const auto& [text, redacted] : secrets) EXPECT_EQ(Redacted(text), redacted);
}

TEST(DetectorTest, HidesOnlyWhatWasAskedFor) {
  EXPECT_EQ(Redacted("john@example.com from 10.1.2.3", "EMAIL_ADDRESS"), "<EMAIL_ADDRESS> from 10.1.2.3");
  EXPECT_EQ(Redacted("see https://example.com/a?b=c."), "see https://example.com/a?b=c.");
  EXPECT_EQ(Redacted("see https://example.com/a?b=c.", "URL"), "see <URL>.");
  EXPECT_EQ(Redacted("Siemens AG is German", "ORGANIZATION,NRP"), "<ORGANIZATION> is <NRP>");
}

TEST(DetectorTest, OverlappingFindingsBecomeOne) {
  // The address of the page has an e-mail address in it; nothing of either may stay.
  const std::string text = "https://example.com/?user=maria.garcia@example.com&page=2";
  EXPECT_EQ(Redacted(text, "EMAIL_ADDRESS,URL").find("maria"), std::string::npos);
  const auto options = [] {
    DetectOptions all;
    all.entities = AllEntities();
    return all;
  }();
  const auto spans = TheDetector().Find(text, options);
  ASSERT_EQ(spans.size(), 1u);
  EXPECT_EQ(spans[0].begin, 0u);
  EXPECT_EQ(spans[0].end, text.size());
}

TEST(DetectorTest, ContextTurnsTheScale) {
  DetectOptions options;
  options.explain = true;
  EXPECT_THAT(TheDetector().Find("number 943 476 5919", options), IsEmpty());
  const auto spans = TheDetector().Find("NHS number 943 476 5919", options);
  ASSERT_EQ(spans.size(), 1u);
  EXPECT_EQ(spans[0].entity, Entity::kUkNhs);
  EXPECT_NE(spans[0].why.find("\"nhs\""), std::string::npos);
  EXPECT_EQ(spans[0].why.find("943"), std::string::npos) << "an explanation repeats no value";
  options.thresholds[static_cast<size_t>(Entity::kUkNhs)] = 0.9999;
  EXPECT_THAT(TheDetector().Find("NHS number 943 476 5919", options), IsEmpty());
}

TEST(DetectorTest, HostileTextEndsAndStaysWhole) {
  for (const std::string& text : {std::string(1 << 20, '1'), std::string(1 << 20, '@'), std::string(1 << 18, '-'),
                                  std::string("\xff\xfe\x80 J\xc3"), std::string(1 << 16, '\0'), std::string()}) {
    EXPECT_EQ(Redacted(text), text);
  }
  std::string dots;
  for (int i = 0; i < 100'000; ++i) dots += "1.";
  EXPECT_EQ(Redacted(dots), dots);
}

TEST(DetectorTest, IsTheSameOnManyThreads) {
  const std::string text = "John Smith, john.smith@example.com, DE89 3704 0044 0532 0130 00";
  const std::string expected = Redacted(text);
  std::vector<std::thread> threads;
  std::vector<std::string> results(4);
  for (auto& result : results) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i) result = Redacted(text);
    });
  }
  for (auto& thread : threads) thread.join();
  for (const auto& result : results) EXPECT_EQ(result, expected);
}

TEST(GazetteerTest, FoldsAndKnowsKinds) {
  std::string folded;
  FoldInto("Łódź Ærø STRASSE Müller ß Ελλάδα МОСКВА", folded);
  EXPECT_EQ(folded, "lodz aero strasse muller ss ελλάδα москва");
  const Gazetteer& gazetteer = Gazetteer::Get();
  EXPECT_GT(gazetteer.size(), 50'000u);
  EXPECT_TRUE(gazetteer.KindsOf("maria") & kGivenName);
  EXPECT_TRUE(gazetteer.KindsOf("muller") & kSurname);
  EXPECT_TRUE(gazetteer.KindsOf("new york") & (kLargeCity | kCountry));
  EXPECT_EQ(gazetteer.KindsOf("xyzzy"), 0);
}

TEST(PhoneNumbersTest, KnowsNumbersOfRegions) {
  EXPECT_EQ(JudgePhone("+44 20 7946 0958"), PhoneForm::kInternational);
  EXPECT_EQ(JudgePhone("0049 30 901820"), PhoneForm::kInternational);
  EXPECT_EQ(JudgePhone("(212) 555-0123"), PhoneForm::kNational);
  EXPECT_EQ(JudgePhone("+999 12345678"), PhoneForm::kNone);
  EXPECT_EQ(JudgePhone("1700000000"), PhoneForm::kNone);
}

}  // namespace
}  // namespace neurolake::privacy
