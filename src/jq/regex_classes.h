// Character classes of regular expressions, as what stands between [ and ] in RE2's syntax, for
// texts of several alphabets. Pure; any thread.
#pragma once

#include <string_view>

#include "jq/regex.h"

namespace pilot::jq {

// For texts of European letters (see Alphabet): small programs, where all of Unicode makes large
// ones. No class goes past what such a text may have: when case is ignored, RE2 would take a
// foreign letter (the Kelvin sign, say) for the one that folds to it.
constexpr std::string_view kWordEuropean =
    R"(0-9A-Z_a-z\x{AA}\x{B2}-\x{B3}\x{B5}\x{B9}-\x{BA}\x{BC}-\x{BE}\x{C0}-\x{D6})"
    R"(\x{D8}-\x{F6}\x{F8}-\x{2C1}\x{2C6}-\x{2D1}\x{2E0}-\x{2E4}\x{2EC}\x{2EE})"
    R"(\x{300}-\x{374}\x{376}-\x{377}\x{37A}-\x{37D}\x{37F}\x{386}\x{388}-\x{38A}\x{38C})"
    R"(\x{38E}-\x{3A1}\x{3A3}-\x{3F5}\x{3F7}-\x{481}\x{483}-\x{52F}\x{203F}-\x{2040})"
    R"(\x{2054}\x{2071}\x{207F}\x{2090}-\x{209C})";
constexpr std::string_view kNotWordEuropean =
    R"(\x{0}-\x{2F}\x{3A}-\x{40}\x{5B}-\x{5E}\x{60}\x{7B}-\x{A9}\x{AB}-\x{B1}\x{B4})"
    R"(\x{B6}-\x{B8}\x{BB}\x{BF}\x{D7}\x{F7}\x{2C2}-\x{2C5}\x{2D2}-\x{2DF}\x{2E5}-\x{2EB})"
    R"(\x{2ED}\x{2EF}-\x{2FF}\x{375}\x{378}-\x{379}\x{37E}\x{380}-\x{385}\x{387}\x{38B})"
    R"(\x{38D}\x{3A2}\x{3F6}\x{482}\x{2000}-\x{203E}\x{2041}-\x{2053}\x{2055}-\x{2070})"
    R"(\x{2072}-\x{207E}\x{2080}-\x{208F}\x{209D}-\x{20BF})";
constexpr std::string_view kAlphaEuropean =
    R"(A-Za-z\x{AA}\x{B5}\x{BA}\x{C0}-\x{D6}\x{D8}-\x{F6}\x{F8}-\x{2C1}\x{2C6}-\x{2D1})"
    R"(\x{2E0}-\x{2E4}\x{2EC}\x{2EE}\x{345}\x{370}-\x{374}\x{376}-\x{377}\x{37A}-\x{37D})"
    R"(\x{37F}\x{386}\x{388}-\x{38A}\x{38C}\x{38E}-\x{3A1}\x{3A3}-\x{3F5}\x{3F7}-\x{481})"
    R"(\x{48A}-\x{52F}\x{2071}\x{207F}\x{2090}-\x{209C})";
constexpr std::string_view kNotAlphaEuropean =
    R"(\x{0}-\x{40}\x{5B}-\x{60}\x{7B}-\x{A9}\x{AB}-\x{B4}\x{B6}-\x{B9}\x{BB}-\x{BF}\x{D7})"
    R"(\x{F7}\x{2C2}-\x{2C5}\x{2D2}-\x{2DF}\x{2E5}-\x{2EB}\x{2ED}\x{2EF}-\x{344})"
    R"(\x{346}-\x{36F}\x{375}\x{378}-\x{379}\x{37E}\x{380}-\x{385}\x{387}\x{38B}\x{38D})"
    R"(\x{3A2}\x{3F6}\x{482}-\x{489}\x{2000}-\x{2070}\x{2072}-\x{207E}\x{2080}-\x{208F})"
    R"(\x{209D}-\x{20BF})";
constexpr std::string_view kAlnumEuropean =
    R"(0-9A-Za-z\x{AA}\x{B5}\x{BA}\x{C0}-\x{D6}\x{D8}-\x{F6}\x{F8}-\x{2C1}\x{2C6}-\x{2D1})"
    R"(\x{2E0}-\x{2E4}\x{2EC}\x{2EE}\x{345}\x{370}-\x{374}\x{376}-\x{377}\x{37A}-\x{37D})"
    R"(\x{37F}\x{386}\x{388}-\x{38A}\x{38C}\x{38E}-\x{3A1}\x{3A3}-\x{3F5}\x{3F7}-\x{481})"
    R"(\x{48A}-\x{52F}\x{2071}\x{207F}\x{2090}-\x{209C})";
constexpr std::string_view kNotAlnumEuropean =
    R"(\x{0}-\x{2F}\x{3A}-\x{40}\x{5B}-\x{60}\x{7B}-\x{A9}\x{AB}-\x{B4}\x{B6}-\x{B9})"
    R"(\x{BB}-\x{BF}\x{D7}\x{F7}\x{2C2}-\x{2C5}\x{2D2}-\x{2DF}\x{2E5}-\x{2EB}\x{2ED})"
    R"(\x{2EF}-\x{344}\x{346}-\x{36F}\x{375}\x{378}-\x{379}\x{37E}\x{380}-\x{385}\x{387})"
    R"(\x{38B}\x{38D}\x{3A2}\x{3F6}\x{482}-\x{489}\x{2000}-\x{2070}\x{2072}-\x{207E})"
    R"(\x{2080}-\x{208F}\x{209D}-\x{20BF})";

// What stands between [ and ] for a class and for its opposite.
struct Class {
  std::string_view name;  // between [: and :], or in \p{}
  std::string_view ascii;
  std::string_view ascii_not;
  std::string_view unicode;
  std::string_view unicode_not;
  std::string_view european = {};  // empty: as unicode
  std::string_view european_not = {};
};
inline constexpr Class kWord = {"word",
                                "0-9A-Za-z_",
                                R"(\x00-/:-@\[-^`{-\x7F)",
                                R"(\p{L}\p{M}\p{N}\p{Pc})",
                                R"(\p{C}\p{Z}\p{S}\p{Pd}\p{Ps}\p{Pe}\p{Pi}\p{Pf}\p{Po})",
                                kWordEuropean,
                                kNotWordEuropean};
inline constexpr Class kDigit = {"digit", "0-9", R"(\x00-/:-\x7F)", R"(\p{Nd})", R"(\P{Nd})"};
inline constexpr Class kSpace = {
    "space", R"(\x09-\x0D )", R"(\x00-\x08\x0E-\x1F!-\x7F)", R"(\x09-\x0D\x{85}\p{Z})",
    R"(\x00-\x08\x0E-\x1F!-\x{84}\x{86}-\x{9F}\x{A1}-\x{167F}\x{1681}-\x{1FFF}\x{200B}-\x{2027})"
    R"(\x{202A}-\x{202E}\x{2030}-\x{205E}\x{2060}-\x{2FFF}\x{3001}-\x{10FFFF})"};
inline constexpr Class kClasses[] = {
    kWord,
    kDigit,
    kSpace,
    {"alpha", "A-Za-z", R"(\x00-@\[-`{-\x7F)", R"(\p{L}\p{Nl})",
     R"(\p{C}\p{Z}\p{S}\p{P}\p{M}\p{Nd}\p{No})", kAlphaEuropean, kNotAlphaEuropean},
    {"alnum", "0-9A-Za-z", R"(\x00-/:-@\[-`{-\x7F)", R"(\p{L}\p{Nd}\p{Nl})",
     R"(\p{C}\p{Z}\p{S}\p{P}\p{M}\p{No})", kAlnumEuropean, kNotAlnumEuropean},
    {"upper", "A-Z", R"(\x00-@\[-\x7F)", R"(\p{Lu})", R"(\P{Lu})"},
    {"lower", "a-z", R"(\x00-`{-\x7F)", R"(\p{Ll})", R"(\P{Ll})"},
    {"punct", R"(!-#%-*,-/:;?@\[-\]_{})", R"(\x00- $+0-9<->A-Z^`a-z|~-\x7F)", R"(\p{P})",
     R"(\P{P})"},
    {"xdigit", "0-9A-Fa-f", R"(\x00-/:-@G-`g-\x{10FFFF})", "0-9A-Fa-f",
     R"(\x00-/:-@G-`g-\x{10FFFF})"},
    {"ascii", R"(\x00-\x7F)", R"([:^ascii:])", R"(\x00-\x7F)", R"(\x{80}-\x{10FFFF})"},
    {"blank", R"( \t)", R"(\x00-\x08\x0A-\x1F!-\x7F)", R"(\t\p{Zs})",
     R"(\x00-\x08\x0A-\x1F!-\x{9F}\x{A1}-\x{167F}\x{1681}-\x{1FFF}\x{200B}-\x{202E})"
     R"(\x{2030}-\x{205E}\x{2060}-\x{2FFF}\x{3001}-\x{10FFFF})"},
    {"cntrl", R"(\x00-\x1F\x7F)", " -~", R"(\p{Cc})", R"(\P{Cc})"},
};

}  // namespace pilot::jq
