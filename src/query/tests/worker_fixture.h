#pragma once
// A server that is asked as a worker asks it, by whom one likes, over a catalogue with main.t and shop.x.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <memory>
#include <string>

#include "query/provider_server.h"
#include "query/system_relations.h"
#include "query/tests/table_fixture.h"

namespace neurolake::query {

namespace json = boost::json;
using engine::duckdb::NameChange;
using Kind = NameChange::Kind;

class WorkerFixture : public TableFixture {
 protected:
  void SetUp() override {
    TableFixture::SetUp();
    store_ = storage::NewLocalStore();
    ASSERT_TRUE(catalog_->CreateSchema("shop", false, "").has_value());
    ASSERT_TRUE(catalog_
                    ->AddTable({.id = TableId("x"),
                                .schema_name = "shop",
                                .name = "x",
                                .location = root_ + "/tables/x",
                                .owner = PrincipalId("owner")})
                    .has_value());
  }

  void TearDown() override {
    std::filesystem::remove_all(Places());
    TableFixture::TearDown();
  }
  /// A folder beside the lake, for locations.
  std::string Places() const { return root_ + "_places"; }
  RequestContext As(const std::string& role, const std::string& id, const Clock& clock) const {
    return {{PrincipalId(id), id, role, *RightsOfRole(role)}, "request", "test", clock, SteadyTime::max()};
  }
  /// One that the catalogue knows; its id.
  std::string MakePrincipal(const std::string& name) {
    return catalog_->identities().CreatePrincipal({.name = name, .role = "reader"}).value().id.value();
  }
  /// "" or the error's code.
  static std::string Ask(ProviderServer& server, const json::object& call, json::value* answer = nullptr) {
    const json::object reply = json::parse(server.Handle(json::serialize(call))).as_object();
    if (reply.contains("error")) return std::string(ErrorName(DecodeError(reply.at("error").as_object()).code()));
    if (answer != nullptr) *answer = reply.at("result");
    return "";
  }
  std::string Ask(const std::string& role, const std::string& id, const json::object& call,
                  json::value* answer = nullptr) {
    const RequestContext ctx = As(role, id, clock_);
    ProviderServer server(ctx, *catalog_, *store_, running_, "s", root_ + "/tables");
    if (groups_ != nullptr) server.UseAppendGroups(*groups_);
    return Ask(server, call, answer);
  }
  static json::object Action(const std::string& action, const json::object& arguments) {
    return {{"method", "maintain"}, {"action", action}, {"arguments", json::serialize(arguments)}};
  }
  static json::object Change(const NameChange& change) {
    json::object call = EncodeChange(change);
    call["method"] = "change_name";
    return call;
  }
  static json::object Create(const engine::duckdb::TableCreation& creation) {
    json::object call = EncodeCreation(creation);
    call["method"] = "prepare_table";
    return call;
  }
  static json::object Find(const std::string& schema, const std::string& name) {
    return {{"method", "find_table"}, {"schema", schema}, {"name", name}};
  }
  void Grant(const std::string& id, const std::string& role, const std::string& privilege, bool denied) {
    ASSERT_TRUE(catalog_
                    ->AddGrant({.securable_kind = "relation",
                                .securable_id = id,
                                .grantee_kind = "role",
                                .grantee_id = role,
                                .privilege = privilege,
                                .denied = denied,
                                .granted_by = "admin",
                                .created = clock_.Now()})
                    .has_value());
  }
  void Deny(const std::string& id, const std::string& role, const std::string& privilege) {
    Grant(id, role, privilege, true);
  }
  void ProtectRows(const std::string& table) {
    const json::object plan{{"restrictive", false},
                            {"to", json::array{{{"kind", "public"}, {"name", ""}}}},
                            {"value", {{"policy", "mine"}, {"sql", "a > 1"}, {"columns", json::array()}}}};
    EXPECT_EQ(Ask("admin", "a",
                  Action("create_policy", {{"table", table},
                                           {"kind", "row"},
                                           {"name", "mine"},
                                           {"definition", "USING (a > 1)"},
                                           {"column", ""},
                                           {"replace", false},
                                           {"if_not_exists", false},
                                           {"plan", json::serialize(plan)}})),
              "");
  }

  std::unique_ptr<storage::ObjectStore> store_;
  RunningStatements running_;
  Metrics metrics_;
  std::unique_ptr<AppendGroups> groups_;
};

}  // namespace neurolake::query
