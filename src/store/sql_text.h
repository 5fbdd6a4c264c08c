// SQL put together from literals at compile time, so that a column list stands once and no SQL text
// is ever made at run time. The address of the text is the key of the prepared statement's cache:
// keep each in a `static constexpr` or namespace-scope constant.
#pragma once

#include <cstddef>

namespace pilot::store {

template <std::size_t N>
struct SqlText {
  char text[N]{};

  constexpr SqlText() = default;
  constexpr SqlText(const char (&literal)[N]) {  // NOLINT: implicit on purpose
    for (std::size_t i = 0; i < N; ++i) text[i] = literal[i];
  }
};

template <std::size_t N, std::size_t M>
constexpr SqlText<N + M - 1> operator+(const SqlText<N>& a, const SqlText<M>& b) {
  SqlText<N + M - 1> sum;
  for (std::size_t i = 0; i + 1 < N; ++i) sum.text[i] = a.text[i];
  for (std::size_t i = 0; i < M; ++i) sum.text[N - 1 + i] = b.text[i];
  return sum;
}

template <std::size_t N, std::size_t M>
constexpr auto operator+(const SqlText<N>& a, const char (&b)[M]) {
  return a + SqlText<M>(b);
}

}  // namespace pilot::store
