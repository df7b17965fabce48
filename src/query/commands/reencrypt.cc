#include "query/commands/reencrypt.h"

#include "common/text.h"
#include "query/commands/compaction.h"
#include "query/front_parser_cursor.h"
#include "tables/delta/encrypted_columns.h"
#include "tables/delta/layout.h"

namespace neurolake::query {
namespace {

using tables::delta::DataType;
using tables::delta::StructField;

/// `reencrypted_cell("mail", '…') AS "mail", …` for the encrypted columns.
std::string NewCells(const DataType& schema) {
  std::string list;
  for (const StructField& field : schema.fields) {
    if (!IsEncrypted(field)) continue;
    DataType alone{.kind = DataType::Kind::kStruct};
    alone.fields.push_back(field);
    const std::string name = QuoteIdentifier(field.name);
    list += fmt::format("{}reencrypted_cell({}, {}) AS {}", list.empty() ? "" : ", ", name,
                        QuoteLiteral(SerializeSchema(alone)), name);
  }
  return list;
}

class Reencrypt final : public TableCommand {
 public:
  explicit Reencrypt(ObjectName table) : table_(std::move(table)) {}
  std::string kind() const override { return "REENCRYPT TABLE"; }
  bool needs_memory() const override { return true; }
  const ObjectName& target() const override { return table_; }

  Result<OwnResult> Run(CommandContext& context) const override {
    NL_ASSIGN_OR_RETURN(const OpenedTable table, context.Open(table_));
    NL_RETURN_IF_ERROR(context.Authorize(Right::kWrite));
    const auto& snapshot = *table.snapshot;
    Rearrangement rearrangement;
    rearrangement.operation = "REENCRYPT";
    rearrangement.replaced_columns = NewCells(snapshot.schema());
    if (rearrangement.replaced_columns.empty()) {
      return MakeError(ErrorCode::kInvalidArgument, "the table has no encrypted columns: {}", table.full_name());
    }
    const int64_t target = tables::delta::TargetFileBytes(snapshot.metadata());
    for (uint32_t i = 0; i < snapshot.files().size(); ++i) {
      rearrangement.rewrites.push_back({.files = {i}, .file_bytes = 2 * target});
    }
    NL_ASSIGN_OR_RETURN(const RearrangementOutcome outcome, Rearrange(context, table, rearrangement));
    return MakeOwnResult({{"version", "BIGINT"}, {"files_removed", "BIGINT"}, {"files_added", "BIGINT"}},
                         {{outcome.version < 0 ? std::nullopt : std::optional(std::to_string(outcome.version)),
                           outcome.Shown(outcome.files_removed), outcome.Shown(outcome.files_added)}});
  }

 private:
  ObjectName table_;
};

}  // namespace

Result<std::shared_ptr<const TableCommand>> ParseReencrypt(TokenCursor cursor) {
  if (!cursor.AcceptWords({"reencrypt", "table"})) return nullptr;
  NL_ASSIGN_OR_RETURN(ObjectName table, cursor.ExpectObjectName());
  NL_RETURN_IF_ERROR(cursor.ExpectEnd());
  return std::make_shared<Reencrypt>(std::move(table));
}

}  // namespace neurolake::query
