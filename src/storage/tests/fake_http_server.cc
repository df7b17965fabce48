#include "storage/tests/fake_http_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/text.h"

namespace neurolake::storage {
namespace {

std::string Decode(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string PemOf(const std::function<void(BIO*)>& write) {
  const std::unique_ptr<BIO, int (*)(BIO*)> out(BIO_new(BIO_s_mem()), &BIO_free);
  write(out.get());
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  return std::string(text, static_cast<size_t>(size));
}

std::shared_ptr<SSL_CTX> MakeTls(const FakeCertificate& certificate) {
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free);
  const auto source = [](const std::string& text) {
    return std::unique_ptr<BIO, int (*)(BIO*)>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &BIO_free);
  };
  X509* made = PEM_read_bio_X509(source(certificate.certificate).get(), nullptr, nullptr, nullptr);
  EVP_PKEY* key = PEM_read_bio_PrivateKey(source(certificate.key).get(), nullptr, nullptr, nullptr);
  SSL_CTX_use_certificate(context.get(), made);
  SSL_CTX_use_PrivateKey(context.get(), key);
  X509_free(made);
  EVP_PKEY_free(key);
  return context;
}

FakeRequest ParseHead(const std::string& head) {
  FakeRequest request;
  const auto lines = Split(head, '\n');
  const auto words = Split(std::string(Trim(lines.front())), ' ');
  request.method = words.at(0);
  const std::string& target = words.at(1);
  request.path = Decode(target.substr(0, target.find('?')));
  if (target.contains('?')) {
    for (const std::string& pair : Split(target.substr(target.find('?') + 1), '&')) {
      const size_t equals = std::min(pair.find('='), pair.size());
      request.query[Decode(pair.substr(0, equals))] = equals == pair.size() ? "" : Decode(pair.substr(equals + 1));
    }
  }
  for (size_t i = 1; i < lines.size(); ++i) {
    const size_t colon = lines[i].find(':');
    if (colon == std::string::npos) continue;
    request.headers[LowerAscii(lines[i].substr(0, colon))] = std::string(Trim(lines[i].substr(colon + 1)));
  }
  return request;
}

}  // namespace

FakeCertificate MakeFakeCertificate(const std::string& name) {
  const std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key(EVP_RSA_gen(2048), &EVP_PKEY_free);
  const std::unique_ptr<X509, void (*)(X509*)> made(X509_new(), &X509_free);
  X509_set_version(made.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), 3600);
  X509_set_pubkey(made.get(), key.get());
  X509_NAME* subject = X509_get_subject_name(made.get());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
  X509_set_issuer_name(made.get(), subject);
  for (const auto& [id, value] : {std::pair<int, std::string>{NID_subject_alt_name, name},
                                  std::pair<int, std::string>{NID_basic_constraints, "critical,CA:TRUE"}}) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, id, value.c_str());
    X509_add_ext(made.get(), extension, -1);
    X509_EXTENSION_free(extension);
  }
  X509_sign(made.get(), key.get(), EVP_sha256());
  return {
      .certificate = PemOf([&](BIO* out) { PEM_write_bio_X509(out, made.get()); }),
      .key = PemOf([&](BIO* out) { PEM_write_bio_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr); })};
}

/// A connection, with TLS or without.
class FakeHttpServer::Stream {
 public:
  Stream(int descriptor, SSL_CTX* tls) : descriptor_(descriptor), ssl_(nullptr, &SSL_free) {
    if (tls == nullptr) return;
    ssl_.reset(SSL_new(tls));
    SSL_set_fd(ssl_.get(), descriptor);
    open_ = SSL_accept(ssl_.get()) == 1;
  }
  bool open() const { return open_; }
  int64_t Receive(char* piece, size_t size) {
    return ssl_ == nullptr ? ::recv(descriptor_, piece, size, 0) : SSL_read(ssl_.get(), piece, static_cast<int>(size));
  }
  bool SendAll(std::string_view bytes) {
    while (!bytes.empty()) {
      const int64_t count = ssl_ == nullptr ? ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL)
                                            : SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()));
      if (count <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(count));
    }
    return true;
  }

 private:
  int descriptor_;
  std::unique_ptr<SSL, void (*)(SSL*)> ssl_;
  bool open_ = true;
};

