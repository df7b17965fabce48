#include "semantic/infer.h"

#include <algorithm>
#include <deque>
#include <unordered_set>

#include "common/text.h"
#include "semantic/expression_text.h"
#include "semantic/internal/infer_members.h"
#include "semantic/internal/load_parts.h"
#include "semantic/internal/word_sets.h"
#include "semantic/load.h"
#include "semantic/name_words.h"
#include "semantic/short_words.h"

namespace neurolake::semantic {
namespace {

/// What is said before the one end of a way, where the column's name says which.
std::vector<std::string_view> WordsForEnd(std::string_view role) {
  if (role == "start" || role == "begin") return {"from", "starting at", "starting from", "started at", "leaving"};
  if (role == "end") return {"to", "ending at", "ended at", "going to"};
  return {};
}

/// Parts in a business that are written short.
std::string_view WholeRole(std::string_view role) {
  static constexpr std::pair<std::string_view, std::string_view> kRoles[] = {
      {"csm", "customer success manager"},
      {"ae", "account executive"},
      {"sdr", "sales development representative"},
      {"pm", "project manager"},
      {"am", "account manager"},
      {"sr", "sales representative"},
      {"rep", "representative"},
      {"representative", "sales rep"},
      {"tl", "team lead"},
      {"lead", "team lead"}};
  const auto* found = std::ranges::find(kRoles, role, &std::pair<std::string_view, std::string_view>::first);
  return found == std::end(kRoles) ? std::string_view() : found->second;
}

/// "selling agent" of a sell agent.
std::string DoingOf(const std::string& role) {
  static constexpr std::pair<std::string_view, std::string_view> kDoings[] = {
      {"sell", "selling"},    {"buy", "buying"},        {"service", "servicing"}, {"manage", "managing"},
      {"handle", "handling"}, {"treat", "treating"},    {"refer", "referring"},   {"order", "ordering"},
      {"bill", "billing"},    {"ship", "shipping"},     {"pay", "paying"},        {"issue", "issuing"},
      {"send", "sending"},    {"receive", "receiving"}, {"open", "opening"},      {"close", "closing"},
      {"book", "booking"},    {"approve", "approving"}, {"review", "reviewing"},  {"operate", "operating"}};
  const std::string_view first = std::string_view(role).substr(0, role.find(' '));
  const auto* found = std::ranges::find(kDoings, first, &std::pair<std::string_view, std::string_view>::first);
  if (found != std::end(kDoings)) return std::string(found->second) + role.substr(first.size());
  // "referring" of a referrer.
  static const std::unordered_set<std::string_view> kDoers{
      "referrer", "seller",   "payer",      "handler",   "approver", "reviewer", "operator",
      "sender",   "receiver", "buyer",      "reporter",  "issuer",   "signer",   "inspector",
      "creator",  "assessor", "prescriber", "requester", "sponsor",  "funder"};
  return kDoers.contains(role) ? role.substr(0, role.size() - 2) + "ing" : "";
}

class Inferrer {
 public:
  Inferrer(const std::vector<KnownTable>& tables, const std::vector<KnownReference>& references,
           const InferenceOptions& options) {
    drafting_.options = options;
    for (const KnownTable& table : tables) {
      if (!IsPlainCalendar(table, tables, references)) {
        drafting_.tables.push_back(ReadTableNames(table));
        // "per day" is no question about this table.
        if (CalendarDay(table) != nullptr) drafting_.tables.back().words = {"calendar", "day"};
      } else
        drafting_.Note(
            fmt::format("{}: a calendar whose days stand in the other tables now, so left out", table.name.back()));
    }
    for (const ReadTable& table : drafting_.tables) {
      drafting_.names.push_back(UnusedName(ModelNameOf(PluralOf(table.noun())), taken_entities_));
      std::set<std::string> called;
      for (const ReadColumn& column : table.columns) {
        called.insert(JoinedWords(column.words));
        drafting_.called_by_last[SingularOf(column.words.back())].insert(JoinedWords(column.words));
      }
      for (const std::string& words : called) ++drafting_.columns_called[words];
    }
    for (const KnownReference& reference : references) {
      const ReadTable* from = drafting_.Find(reference.from_table);
      if (from == nullptr || drafting_.Find(reference.to_table) == nullptr) continue;
      const bool is_own = SameTable(reference.from_table, reference.to_table);
      drafting_.references.push_back(is_own ? ToOtherSelf(*from, reference) : reference);
    }
    drafting_.own_tables = drafting_.tables.size();
    drafting_.has_revenue = std::ranges::any_of(drafting_.tables, [&](const ReadTable& table) {
      return SaysRevenueByLine(table) && ParentOfSale(drafting_, table) == nullptr;
    });
    for (OtherSelf& other : others_) {
      ReadTable read = ReadTableNames(other.known);
      read.words = other.words;
      drafting_.tables.push_back(std::move(read));
      drafting_.names.push_back(UnusedName(ModelNameOf(other.label), taken_entities_));
    }
  }

