#include "ask/grammar/internal/assembly.h"
#include "ask/intent/kept_unit.h"
#include "ask/language/units.h"

/// What a follow-up changes of the form of the answer before.
namespace neurolake::ask {

/// "and overall?": the numbers of the question before, not broken down.
bool Assembly::AsksForWhole() const {
  static constexpr std::string_view kWhole[] = {"overall", "altogether", "total", "together", "combined"};
  const bool bare = std::ranges::all_of(parts_, [](const Fragment* part) {
    return part->kind == FragmentKind::kRequest || part->kind == FragmentKind::kFollowUp;
  });
  return bare && std::ranges::any_of(context_.tokens, [](const Token& token) {
           return std::ranges::find(kWhole, token.word) != std::end(kWhole);
         });
}

bool Assembly::Whole() {
  Intent& intent = draft_.intent;
  const bool broken_down = !intent.dimensions.empty() || intent.time.grain;
  if (!broken_down || intent.metrics.empty() || intent.rank || !intent.calculations.empty() || !intent.having.empty())
    return Fail("it is open what the whole is");
  intent.dimensions.clear();
  intent.time.grain.reset();
  intent.order.clear();
  draft_.cost += 0.02;
  return true;
}

/// "with their city": what belongs to each row of the answer before, shown beside it.
bool Assembly::AddColumns() {
  for (const Fragment* part : All(FragmentKind::kColumns)) {
    for (const DimensionUse& use : part->dimensions) {
      const auto has_one = [&](const DimensionUse& shown) {
        return IsLabelOf(shown, shown.field.entity) && shown.field.via.empty() &&
               Reaches(shown.field.entity, use.field.entity);
      };
      const Intent& intent = draft_.intent;
      const bool of_rows = intent.output == OutputKind::kRows && Reaches(intent.entity, use.field.entity);
      if (!of_rows && std::ranges::none_of(intent.dimensions, has_one))
        return Fail(fmt::format("it is open whose {} is meant", use.field.name));
      DimensionIndex(use);
    }
  }
  return true;
}

/// Whether the large end comes first: of what takes time the fastest is the smallest, and the best of what is good.
bool Assembly::IsDescending(const Fragment& direction) const {
  if (!direction.judged || draft_.intent.metrics.empty()) return direction.descending;
  const MetricUse& use = draft_.intent.metrics[0];
  const bool fast = direction.role;  // Else best and worst.
  const bool large_first =
      fast ? !AreConvertible("minutes", KeptUnit(context_.model, use)) : IsGoodWhenLarge(use).value_or(true);
  return large_first == direction.descending;
}

}  // namespace neurolake::ask
