#include "retrieval/chroma_index.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <charconv>
#include <cmath>

#include "net/url.h"
#include "retrieval/internal/server_index.h"

namespace neurolake::retrieval {
namespace {

namespace json = boost::json;

constexpr size_t kAnswerBytesMax = 64 << 20;
constexpr size_t kEntriesPerCall = 256;
constexpr size_t kKeysPerCall = 1000;
/// The server's own default quota for one query's results.
constexpr size_t kResultsMax = 10'000;
constexpr const char* kPartition = "partition";

std::unexpected<Error> Wrong(std::string_view what) {
  return MakeError(ErrorCode::kUnavailable, "Chroma server gave no valid answer: {}", what);
}

json::value Parse(const std::string& text) {
  boost::system::error_code failure;
  json::value value = json::parse(text, failure);
  return failure ? json::value() : value;
}

const json::value* Member(const json::value& value, std::string_view name) {
  const json::object* object = value.if_object();
  return object == nullptr ? nullptr : object->if_contains(name);
}

std::string TextMember(const json::value* value, std::string_view name) {
  const json::value* member = value == nullptr ? nullptr : Member(*value, name);
  return member != nullptr && member->is_string() ? std::string(member->get_string()) : std::string();
}

/// One query's row of a list of lists.
const json::array* FirstRow(const json::value& answer, std::string_view name) {
  const json::value* lists = Member(answer, name);
  if (lists == nullptr || !lists->is_array() || lists->get_array().size() != 1) return nullptr;
  return lists->get_array()[0].if_array();
}

std::optional<uint64_t> KeyOf(const json::value& value) {
  if (!value.is_string()) return std::nullopt;
  const std::string_view text = value.get_string();
  uint64_t key = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), key);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return key;
}

json::array Numbers(std::span<const float> vector) { return json::array(vector.begin(), vector.end()); }

}  // namespace

Result<std::unique_ptr<ChromaIndex>> ChromaIndex::Open(const RequestContext& ctx, ChromaOptions options) {
  NL_RETURN_IF_ERROR(CheckCollectionName(options.collection));
  if (options.model.id.empty() || options.model.dimension == 0) {
    return MakeError(ErrorCode::kInvalidArgument, "index of vectors needs a model's name and a dimension above 0");
  }
  NL_ASSIGN_OR_RETURN(net::Url url, net::ParseUrl(options.url));
  NL_ASSIGN_OR_RETURN(auto http, net::HttpClient::Make(
                                     std::move(url), {.certificate_authority_file = options.certificate_authority_file,
                                                      .idle_connections_max = 4}));
  std::unique_ptr<ChromaIndex> index(new ChromaIndex(std::move(http), std::move(options)));
  NL_RETURN_IF_ERROR(index->OpenCollection(ctx));
  return index;
}

std::string ChromaIndex::CollectionsTarget() const {
  return fmt::format("/api/v2/tenants/{}/databases/{}/collections", net::PercentEncode(options_.tenant),
                     net::PercentEncode(options_.database));
}

Result<std::string> ChromaIndex::Ask(const RequestContext& ctx, const std::string& method, const std::string& target,
                                     const std::string& body) const {
  net::HttpRequest request;
  request.method = method;
  request.target = target;
  request.headers = {{"Accept", "application/json"}};
  if (!body.empty()) request.headers.emplace_back("Content-Type", "application/json");
  if (!options_.token.empty()) request.headers.emplace_back("X-Chroma-Token", options_.token);
  request.body = body;
  NL_ASSIGN_OR_RETURN(const auto response, http_->Send(ctx, std::move(request)));
  NL_ASSIGN_OR_RETURN(std::string text, response->ReadAll(kAnswerBytesMax));
  const int status = response->status();
  if (status >= 200 && status < 300) return text;
  // The server's words may repeat what was sent.
  return MakeError(status == 404 ? ErrorCode::kNotFound : ErrorCode::kUnavailable,
                   "Chroma server refused with HTTP status {}: {}", status, http_->url().Origin());
}

Result<std::string> ChromaIndex::AskCollection(const RequestContext& ctx, const std::string& action,
                                               const std::string& body) const {
  auto answer =
      Ask(ctx, body.empty() ? "GET" : "POST", fmt::format("{}/{}/{}", CollectionsTarget(), id_, action), body);
  if (!answer.has_value() && answer.error().code() == ErrorCode::kNotFound) {
    return MakeError(ErrorCode::kUnavailable, "collection of vectors is gone from the Chroma server: {}",
                     options_.collection);
  }
  return answer;
}

Result<void> ChromaIndex::OpenCollection(const RequestContext& ctx) {
  Result<std::string> found = Ask(ctx, "GET", CollectionsTarget() + "/" + options_.collection, "");
  if (!found.has_value()) {
    if (found.error().code() != ErrorCode::kNotFound) return std::unexpected(found.error());
    const json::object body = {
        {"name", options_.collection},
        {"get_or_create", true},
        {"configuration", {{"hnsw", {{"space", "ip"}, {"ef_construction", 200}, {"ef_search", 200}}}}},
        {"metadata",
         {{"model", options_.model.id}, {"dimension", std::to_string(options_.model.dimension)}, {"mark", ""}}}};
    found = Ask(ctx, "POST", CollectionsTarget(), json::serialize(body));
    if (!found.has_value()) return std::unexpected(found.error());
  }
  const json::value collection = Parse(*found);
  const json::value* metadata = Member(collection, "metadata");
  const std::string model = TextMember(metadata, "model");
  const std::string dimension = TextMember(metadata, "dimension");
  id_ = net::PercentEncode(TextMember(&collection, "id"));
  if (id_.empty()) return Wrong("a collection without an id");
  if (model != options_.model.id || dimension != std::to_string(options_.model.dimension)) {
    return MakeError(
        ErrorCode::kInvalidArgument,
        "collection {} was made with another embedding model: it has {} of {} dimensions, configured is {} of {}",
        options_.collection, model, dimension, options_.model.id, options_.model.dimension);
  }
  return {};
}