  Inference Run(const std::string& name) {
    Inference result;
    result.model.name = ModelNameOf(name);
    result.model.label = LabelOf(result.model.name);
    result.model.version = "draft";
    result.model.calendar.fiscal_year_known = false;
    for (size_t i = 0; i < drafting_.tables.size(); ++i) StartEntity(i);
    JoinByNames();
    for (size_t i = 0; i < drafting_.tables.size(); ++i) AddDimensions(drafting_, drafts_[i]);
    const size_t own = drafting_.own_tables;
    for (size_t i = 0; i < own; ++i) OwnTime(i);
    for (size_t i = 0; i < own; ++i) TimeOfParent(i);
    for (size_t i = 0; i < own; ++i) {
      AddMeasures(drafting_, drafts_[i]);
      AddEvents(drafting_, drafts_[i]);
    }
    AddJoins(result.model);
    for (size_t i = own; i < drafts_.size(); ++i) BeOtherSelf(drafts_[i], others_[i - own]);
    for (DraftEntity& draft : drafts_) result.model.entities.push_back(std::move(draft.entity));
    result.model.metrics = std::move(drafting_.metrics);
    AddWords(result.model);
    result.notes = std::move(drafting_.notes);
    result.member_notes = std::move(drafting_.member_notes);
    return result;
  }

 private:
  /// A table as what its own rows refer to: employees as managers.
  struct OtherSelf {
    KnownTable known;
    Words words;
    std::string label;
    std::vector<std::string> table;
  };

  /// The reference as one to another table of the same rows, of which no more is asked than their names. An entity
  /// cannot be joined with itself, and "employees by manager" is asked, while a manager's salary is not.
  KnownReference ToOtherSelf(const ReadTable& table, const KnownReference& reference) {
    const auto column = std::ranges::find_if(table.columns, [&](const ReadColumn& one) {
      return EqualsIgnoringCase(one.known->name, reference.from_column);
    });
    std::string role = column == table.columns.end() ? "other" : RoleOfReference(column->words, table.words);
    static const std::unordered_set<std::string_view> kPeople{"employee", "staff",  "user",
                                                              "person",   "worker", "member"};
    const bool are_people = kPeople.contains(table.words.back());
    if (are_people && (role == "reports to" || role == "report to")) role = "manager";
    if (role == "referred by") role = "referrer";
    OtherSelf other{.known = *table.known, .words = WordsOfName(role), .label = {}, .table = table.known->name};
    if (!are_people && role != "referrer")
      other.words.insert(other.words.end(), table.words.begin(), table.words.end());
    other.label = fmt::format("{} as {}", PluralOf(table.noun()), role);
    other.known.name.back() += " as " + role;
    other.known.keys.clear();
    other.known.spans.clear();
    std::erase_if(other.known.columns, [&](const KnownColumn& one) {
      const Words words = WordsOfName(one.name);
      const bool is_key = EqualsIgnoringCase(one.name, reference.to_column);
      return !is_key && (words.empty() || (words.back() != "name" && words.back() != "title" && words != table.words));
    });
    KnownReference to = reference;
    to.to_table = other.known.name;
    others_.push_back(std::move(other));
    return to;
  }

