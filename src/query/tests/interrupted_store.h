#pragma once
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "metastore/database.h"

namespace neurolake::query {

/// A metadata store in which somebody else does something right after it was read. Borrows the store.
class InterruptedStore final : public metastore::Store {
 public:
  explicit InterruptedStore(metastore::Store& inner) : inner_(inner) {}
  /// Once, after the next reading statement that has `text` in it.
  void After(std::string text, std::function<void()> action) {
    text_ = std::move(text);
    action_ = std::move(action);
  }

  std::string kind() const override { return inner_.kind(); }
  Result<void> Write(const std::function<Result<void>(metastore::Session&)>& body) override {
    return inner_.Write(body);
  }
  Result<void> Read(const std::function<Result<void>(metastore::Session&)>& body) override { return inner_.Read(body); }
  Result<std::vector<metastore::Row>> ReadOnce(std::string_view sql,
                                               const std::vector<metastore::Value>& parameters) override {
    auto rows = inner_.ReadOnce(sql, parameters);
    if (action_ && sql.find(text_) != std::string_view::npos) std::exchange(action_, nullptr)();
    return rows;
  }
  Result<int64_t> WriteRelaxed(std::string_view sql, const std::vector<metastore::Value>& parameters) override {
    return inner_.WriteRelaxed(sql, parameters);
  }
  Result<void> WriteAlone(const std::function<Result<void>(metastore::Session&)>& body) override {
    return inner_.WriteAlone(body);
  }
  Result<void> BackupTo(const std::string& path) override { return inner_.BackupTo(path); }
  Result<void> RestoreFrom(const std::string& path) override { return inner_.RestoreFrom(path); }
  Result<void> Scrub() override { return inner_.Scrub(); }

 private:
  metastore::Store& inner_;
  std::string text_;
  std::function<void()> action_;
};

}  // namespace neurolake::query
