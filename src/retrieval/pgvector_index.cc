#include "retrieval/pgvector_index.h"

#include <libpq-fe.h>

#include <charconv>

#include "common/text.h"
#include "retrieval/internal/server_index.h"

namespace neurolake::retrieval {
namespace {

constexpr size_t kAnswerRowsMax = 1 << 20;
constexpr size_t kDimensionMax = 16'000;  // pgvector's.
constexpr const char* kConnectSeconds = "10";

struct ResultDeleter {
  void operator()(PGresult* result) const { PQclear(result); }
};
using PgResult = std::unique_ptr<PGresult, ResultDeleter>;

/// "[0.1,0.2]", pgvector's spelling.
std::string VectorText(std::span<const float> vector) { return fmt::format("[{}]", fmt::join(vector, ",")); }

/// An array of texts as PostgreSQL reads one.
std::string ArrayText(std::span<const std::string> texts) {
  std::string array = "{";
  for (const std::string& text : texts) {
    if (array.size() > 1) array += ',';
    array += '"';
    for (const char c : text) {
      if (c == '"' || c == '\\') array += '\\';
      array += c;
    }
    array += '"';
  }
  return array + "}";
}

template <typename Number>
Number ParseOr(const char* text, Number otherwise) {
  Number number = otherwise;
  const std::string_view view(text);
  std::from_chars(view.data(), view.data() + view.size(), number);
  return number;
}

}  // namespace

/// libpq's connection, made when it is first needed and again after it broke.
class PgvectorIndex::Connection {
 public:
  explicit Connection(const PgvectorOptions& options) : options_(options) {}
  ~Connection() { PQfinish(connection_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Result<PgResult> Ask(const RequestContext& ctx, const std::string& sql, const std::vector<std::string>& parameters) {
    NL_RETURN_IF_ERROR(ctx.CheckAlive());
    NL_RETURN_IF_ERROR(Connect());
    std::vector<const char*> values;
    for (const std::string& parameter : parameters) values.push_back(parameter.c_str());
    PgResult result(PQexecParams(connection_, sql.c_str(), static_cast<int>(values.size()), nullptr, values.data(),
                                 nullptr, nullptr, 0));
    const ExecStatusType status = PQresultStatus(result.get());
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return result;
    const char* state = PQresultErrorField(result.get(), PG_DIAG_SQLSTATE);
    // The message may quote values; the state says enough.
    const std::string shown = state == nullptr ? "connection lost" : state;
    if (shown == "0A000" || shown == "58P01") {
      return MakeError(ErrorCode::kNotSupported, "PostgreSQL server does not have the extension vector");
    }
    if (PQstatus(connection_) != CONNECTION_OK) Drop();
    return MakeError(ErrorCode::kUnavailable, "PostgreSQL server of the index of vectors failed: {}", shown);
  }

 private:
  void Drop() {
    PQfinish(connection_);
    connection_ = nullptr;
  }

  Result<void> Connect() {
    if (connection_ != nullptr) return {};
    const char* const names[] = {"dbname", "connect_timeout", nullptr};
    const char* const values[] = {options_.url.c_str(), kConnectSeconds, nullptr};
    connection_ = PQconnectdbParams(names, values, 1);
    if (PQstatus(connection_) != CONNECTION_OK) {
      Drop();
      return MakeError(ErrorCode::kUnavailable, "cannot connect to the PostgreSQL server of the index of vectors");
    }
    const std::string set = fmt::format("SET statement_timeout = {}; SET client_min_messages = warning",
                                        options_.statement_timeout.count());
    const PgResult result(PQexec(connection_, set.c_str()));
    if (PQresultStatus(result.get()) == PGRES_COMMAND_OK) return {};
    Drop();
    return MakeError(ErrorCode::kUnavailable, "cannot set up a connection to the PostgreSQL server");
  }

  const PgvectorOptions& options_;
  PGconn* connection_ = nullptr;
};

PgvectorIndex::PgvectorIndex(PgvectorOptions options)
    : options_(std::move(options)),
      table_("neurolake_vectors_" + options_.collection),
      connection_(std::make_unique<Connection>(options_)) {}
PgvectorIndex::~PgvectorIndex() = default;

Result<std::unique_ptr<PgvectorIndex>> PgvectorIndex::Open(const RequestContext& ctx, PgvectorOptions options) {
  NL_RETURN_IF_ERROR(CheckCollectionName(options.collection));
  if (options.model.id.empty() || options.model.dimension == 0 || options.model.dimension > kDimensionMax) {
    return MakeError(ErrorCode::kInvalidArgument, "index of vectors needs a model's name and a dimension of 1 to {}",
                     kDimensionMax);
  }
  std::unique_ptr<PgvectorIndex> index(new PgvectorIndex(std::move(options)));
  NL_RETURN_IF_ERROR(index->MakeTables(ctx));
  return index;
}

Result<void> PgvectorIndex::MakeTables(const RequestContext& ctx) {
  std::lock_guard lock(mutex_);
  NL_RETURN_IF_ERROR(connection_->Ask(ctx, "CREATE EXTENSION IF NOT EXISTS vector", {}));
  NL_RETURN_IF_ERROR(
      connection_->Ask(ctx,
                       "CREATE TABLE IF NOT EXISTS neurolake_vector_collections (collection text PRIMARY "
                       "KEY, model text NOT NULL, dimension int NOT NULL, mark text NOT NULL)",
                       {}));
  NL_RETURN_IF_ERROR(
      connection_->Ask(ctx,
                       "INSERT INTO neurolake_vector_collections VALUES ($1, $2, $3, '') "
                       "ON CONFLICT (collection) DO NOTHING",
                       {options_.collection, options_.model.id, std::to_string(options_.model.dimension)}));
  NL_ASSIGN_OR_RETURN(
      const PgResult known,
      connection_->Ask(ctx, "SELECT model, dimension FROM neurolake_vector_collections WHERE collection = $1",
                       {options_.collection}));
  const std::string model = PQgetvalue(known.get(), 0, 0);
  const std::string dimension = PQgetvalue(known.get(), 0, 1);
  if (model != options_.model.id || dimension != std::to_string(options_.model.dimension)) {
    return MakeError(
        ErrorCode::kInvalidArgument,
        "collection {} was made with another embedding model: it has {} of {} dimensions, configured is {} of {}",
        options_.collection, model, dimension, options_.model.id, options_.model.dimension);
  }
  // A partition's name may be longer than an index entry may be: its digest is indexed.
  NL_RETURN_IF_ERROR(connection_->Ask(
      ctx,
      fmt::format("CREATE TABLE IF NOT EXISTS {} (key bigint PRIMARY KEY, partition text NOT NULL, embedding "
                  "vector({}) NOT NULL)",
                  table_, options_.model.dimension),
      {}));
  NL_RETURN_IF_ERROR(connection_->Ask(
      ctx, fmt::format("CREATE INDEX IF NOT EXISTS {0}_partition ON {0} (md5(partition))", table_), {}));
  return {};
}

Result<void> PgvectorIndex::Add(const RequestContext& ctx, std::span<const VectorEntry> entries) {
  if (entries.empty()) return {};
  std::vector<std::string> keys;
  std::vector<std::string> partitions;
  std::vector<std::string> vectors;
  for (const VectorEntry& entry : entries) {
    NL_RETURN_IF_ERROR(CheckVector(options_.model, entry.vector));
    keys.push_back(std::to_string(static_cast<int64_t>(entry.key)));
    partitions.push_back(entry.partition);
    vectors.push_back(VectorText(entry.vector));
  }
  std::lock_guard lock(mutex_);
  NL_RETURN_IF_ERROR(connection_->Ask(
      ctx,
      fmt::format("INSERT INTO {} SELECT * FROM unnest($1::bigint[], $2::text[], $3::vector[]) "
                  "ON CONFLICT (key) DO UPDATE SET partition = excluded.partition, embedding = excluded.embedding",
                  table_),
      {ArrayText(keys), ArrayText(partitions), ArrayText(vectors)}));
  return {};
}

Result<void> PgvectorIndex::Remove(const RequestContext& ctx, std::span<const uint64_t> keys) {
  std::vector<std::string> texts;
  for (const uint64_t key : keys) texts.push_back(std::to_string(static_cast<int64_t>(key)));
  std::lock_guard lock(mutex_);
  NL_RETURN_IF_ERROR(
      connection_->Ask(ctx, fmt::format("DELETE FROM {} WHERE key = ANY($1::bigint[])", table_), {ArrayText(texts)}));
  return {};
}

Result<std::vector<VectorHit>> PgvectorIndex::Search(const RequestContext& ctx, const VectorQuery& query) const {
  NL_RETURN_IF_ERROR(CheckVector(options_.model, query.vector));
  if (query.limit == 0 || query.partitions.empty()) return std::vector<VectorHit>();
  std::lock_guard lock(mutex_);
  return SearchServer(query, kAnswerRowsMax, [&](size_t limit) { return SearchOnce(ctx, query, limit); });
}

Result<std::vector<VectorHit>> PgvectorIndex::SearchOnce(const RequestContext& ctx, const VectorQuery& query,
                                                         size_t limit) const {
  std::vector<std::string> names(query.partitions.begin(), query.partitions.end());
  NL_ASSIGN_OR_RETURN(
      const PgResult rows,
      connection_->Ask(ctx,
                       fmt::format("SELECT key, -(embedding <#> $1::vector) FROM {} WHERE md5(partition) = ANY(SELECT "
                                   "md5(p) FROM unnest($2::text[]) p) AND partition = ANY($2::text[]) "
                                   "ORDER BY embedding <#> $1::vector, key LIMIT {}",
                                   table_, limit),
                       {VectorText(query.vector), ArrayText(names)}));
  std::vector<VectorHit> hits;
  for (int row = 0; row < PQntuples(rows.get()); ++row) {
    hits.push_back({static_cast<uint64_t>(ParseOr<int64_t>(PQgetvalue(rows.get(), row, 0), 0)),
                    ParseOr<float>(PQgetvalue(rows.get(), row, 1), 0)});
  }
  return hits;
}

Result<uint64_t> PgvectorIndex::Size(const RequestContext& ctx) const {
  std::lock_guard lock(mutex_);
  NL_ASSIGN_OR_RETURN(const PgResult rows, connection_->Ask(ctx, "SELECT count(*) FROM " + table_, {}));
  return ParseOr<uint64_t>(PQgetvalue(rows.get(), 0, 0), 0);
}

Result<void> PgvectorIndex::Clear(const RequestContext& ctx) {
  std::lock_guard lock(mutex_);
  // The mark goes first: a crash between the two leaves an index that is made again.
  NL_RETURN_IF_ERROR(connection_->Ask(ctx, "UPDATE neurolake_vector_collections SET mark = '' WHERE collection = $1",
                                      {options_.collection}));
  NL_RETURN_IF_ERROR(connection_->Ask(ctx, "TRUNCATE " + table_, {}));
  return {};
}

Result<void> PgvectorIndex::Persist(const RequestContext& ctx, const std::string& mark) {
  std::lock_guard lock(mutex_);
  NL_RETURN_IF_ERROR(connection_->Ask(ctx, "UPDATE neurolake_vector_collections SET mark = $2 WHERE collection = $1",
                                      {options_.collection, mark}));
  return {};
}

Result<std::string> PgvectorIndex::Mark(const RequestContext& ctx) const {
  std::lock_guard lock(mutex_);
  NL_ASSIGN_OR_RETURN(const PgResult rows,
                      connection_->Ask(ctx, "SELECT mark FROM neurolake_vector_collections WHERE collection = $1",
                                       {options_.collection}));
  return PQntuples(rows.get()) == 0 ? std::string() : std::string(PQgetvalue(rows.get(), 0, 0));
}

}  // namespace neurolake::retrieval
