#include "cli/user_command.h"

#include <termios.h>
#include <unistd.h>

#include <iostream>
#include <ostream>

#include "cli/client_commands.h"
#include "cli/text_table.h"
#include "common/text.h"

namespace neurolake::cli {
namespace {

/// What is typed is not shown, also when reading it ends early.
class HiddenInput {
 public:
  HiddenInput() {
    is_terminal_ = tcgetattr(STDIN_FILENO, &before_) == 0;
    termios hidden = before_;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    if (is_terminal_) tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
  }
  ~HiddenInput() {
    if (is_terminal_) tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  HiddenInput(const HiddenInput&) = delete;
  HiddenInput& operator=(const HiddenInput&) = delete;

 private:
  termios before_{};
  bool is_terminal_ = false;
};

Result<std::string> Ask(Console& console, std::string_view question) {
  console.err << question << std::flush;
  std::string answer;
  {
    const HiddenInput hidden;
    std::getline(console.in, answer);
  }
  console.err << std::endl;
  if (answer.empty()) return MakeError(ErrorCode::kInvalidArgument, "no password was given");
  return answer;
}

Result<std::string> ReadPassword(const UserArguments& user, Console& console) {
  if (!user.password_file.empty()) {
    NL_ASSIGN_OR_RETURN(const std::string text, ReadWholeFile(user.password_file, console.in));
    std::string password = text.substr(0, text.find('\n'));
    if (password.ends_with('\r')) password.pop_back();
    if (password.empty()) return MakeError(ErrorCode::kInvalidArgument, "no password was given");
    return password;
  }
  if (!console.in_is_terminal) {
    return MakeError(ErrorCode::kInvalidArgument, "there is no terminal to ask on; give --password-file FILE");
  }
  NL_ASSIGN_OR_RETURN(std::string password, Ask(console, "New password: "));
  NL_ASSIGN_OR_RETURN(const std::string again, Ask(console, "Again: "));
  if (password != again) return MakeError(ErrorCode::kInvalidArgument, "the two passwords differ");
  return password;
}

Result<void> List(OutputFormat format, StatementRunner& runner) {
  NL_ASSIGN_OR_RETURN(const auto users, runner.client().ListUsers({}));
  std::vector<std::vector<std::string>> rows;
  for (const auto& user : users) {
    rows.push_back({user.name, std::string(NameOf(user.kind)), user.role, user.on_behalf_of,
                    user.has_password ? "yes" : "no", user.disabled ? "yes" : "no", FormatTimestamp(user.created)});
  }
  return PrintTextTable({"name", "kind", "role", "on_behalf_of", "password", "disabled", "created"}, rows, format,
                        runner.console());
}

Result<std::string> Run(const std::string& action, const UserArguments& user, StatementRunner& runner) {
  Client& client = runner.client();
  if (action == "create") {
    NL_ASSIGN_OR_RETURN(const PrincipalKind kind, PrincipalKindOf(user.kind));
    NL_RETURN_IF_ERROR(
        client.CreateUser({}, {.name = user.name, .kind = kind, .role = user.role, .on_behalf_of = user.on_behalf_of}));
    return "made " + user.kind;
  }
  if (action == "password") {
    std::string password;
    if (!user.remove) {
      NL_ASSIGN_OR_RETURN(password, ReadPassword(user, runner.console()));
    }
    NL_RETURN_IF_ERROR(client.SetUserPassword({}, user.name, password));
    return std::string(user.remove ? "took the password of" : "changed the password of");
  }
  if (action == "bind") {
    NL_RETURN_IF_ERROR(client.BindIdentity({}, user.name, user.issuer, user.subject));
    return std::string("bound the identity to");
  }
  NL_RETURN_IF_ERROR(client.ChangeUser({}, user.name, {.disabled = action == "disable"}));
  return action + "d";
}

}  // namespace

int RunUser(const std::string& action, const UserArguments& user, OutputFormat format, StatementRunner& runner) {
  if (action == "list") {
    const auto listed = List(format, runner);
    return listed ? kExitOk : runner.Report(listed.error());
  }
  const auto done = Run(action, user, runner);
  if (!done) return runner.Report(done.error());
  runner.console().out << *done << " " << PrintableText(user.name) << std::endl;
  return kExitOk;
}

}  // namespace neurolake::cli