Result<void> ChromaIndex::Add(const RequestContext& ctx, std::span<const VectorEntry> entries) {
  for (const VectorEntry& entry : entries) NL_RETURN_IF_ERROR(CheckVector(options_.model, entry.vector));
  for (size_t first = 0; first < entries.size(); first += kEntriesPerCall) {
    json::array ids;
    json::array vectors;
    json::array metadata;
    for (const VectorEntry& entry : entries.subspan(first, std::min(kEntriesPerCall, entries.size() - first))) {
      ids.emplace_back(std::to_string(entry.key));
      vectors.emplace_back(Numbers(entry.vector));
      metadata.emplace_back(json::object{{kPartition, entry.partition}});
    }
    const json::object body = {
        {"ids", std::move(ids)}, {"embeddings", std::move(vectors)}, {"metadatas", std::move(metadata)}};
    NL_RETURN_IF_ERROR(AskCollection(ctx, "upsert", json::serialize(body)));
  }
  return {};
}

Result<void> ChromaIndex::Remove(const RequestContext& ctx, std::span<const uint64_t> keys) {
  for (size_t first = 0; first < keys.size(); first += kKeysPerCall) {
    json::array ids;
    for (const uint64_t key : keys.subspan(first, std::min(kKeysPerCall, keys.size() - first))) {
      ids.emplace_back(std::to_string(key));
    }
    NL_RETURN_IF_ERROR(AskCollection(ctx, "delete", json::serialize(json::object{{"ids", std::move(ids)}})));
  }
  return {};
}

Result<std::vector<VectorHit>> ChromaIndex::Search(const RequestContext& ctx, const VectorQuery& query) const {
  NL_RETURN_IF_ERROR(CheckVector(options_.model, query.vector));
  if (query.limit == 0 || query.partitions.empty()) return std::vector<VectorHit>();
  return SearchServer(query, kResultsMax, [&](size_t limit) { return SearchOnce(ctx, query, limit); });
}

Result<std::vector<VectorHit>> ChromaIndex::SearchOnce(const RequestContext& ctx, const VectorQuery& query,
                                                       size_t limit) const {
  const json::array names(query.partitions.begin(), query.partitions.end());
  const json::object body = {{"query_embeddings", json::array{Numbers(query.vector)}},
                             {"n_results", limit},
                             {"where", {{kPartition, {{"$in", names}}}}},
                             {"include", {"distances"}}};
  NL_ASSIGN_OR_RETURN(const std::string text, AskCollection(ctx, "query", json::serialize(body)));
  const json::value answer = Parse(text);
  const json::array* ids = FirstRow(answer, "ids");
  const json::array* distances = FirstRow(answer, "distances");
  if (ids == nullptr || distances == nullptr || ids->size() != distances->size()) return Wrong("no ids and distances");
  std::vector<VectorHit> hits;
  for (size_t at = 0; at < ids->size(); ++at) {
    const std::optional<uint64_t> key = KeyOf((*ids)[at]);
    if (!key || !(*distances)[at].is_number()) return Wrong("an id or a distance that is none");
    hits.push_back({*key, 1 - static_cast<float>((*distances)[at].to_number<double>())});
  }
  return hits;
}

Result<uint64_t> ChromaIndex::Size(const RequestContext& ctx) const {
  NL_ASSIGN_OR_RETURN(const std::string text, AskCollection(ctx, "count", ""));
  const json::value answer = Parse(text);
  if (!answer.is_int64() || answer.get_int64() < 0) return Wrong("a count that is none");
  return static_cast<uint64_t>(answer.get_int64());
}

Result<void> ChromaIndex::Clear(const RequestContext& ctx) {
  NL_RETURN_IF_ERROR(Ask(ctx, "DELETE", CollectionsTarget() + "/" + options_.collection, ""));
  return OpenCollection(ctx);
}

Result<void> ChromaIndex::Persist(const RequestContext& ctx, const std::string& mark) {
  const json::object body = {
      {"new_metadata",
       {{"model", options_.model.id}, {"dimension", std::to_string(options_.model.dimension)}, {"mark", mark}}}};
  NL_RETURN_IF_ERROR(Ask(ctx, "PUT", CollectionsTarget() + "/" + id_, json::serialize(body)));
  return {};
}

Result<std::string> ChromaIndex::Mark(const RequestContext& ctx) const {
  NL_ASSIGN_OR_RETURN(const std::string text, Ask(ctx, "GET", CollectionsTarget() + "/" + options_.collection, ""));
  const json::value collection = Parse(text);
  return TextMember(Member(collection, "metadata"), "mark");
}

}  // namespace neurolake::retrieval
