// Random expressions for tests, as text and as the parts that an oracle reads. Uses nothing of the
// library.
#pragma once

#include <random>

#include "cron/oracle.h"

namespace pilot::cron::oracle {

class RandomRule {
 public:
  explicit RandomRule(std::mt19937_64& random) : random_(random) {}

  Rule make() {
    Rule rule;
    apscheduler_ = chance(30);
    rule.apscheduler = apscheduler_;
    rule.six = chance(20);
    rule.fields[0] = numbers(0, 59, 20);
    rule.fields[1] = numbers(0, 59, 25);
    rule.fields[2] = chance(50) ? numbers(0, 4, 0, 23) : numbers(0, 23, 35);
    rule.fields[3] = chance(50) ? all(true) : days();
    rule.fields[4] = chance(75) ? all(false) : months();
    rule.fields[5] = chance(50) ? all(true) : weekdays();
    return rule;
  }

 private:
  int below(int count) { return static_cast<int>(random_() % static_cast<unsigned>(count)); }
  int between(int low, int high) { return low + below(high - low + 1); }
  bool chance(int percent) { return below(100) < percent; }

  // A name or number in some mixture of capitals.
  std::string mixed(std::string text) {
    if (chance(50)) return text;
    for (char& c : text) {
      if (c >= 'a' && c <= 'z' && chance(50)) c = static_cast<char>(c - 'a' + 'A');
    }
    return text;
  }

  Field all(bool question) {
    if (question && chance(20)) return {"?", {Part{}}};
    return {"*", {Part{}}};
  }

  // A list of up to three; `stars` percent of them are * or */n. `top` is the field's real end.
  Field numbers(int low, int high, int stars, int top = -1) {
    if (top < 0) top = high;
    Field field;
    do {
      const auto [text, part] = chance(stars) ? star(low, top) : plain(low, high, top);
      append(field, text, part);
    } while (field.parts.size() < 3 && chance(25));
    return field;
  }

  static void append(Field& field, const std::string& text, const Part& part) {
    if (!field.text.empty()) field.text += ',';
    field.text += text;
    field.parts.push_back(part);
  }

  std::pair<std::string, Part> star(int low, int top) {
    if (chance(40)) return {"*", Part{}};
    const int step = between(1, chance(80) ? std::min(6, top - low) : top - low);
    return {"*/" + std::to_string(step), Part{.step = step}};
  }

  std::pair<std::string, Part> plain(int low, int high, int top) {
    Part part{.kind = Part::Kind::range, .first = between(low, high)};
    part.last = part.first;
    std::string text = std::to_string(part.first);
    const int form = below(10);
    if (form < 5) return {text, part};
    if (form < 9) {
      part.last = between(part.first, high);
      text += "-" + std::to_string(part.last);
    } else {
      part.last = top;
    }
    const int span = part.last - part.first;
    if ((form == 9 || chance(40)) && span > 0) {
      part.step = between(1, span);
      text += "/" + std::to_string(part.step);
    } else {
      part.last = form == 9 ? part.first : part.last;
    }
    return {text, part};
  }

  Field days() {
    if (chance(60)) return numbers(1, 31, 15);
    Field field;
    do {
      if (chance(30)) {
        const auto [text, part] = plain(1, 31, 31);
        append(field, text, part);
      } else {
        special_day(field);
      }
    } while (field.parts.size() < 3 && chance(30));
    return field;
  }

  void special_day(Field& field) {
    const int back = chance(50) ? 0 : between(1, 30);
    const std::string l = back == 0 ? "L" : "L-" + std::to_string(back);
    const int forms = apscheduler_ ? 5 : 3;
    switch (below(forms)) {
      case 0:
        append(field, mixed(l), {.kind = Part::Kind::last_day, .back = back});
        return;
      case 1:
        append(field, mixed(l + "W"), {.kind = Part::Kind::last_workday, .back = back});
        return;
      case 2: {
        const int day = between(1, 31);
        append(field, std::to_string(day) + "W", {.kind = Part::Kind::workday, .first = day});
        return;
      }
      case 3:
        append(field, "last", {.kind = Part::Kind::last_day});
        return;
      default:
        named_day(field);
    }
  }

  // "2nd fri": here the weekday is counted with Sunday as 0.
  void named_day(Field& field) {
    constexpr std::array<const char*, 5> kOrdinals{"1st", "2nd", "3rd", "4th", "5th"};
    const int weekday = below(7);
    const int nth = below(6);
    if (nth == 5) {
      append(field, std::string("last ") + kWeekdays.at(std::size_t(weekday)),
             {.kind = Part::Kind::last_nth, .first = weekday});
    } else {
      append(field,
             std::string(kOrdinals.at(std::size_t(nth))) + " " + kWeekdays.at(std::size_t(weekday)),
             {.kind = Part::Kind::nth, .first = weekday, .nth = nth + 1});
    }
  }

  Field months() {
    constexpr std::array<const char*, 12> kMonths{"jan", "feb", "mar", "apr", "may", "june",
                                                  "jul", "aug", "sep", "oct", "nov", "december"};
    if (chance(50)) return numbers(1, 12, 10);
    const int first = between(1, 12);
    const int last = between(first, 12);
    std::string text = mixed(kMonths.at(std::size_t(first - 1)));
    if (last != first) text += "-" + mixed(kMonths.at(std::size_t(last - 1)));
    return {text, {Part{.kind = Part::Kind::range, .first = first, .last = last}}};
  }

  Field weekdays() {
    const int form = below(10);
    if (form < 4) return numbers(0, apscheduler_ || chance(70) ? 6 : 7, 10, 6);
    if (form < 6) return named_weekdays();
    Field field;
    do {
      const int weekday = below(7);
      const std::string name = chance(50) ? std::to_string(weekday) : weekday_name(weekday);
      if (chance(50)) {
        const int nth = between(1, 5);
        append(field, name + "#" + std::to_string(nth),
               {.kind = Part::Kind::nth, .first = weekday, .nth = nth});
      } else {
        append(field, name + mixed("L"), {.kind = Part::Kind::last_nth, .first = weekday});
      }
    } while (field.parts.size() < 3 && chance(40));
    return field;
  }

  std::string weekday_name(int number) {
    return mixed(kWeekdays.at(std::size_t(apscheduler_ ? (number + 1) % 7 : number)));
  }

  // In crontab a range may end with Sunday.
  Field named_weekdays() {
    const int first = below(7);
    const int last = between(first, apscheduler_ || first == 0 ? 6 : 7);
    std::string text = weekday_name(first % 7);
    if (last != first) text += "-" + weekday_name(apscheduler_ ? last : last % 7);
    return {text, {Part{.kind = Part::Kind::range, .first = first, .last = last}}};
  }

  static constexpr std::array<const char*, 7> kWeekdays{"sun", "mon", "tue", "wed",
                                                        "thu", "fri", "sat"};
  std::mt19937_64& random_;
  bool apscheduler_ = false;
};

}  // namespace pilot::cron::oracle