  /// What is asked of it is its name alone, and never by words that its rows have as themselves.
  void BeOtherSelf(DraftEntity& draft, const OtherSelf& other) {
    draft.entity.table = other.table;
    draft.entity.label = other.label;
    draft.entity.synonyms.clear();
    draft.entity.measures.clear();
    for (Dimension& dimension : draft.entity.dimensions) {
      dimension.synonyms.clear();
      if (dimension.is_label) dimension.synonyms.push_back(draft.read.noun() + " name");
      if (dimension.is_label && draft.read.noun() == "manager")
        dimension.synonyms.insert(dimension.synonyms.end(), {"boss", "supervisor", "reports to"});
      else dimension.hidden = true;
    }
    drafting_.NoteAt(draft.entity.name, "", "rows of the same table, as what its rows refer to");
  }

  /// Whether each column that refers to a calendar says the day itself.
  static bool IsPlainCalendar(const KnownTable& table, const std::vector<KnownTable>& tables,
                              const std::vector<KnownReference>& references) {
    if (CalendarDay(table) == nullptr) return false;
    // Seasons, holidays and the weather of a day are nowhere else.
    const bool says_more =
        std::ranges::any_of(table.columns, [&](const KnownColumn& column) { return !FollowsFromDay(table, column); });
    if (says_more) return false;
    bool is_referred_to = false;
    for (const KnownReference& reference : references) {
      if (!SameTable(reference.to_table, table.name)) continue;
      const auto from = std::ranges::find_if(
          tables, [&](const KnownTable& other) { return SameTable(other.name, reference.from_table); });
      if (from == tables.end()) continue;
      const auto column = std::ranges::find_if(from->columns, [&](const KnownColumn& other) {
        return EqualsIgnoringCase(other.name, reference.from_column);
      });
      if (column == from->columns.end() || column->form == HiddenForm::kNone) return false;
      is_referred_to = true;
    }
    return is_referred_to;
  }

  std::vector<std::string> KeyOf(const ReadTable& table, const std::string& entity) {
    for (const bool named : {true, false}) {
      for (const ReadColumn& column : table.columns) {
        const bool is_number = IsNumber(column.type) && column.role != ColumnRole::kCode;
        const bool is_named = EndsAsKey(column.words) || (!is_number && EndsWithWords(column.words, table.words));
        const bool is_referred_to = std::ranges::any_of(drafting_.references, [&](const KnownReference& reference) {
          return SameTable(reference.to_table, table.known->name) &&
                 EqualsIgnoringCase(reference.to_column, column.known->name);
        });
        if (IsUnique(*table.known, *column.known) && (named ? is_referred_to : is_named)) return {column.known->name};
        if (!table.known->rows && is_referred_to) return {column.known->name};
      }
    }
    if (!table.known->keys.empty()) return table.known->keys.front();
    for (const ReadColumn& column : table.columns) {
      if (table.known->rows || LowerAscii(column.known->name) != "id") continue;
      drafting_.NoteAt(entity, "", "id was taken for its key by its name alone");
      return {column.known->name};
    }
    return {};
  }

  void StartEntity(size_t index) {
    const ReadTable& table = drafting_.tables[index];
    DraftEntity draft{.read = table};
    draft.entity.name = drafting_.names[index];
    draft.entity.label = PluralOf(table.noun());
    draft.entity.description = table.known->comment.substr(0, 4000);
    draft.entity.table = table.known->name;
    draft.entity.primary_key = KeyOf(table, draft.entity.name);
    for (std::string& other : OtherWordsFor(table.noun())) {
      const bool is_taken = std::ranges::any_of(drafting_.tables, [&](const ReadTable& t) {
        return std::ranges::find(t.words, other) != t.words.end() || drafting_.called_by_last.contains(other);
      });
      if (!is_taken) draft.entity.synonyms.push_back(std::move(other));
    }
    // "requests" for leave_requests, where nothing else is called so.
    static const std::unordered_set<std::string_view> kSaysNothing{"detail", "line", "row", "entry", "history", "data"};
    const std::string& head = table.words.back();
    const auto called_so = std::ranges::count_if(
        drafting_.tables, [&](const ReadTable& t) { return t.words.back() == head || t.words.front() == head; });
    if (table.words.size() > 1 && called_so == 1 && !kSaysNothing.contains(head)) draft.entity.synonyms.push_back(head);
    // "plays" for play events.
    static const std::unordered_set<std::string_view> kOfEvents{"event", "log", "record", "entry"};
    const bool is_event = table.words.size() > 1 && kOfEvents.contains(head);
    const std::string thing = JoinedWords(Words(table.words.begin(), table.words.end() - (is_event ? 1 : 0)));
    const bool is_other = std::ranges::any_of(drafting_.tables, [&](const ReadTable& t) {
      return &t != &table && is_event && t.words.back() == table.words[table.words.size() - 2];
    });
    const bool is_counted = std::ranges::none_of(
        table.columns, [](const ReadColumn& column) { return column.role == ColumnRole::kBalance; });
    if (is_event && !is_other && is_counted) draft.entity.synonyms.push_back(thing);
    drafts_.push_back(std::move(draft));
  }

