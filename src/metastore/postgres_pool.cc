#include "metastore/internal/postgres_pool.h"

namespace neurolake::metastore {
namespace {

constexpr int kSessionsMax = 24;
constexpr std::chrono::seconds kWaitMax{30};

}  // namespace

PostgresPool::Lease::~Lease() {
  if (connection_ != nullptr) pool_->GiveBack(std::move(connection_), keep_);
}

std::unique_ptr<PostgresConnection> PostgresPool::TakeIdle(PostgresConnection::Durability durability) {
  for (size_t i = idle_.size(); i-- > 0;) {
    if (!idle_[i]->IsIdleAndAlive()) {
      idle_.erase(idle_.begin() + static_cast<ptrdiff_t>(i));
      --open_;
    } else if (idle_[i]->durability() == durability) {
      auto connection = std::move(idle_[i]);
      idle_.erase(idle_.begin() + static_cast<ptrdiff_t>(i));
      return connection;
    }
  }
  // All places taken by idle sessions of the other kind: one gives way.
  if (open_ >= kSessionsMax && !idle_.empty()) {
    idle_.pop_back();
    --open_;
  }
  return nullptr;
}

Result<PostgresPool::Lease> PostgresPool::Take(PostgresConnection::Durability durability) {
  const auto until = std::chrono::steady_clock::now() + kWaitMax;
  {
    std::unique_lock lock(mutex_);
    for (;;) {
      if (auto idle = TakeIdle(durability)) return Lease(*this, std::move(idle), /*fresh=*/false);
      if (open_ < kSessionsMax) break;
      if (returned_.wait_until(lock, until) == std::cv_status::timeout) {
        return MakeError(ErrorCode::kUnavailable, "all sessions with the metadata store are in use: {}",
                         address_.shown);
      }
    }
    ++open_;
  }
  auto connection = PostgresConnection::Connect(address_, durability);
  if (!connection.has_value()) {
    GiveBack(nullptr, /*keep=*/false);
    return std::unexpected(std::move(connection).error());
  }
  return Lease(*this, std::move(*connection), /*fresh=*/true);
}

void PostgresPool::GiveBack(std::unique_ptr<PostgresConnection> connection, bool keep) {
  {
    std::lock_guard lock(mutex_);
    if (keep && connection != nullptr && connection->IsIdleAndAlive()) {
      idle_.push_back(std::move(connection));
    } else {
      --open_;
    }
  }
  returned_.notify_one();
}

}  // namespace neurolake::metastore
