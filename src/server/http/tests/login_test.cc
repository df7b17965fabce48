// Browsers' sessions, users and identities over HTTP; what a request shows, and what it cannot.
#include "server/http/internal/login_box.h"
#include "server/http/tests/server_fixture.h"

namespace neurolake::server {
namespace {

constexpr const char* kPassword = "correct horse battery";

class LoginTest : public ServerTest {
 protected:
  Answer Ask(const std::string& method, const std::string& path, const std::string& headers,
             const std::string& body = {}) {
    Client client(port());
    client.Write(fmt::format("{} {} HTTP/1.1\r\nHost: a\r\n{}{}\r\n{}", method, path, headers,
                             body.empty() && (method == "GET" || method == "POST" || method == "DELETE")
                                 ? ""
                                 : fmt::format("Content-Type: application/json\r\nContent-Length: {}\r\n", body.size()),
                             body));
    return client.Read();
  }
  Answer AsAdmin(const std::string& method, const std::string& path, const std::string& body = {}) {
    return Ask(method, path, "Authorization: Bearer nl_admin\r\n", body);
  }
  Answer Login(const std::string& name, const std::string& password, const std::string& headers = {}) {
    return Ask("POST", "/v1/login", headers, fmt::format(R"({{"name":"{}","password":"{}"}})", name, password));
  }
  void MakeUser(const std::string& name, const std::string& role = "writer") {
    ASSERT_EQ(AsAdmin("POST", "/v1/users", fmt::format(R"({{"name":"{}","role":"{}"}})", name, role)).status, 201);
    ASSERT_EQ(
        AsAdmin("PUT", "/v1/users/" + name + "/password", fmt::format(R"({{"password":"{}"}})", kPassword)).status,
        204);
  }
  std::string Origin() const { return fmt::format("Origin: {}\r\n", server_->url()); }
  static std::string Cookie(const Answer& answer) {
    const std::string& cookie = answer.headers.at("set-cookie");
    return "Cookie: " + cookie.substr(0, cookie.find(';')) + "\r\n";
  }
};

TEST_F(LoginTest, APasswordOpensASession) {
  Start();
  MakeUser("anna");
  const Answer in = Login("Anna", kPassword);
  ASSERT_EQ(in.status, 200) << in.body;
  const std::string cookie = in.headers.at("set-cookie");
  EXPECT_TRUE(cookie.starts_with("neurolake_session=nls_")) << cookie;
  EXPECT_NE(cookie.find("; Path=/; Max-Age=43200; HttpOnly; SameSite=Lax"), std::string::npos) << cookie;
  const Answer me = Ask("GET", "/v1/me", Cookie(in));
  ASSERT_EQ(me.status, 200) << me.body;
  EXPECT_EQ(me.json().at("principal"), "anna");
  EXPECT_EQ(me.json().at("kind"), "user");
  EXPECT_EQ(me.json().at("authentication"), "password");
  EXPECT_THAT(service_.changes, testing::Contains("anna begin_session"));
  EXPECT_EQ(Ask("POST", "/v1/logout", Cookie(in) + Origin()).status, 204);
  EXPECT_EQ(Ask("GET", "/v1/me", Cookie(in)).status, 401);
}

TEST_F(LoginTest, RefusalsReadTheSame) {
  Start();
  MakeUser("anna");
  const Answer wrong = Login("anna", "wrong");
  const Answer absent = Login("absent", kPassword);
  EXPECT_EQ(wrong.status, 401);
  EXPECT_EQ(absent.status, 401);
  EXPECT_EQ(wrong.json().at("detail"), absent.json().at("detail"));
  EXPECT_FALSE(wrong.headers.contains("set-cookie"));
  EXPECT_EQ(Ask("POST", "/v1/login", "", R"({"name":"anna"})").status, 400);
  EXPECT_EQ(Ask("POST", "/v1/login", "", R"({"name":"anna","password":"x","role":"admin"})").status, 400);
}

TEST_F(LoginTest, AnAddressIsToldWhenItMayTryAgain) {
  settings_.login_attempts_per_address = 2;
  Start();
  EXPECT_EQ(Login("a", "x").status, 401);
  // Whatever proxies, or who wants to be one, write.
  EXPECT_EQ(Login("a", "x", "X-Forwarded-For: 10.0.0.1\r\nForwarded: for=10.0.0.1\r\n").status, 401);
  const Answer refused = Login("a", "x", "X-Forwarded-For: 10.0.0.2\r\nX-Real-IP: 10.0.0.2\r\n");
  EXPECT_EQ(refused.status, 429);
  EXPECT_GE(std::stoi(refused.headers.at("retry-after")), 1);
}

TEST_F(LoginTest, PagesOfOthersChangeNothing) {
  Start();
  MakeUser("anna");
  const std::string cookie = Cookie(Login("anna", kPassword));
  const std::string sql = R"({"statement":"ROWS 1"})";
  EXPECT_EQ(Ask("POST", "/v1/sql", cookie + Origin(), sql).status, 200);
  EXPECT_EQ(Ask("POST", "/v1/sql", cookie + "Sec-Fetch-Site: same-origin\r\n", sql).status, 200);
  for (const char* headers :
       {"", "Origin: https://evil.example\r\n", "Origin: null\r\n", "Sec-Fetch-Site: cross-site\r\n",
        "Origin: https://evil.example\r\nSec-Fetch-Site: same-origin\r\n", "Sec-Fetch-Site: same-site\r\n",
        "Referer: http://127.0.0.1/\r\n"}) {
    EXPECT_EQ(Ask("POST", "/v1/sql", cookie + headers, sql).status, 403) << headers;
    EXPECT_EQ(Ask("POST", "/v1/logout", cookie + headers).status, 403) << headers;
  }
  EXPECT_EQ(Login("anna", kPassword, "Origin: https://evil.example\r\n").status, 403);
  EXPECT_EQ(Login("anna", kPassword, Origin()).status, 200);
}

TEST_F(LoginTest, WhatIsShownAndWrongIsRefused) {
  Start();
  MakeUser("anna");
  const std::string cookie = Cookie(Login("anna", kPassword));
  const std::string token = "Authorization: Bearer nl_alice\r\n";
  EXPECT_EQ(Ask("GET", "/v1/me", cookie + token).json().at("principal"), "alice");
  EXPECT_EQ(Ask("GET", "/v1/me", cookie + "Authorization: Bearer nl_expired\r\n").status, 401);
  EXPECT_EQ(Ask("GET", "/v1/me", cookie + "Authorization: Basic YTpi\r\n").status, 401);
  EXPECT_EQ(Ask("GET", "/v1/me", cookie + "Authorization: \r\n").status, 401);
  const std::string value = cookie.substr(8, cookie.size() - 10);
  EXPECT_EQ(Ask("GET", "/v1/me", "Cookie: " + value + "; " + value + "\r\n").status, 401);
  EXPECT_EQ(Ask("GET", "/v1/me", cookie + cookie).status, 400);
  EXPECT_EQ(Ask("GET", "/v1/me", "Cookie: a=b; " + value + "; c=d\r\n").status, 200);
  EXPECT_EQ(Ask("GET", "/v1/me", "Cookie: __Host-" + value + "\r\n").status, 401);
  for (const char* header : {"X-Forwarded-User", "X-Remote-User", "Remote-User", "X-Auth-Request-User", "X-User",
                             "X-Forwarded-Email", "X-Client-Cert", "X-SSL-Client-S-DN", "X-Forwarded-Client-Cert"}) {
    EXPECT_EQ(Ask("GET", "/v1/me", fmt::format("{}: admin\r\n", header)).status, 401) << header;
    EXPECT_EQ(Ask("GET", "/v1/me", fmt::format("{}{}: admin\r\n", token, header)).json().at("principal"), "alice");
  }
}

TEST_F(LoginTest, WhoIsRefusedIsToldToTheAuditLogOnce) {
  Start();
  const int before = service_.refusals;
  EXPECT_EQ(Ask("GET", "/v1/me", "Cookie: neurolake_session=nls_0123456789abcdef\r\n").status, 401);
  EXPECT_EQ(service_.refusals, before + 1);
  EXPECT_EQ(Login("nobody", "wrong").status, 401);
  EXPECT_EQ(service_.refusals, before + 2);
  // Of the lake's own tokens the service tells itself; who shows nothing is refused nothing.
  EXPECT_EQ(Ask("GET", "/v1/me", "Authorization: Bearer nl_expired\r\n").status, 401);
  EXPECT_EQ(Ask("GET", "/v1/me", "").status, 401);
  EXPECT_EQ(Ask("GET", "/v1/me", "Authorization: Bearer nl_alice\r\n").status, 200);
  EXPECT_EQ(service_.refusals, before + 2);
}

TEST_F(LoginTest, UsersAreForWhoManages) {
  Start();
  const std::string engineer = "Authorization: Bearer nl_alice\r\n";
  EXPECT_EQ(Ask("GET", "/v1/users", engineer).status, 403);
  EXPECT_EQ(Ask("POST", "/v1/users", engineer, R"({"name":"x","role":"admin"})").status, 403);
  EXPECT_EQ(Ask("PATCH", "/v1/users/x", engineer, R"({"role":"admin"})").status, 403);
  EXPECT_EQ(Ask("PUT", "/v1/users/x/password", engineer, R"({"password":"aaaaaaaaaaaa"})").status, 403);
  EXPECT_EQ(Ask("DELETE", "/v1/users/x/password", engineer).status, 403);
  EXPECT_EQ(Ask("GET", "/v1/identities", engineer).status, 403);
  const std::string identity = R"({"principal":"alice","issuer":"https://i","subject":"s"})";
  EXPECT_EQ(Ask("POST", "/v1/identities", engineer, identity).status, 403);
  EXPECT_EQ(Ask("DELETE", "/v1/identities?issuer=https%3A%2F%2Fi&subject=s", engineer).status, 403);
  EXPECT_THAT(service_.changes, testing::IsEmpty());
  MakeUser("anna");
  EXPECT_EQ(AsAdmin("POST", "/v1/users", R"({"name":"Anna","role":"reader"})").status, 409);
  EXPECT_EQ(
      AsAdmin("POST", "/v1/users", R"({"name":"bot","kind":"agent","role":"reader","on_behalf_of":"anna"})").status,
      201);
  EXPECT_EQ(AsAdmin("POST", "/v1/users", R"({"name":"b2","kind":"robot","role":"reader"})").status, 400);
  EXPECT_EQ(AsAdmin("PUT", "/v1/users/anna/password", R"({"password":"short"})").status, 400);
  EXPECT_EQ(AsAdmin("PUT", "/v1/users/absent/password", R"({"password":"long enough to be one"})").status, 404);
  const std::string cookie = Cookie(Login("anna", kPassword));
  const Answer disabled = AsAdmin("PATCH", "/v1/users/anna", R"({"disabled":true})");
  ASSERT_EQ(disabled.status, 200);
  EXPECT_EQ(disabled.json().at("disabled"), true);
  EXPECT_EQ(Ask("GET", "/v1/me", cookie).status, 401);
  EXPECT_EQ(Login("anna", kPassword).status, 401);
  EXPECT_EQ(AsAdmin("PATCH", "/v1/users/local", R"({"disabled":true})").status, 400);
  EXPECT_EQ(AsAdmin("POST", "/v1/identities", R"({"principal":"anna","issuer":"https://i","subject":"s"})").status,
            204);
  EXPECT_EQ(AsAdmin("POST", "/v1/identities", R"({"principal":"bot","issuer":"https://i","subject":"t"})").status, 400);
  EXPECT_EQ(AsAdmin("GET", "/v1/identities").json().at("identities").as_array().size(), 1U);
  EXPECT_EQ(AsAdmin("DELETE", "/v1/identities?issuer=https%3A%2F%2Fi&subject=s").status, 204);
  EXPECT_EQ(AsAdmin("DELETE", "/v1/identities?issuer=https%3A%2F%2Fi&subject=s").status, 404);
}

TEST_F(LoginTest, ChangesOfUsersAreInTheAuditLogBeforeTheyAreMade) {
  Start();
  MakeUser("anna");
  MakeUser("admin", "admin");
  service_.changes.clear();
  const std::string identity = "/v1/identities?issuer=https%3A%2F%2Fi&subject=s";
  EXPECT_EQ(AsAdmin("POST", "/v1/users", R"({"name":"berta","role":"reader"})").status, 201);
  EXPECT_EQ(AsAdmin("PATCH", "/v1/users/anna", R"({"role":"reader"})").status, 200);
  EXPECT_EQ(AsAdmin("PUT", "/v1/users/anna/password", R"({"password":"long enough to be one"})").status, 204);
  EXPECT_EQ(AsAdmin("DELETE", "/v1/users/anna/password").status, 204);
  EXPECT_EQ(AsAdmin("POST", "/v1/identities", R"({"principal":"anna","issuer":"https://i","subject":"s"})").status,
            204);
  EXPECT_EQ(AsAdmin("DELETE", identity).status, 204);
  EXPECT_THAT(service_.changes,
              testing::ElementsAre("admin create_user", "admin alter_user", "admin set_password",
                                   "admin remove_password", "admin bind_identity", "admin unbind_identity"));
  // So one who manages the lake stays.
  const Answer oneself = AsAdmin("PATCH", "/v1/users/Admin", R"({"disabled":true})");
  EXPECT_EQ(oneself.status, 400);
  EXPECT_NE(oneself.body.find("nobody disables themselves"), std::string::npos) << oneself.body;
  EXPECT_EQ(service_.changes.size(), 6U);
}

TEST_F(LoginTest, OnesOwnPasswordIsChangedWithIt) {
  Start();
  MakeUser("anna");
  const std::string cookie = Cookie(Login("anna", kPassword)) + Origin();
  EXPECT_EQ(Ask("PUT", "/v1/me/password", cookie, R"({"current":"wrong","new":"another long one"})").status, 401);
  EXPECT_EQ(Ask("PUT", "/v1/me/password", cookie, fmt::format(R"({{"current":"{}","new":"short"}})", kPassword)).status,
            400);
  EXPECT_EQ(
      Ask("PUT", "/v1/me/password", cookie, fmt::format(R"({{"current":"{}","new":"another long one"}})", kPassword))
          .status,
      204);
  EXPECT_EQ(Ask("GET", "/v1/me", cookie).status, 401);  // It ended the sessions.
  EXPECT_THAT(service_.changes, testing::Contains("anna set_password"));
  EXPECT_EQ(Login("anna", kPassword).status, 401);
  EXPECT_EQ(Login("anna", "another long one").status, 200);
}

TEST_F(LoginTest, TheWayBackIsOneOfOurs) {
  for (const char* path : {"/", "/a", "/a?b=c&d=%2F%2Fx", "/a#b"}) EXPECT_EQ(LocalPath(path), path);
  EXPECT_EQ(LocalPath(""), "/");
  for (const char* path :
       {"//evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example", "evil", "/a\tb",
        "/\t/evil.example", "/\n", "javascript:alert(1)", " /a", "/a b", "/\xC3\xA4", "/a\\b"}) {
    EXPECT_EQ(LocalPath(path), std::nullopt) << path;
  }
  EXPECT_EQ(LocalPath("/" + std::string(2000, 'a')), std::nullopt);
  Start();
  EXPECT_EQ(Ask("GET", "/v1/login", "").status, 404);  // Without a provider.
}

TEST(LoginBoxTest, OpensWhatItSealedUntilItExpires) {
  FakeClock clock;
  const LoginBox box;
  const PendingLogin pending{.login = {.state = "s", .nonce = "n", .code_verifier = "v"},
                             .return_to = "/x",
                             .expires = clock.Now() + std::chrono::minutes(10)};
  const std::string sealed = box.Seal(pending);
  EXPECT_EQ(sealed.find("return_to"), std::string::npos);
  EXPECT_NE(sealed, box.Seal(pending));
  const auto opened = box.Open(sealed, clock.Now());
  ASSERT_TRUE(opened.has_value());
  EXPECT_EQ(opened->login.state + opened->login.nonce + opened->login.code_verifier + opened->return_to, "snv/x");
  std::string altered = sealed;
  altered[40] = altered[40] == 'A' ? 'B' : 'A';
  EXPECT_FALSE(box.Open(altered, clock.Now()).has_value());
  EXPECT_FALSE(box.Open("", clock.Now()).has_value());
  EXPECT_FALSE(box.Open(sealed.substr(0, 20), clock.Now()).has_value());
  EXPECT_FALSE(LoginBox().Open(sealed, clock.Now()).has_value());  // Another process.
  EXPECT_FALSE(box.Open(sealed, pending.expires).has_value());
}

}  // namespace
}  // namespace neurolake::server