  void OwnTime(size_t index) {
    DraftEntity& draft = drafts_[index];
    const auto time = ChooseTime(draft.read);
    if (!time) return;
    const ReadColumn& column = draft.read.columns[time->column];
    const auto dimension = draft.dimension_of.find(LowerAscii(column.known->name));
    if (dimension == draft.dimension_of.end()) return;
    // Which of several is meant is not to be guessed: the numbers would differ, and nobody would see why.
    if (!time->is_sure) {
      drafting_.NoteAt(
          draft.entity.name, "",
          fmt::format("has several times that its numbers may go by ({} is one): set default_time", dimension->second));
      draft.has_rival_times = true;
      return;
    }
    draft.entity.default_time = dimension->second;
    // "the date" of an order is when it was placed.
    const auto known = std::ranges::find(draft.entity.dimensions, dimension->second, &Dimension::name);
    const std::string full = draft.read.noun() + " date";
    for (const std::string& call : {full, std::string("date")}) {
      const bool is_said = known->label == call || std::ranges::find(known->synonyms, call) != known->synonyms.end();
      const bool is_other = std::ranges::any_of(draft.read.columns, [&](const ReadColumn& other) {
        return other.known != column.known && JoinedWords(other.words) == call;
      });
      if (!is_said && !is_other) known->synonyms.push_back(call);
    }
  }

  /// Lines go by the time of their order.
  void TimeOfParent(size_t index) {
    DraftEntity& draft = drafts_[index];
    if (!draft.entity.default_time.empty() || draft.has_rival_times) return;
    // With times of their own they may go by one of those, but for what is a part of an order.
    static const std::unordered_set<std::string_view> kLines{"line", "item", "detail", "position"};
    static const std::unordered_set<std::string_view> kOfTheRow{"updated", "modified", "loaded",  "ingested", "created",
                                                                "expires", "expiry",   "deleted", "valid"};
    const bool has_own = std::ranges::any_of(draft.read.columns, [](const ReadColumn& column) {
      return column.role == ColumnRole::kTime && !HasAny(column.words, kOfTheRow);
    });
    if (has_own && !kLines.contains(draft.read.words.back())) return;
    static const std::unordered_set<std::string_view> kHappens{
        "order", "invoice", "visit", "flight",   "session", "appointment", "transaction", "encounter", "admission",
        "trip",  "booking", "sale",  "purchase", "loan",    "checkout",    "stay",        "rental",    "delivery"};
    std::set<std::string> times;
    for (const KnownReference& reference : drafting_.references) {
      if (!SameTable(reference.from_table, draft.read.known->name)) continue;
      for (const DraftEntity& parent : drafts_) {
        const bool is_event = kHappens.contains(parent.read.words.back());
        const std::string& time = parent.entity.default_time;
        if (!SameTable(parent.read.known->name, reference.to_table) || time.empty() ||
            time.find('.') != std::string::npos)
          continue;
        if (is_event) times.insert(parent.entity.name + "." + time);
      }
    }
    if (times.size() != 1) return;
    draft.entity.default_time = *times.begin();
    drafting_.NoteAt(draft.entity.name, "", fmt::format("goes by {}", *times.begin()));
  }

  const DraftEntity* DraftOf(const std::vector<std::string>& table) const {
    for (const DraftEntity& draft : drafts_) {
      if (SameTable(draft.read.known->name, table)) return &draft;
    }
    return nullptr;
  }

