// The builtins that jq's own language says best. Compiled into a program where it calls them.
#pragma once

#include <string_view>

namespace pilot::jq {

inline constexpr std::string_view kPrelude = R"jq(
def map(f): [.[] | f];
def select(f): if f then . else empty end;
def recurse(f): def r: ., (f | r); r;
def recurse(f; cond): def r: ., (f | select(cond) | r); r;
def recurse: recurse(.[]?);
def recurse_down: recurse;
def map_values(f): .[] |= f;
def values: select(. != null);
def nulls: select(. == null);
def booleans: select(type == "boolean");
def numbers: select(type == "number");
def strings: select(type == "string");
def arrays: select(type == "array");
def objects: select(type == "object");
def iterables: select(type | . == "array" or . == "object");
def scalars: select(type | . != "array" and . != "object");
def scalars_or_empty: scalars;
def finites: select(isinfinite or isnan | not);
def normals: select(isnormal);
def isvalid(f): try (f | true) catch false;
def todate: strftime("%Y-%m-%dT%H:%M:%SZ");
def fromdateiso8601: strptime("%Y-%m-%dT%H:%M:%SZ") | mktime;
def todateiso8601: strftime("%Y-%m-%dT%H:%M:%SZ");
def fromdate: fromdateiso8601;
def date: todate;
def dateadd(u; n): . + n;
def datesub(u; n): . - n;
def sort_by(f): _sort_by(map([f]));
def group_by(f): _group_by(map([f]));
def unique_by(f): _unique_by(map([f]));
def min_by(f): _min_by(map([f]));
def max_by(f): _max_by(map([f]));
def del(f): delpaths([path(f)]);
def paths: path(..) | select(length > 0);
def paths(node_filter):
  . as $whole | paths | select(. as $p | $whole | getpath($p) | node_filter);
def leaf_paths: paths(scalars);
def pick(pathexps):
  . as $whole | reduce path(pathexps) as $p (null; setpath($p; $whole | getpath($p)));
def with_entries(f): to_entries | map(f) | from_entries;
def in(xs): . as $x | xs | has($x);
def inside(xs): . as $x | xs | contains($x);
def first: .[0];
def last: .[-1];
def last(f): reduce f as $x (null; $x);
def nth($n): .[$n];
def nth($n; f):
  if $n < 0 then error("Out of bounds negative array index") else last(limit($n + 1; f)) end;
def until(cond; update): def r: if cond then . else (update | r) end; r;
def while(cond; update): def r: if cond then ., (update | r) else empty end; r;
def repeat(f): def r: ., (f | r); r;
def any(generator; condition): isempty(first(generator | condition or empty)) | not;
def any(f): any(.[]; f);
def any: any(.[]; .);
def all(generator; condition): isempty(first(generator | condition and empty));
def all(f): all(.[]; f);
def all: all(.[]; .);
def walk(f):
  def w: (if type == "object" then map_values(w) elif type == "array" then map(w) else . end)
  | f; w;
def combinations:
  if length == 0 then [] else .[0][] as $x | (.[1:] | combinations) as $w | [$x] + $w end;
def combinations(n): . as $dot | [range(n)] | map($dot) | combinations;
def match(re; mode):
  (if mode | type == "null" then null else mode end) as $mode | re as $re
  | _match($re; $mode; false) | .[];
def match($val): ($val | type) as $vt | if $vt == "string" then match($val; null)
  elif $vt == "array" and ($val | length) > 1 then match($val[0]; $val[1])
  elif $vt == "array" and ($val | length) > 0 then match($val[0]; null)
  else error($vt + " not a string or array") end;
def test(re; mode): re as $re | mode as $mode | _match($re; $mode; true);
def test($val): ($val | type) as $vt | if $vt == "string" then test($val; null)
  elif $vt == "array" and ($val | length) > 1 then test($val[0]; $val[1])
  elif $vt == "array" and ($val | length) > 0 then test($val[0]; null)
  else error($vt + " not a string or array") end;
def _captures:
  [.captures | .[] | select(.name != null) | {key: .name, value: .string}] | from_entries;
def capture(re; mods): match(re; mods) | _captures;
def capture($val): match($val) | _captures;
def _scanned: if (.captures | length) > 0 then [.captures | .[] | .string] else .string end;
def scan(re; $flags): match(re; "g" + $flags) | _scanned;
def scan(re): scan(re; null);
def split($re; flags):
  . as $s | [foreach ((match($re; flags + "g") | [.offset, .length]), null) as $m
  ({from: 0}; if $m == null then .piece = $s[.from:]
    else .piece = $s[.from:$m[0]] | .from = $m[0] + $m[1] end; .piece)];
def splits($re; flags): split($re; flags) | .[];
def splits($re): splits($re; null);
def _substitute($in; $matches; f):
  def piece($i; $from): if $i == ($matches | length) then $in[$from:] else
      $matches[$i] as $m | piece($i + 1; $m.offset + $m.length) as $rest
      | ($m | _captures | f) as $with | $in[$from:$m.offset] + $with + $rest end;
  [$matches[] | [_captures | f]] as $with
  | if all($with[]; length == 1) then $in | _replace($matches; [$with[][0]]) else piece(0; 0) end;
def sub(re; str; $flags): . as $in | re as $re | [match($re; $flags)] as $ms
    | _substitute($in; $ms; str);
def sub(re; str): sub(re; str; "");
def gsub(re; str; $flags): sub(re; str; $flags + "g");
def gsub(re; str): sub(re; str; "g");
)jq";

}  // namespace pilot::jq
