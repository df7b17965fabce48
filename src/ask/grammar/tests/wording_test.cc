#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ask/grammar/internal/rephrase.h"
#include "ask/grammar/internal/words_of_sentences.h"
#include "ask/grammar/tests/domains.h"
#include "semantic/load.h"

/// Sentences that say what shorter phrases say: over parcels, the drivers that bring and check them, and their depots.
namespace neurolake::ask::testing {
namespace {

using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kParcels = R"(semantic_model: parcels
entities:
  - name: depots
    table: p.depots
    primary_key: id
    default_time: depot_opened
    dimensions:
      - {name: depot, expr: nm, is_label: true}
      - {name: town, type: geographic, level: city, values: [Ghent, Lyon]}
      - {name: depot_opened, expr: since, type: time, role: opened}
      - {name: depot_state, expr: st, label: state of the depot, values: [operating, closed]}
    measures:
      - {name: depots_count, aggregation: count, label: number of depots}
  - name: drivers
    table: p.drivers
    primary_key: id
    default_time: hired_on
    dimensions:
      - {name: driver, expr: nm, is_label: true}
      - {name: grade, values: [junior, senior]}
      - {name: hired_on, expr: hired, type: time, role: hired}
    measures:
      - {name: drivers_count, aggregation: count, label: number of drivers}
  - name: parcels
    table: p.parcels
    primary_key: id
    default_time: booked_at
    dimensions:
      - {name: parcel, expr: id, value_type: integer, is_label: true}
      - {name: booked_at, type: time, role: booked}
      - {name: delivered_at, type: time, role: delivered}
      - {name: channel, values: [phone, web]}
      - {name: is_fragile, value_type: boolean, label: fragile}
      - {name: parcel_weight, expr: kg, value_type: number, unit: kg, label: weight of a parcel}
      - {name: parcel_amount, expr: eur, value_type: number, unit: EUR, label: amount of a parcel}
    measures:
      - {name: parcels_count, aggregation: count, label: number of parcels}
      - {name: fees, expr: fee, unit: EUR}
      - {name: postage, expr: eur, filter: paid, unit: EUR}
      - {name: days_to_deliver, aggregation: average, expr: days, unit: day, label: average days to delivery}
joins:
  - {name: parcel_driver, label: driver, from: parcels, to: drivers, on: {driver: id}}
  - {name: parcel_checker, label: checker, synonyms: [checked by], from: parcels, to: drivers, on: {checker: id}}
  - {name: driver_depot, label: depot, from: drivers, to: depots, on: {depot: id}}
)";

struct Parcels {
  semantic::SemanticModel model = semantic::LoadModel(kParcels).value();
  Linker linker{model, nullptr};