  /// Without data: orders.customer_id and customers.id.
  void JoinByNames() {
    for (const ReadTable& table : drafting_.tables) {
      if (table.known->rows) continue;
      for (const ReadColumn& column : table.columns) {
        const Words words = WithoutKeyMarks(column.words);
        if (words.empty() || !EndsAsKey(column.words) || drafting_.ReferenceFrom(table, column) != nullptr) continue;
        for (const DraftEntity& target : drafts_) JoinByName(table, column, words, target);
      }
    }
  }

  void JoinByName(const ReadTable& table, const ReadColumn& column, const Words& words, const DraftEntity& target) {
    if (&target.read == &table || !EndsWithWords(words, target.read.words) || target.entity.primary_key.size() != 1)
      return;
    const std::string& key = target.entity.primary_key.front();
    const auto known = std::ranges::find_if(
        target.read.columns, [&](const ReadColumn& other) { return EqualsIgnoringCase(other.known->name, key); });
    if (known == target.read.columns.end() || known->type != column.type) return;
    drafting_.references.push_back({table.known->name, column.known->name, target.read.known->name, key});
    drafting_.Note(fmt::format("{}.{} was taken for {}'s key by its name alone", table.known->name.back(),
                               column.known->name, target.entity.name));
  }

  void AddJoins(SemanticModel& model) {
    for (const KnownReference& reference : drafting_.references) {
      const DraftEntity* from = DraftOf(reference.from_table);
      const DraftEntity* to = DraftOf(reference.to_table);
      if (from == nullptr || to == nullptr || from == to) continue;
      const auto column = std::ranges::find_if(from->read.columns, [&](const ReadColumn& one) {
        return EqualsIgnoringCase(one.known->name, reference.from_column);
      });
      if (column == from->read.columns.end()) continue;
      const std::string role = RoleOfReference(column->words, to->read.words);
      const auto ways = std::ranges::count_if(drafting_.references, [&](const KnownReference& other) {
        return SameTable(other.from_table, reference.from_table) && SameTable(other.to_table, reference.to_table);
      });
      Join join;
      const std::string noun = to->read.noun();
      join.label = role.empty() ? noun : ways > 1 ? role + " " + noun : role;
      join.name =
          UnusedName(ModelNameOf(ways > 1 && !role.empty() ? role + "_" + noun : from->entity.name + "_" + join.label),
                     taken_joins_);
      join.from = from->entity.name;
      join.to = to->entity.name;
      join.from_columns = {reference.from_column};
      join.to_columns = {reference.to_column};
      if (ways > 1 && !role.empty()) join.synonyms = {role};
      if (const std::string doing = DoingOf(role); !doing.empty())
        join.synonyms.insert(join.synonyms.end(), {doing, doing + " " + noun});
      if (ways == 1 && !role.empty()) join.synonyms.push_back(role + " " + noun);  // "home clinic"
      for (const std::string_view word : WordsForEnd(role)) join.synonyms.emplace_back(word);
      if (const std::string_view whole = WholeRole(role); !whole.empty()) join.synonyms.emplace_back(whole);
      if (reference.found < 1) {
        drafting_.NoteAt("", join.name,
                         fmt::format("{:.1f} % of the values of {} are in {}", reference.found * 100,
                                     reference.from_column, to->entity.name));
      }
      model.joins.push_back(std::move(join));
    }
  }

  Drafting drafting_;
  std::deque<OtherSelf> others_;  ///< A deque: what reads them points at them.
  std::vector<DraftEntity> drafts_;
  std::set<std::string> taken_entities_, taken_joins_;
};

}  // namespace

Result<Inference> InferModel(const std::string& name, const std::vector<KnownTable>& tables,
                             const std::vector<KnownReference>& references, const InferenceOptions& options) {
  if (tables.empty()) return MakeError(ErrorCode::kInvalidArgument, "a model is inferred from at least one table");
  std::vector<KnownTable> known = tables;
  LearnShortWords(known);
  Inference inference = Inferrer(known, references, options).Run(name);
  // Through the format that the person edits, so that it is known to load, with its lines and implicit metrics.
  NL_ASSIGN_OR_RETURN(inference.model, LoadModel(SaveModel(inference.model)));
  return inference;
}

}  // namespace neurolake::semantic
