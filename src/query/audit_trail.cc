#include "query/audit_trail.h"

#include <boost/json.hpp>

#include "common/text.h"
#include "query/statement_constants.h"

namespace neurolake::query {
namespace {

namespace json = boost::json;
using audit::Record;
using audit::RecordType;

/// A longer text is one that a program wrote: its beginning and its fingerprint say which.
constexpr size_t kTextBytesMax = 64 << 10;
/// Beyond, they are a load's rows, which are in the table; the log keeps what they hash to.
constexpr size_t kConstantsBytesMax = 64 << 10;
constexpr int64_t kRefusedPerSecond = 20;

/// As far as `bytes` go without parting a character.
std::string CutText(std::string text, size_t bytes) {
  if (text.size() <= bytes) return text;
  while (bytes > 0 && (static_cast<uint8_t>(text[bytes]) & 0xC0) == 0x80) --bytes;
  text.resize(bytes);
  return text;
}

audit::Constants ConstantsOf(ConstantSplit split, const StatementRequest& request) {
  audit::Constants constants{.literals = std::move(split.constants), .parameters = {}};
  for (const Parameter& parameter : request.parameters) {
    constants.parameters.push_back(json::serialize(json::object{{"name", parameter.name}, {"value", parameter.json}}));
  }
  return constants;
}

size_t BytesOf(const audit::Constants& constants) {
  size_t bytes = 0;
  for (const auto* list : {&constants.literals, &constants.parameters}) {
    for (const std::string& one : *list) bytes += one.size();
  }
  return bytes;
}

std::string TextOf(const json::object& object, const char* name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

/// What the planner said the statement touches: [{"table":"s.t","id":"…","version":3,"access":"read","columns":["a"]}].
std::vector<audit::AuditedObject> ObjectsOf(const std::string& tables_json) {
  std::vector<audit::AuditedObject> objects;
  boost::system::error_code problem;
  const json::value tables = json::parse(tables_json, problem);
  if (problem || !tables.is_array()) return objects;
  for (const auto& table : tables.get_array()) {
    if (!table.is_object()) continue;
    const json::object& fields = table.get_object();
    audit::AuditedObject object{.kind = "table",
                                .name = TextOf(fields, "table"),
                                .id = TextOf(fields, "id"),
                                .access = TextOf(fields, "access"),
                                .columns = {}};
    const auto* version = fields.if_contains("version");
    if (version != nullptr && version->is_int64()) object.version = version->get_int64();
    const auto* columns = fields.if_contains("columns");
    if (columns != nullptr && columns->is_array()) {
      for (const auto& column : columns->get_array()) {
        if (column.is_string()) object.columns.emplace_back(column.get_string());
      }
    }
    objects.push_back(std::move(object));
  }
  return objects;
}

}  // namespace

Result<std::unique_ptr<AuditTrail>> AuditTrail::Open(Options options, const Clock& clock) {
  const std::string constants_key = options.constants_key_file.empty() ? options.log.directory + "/constants.key"
                                                                       : std::move(options.constants_key_file);
  NL_ASSIGN_OR_RETURN(auto opened, audit::AuditLog::Open(std::move(options.log), clock));
  NL_ASSIGN_OR_RETURN(auto sealer, audit::OpenConstantSealer(constants_key));
  NL_RETURN_IF_ERROR(opened.log->Append(
      {.type = RecordType::kStarted, .time = clock.Now(), .details = {{"version", options.version}}}));
  return std::unique_ptr<AuditTrail>(new AuditTrail(std::move(opened.log), std::move(sealer), clock));
}

AuditTrail::~AuditTrail() { log_->Keep({.type = RecordType::kStopped, .time = clock_.Now()}); }

Record AuditTrail::RecordOf(RecordType type, const RequestContext& ctx) const {
  Record record{.type = type, .time = clock_.Now()};
  record.principal = ctx.principal().name;
  record.principal_id = ctx.principal().id.value();
  record.role = ctx.principal().role;
  if (ctx.principal().on_behalf_of != nullptr) record.on_behalf_of = ctx.principal().on_behalf_of->name;
  // Who works on the lake's directory has its files.
  record.authentication = ctx.principal().authentication;
  if (record.authentication.empty()) record.authentication = ctx.door() == "cli" ? "local" : "token";
  record.credential = ctx.principal().credential;
  record.door = ctx.door();
  record.address = ctx.principal().address;
  record.request_id = ctx.request_id();
  return record;
}

Result<audit::AuditLog::Ticket> AuditTrail::Attempt(const RequestContext& ctx,
                                                    const catalog::StatementRecord& statement,
                                                    const StatementRequest& request) {
  Record record = RecordOf(RecordType::kAttempt, ctx);
  record.statement = statement.id.value();
  record.purpose = statement.purpose;
  record.fingerprint = statement.fingerprint;
  ConstantSplit split = SplitConstants(statement.text);
  record.text = CutText(split.text, kTextBytesMax);
  if (record.text.size() < split.text.size())
    record.details.emplace_back("text_bytes", std::to_string(split.text.size()));
  const audit::Constants constants = ConstantsOf(std::move(split), request);
  if (const size_t bytes = BytesOf(constants); bytes > kConstantsBytesMax) {
    record.details.emplace_back("constants_bytes", std::to_string(bytes));
    record.details.emplace_back("constants_hash",
                                sealer_->HashOf(fmt::format("{}", fmt::join(constants.literals, "\n"))));
  } else if (!constants.empty()) {
    NL_ASSIGN_OR_RETURN(record.constants, sealer_->Seal(constants, record.statement, record.time));
  }
  if (!request.schema.empty()) record.details.emplace_back("schema", request.schema);
  return log_->Submit(record);
}

audit::AuditLog::Ticket AuditTrail::Plan(const RequestContext& ctx, const catalog::StatementRecord& statement,
                                         std::vector<audit::AuditedPolicy> policies) {
  Record record = RecordOf(RecordType::kPlan, ctx);
  record.statement = statement.id.value();
  record.kind = statement.kind;
  record.objects = ObjectsOf(statement.tables_json);
  record.policies = std::move(policies);
  record.decision = "allowed";
  return log_->Submit(record);
}

Result<void> AuditTrail::Await(const audit::AuditLog::Ticket& ticket) {
  if (auto kept = log_->Wait(ticket); !kept) return std::unexpected(std::move(kept).error());
  return {};
}

void AuditTrail::Outcome(const RequestContext& ctx, const catalog::StatementRecord& statement, const Error* error) {
  Record record = RecordOf(RecordType::kOutcome, ctx);
  record.statement = statement.id.value();
  record.kind = statement.kind;
  record.state = statement.state;
  record.rows_returned = statement.rows_returned;
  record.bytes_returned = statement.bytes_returned;
  if (statement.rows_changed >= 0) record.rows_changed = statement.rows_changed;
  const bool denied = error != nullptr && error->code() == ErrorCode::kPermissionDenied;
  record.decision = denied ? "denied" : error == nullptr ? "allowed" : "";
  if (error != nullptr) record.error = ErrorName(error->code());
  log_->Keep(record);
}

Result<void> AuditTrail::Change(const RequestContext& ctx, std::string_view action, Details details,
                                const std::string& statement) {
  Record record = RecordOf(RecordType::kChange, ctx);
  record.statement = statement;
  record.action = action;
  record.details = std::move(details);
  if (auto kept = log_->Append(record); !kept) return std::unexpected(std::move(kept).error());
  return {};
}

Result<void> AuditTrail::Change(std::string_view action, Details details) {
  Record record{.type = RecordType::kChange, .time = clock_.Now()};
  record.action = action;
  record.details = std::move(details);
  if (auto kept = log_->Append(record); !kept) return std::unexpected(std::move(kept).error());
  return {};
}

Result<std::string> AuditTrail::OpenConstants(std::string_view sealed, const std::string& statement) const {
  NL_ASSIGN_OR_RETURN(const auto opened, sealer_->Open(sealed, statement));
  json::object shown;
  json::array literals, parameters;
  for (const auto& one : opened.literals) literals.emplace_back(one.value_or(std::string(kErased)));
  for (const auto& one : opened.parameters) {
    boost::system::error_code problem;
    json::value parsed = one ? json::parse(*one, problem) : json::value(kErased);
    parameters.push_back(problem ? json::value(nullptr) : std::move(parsed));
  }
  if (!literals.empty()) shown["literals"] = std::move(literals);
  if (!parameters.empty()) shown["parameters"] = std::move(parameters);
  return json::serialize(shown);
}

void AuditTrail::RefusedAuthentication(ErrorCode why, std::string_view address) {
  Record record{.type = RecordType::kAuthentication, .time = clock_.Now()};
  record.address = address;
  record.decision = "denied";
  record.error = ErrorName(why);
  {
    std::lock_guard lock(mutex_);
    if (clock_.SteadyNow() - refused_since_ >= std::chrono::seconds(1)) {
      refused_since_ = clock_.SteadyNow();
      refused_ = 0;
    }
    if (++refused_ > kRefusedPerSecond) {
      ++refused_untold_;
      return;
    }
    if (const int64_t untold = std::exchange(refused_untold_, 0); untold > 0) {
      record.details.emplace_back("more_before", std::to_string(untold));
    }
  }
  log_->Keep(record);
}

void AuditTrail::UseArchive(std::unique_ptr<audit::Archive> archive) {
  archive_ = std::move(archive);
  log_->UseArchive(*archive_);
}

Result<int64_t> AuditTrail::Archive(const audit::ArchiveRule& rule) {
  for (int64_t moved = 0;; ++moved) {
    NL_ASSIGN_OR_RETURN(const bool one, log_->ArchiveNext(rule));
    if (!one) return moved;
  }
}

void AuditTrail::Report(Metrics& metrics) const {
  const auto counters = log_->counters();
  metrics.Set("neurolake_audit_records", "Records of the audit log.", static_cast<double>(log_->size()));
  metrics.Set("neurolake_audit_refused", "Records that the audit log could not take, and refused, since the start.",
              static_cast<double>(counters.refused));
  metrics.Set("neurolake_audit_waiting", "Outcomes that wait for a disk that takes them.",
              static_cast<double>(counters.waiting));
  metrics.Set("neurolake_audit_witness_failures", "Checkpoints that the witness file did not take, since the start.",
              static_cast<double>(counters.witness_failures));
  metrics.Set("neurolake_audit_archived", "Segments of the audit log that went to the archive, since the start.",
              static_cast<double>(counters.archived));
}

}  // namespace neurolake::query
