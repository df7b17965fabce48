#pragma once
// A client that sends exactly what it is told, over plain sockets or TLS.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <map>

#include "common/check.h"
#include "common/text.h"

namespace neurolake::server {

struct Answer {
  int status = 0;                              ///< 0: the connection ended before a head.
  std::map<std::string, std::string> headers;  ///< Names in lower case.
  std::map<std::string, std::string> trailers;
  std::string body;
  bool complete = false;  ///< The body ended as its framing promised.

  boost::json::value json() const { return boost::json::parse(body); }
  std::string code() const { return std::string(json().as_object().at("code").as_string()); }
};

class Client {
 public:
  explicit Client(uint16_t port, bool tls = false) {
    descriptor_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    NL_CHECK(connect(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    if (!tls) return;
    context_ = SSL_CTX_new(TLS_client_method());
    ssl_ = SSL_new(context_);
    SSL_set_fd(ssl_, descriptor_);
    connected_ = SSL_connect(ssl_) == 1;
  }
  ~Client() {
    if (ssl_ != nullptr) SSL_free(ssl_);
    if (context_ != nullptr) SSL_CTX_free(context_);
    close(descriptor_);
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool connected() const { return connected_; }
  int descriptor() const { return descriptor_; }
  const SSL* ssl() const { return ssl_; }

  bool Write(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ssl_ != nullptr ? SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size()))
                                            : send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(count));
    }
    return true;
  }

  /// Reads one answer; `head_only` for HEAD. Gives up after `timeout` of silence.
  Answer Read(bool head_only = false, int timeout_milliseconds = 15'000) {
    timeout_ = timeout_milliseconds;
    Answer answer;
    std::string line;
    if (!ReadLine(line) || !line.starts_with("HTTP/1.1 ")) return answer;
    answer.status = std::stoi(line.substr(9, 3));
    if (!ReadHeaders(answer.headers)) return answer;
    if (answer.status == 100) return answer;
    if (head_only || answer.status == 204) {
      answer.complete = true;
    } else if (answer.headers.contains("transfer-encoding")) {
      ReadChunks(answer);
    } else if (answer.headers.contains("content-length")) {
      const size_t length = std::stoull(answer.headers["content-length"]);
      while (buffer_.size() < length && Fill()) {
      }
      answer.complete = buffer_.size() >= length;
      answer.body = buffer_.substr(0, length);
      buffer_.erase(0, answer.body.size());
    } else {
      while (Fill()) {
      }
      answer.body = std::move(buffer_);
      answer.complete = true;
    }
    return answer;
  }

  Answer Ask(std::string_view method, std::string_view target, std::string_view body = {},
             std::vector<std::pair<std::string, std::string>> headers = {}) {
    std::string text = fmt::format("{} {} HTTP/1.1\r\nHost: localhost\r\n", method, target);
    for (const auto& [name, value] : headers) text += fmt::format("{}: {}\r\n", name, value);
    if (!body.empty() || method == "POST" || method == "PUT")
      text += fmt::format("Content-Length: {}\r\n", body.size());
    text += "\r\n";
    text += body;
    if (!Write(text)) {
      // The server may answer before it has read everything.
    }
    return Read(method == "HEAD");
  }

  /// With a token and, for a body, a JSON content type.
  Answer Call(std::string_view method, std::string_view target, std::string_view body = {},
              std::vector<std::pair<std::string, std::string>> headers = {}, std::string_view token = "nl_alice") {
    headers.emplace_back("Authorization", "Bearer " + std::string(token));
    if (!body.empty()) headers.emplace_back("Content-Type", "application/json");
    return Ask(method, target, body, std::move(headers));
  }

  Answer Sql(const std::string& sql, const std::string& accept = "application/json") {
    return Call("POST", "/v1/sql", boost::json::serialize(boost::json::value{{"statement", sql}}),
                {{"Accept", accept}});
  }

  /// True when the server has closed the connection within the time.
  bool AwaitEnd(int timeout_milliseconds) {
    timeout_ = timeout_milliseconds;
    while (Fill()) {
    }
    return ended_;
  }

 private:
  bool Fill() {
    if (ssl_ == nullptr || SSL_pending(ssl_) == 0) {
      pollfd ready{descriptor_, POLLIN, 0};
      if (poll(&ready, 1, timeout_) <= 0) return false;
    }
    char piece[65536];
    const ssize_t count =
        ssl_ != nullptr ? SSL_read(ssl_, piece, sizeof piece) : recv(descriptor_, piece, sizeof piece, 0);
    if (count <= 0) {
      ended_ = true;
      return false;
    }
    buffer_.append(piece, static_cast<size_t>(count));
    return true;
  }

  bool ReadLine(std::string& line) {
    size_t end = 0;
    while ((end = buffer_.find("\r\n")) == std::string::npos) {
      if (!Fill()) return false;
    }
    line = buffer_.substr(0, end);
    buffer_.erase(0, end + 2);
    return true;
  }

  bool ReadHeaders(std::map<std::string, std::string>& headers) {
    std::string line;
    while (ReadLine(line)) {
      if (line.empty()) return true;
      const size_t colon = line.find(':');
      headers[LowerAscii(line.substr(0, colon))] = std::string(Trim(std::string_view(line).substr(colon + 1)));
    }
    return false;
  }

  void ReadChunks(Answer& answer) {
    std::string line;
    while (ReadLine(line)) {
      const size_t size = std::stoull(line, nullptr, 16);
      if (size == 0) {
        answer.complete = ReadHeaders(answer.trailers);
        return;
      }
      while (buffer_.size() < size + 2) {
        if (!Fill()) return;
      }
      answer.body += buffer_.substr(0, size);
      buffer_.erase(0, size + 2);
    }
  }

  int descriptor_;
  SSL_CTX* context_ = nullptr;
  SSL* ssl_ = nullptr;
  bool connected_ = true;
  bool ended_ = false;
  int timeout_ = 15'000;
  std::string buffer_;
};

}  // namespace neurolake::server
