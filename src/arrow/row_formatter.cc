#include <unordered_set>

#include "arrow/internal/column.h"
#include "arrow/text_format.h"

namespace neurolake::arrow {

struct RowFormatter::State {
  std::vector<Column> columns;
  std::vector<std::string> names;
  std::vector<std::string> types;
  std::vector<std::string> keys;  ///< `{"id":`, `,"name":`
};

namespace {

// Two columns may bear one name in SQL, but not two members in an object: the later ones become "name_2", "name_3".
std::vector<std::string> MakeKeys(const std::vector<std::string>& names) {
  std::unordered_set<std::string> taken(names.begin(), names.end());
  std::unordered_set<std::string> seen;
  std::vector<std::string> keys;
  for (size_t i = 0; i < names.size(); ++i) {
    std::string name = names[i];
    for (int suffix = 2; !seen.insert(name).second; ++suffix) {
      std::string candidate = fmt::format("{}_{}", names[i], suffix);
      if (taken.insert(candidate).second) name = std::move(candidate);
    }
    std::string key(1, i == 0 ? '{' : ',');
    AppendJsonString(name, key);
    key.push_back(':');
    keys.push_back(std::move(key));
  }
  return keys;
}

}  // namespace

RowFormatter::RowFormatter(std::unique_ptr<State> state) : state_(std::move(state)) {}
RowFormatter::RowFormatter(RowFormatter&&) noexcept = default;
RowFormatter::~RowFormatter() = default;

Result<RowFormatter> RowFormatter::Make(const Schema& schema) {
  auto state = std::make_unique<State>();
  for (int64_t i = 0; i < schema.column_count(); ++i) {
    NL_ASSIGN_OR_RETURN(Column column, CompileColumn(schema.get()->children[i]));
    state->names.push_back(column.name);
    state->types.push_back(SqlTypeName(schema.get()->children[i]));
    state->columns.push_back(std::move(column));
  }
  state->keys = MakeKeys(state->names);
  return RowFormatter(std::move(state));
}

Result<void> RowFormatter::SetBatch(const Batch& batch) {
  const ArrowArray* array = batch.get();
  if (array->n_children != static_cast<int64_t>(state_->columns.size())) {
    return MakeError(ErrorCode::kInternal, "a batch does not have the columns of its schema: {} instead of {}",
                     array->n_children, state_->columns.size());
  }
  for (size_t i = 0; i < state_->columns.size(); ++i) {
    NL_RETURN_IF_ERROR(BindColumn(state_->columns[i], array->children[i]));
    state_->columns[i].offset += array->offset;
  }
  return {};
}

void RowFormatter::AppendJsonArray(int64_t row, std::string& out) const {
  out.push_back('[');
  for (size_t i = 0; i < state_->columns.size(); ++i) {
    if (i > 0) out.push_back(',');
    AppendJsonValue(state_->columns[i], row, out);
  }
  out.push_back(']');
}

void RowFormatter::AppendJsonObject(int64_t row, std::string& out) const {
  if (state_->columns.empty()) out.push_back('{');
  for (size_t i = 0; i < state_->columns.size(); ++i) {
    out += state_->keys[i];
    AppendJsonValue(state_->columns[i], row, out);
  }
  out.push_back('}');
}

void AppendCsvField(std::string_view text, std::string& out) {
  if (!text.empty() && text.find_first_of(",\"\r\n") == std::string_view::npos) {
    out += text;
    return;
  }
  out.push_back('"');
  for (size_t begin = 0; begin <= text.size();) {
    const size_t quote = text.find('"', begin);
    if (quote == std::string_view::npos) {
      out += text.substr(begin);
      break;
    }
    out += text.substr(begin, quote - begin + 1);
    out.push_back('"');
    begin = quote + 1;
  }
  out.push_back('"');
}

void RowFormatter::AppendCsv(int64_t row, std::string& out) const {
  std::string nested;
  for (size_t i = 0; i < state_->columns.size(); ++i) {
    if (i > 0) out.push_back(',');
    const Column& column = state_->columns[i];
    if (column.IsNull(row)) continue;
    if (IsString(column.type)) {
      AppendCsvField(StringValue(column, row), out);
    } else if (column.children.empty() && column.type != NANOARROW_TYPE_STRUCT) {
      AppendTextValue(column, row, out);
    } else {
      nested.clear();
      AppendJsonValue(column, row, nested);
      AppendCsvField(nested, out);
    }
  }
}

bool RowFormatter::AppendText(int64_t row, int64_t column, std::string& out) const {
  const Column& source = state_->columns[static_cast<size_t>(column)];
  if (source.IsNull(row)) return false;
  AppendTextValue(source, row, out);
  return true;
}

const std::vector<std::string>& RowFormatter::column_names() const { return state_->names; }
const std::vector<std::string>& RowFormatter::column_types() const { return state_->types; }

}  // namespace neurolake::arrow
