# Writes the migration files of one store (KIND) into one C++ table: {number, name, sql}. Run as
# cmake -P by the build.
set(text "// Generated from migrations/${KIND}/*.sql; do not edit.\n#include \"store/migrations.h\"\nnamespace pilot::store {\nconst std::vector<Migration>& ${KIND}_migrations() {\n  static const std::vector<Migration> kAll = {\n")
list(SORT FILES)
foreach(file ${FILES})
  get_filename_component(stem ${file} NAME_WE)
  string(REGEX MATCH "^[0-9]+" number ${stem})
  file(READ ${file} sql)
  math(EXPR number "${number}")
  string(APPEND text "      {${number}, \"${stem}\", R\"sql(${sql})sql\"},\n")
endforeach()
string(APPEND text "  };\n  return kAll;\n}\n}  // namespace pilot::store\n")
file(WRITE ${OUT} "${text}")
