#pragma once
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <string>

#include "storage/tests/fake_http_server.h"

namespace neurolake::storage {

/// Objects behind S3's requests, path style, in memory; signatures are not looked at. What goes wrong is said before:
/// each request takes the next of `faults`, and carries on where there is none. Thread-safe.
class FakeS3 {
 public:
  enum class When : uint8_t { kBefore, kAfter };  ///< Of the request's effect.
  struct Fault {
    When when = When::kBefore;
    FakeReply reply;          ///< Instead of the right answer.
    std::string method = "";  ///< Waits for this method; empty: any.
  };

  FakeS3() : server_([this](const FakeRequest& request) { return Handle(request); }) {}

  std::string url() const { return server_.url(); }
  FakeHttpServer& server() { return server_; }
  void Inject(Fault fault) {
    std::lock_guard lock(mutex_);
    faults_.push_back(std::move(fault));
  }
  void MakeBucket(const std::string& name) { buckets_.insert(name); }
  /// Behind the store's back.
  void SetObject(const std::string& bucket_and_key, std::string bytes, std::string writer = "") {
    std::lock_guard lock(mutex_);
    objects_[bucket_and_key] = {std::move(bytes), std::move(writer)};
  }
  std::map<std::string, std::string> Objects() {
    std::lock_guard lock(mutex_);
    std::map<std::string, std::string> found;
    for (const auto& [key, object] : objects_) found[key] = object.bytes;
    return found;
  }
  size_t open_uploads() {
    std::lock_guard lock(mutex_);
    return uploads_.size();
  }
  /// As some gateways do.
  bool drop_metadata = false;
  bool ignore_ranges = false;
  bool ignore_conditions = false;

 private:
  struct Object {
    std::string bytes;
    std::string writer;
  };
  struct Upload {
    std::string key;
    std::string writer;
    std::map<int, std::string> parts;
  };

  FakeReply Handle(const FakeRequest& request);
  FakeReply Apply(const FakeRequest& request);
  FakeReply Get(const FakeRequest& request, const std::string& key);
  FakeReply Store(const FakeRequest& request, const std::string& key, Object object);
  FakeReply List(const FakeRequest& request, const std::string& bucket);
  FakeReply Post(const FakeRequest& request, const std::string& key);
  FakeReply DeleteKeys(const FakeRequest& request, const std::string& bucket);

  std::mutex mutex_;
  std::deque<Fault> faults_;
  std::map<std::string, Object> objects_;
  std::map<std::string, Upload> uploads_;
  std::set<std::string> buckets_ = {"bucket"};
  int next_upload_ = 1;
  FakeHttpServer server_;
};

FakeReply S3Error(int status, const std::string& code);

}  // namespace neurolake::storage