  std::string Read(std::string_view question, const Intent* previous = nullptr) const {
    const TimeContext time{.now = DateStart(2024, 6, 12), .calendar = model.calendar};
    const auto result = Understander(model, linker).Understand(question, time, previous).value();
    if (result.status == Status::kAnswered) return result.readings[0].text;
    std::string open = result.status == Status::kClarify ? "asked back" : "refused: " + result.reason;
    for (const Reading& reading : result.readings) open += "; " + reading.text;
    return open;
  }
  std::vector<std::string> Others(std::string_view question) const {
    std::vector<std::string> others;
    for (const Rephrased& other : Rephrase(Tokenize(question).value(), linker))
      others.push_back(JoinWords(other.tokens));
    return others;
  }
};

TEST(WordingTest, SentencesSayWhatPhrasesSay) {
  const Parcels parcels;
  const auto same = [&](std::string_view sentence, std::string_view phrase) {
    const std::string meant = parcels.Read(phrase);
    EXPECT_THAT(meant, Not(AnyOf(HasSubstr("refused"), HasSubstr("asked back")))) << phrase;
    EXPECT_EQ(parcels.Read(sentence), meant) << sentence;
  };
  same("how do the parcels of 2023 split over the channels?", "parcels by channel, 2023");
  same("what is the distribution of parcels across channels?", "parcels by channel");
  same("in how many towns do we run depots?", "number of different towns");
  same("Dear team, for the board paper I would need the number of parcels in May 2024. Thank you!",
       "number of parcels in May 2024");
  same("fragile parcels booked by phone, how many are there?", "how many fragile parcels were booked by phone?");
  same("fees for everything except phone, 2023", "fees except phone, 2023");
  same("who are our senior drivers? name and grade", "list senior drivers with name and grade");
  same("how long does it take on average until a parcel is delivered?", "average days to delivery");
  // What no phrase says is refused in any wording.
  EXPECT_THAT(parcels.Read("how do the parcels of 2023 split over the moods?"), HasSubstr("refused"));
  EXPECT_THAT(parcels.Read("in how many towns do we love depots sincerely?"), HasSubstr("refused"));
  EXPECT_THAT(parcels.Read("could you approve parcel 17?"), HasSubstr("refused"));
  EXPECT_THAT(parcels.Read("fees in Ghent (Lyon)"), HasSubstr("refused"));
}

TEST(WordingTest, OtherWordsDropNoNumberAndNoDenial) {
  const Parcels parcels;
  EXPECT_THAT(parcels.Others("for 3 towns we need fees"), Not(Contains("fees")));
  EXPECT_THAT(parcels.Others("dear not phone, fees"), Not(Contains("fees")));
  EXPECT_THAT(parcels.Others("for Lyon we need fees"), Not(Contains("fees")));
  EXPECT_THAT(parcels.Others("for the slides we need fees"), Contains("fees"));
  EXPECT_THAT(parcels.Read("for Narnia we need the fees"), HasSubstr("refused"));
  EXPECT_THAT(parcels.Read("in how many towns did our depots fail to open parcels"), HasSubstr("refused"));
  EXPECT_THAT(parcels.Read("at how many towns did we lose most of our depots"), HasSubstr("refused"));
  EXPECT_THAT(parcels.Read("in how many towns do our guests complain"), HasSubstr("refused"));
  EXPECT_THAT(parcels.Read("for the Narnia meeting we need the fees"), HasSubstr("refused"));
  EXPECT_THAT(parcels.Read("list the parcels of the drivers"), Not(HasSubstr("rows of drivers")));
  EXPECT_THAT(parcels.Others("fees of follow-up parcels"), Not(Contains(HasSubstr("up parcels for"))));
  EXPECT_LE(parcels.Others("list fees : parcels - towns , phone ( not web ) : drivers - depots ?").size(),
            kRephrasedMax);
}

TEST(WordingTest, WhatASentenceDoesNotSpellOutStaysInItsOtherWords) {
  const auto names = [](std::string_view pattern) {
    std::string found;
    for (size_t at = 0; at + 1 < pattern.size(); ++at) {
      const bool opens = std::string_view("<{*#=").contains(pattern[at]) && (at == 0 || pattern[at - 1] == ' ');
      if (opens && std::isdigit(static_cast<unsigned char>(pattern[at + 1]))) found += pattern[at + 1];
    }
    return found;
  };
  const auto keeps = [&](std::span<const Sentence> sentences) {
    for (const Sentence& sentence : sentences) {
      for (const char name : names(sentence.said))
        EXPECT_THAT(names(sentence.meant), HasSubstr(std::string(1, name))) << sentence.said;
    }
  };
  keeps(kSentences);
  keeps(kCourtesies);
}

TEST(WordingTest, AWayCalledAsItsEndIsMeantWhereNoOtherIsNamed) {
  Parcels parcels;
  EXPECT_THAT(parcels.Read("parcels by grade"), HasSubstr("by Grade (parcel_driver)"));
  EXPECT_THAT(parcels.Read("parcels by checker"), HasSubstr("(parcel_checker)"));
  EXPECT_THAT(parcels.Read("parcels by grade of the checker"), HasSubstr("Grade (parcel_checker)"));
  EXPECT_THAT(parcels.Read("parcels where the checker is a junior driver"),
              HasSubstr("Grade (parcel_checker) is “junior”"));
  EXPECT_THAT(parcels.Read("drivers without parcels"), HasSubstr("only drivers without parcels"));
  parcels.model.joins[0].label = "courier";
  parcels.model.joins[0].name = "courier";
  const Linker other(parcels.model, nullptr);
  const TimeContext time{.now = DateStart(2024, 6, 12), .calendar = parcels.model.calendar};
  EXPECT_EQ(Understander(parcels.model, other).Understand("parcels by grade", time)->status, Status::kClarify);
}

TEST(WordingTest, EndsOfWhatRowsMeasure) {
  const Parcels parcels;
  EXPECT_THAT(parcels.Read("lightest and heaviest parcel"), HasSubstr("min of weight of a parcel and max of weight"));
  EXPECT_THAT(parcels.Read("smallest and largest parcel"), HasSubstr("min of amount of a parcel and max of amount"));
  EXPECT_THAT(parcels.Read("highest single parcel in each quarter of 2023"),
              HasSubstr("max of amount of a parcel by quarter"));
  EXPECT_THAT(parcels.Read("which depot opened most recently?"), HasSubstr("sorted by Depot opened downwards"));
  EXPECT_THAT(parcels.Read("the 2 first hired drivers"), HasSubstr("the first 2, sorted by Hired on upwards"));
  EXPECT_THAT(parcels.Read("smallest and largest driver"), HasSubstr("refused"));
}

TEST(WordingTest, AnAmountOfThingsIsMoney) {
  const Parcels parcels;
  EXPECT_THAT(parcels.Read("amount of the parcels delivered in May 2024"), HasSubstr("sum of amount of a parcel"));
  EXPECT_THAT(parcels.Read("number of the parcels delivered in May 2024"), HasSubstr("number of parcels"));
  EXPECT_THAT(parcels.Read("amount of drivers in 2023"), Not(HasSubstr("sum of")));
}

TEST(WordingTest, WhatSplitsANumberIsNoPartOfItsName) {
  const Parcels parcels;
  EXPECT_THAT(parcels.Read("days by delivery"), Not(HasSubstr("average days to delivery")));
  EXPECT_EQ(parcels.Read("average days to delivery by channel"), "average days to delivery by Channel");
}

TEST(WordingTest, TodayIsNowForWhatIsInAState) {
  const Parcels parcels;
  EXPECT_EQ(parcels.Read("number of depots operating today"), parcels.Read("number of operating depots"));
  EXPECT_THAT(parcels.Read("number of depots opened today"), HasSubstr("2024-06-12"));
  EXPECT_THAT(parcels.Read("parcels booked by phone today"), HasSubstr("2024-06-12"));
}

TEST(WordingTest, WhatIsDeniedIsHowItWasDone) {
  const Parcels parcels;
  EXPECT_THAT(parcels.Read("how many parcels were not booked by phone in May 2024"),
              HasSubstr("Channel is not “phone”"));
  EXPECT_THAT(parcels.Read("parcels booked (not delivered) in May 2024"), HasSubstr("by Booked at"));
  EXPECT_THAT(parcels.Read("parcels delivered (not booked) in May 2024"), HasSubstr("by Delivered at"));
  EXPECT_THAT(parcels.Read("fragile parcels (not phone) in May 2024"), Not(HasSubstr("is “phone”")));
  EXPECT_THAT(parcels.Read("parcels without fragile"), HasSubstr("fragile is no"));
}

TEST(WordingTest, HowManyThatIsCountsWhatWasAskedFor) {
  const Parcels parcels;
  const TimeContext time{.now = DateStart(2024, 6, 12), .calendar = parcels.model.calendar};
  const auto first = Understander(parcels.model, parcels.linker).Understand("postage in May 2024", time).value();
  ASSERT_EQ(first.status, Status::kAnswered);
  EXPECT_THAT(parcels.Read("how many parcels is that?", &first.readings[0].intent), HasSubstr("count of Postage"));
  EXPECT_THAT(parcels.Read("how many parcels is that?"), HasSubstr("refused"));
}

}  // namespace
}  // namespace neurolake::ask::testing
