#include "storage/tests/fake_s3.h"

#include <algorithm>

#include "storage/internal/http_answers.h"
#include "storage/internal/xml.h"

namespace neurolake::storage {

FakeReply S3Error(int status, const std::string& code) {
  // The text has what real ones have: it must never be shown.
  return {.status = status,
          .headers = {},
          .body = "<?xml version=\"1.0\"?><Error><Code>" + code +
                  "</Code><Message>the secret is hunter2</Message><StringToSign>hunter2</StringToSign></Error>"};
}

FakeReply FakeS3::Handle(const FakeRequest& request) {
  std::lock_guard lock(mutex_);
  const auto fault =
      std::ranges::find_if(faults_, [&](const Fault& f) { return f.method.empty() || f.method == request.method; });
  if (fault == faults_.end()) return Apply(request);
  const Fault struck = *fault;
  faults_.erase(fault);
  FakeReply right;
  if (struck.when == When::kAfter) right = Apply(request);
  FakeReply reply = struck.reply;
  // Half of the right answer, not half of nothing.
  if (reply.fault == FakeReply::Fault::kTruncated || reply.fault == FakeReply::Fault::kClosing) {
    const auto kind = reply.fault;
    reply = struck.when == When::kAfter ? right : Apply(request);
    reply.fault = kind;
  }
  return reply;
}

FakeReply FakeS3::Apply(const FakeRequest& request) {
  const std::string rest = request.path.substr(1);
  const size_t slash = std::min(rest.find('/'), rest.size());
  const std::string bucket = rest.substr(0, slash);
  const std::string key = rest.substr(std::min(slash + 1, rest.size()));
  if (!buckets_.contains(bucket))
    return request.method == "HEAD" ? FakeReply{.status = 404} : S3Error(404, "NoSuchBucket");
  const std::string name = bucket + "/" + key;
  if (request.method == "GET" && key.empty()) return List(request, bucket);
  if (request.method == "POST")
    return request.query.contains("delete") ? DeleteKeys(request, bucket) : Post(request, name);
  if (request.method == "GET" || request.method == "HEAD") return Get(request, name);
  if (request.method == "DELETE") {
    if (request.query.contains("uploadId")) uploads_.erase(request.query.at("uploadId"));
    else objects_.erase(name);
    return {.status = 204};
  }
  if (request.query.contains("uploadId")) {
    const auto upload = uploads_.find(request.query.at("uploadId"));
    if (upload == uploads_.end()) return S3Error(404, "NoSuchUpload");
    upload->second.parts[std::stoi(request.query.at("partNumber"))] = request.body;
    return {.headers = {{"ETag", "\"part\""}}};
  }
  const auto writer = request.headers.find("x-amz-meta-nl-writer");
  return Store(request, name, {request.body, writer == request.headers.end() ? "" : writer->second});
}

FakeReply FakeS3::Store(const FakeRequest& request, const std::string& key, Object object) {
  const bool conditional = request.headers.contains("if-none-match") && !ignore_conditions;
  if (conditional && objects_.contains(key)) return S3Error(412, "PreconditionFailed");
  if (drop_metadata) object.writer.clear();
  objects_[key] = std::move(object);
  return {.headers = {{"ETag", "\"whole\""}}};
}

FakeReply FakeS3::Get(const FakeRequest& request, const std::string& key) {
  const auto found = objects_.find(key);
  if (found == objects_.end()) return request.method == "HEAD" ? FakeReply{.status = 404} : S3Error(404, "NoSuchKey");
  FakeReply reply{.headers = {{"Last-Modified", "Wed, 21 Oct 2015 07:28:00 GMT"}}, .body = found->second.bytes};
  if (!found->second.writer.empty()) reply.headers.emplace_back("x-amz-meta-nl-writer", found->second.writer);
  const auto range = request.headers.find("range");
  if (range == request.headers.end() || ignore_ranges) return reply;
  const std::string text = range->second.substr(6);
  const size_t first = std::stoul(text);
  const size_t last = std::min(std::stoul(text.substr(text.find('-') + 1)), reply.body.size() - 1);
  if (first >= reply.body.size()) return S3Error(416, "InvalidRange");
  reply.status = 206;
  reply.headers.emplace_back("Content-Range", fmt::format("bytes {}-{}/{}", first, last, reply.body.size()));
  reply.body = reply.body.substr(first, last - first + 1);
  return reply;
}

FakeReply FakeS3::List(const FakeRequest& request, const std::string& bucket) {
  const auto text = [&](const char* name) {
    const auto found = request.query.find(name);
    return found == request.query.end() ? std::string() : found->second;
  };
  const std::string prefix = text("prefix");
  const std::string after = std::max(text("start-after"), text("continuation-token"));
  const size_t page = std::stoul(text("max-keys"));
  std::string body = "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
  size_t count = 0;
  std::string last;
  bool truncated = false;
  for (auto at = objects_.upper_bound(bucket + "/" + after); at != objects_.end(); ++at) {
    if (!at->first.starts_with(bucket + "/")) break;
    const std::string key = at->first.substr(bucket.size() + 1);
    if (!key.starts_with(prefix)) continue;
    if (!text("delimiter").empty() && key.substr(prefix.size()).contains('/')) continue;
    if (count == page) {
      truncated = true;
      break;
    }
    body += fmt::format(
        "<Contents><Key>{}</Key><LastModified>2015-10-21T07:28:00.000Z</LastModified><Size>{}</Size></Contents>",
        internal::EscapeXml(key), at->second.bytes.size());
    last = key;
    ++count;
  }
  body += fmt::format("<IsTruncated>{}</IsTruncated>", truncated);
  if (truncated) body += "<NextContinuationToken>" + internal::EscapeXml(last) + "</NextContinuationToken>";
  return {.headers = {}, .body = body + "</ListBucketResult>"};
}

FakeReply FakeS3::Post(const FakeRequest& request, const std::string& key) {
  if (request.query.contains("uploads")) {
    const std::string id = std::to_string(next_upload_++);
    const auto writer = request.headers.find("x-amz-meta-nl-writer");
    uploads_[id] = {.key = key, .writer = writer == request.headers.end() ? "" : writer->second, .parts = {}};
    return {.headers = {},
            .body = "<InitiateMultipartUploadResult><UploadId>" + id + "</UploadId></InitiateMultipartUploadResult>"};
  }
  const auto upload = uploads_.find(request.query.at("uploadId"));
  if (upload == uploads_.end()) return S3Error(404, "NoSuchUpload");
  Object object{.bytes = {}, .writer = upload->second.writer};
  for (const auto& [number, bytes] : upload->second.parts) object.bytes += bytes;
  FakeReply reply = Store(request, upload->second.key, std::move(object));
  if (reply.status != 200) return reply;
  uploads_.erase(upload);
  return {.headers = {}, .body = "<CompleteMultipartUploadResult/>"};
}

FakeReply FakeS3::DeleteKeys(const FakeRequest& request, const std::string& bucket) {
  const auto xml = internal::ParseXml(request.body, "Delete");
  for (const pugi::xml_node node : (*xml)->document_element().children("Object")) {
    objects_.erase(bucket + "/" + node.child_value("Key"));
  }
  return {.headers = {}, .body = "<DeleteResult/>"};
}

}  // namespace neurolake::storage
