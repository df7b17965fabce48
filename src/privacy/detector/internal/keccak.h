#pragma once
#include <array>
#include <cstdint>
#include <string_view>

namespace neurolake::privacy {

/// Keccak-256 with the padding of Ethereum (0x01), which is that of the submission to NIST and not of FIPS 202. Only
/// for checksums of addresses (EIP-55); the cryptography library has the standard's hash alone.
std::array<uint8_t, 32> Keccak256(std::string_view text);

}  // namespace neurolake::privacy
