#pragma once
#include <boost/json/object.hpp>
#include <string_view>

namespace neurolake::ask {

/// Is told how far a question has come, one thing after the other, in threads that answer it, by stages in this order,
/// of which some may be missing or come again (each of two readings is planned and run, beside the other):
/// - "linked": it was read; `readings` are the words of what it can mean, `run` is what stops it (AskService::Cancel),
/// - "planned": a query was made; `words`, `sql`, `run` and, where it asks first, `cost`,
/// - "running": its rows are read,
/// - "checking": the answer is compared with what must hold.
/// What it is told is for who asks, as the answer is.
class AskObserver {
 public:
  virtual ~AskObserver() = default;
  virtual void Reached(std::string_view stage, const boost::json::object& details) = 0;
};

}  // namespace neurolake::ask
