// Models in files, but for llama.cpp itself: what is asked of its program, and what becomes of all that it may do.
#include "models/local.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/json/serialize.hpp>
#include <filesystem>
#include <fstream>

#include "models/internal/helper_process.h"
#include "models/tests/scripted_provider.h"

namespace neurolake::models {
namespace {

namespace json = boost::json;
using testing::HasSubstr;
using testing::Not;

const SystemClock kClock;
constexpr const char* kReady = R"(echo '{"ready":true}')";

/// A folder with a program that is a shell script, and with files.
class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "nl-local-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }

  std::string File(const std::string& name, const std::string& bytes) const {
    std::ofstream(path_ + "/" + name) << bytes;
    return path_ + "/" + name;
  }
  /// `script` runs in the folder. It has no environment, nor has anything that it starts.
  std::string Program(const std::string& script) const {
    const std::string path = File("program", "#!/bin/sh\ncd " + path_ + "\n" + script + "\n");
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    return path;
  }
  std::string Read(const std::string& name) const {
    std::ifstream stream(path_ + "/" + name);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  LocalModel Model(const std::string& script) const {
    auto model = NewLocalModel({.program = Program(script), .file = File("toy.gguf", "GGUF and more")});
    return std::move(model.value());
  }

 private:
  std::string path_;
};

ChatRequest Question(std::string schema = "") {
  return {.messages = {{Role::kSystem, "Be brief."}, {Role::kUser, "canary-4711"}},
          .output_schema_json = std::move(schema),
          .output_tokens_max = 7};
}

/// A script that answers every line it reads with the lines of `answer`, in which $n is the request's number.
std::string Answering(const std::string& answer) {
  return fmt::format(R"({}
n=0
while read -r line; do
  n=$((n + 1)); echo "$line" >> asked
  {}
done)",
                     kReady, answer);
}

TEST(LocalModelTest, AsksAndReadsAnAnswer) {
  const Folder folder;
  const auto model = folder.Model(
      Answering(R"(echo "{\"id\":$n,\"piece\":\"hi\",\"done\":{\"stop\":\"end\",\"input\":9,\"output\":2}}")"));
  const auto answer = model.chat->Chat(ContextOf(kClock), Question(R"({"type":"object"})"), nullptr);
  ASSERT_TRUE(answer.has_value()) << answer.error().message();
  EXPECT_EQ(answer->text, "hi");
  EXPECT_EQ(answer->model, "toy.gguf");
  EXPECT_EQ(answer->stop, StopReason::kEnd);
  EXPECT_EQ(answer->usage.input, 9);
  EXPECT_EQ(answer->usage.output, 2);
  const std::string asked = folder.Read("asked");
  EXPECT_THAT(asked, HasSubstr(R"({"role":"user","text":"canary-4711"})"));
  EXPECT_THAT(asked, HasSubstr(R"("tokens_max":7)"));
  EXPECT_THAT(asked, HasSubstr(R"("schema":{"type":"object"})"));
  EXPECT_THAT(asked, HasSubstr(R"("stream":false)"));
}

TEST(LocalModelTest, StreamsAndSaysThatItWasCutOff) {
  const Folder folder;
  const auto model = folder.Model(Answering(
      R"(echo "{\"id\":$n,\"piece\":\"h\"}"; echo "{\"id\":$n,\"piece\":\"i\"}"; echo "{\"id\":$n,\"done\":{\"stop\":\"length\",\"input\":1,\"output\":7}}")"));
  std::vector<std::string> pieces;
  const auto answer = model.chat->Chat(ContextOf(kClock), Question(), [&](std::string_view piece) -> Result<void> {
    pieces.emplace_back(piece);
    return {};
  });
  ASSERT_TRUE(answer.has_value()) << answer.error().message();
  EXPECT_EQ(pieces, (std::vector<std::string>{"h", "i"}));
  EXPECT_EQ(answer->text, "hi");
  EXPECT_EQ(answer->stop, StopReason::kLength);
}

TEST(LocalModelTest, MakesVectors) {
  const Folder folder;
  const auto model = folder.Model(Answering(
      R"(echo "{\"id\":$n,\"vector\":[1,0]}"; echo "{\"id\":$n,\"vector\":[0,1]}"; echo "{\"id\":$n,\"done\":{\"input\":4}}")"));
  const auto vectors = model.embeddings->Embed(ContextOf(kClock), {"a", "b"});
  ASSERT_TRUE(vectors.has_value()) << vectors.error().message();
  EXPECT_EQ(vectors->vectors, (std::vector<std::vector<float>>{{1, 0}, {0, 1}}));
  EXPECT_EQ(vectors->usage.input, 4);
  const auto too_few = model.embeddings->Embed(ContextOf(kClock), {"a", "b", "c"});
  EXPECT_EQ(too_few.error().code(), ErrorCode::kUnavailable);
  EXPECT_TRUE(model.embeddings->Embed(ContextOf(kClock), {})->vectors.empty());
}

TEST(LocalModelTest, WhatIsNotThereIsSaid) {
  const Folder folder;
  const std::string program = folder.Program("exit 0");
  const std::string file = folder.File("toy.gguf", "GGUF");
  const auto error = [&](const std::string& with, const std::string& of) {
    return NewLocalModel({.program = with, .file = of}).error();
  };
  EXPECT_TRUE(NewLocalModel({.program = program, .file = file}).has_value());
  const Error no_program = error(file + "-llm", file);
  EXPECT_EQ(no_program.code(), ErrorCode::kNotSupported);
  EXPECT_THAT(no_program.message(), HasSubstr("make llm"));
  EXPECT_EQ(error(program, file + ".gone").code(), ErrorCode::kNotFound);
  const Error no_model = error(program, folder.File("words.gguf", "Once upon a time"));
  EXPECT_EQ(no_model.code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(no_model.message(), HasSubstr("GGUF"));
  EXPECT_THAT(no_model.message(), Not(HasSubstr("Once")));
  EXPECT_EQ(error(program, folder.File("short.gguf", "GG")).code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(error(program, std::filesystem::temp_directory_path()).code(), ErrorCode::kInvalidArgument);
}

TEST(LocalModelTest, ToolsAreNotSupported) {
  const Folder folder;
  const auto model = folder.Model("exit 0");
  ChatRequest request = Question();
  request.tools = {{"look", "Looks.", "{}"}};
  EXPECT_EQ(model.chat->Chat(ContextOf(kClock), request, nullptr).error().code(), ErrorCode::kNotSupported);
}

TEST(LocalModelTest, AFileThatCannotBeLoadedIsSaidAndTriedAgain) {
  const Folder folder;
  const auto model = folder.Model(
      R"(echo start >> starts; echo '{"id":0,"error":"invalid","message":"the file of the model cannot be loaded"}')");
  for (int times = 1; times <= 2; ++times) {
    const auto answer = model.chat->Chat(ContextOf(kClock), Question(), nullptr);
    EXPECT_EQ(answer.error().code(), ErrorCode::kInvalidArgument);
    EXPECT_THAT(answer.error().message(), HasSubstr("cannot be loaded"));
  }
  EXPECT_EQ(folder.Read("starts"), "start\nstart\n");
}

TEST(LocalModelTest, AProgramThatEndsOrTalksNonsenseCostsItsRequestAlone) {
  const std::vector<std::string> nonsense = {
      "exit 3",
      "kill -9 $$",
      "echo 'no JSON'",
      R"(echo '{"id":99,"piece":"of another"}')",
      R"(echo "{\"id\":$n,\"done\":{\"stop\":\"tired\"}}")",
      R"(echo "{\"id\":$n,\"done\":\"canary-4711\"}")",
  };
  for (const std::string& does : nonsense) {
    const Folder folder;
    // The first time it does that; a program that is started again has the file and answers.
    const auto model = folder.Model(Answering(
        "if [ ! -e again ]; then touch again; " + does +
        R"(; else echo "{\"id\":$n,\"piece\":\"hi\",\"done\":{\"stop\":\"end\",\"input\":1,\"output\":1}}"; fi)"));
    const auto broken = model.chat->Chat(ContextOf(kClock), Question(), nullptr);
    ASSERT_FALSE(broken.has_value()) << does;
    EXPECT_EQ(broken.error().code(), ErrorCode::kUnavailable) << does;
    EXPECT_THAT(broken.error().message(), Not(HasSubstr("canary"))) << does;
  }
}

TEST(LocalModelTest, AfterAnEndItIsStartedAgain) {
  const Folder folder;
  const auto model = folder.Model(fmt::format(
      "echo start >> starts\n{}",
      Answering(
          "if [ ! -e again ]; then touch again; exit 1; fi; "
          R"(echo "{\"id\":$((n + 1)),\"piece\":\"hi\",\"done\":{\"stop\":\"end\",\"input\":1,\"output\":1}}")")));
  EXPECT_FALSE(model.chat->Chat(ContextOf(kClock), Question(), nullptr).has_value());
  const auto answer = model.chat->Chat(ContextOf(kClock), Question(), nullptr);
  ASSERT_TRUE(answer.has_value()) << answer.error().message();
  EXPECT_EQ(answer->text, "hi");
  EXPECT_EQ(folder.Read("starts"), "start\nstart\n");
}

TEST(LocalModelTest, ItIsToldToGiveUpWhatNobodyWaitsFor) {
  const Folder folder;
  // The first request waits for its cancellation; the second is answered by the same program.
  const auto model = folder.Model(fmt::format(R"({}
echo start >> starts
read -r line; echo '{{"id":1,"piece":"h"}}'
read -r line; echo "$line" >> cancelled; echo '{{"id":1,"error":"cancelled","message":"given up"}}'
read -r line; echo '{{"id":2,"piece":"hi","done":{{"stop":"end","input":1,"output":1}}}}'
read -r line)",
                                              kReady));
  std::stop_source stop;
  const auto cancelled =
      model.chat->Chat(ContextOf(kClock, "anna", stop.get_token()), Question(), [&](std::string_view) -> Result<void> {
        stop.request_stop();
        return {};
      });
  ASSERT_FALSE(cancelled.has_value());
  EXPECT_EQ(cancelled.error().code(), ErrorCode::kCancelled);
  EXPECT_EQ(folder.Read("cancelled"), "{\"cancel\":1}\n");
  const auto answer = model.chat->Chat(ContextOf(kClock), Question(), nullptr);
  ASSERT_TRUE(answer.has_value()) << answer.error().message();
  EXPECT_EQ(answer->text, "hi");
  EXPECT_EQ(folder.Read("starts"), "start\n");
}

TEST(LocalModelTest, AnErrorOfWhoReadsEndsTheRequest) {
  const Folder folder;
  const auto model = folder.Model(fmt::format(R"({}
read -r line; echo '{{"id":1,"piece":"h"}}'
read -r line; echo '{{"id":1,"error":"cancelled","message":"given up"}}'
read -r line)",
                                              kReady));
  const auto answer = model.chat->Chat(ContextOf(kClock), Question(), [](std::string_view) -> Result<void> {
    return MakeError(ErrorCode::kIoError, "nobody reads");
  });
  EXPECT_EQ(answer.error().code(), ErrorCode::kIoError);
}

TEST(HelperProcessTest, OneThatDoesNotGiveUpIsEnded) {
  const Folder folder;
  HelperProcess process({.command = {folder.Program(fmt::format(R"(echo start >> starts
{}
while read -r line; do :; done)",
                                                                kReady))},
                         .cancel_grace = std::chrono::milliseconds(50)});
  const auto never = [](const json::object&) -> Result<bool> { return true; };
  for (int times = 0; times < 2; ++times) {
    const auto late = process.Call(ContextOf(kClock, "anna", {}, std::chrono::milliseconds(300)), {}, never);
    EXPECT_EQ(late.error().code(), ErrorCode::kDeadlineExceeded);
  }
  EXPECT_EQ(folder.Read("starts"), "start\nstart\n");
}

TEST(HelperProcessTest, AModelThatLoadsLongIsWaitedForByTheNextRequest) {
  const Folder folder;
  HelperProcess process({.command = {folder.Program(R"(echo start >> starts
while [ ! -e loaded ]; do :; done
echo '{"ready":true}'
read -r line; echo '{"id":1,"done":{}}'
read -r line)")}});
  const auto take = [](const json::object& line) -> Result<bool> { return line.contains("done"); };
  const auto late = process.Call(ContextOf(kClock, "anna", {}, std::chrono::milliseconds(100)), {}, take);
  EXPECT_EQ(late.error().code(), ErrorCode::kDeadlineExceeded);
  folder.File("loaded", "");
  EXPECT_TRUE(process.Call(ContextOf(kClock), {}, take).has_value());
  EXPECT_EQ(folder.Read("starts"), "start\n");
}

TEST(HelperProcessTest, ItHasNothingOfOurs) {
  ASSERT_EQ(::setenv("NL_TEST_SECRET", "canary-4711", 1), 0);
  const Folder folder;
  HelperProcess process(
      {.command = {folder.Program(Answering(R"(echo "{\"id\":$n,\"done\":{\"seen\":\"<$NL_TEST_SECRET>\"}}")"))}});
  std::string seen;
  const auto take = [&](const json::object& line) -> Result<bool> {
    seen = json::serialize(line.at("done"));
    return true;
  };
  ASSERT_TRUE(process.Call(ContextOf(kClock), {}, take).has_value());
  EXPECT_THAT(seen, HasSubstr("<>"));
}

}  // namespace
}  // namespace neurolake::models