FakeHttpServer::FakeHttpServer(Handler handler, std::optional<FakeCertificate> tls) : handler_(std::move(handler)) {
  if (tls.has_value()) {
    tls_ = MakeTls(*tls);
    ::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to connections that the other side closed.
  }
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof(address));
  ::listen(listener_, 64);
  socklen_t size = sizeof(address);
  ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { Accept(); });
}

FakeHttpServer::~FakeHttpServer() {
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    for (const int descriptor : open_) ::shutdown(descriptor, SHUT_RDWR);
  }
  for (std::thread& thread : threads_) thread.join();
  ::close(listener_);
}

std::string FakeHttpServer::url() const {
  return fmt::format("{}://127.0.0.1:{}", tls_ == nullptr ? "http" : "https", port_);
}

std::vector<FakeRequest> FakeHttpServer::requests() const {
  std::lock_guard lock(mutex_);
  return requests_;
}

void FakeHttpServer::Accept() {
  while (true) {
    const int descriptor = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (descriptor < 0) return;
    const int number = ++connections_;
    std::lock_guard lock(mutex_);
    open_.push_back(descriptor);
    threads_.emplace_back([this, descriptor, number] { Serve(descriptor, number); });
  }
}

void FakeHttpServer::Serve(int descriptor, int connection) {
  {
    Stream stream(descriptor, tls_.get());
    if (stream.open()) ServeStream(stream, connection);
  }
  std::lock_guard lock(mutex_);
  std::erase(open_, descriptor);
  ::close(descriptor);
}

void FakeHttpServer::ServeStream(Stream& stream, int connection) {
  std::string buffer;
  while (true) {
    size_t head_end = std::string::npos;
    size_t wanted = 0;
    FakeRequest request;
    while (head_end == std::string::npos || buffer.size() < wanted) {
      char piece[65536];
      const int64_t count = stream.Receive(piece, sizeof(piece));
      if (count <= 0) return;
      buffer.append(piece, static_cast<size_t>(count));
      if (head_end != std::string::npos) continue;
      head_end = buffer.find("\r\n\r\n");
      if (head_end == std::string::npos) continue;
      request = ParseHead(buffer.substr(0, head_end));
      wanted = head_end + 4;
      if (request.headers.contains("content-length")) wanted += std::stoul(request.headers["content-length"]);
    }
    request.body = buffer.substr(head_end + 4, wanted - head_end - 4);
    request.connection = connection;
    buffer.erase(0, wanted);
    {
      std::lock_guard lock(mutex_);
      requests_.push_back(request);
    }
    if (!Send(stream, handler_(request), request.method != "HEAD")) return;
  }
}

bool FakeHttpServer::Send(Stream& stream, const FakeReply& reply, bool with_body) {
  using Fault = FakeReply::Fault;
  if (reply.fault == Fault::kLost) return false;
  if (reply.fault == Fault::kGarbage) return stream.SendAll("no such thing as HTTP\r\n\r\n") && false;
  if (reply.fault == Fault::kSilent) {
    char ignored;
    (void)stream.Receive(&ignored, 1);  // Until either side gives up.
    return false;
  }
  std::string head = fmt::format("HTTP/1.1 {} Status\r\n", reply.status);
  bool has_length = false;
  for (const auto& [name, value] : reply.headers) {
    head += name + ": " + value + "\r\n";
    has_length = has_length || LowerAscii(name) == "content-length";
  }
  if (!has_length && reply.status != 204) head += fmt::format("Content-Length: {}\r\n", reply.body.size());
  std::string_view body = with_body ? std::string_view(reply.body) : std::string_view();
  if (reply.fault == Fault::kTruncated) body = body.substr(0, body.size() / 2);
  const bool sent = stream.SendAll(head + "\r\n" + std::string(body));  // At once: in two it would wait for an answer.
  return sent && reply.fault == Fault::kNone;
}

}  // namespace neurolake::storage
