#pragma once

namespace neurolake::net {

/// For a std::unique_ptr to what a C library made: `kFree` is its function that frees one.
template <auto kFree>
struct Freed {
  template <typename T>
  void operator()(T* pointer) const {
    kFree(pointer);
  }
};

}  // namespace neurolake::net
