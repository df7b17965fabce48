#pragma once
#include <gtest/gtest.h>
#include <unistd.h>

#include "storage/fault_injecting_store.h"
#include "tables/delta/commit.h"
#include "tables/delta/snapshot.h"

namespace neurolake::tables::delta {

/// Objects in memory, with modification times that a test sets. Thread-safe.
class MemoryStore final : public storage::ObjectStore {
 public:
  Result<std::string> Read(const std::string& path) override {
    std::lock_guard lock(mutex_);
    auto found = objects_.find(path);
    if (found == objects_.end()) return MakeError(ErrorCode::kNotFound, "no such object: {}", path);
    return found->second.bytes;
  }
  Result<std::string> ReadRange(const std::string& path, int64_t offset, int64_t length) override {
    NL_ASSIGN_OR_RETURN(auto bytes, Read(path));
    if (offset >= static_cast<int64_t>(bytes.size())) return std::string();
    return bytes.substr(static_cast<size_t>(offset), static_cast<size_t>(length));
  }
  Result<storage::ObjectInfo> Head(const std::string& path) override {
    std::lock_guard lock(mutex_);
    auto found = objects_.find(path);
    if (found == objects_.end()) return MakeError(ErrorCode::kNotFound, "no such object: {}", path);
    return Info(*found);
  }
  Result<void> PutIfAbsent(const std::string& path, std::string_view bytes) override {
    std::lock_guard lock(mutex_);
    if (objects_.contains(path)) return MakeError(ErrorCode::kAlreadyExists, "object exists: {}", path);
    objects_[path] = {std::string(bytes), now_};
    return {};
  }
  Result<void> Put(const std::string& path, std::string_view bytes) override {
    std::lock_guard lock(mutex_);
    objects_[path] = {std::string(bytes), now_};
    return {};
  }
  Result<std::vector<storage::ObjectInfo>> List(const std::string& directory, const std::string& after) override {
    std::lock_guard lock(mutex_);
    std::vector<storage::ObjectInfo> infos;
    const std::string prefix = directory + "/";
    for (const auto& entry : objects_) {
      if (!entry.first.starts_with(prefix)) continue;
      const std::string name = entry.first.substr(prefix.size());
      if (!name.contains('/') && name > after) infos.push_back(Info(entry));
    }
    return infos;
  }
  Result<void> Walk(const std::string& directory, const std::function<bool(const std::string&)>& enter,
                    const std::function<Result<void>(const storage::ObjectInfo&)>& visit) override {
    std::vector<storage::ObjectInfo> infos;
    {
      std::lock_guard lock(mutex_);
      for (const auto& entry : objects_) {
        if (entry.first.starts_with(directory + "/")) infos.push_back(Info(entry));
      }
    }
    for (const auto& info : infos) {
      const std::string relative = info.path.substr(directory.size() + 1);
      bool entered = true;
      for (size_t slash = relative.find('/'); entered && slash != std::string::npos;
           slash = relative.find('/', slash + 1)) {
        entered = enter(relative.substr(0, slash));
      }
      if (entered) NL_RETURN_IF_ERROR(visit(info));
    }
    return {};
  }
  Result<void> Delete(const std::string& path) override {
    std::lock_guard lock(mutex_);
    objects_.erase(path);
    return {};
  }
  Result<void> MakeDirectory(const std::string&) override { return {}; }

  /// Modification time of everything written from now on.
  void SetNow(WallTime now) {
    std::lock_guard lock(mutex_);
    now_ = now;
  }

 private:
  struct Object {
    std::string bytes;
    WallTime modified;
  };
  static storage::ObjectInfo Info(const std::pair<const std::string, Object>& entry) {
    return {.path = entry.first,
            .size_bytes = static_cast<int64_t>(entry.second.bytes.size()),
            .modified = entry.second.modified};
  }
  std::mutex mutex_;
  std::map<std::string, Object> objects_;
  WallTime now_{std::chrono::seconds(1'600'000'000)};
};

inline const SystemClock& TestClock() {
  static const SystemClock clock;
  return clock;
}

inline RequestContext TestContext(std::stop_token stop = {}, std::chrono::seconds within = std::chrono::seconds(60)) {
  return RequestContext(Principal{}, "request", "test", TestClock(), TestClock().SteadyNow() + within, stop);
}

inline std::string CommitName(int64_t version) { return fmt::format("/t/_delta_log/{:020d}.json", version); }
inline std::string LogName(std::string_view name) { return fmt::format("/t/_delta_log/{}", name); }

constexpr std::string_view kPlainProtocol = R"({"protocol":{"minReaderVersion":1,"minWriterVersion":2}})";

/// A metaData line for `(id long, name string)`; `configuration` is a JSON object.
inline std::string MetadataLine(std::string_view configuration = "{}") {
  return std::string(R"({"metaData":{"id":"5f3e","format":{"provider":"parquet","options":{}},"schemaString":")") +
         R"({\"type\":\"struct\",\"fields\":[{\"name\":\"id\",\"type\":\"long\",\"nullable\":true,\"metadata\":{}},)" +
         R"({\"name\":\"name\",\"type\":\"string\",\"nullable\":true,\"metadata\":{}}]}",)" +
         R"("partitionColumns":[],"configuration":)" + std::string(configuration) + "}}";
}

inline std::string AddLine(std::string_view path) {
  constexpr std::string_view kRest = R"(","partitionValues":{},"size":1,"modificationTime":1,"dataChange":true}})";
  return R"({"add":{"path":")" + std::string(path) + std::string(kRest);
}
inline std::string RemoveLine(std::string_view path) {
  return fmt::format(R"({{"remove":{{"path":"{}","deletionTimestamp":1,"dataChange":true}}}})", path);
}

inline DataType TwoColumns() {
  return {.kind = DataType::Kind::kStruct,
          .fields = {{.name = "id", .type = {.kind = DataType::Kind::kLong}},
                     {.name = "name", .type = {.kind = DataType::Kind::kString}}}};
}

inline AddFile TestAdd(std::string path) {
  return {.path = std::move(path), .size_bytes = 1, .modification_time_ms = 1, .stats = R"({"numRecords":10})"};
}

inline CommitRequest AppendRequest(const std::string& table, int64_t read_version, const std::string& path) {
  CommitRequest request{.table_path = table,
                        .read_version = read_version,
                        .operation = "WRITE",
                        .operation_parameters = {{"mode", "\"Append\""}, {"partitionBy", "[]"}},
                        .blind_append = true};
  request.adds.push_back(TestAdd(path));
  return request;
}

inline CommitRequest CreateRequest(const std::string& table, std::map<std::string, std::string> properties = {}) {
  auto made = MakeNewTable(TwoColumns(), {}, std::move(properties), "", 1);
  NL_CHECK(made.has_value());
  CommitRequest request{.table_path = table, .read_version = -1, .operation = "CREATE TABLE"};
  request.protocol = made->protocol;
  request.metadata = made->metadata;
  return request;
}

inline std::vector<std::string> Paths(const Snapshot& snapshot) {
  std::vector<std::string> paths;
  for (const AddFile& file : snapshot.files()) paths.push_back(file.path);
  std::ranges::sort(paths);
  return paths;
}

}  // namespace neurolake::tables::delta
