// Provider `sftp`: files on an SSH server. Side threads.
#include <fmt/format.h>

#include "base/crypto.h"
#include "providers/data/rows.h"
#include "providers/data/sftp_session.h"
#include "providers/registry.h"

namespace pilot::providers {
namespace {

using data::SftpAccess;
using data::SftpSession;

Result<SftpAccess> access_of(const Call& call) {
  auto target = data::target_of(call, {"sftp", "ssh"}, 22, "");
  if (!target) return target.error();
  if (target->username.empty()) return missing_credentials(call.provider, "username");
  SftpAccess access;
  access.target = *target;
  access.private_key = call.connection.value("private_key").value_or("");
  access.passphrase = call.connection.value("passphrase").value_or("");
  access.host_key = call.connection.value("host_key").value_or("");
  const std::string_view insecure = call.connection.value("insecure").value_or("false");
  if (insecure != "true" && insecure != "false") {
    return invalid("invalid_value", "the connection's insecure is true or false");
  }
  access.any_host_key = insecure == "true";
  if (access.private_key.empty() && target->password.empty()) {
    return missing_credentials(call.provider, "password");
  }
  return access;
}

Result<std::string> path_of(const Call& call, std::string_view name) {
  std::string path(string_or(call.params, name));
  if (path.find('\0') == std::string::npos) return path;
  return invalid("invalid_value", "a path has no NUL", pointer_join("", name));
}

using Work = std::function<TaskOutcome(const Call&, SftpSession&)>;
using Check = std::function<Status(const Call&)>;

// Opens the session, when nothing is wrong with the params.
TaskAction task_of(Work work, Check check = {}) {
  return TaskAction{[work = std::move(work), check = std::move(check)](const Call& call,
                                                                       const TaskContext& context) {
    for (const std::string_view name : {"path", "from", "to"}) {
      if (const auto path = path_of(call, name); !path) return TaskOutcome::fail(path.error());
    }
    if (check) {
      if (const Status fits = check(call); !fits) return TaskOutcome::fail(fits.error());
    }
    const auto access = access_of(call);
    if (!access) return TaskOutcome::fail(access.error());
    SftpSession session(*access, context);
    if (auto failed = session.open()) return std::move(*failed);
    return work(call, session);
  }};
}

TaskOutcome list(const Call& call, SftpSession& session) {
  JsonArray entries;
  if (auto failed = session.list(*path_of(call, "path"), entries)) return std::move(*failed);
  const std::size_t count = entries.size();
  return TaskOutcome::ok(JsonObject{{"entries", std::move(entries)}, {"count", count}});
}

TaskOutcome download(const Call& call, SftpSession& session) {
  std::string content;
  if (auto failed = session.read(*path_of(call, "path"), content)) return std::move(*failed);
  const std::string_view form = string_or(call.params, "encoding", "auto");
  const bool is_text = is_valid_utf8(content);
  if (form == "text" && !is_text) {
    return TaskOutcome::fail(
        {.code = "invalid_value", .message = "the file is no UTF-8 text; ask for encoding base64"},
        CallStage::answered);
  }
  const bool as_text = form != "base64" && is_text;
  const std::size_t size = content.size();
  return TaskOutcome::ok(
      JsonObject{{"content", as_text ? Json(content) : Json(crypto::base64(content))},
                 {"encoding", as_text ? "text" : "base64"},
                 {"size", size}});
}

Result<std::string> content_of(const Call& call) {
  std::string content;
  if (const Json* given = find(call.params, "content")) {
    content = given->is_string() ? std::string(as_view(given->get_string())) : to_json(*given);
  } else {
    auto bytes = crypto::decode_base64(string_or(call.params, "content_base64"));
    if (!bytes) return invalid("invalid_value", bytes.error().message, "/content_base64");
    content = std::move(*bytes);
  }
  if (content.size() > limits::kRequestBody) {
    return too_large("request_too_large", fmt::format("the file has {} bytes, the limit is {}",
                                                      content.size(), limits::kRequestBody));
  }
  return content;
}

Status check_content(const Call& call) {
  const auto content = content_of(call);
  return content ? ok() : Status(content.error());
}

TaskOutcome upload(const Call& call, SftpSession& session) {
  const std::string content = *content_of(call);
  const bool overwrite = find(call.params, "overwrite")->get_bool();
  if (auto failed = session.write(*path_of(call, "path"), content, overwrite)) {
    return std::move(*failed);
  }
  return TaskOutcome::ok(JsonObject{{"path", *path_of(call, "path")}, {"size", content.size()}});
}

TaskOutcome remove(const Call& call, SftpSession& session) {
  const bool folder = find(call.params, "folder")->get_bool();
  auto failed = session.remove(*path_of(call, "path"), folder);
  const bool missing = failed && failed->result.error->code == "not_found";
  if (failed && !missing) return std::move(*failed);
  return TaskOutcome::ok(JsonObject{{"deleted", !missing}});
}

TaskOutcome rename(const Call& call, SftpSession& session) {
  if (auto failed = session.rename(*path_of(call, "from"), *path_of(call, "to"))) {
    return std::move(*failed);
  }
  return TaskOutcome::ok(JsonObject{{"path", *path_of(call, "to")}});
}

TaskOutcome make_folder(const Call& call, SftpSession& session) {
  if (auto failed = session.make_folder(*path_of(call, "path"))) return std::move(*failed);
  return TaskOutcome::ok(JsonObject{{"path", *path_of(call, "path")}});
}

constexpr std::string_view kPath = R"("path": {"type": "string", "minLength": 1, "maxLength": 4096,
  "description": "Path on the server."})";

Json with(std::string_view more, std::string_view rest) {
  return params_schema(fmt::format(
      R"({{"type": "object", "properties": {{{}{}}}, {}"additionalProperties": false}})", kPath,
      more, rest));
}

void add_reading(Provider& provider) {
  provider.add({.name = "list",
                .title = "List a folder",
                .description = "Output: {entries: [{name, type, size, modified, permissions}], "
                               "count}.",
                .aliases = {"list_files"},
                .params = with("", R"("required": ["path"], )"),
                .effect = EffectClass::read,
                .body = task_of(list)});
  provider.add({.name = "download",
                .title = "Download a file",
                .description = "Reads a file. Output: {content, encoding, size}.",
                .aliases = {"download_file"},
                .params = with(R"(, "encoding": {"enum": ["auto", "text", "base64"],
                    "default": "auto", "description": "How the content comes."})",
                               R"("required": ["path"], )"),
                .effect = EffectClass::read,
                .body = task_of(download)});
}

void add_writing(Provider& provider) {
  provider.add({.name = "upload",
                .title = "Upload a file",
                .description = "Writes a file. Output: {path, size}.",
                .aliases = {"upload_file"},
                .params = with(R"(, "content": {"description":
                    "A text; anything else is written as JSON."},
                  "content_base64": {"type": "string", "description": "Bytes, instead of content."},
                  "overwrite": {"type": "boolean", "default": true,
                    "description": "Whether a file that is there is replaced."})",
                               R"("required": ["path"], "anyOf": [{"required": ["content"]},
                    {"required": ["content_base64"]}], )"),
                .effect = EffectClass::idempotent,
                .body = task_of(upload, check_content)});
  provider.add({.name = "delete",
                .title = "Delete a file",
                .description =
                    "Removes a file, or a folder that is empty. Output: {deleted}, false "
                    "when there was none.",
                .aliases = {"delete_file"},
                .params = with(R"(, "folder": {"type": "boolean", "default": false,
                    "description": "It is a folder."})",
                               R"("required": ["path"], )"),
                .effect = EffectClass::idempotent,
                .body = task_of(remove)});
  provider.add({.name = "rename",
                .title = "Rename a file",
                .description = "Gives a file another name or folder. Output: {path}.",
                .aliases = {"move"},
                .params = params_schema(R"({"type": "object", "properties": {
                    "from": {"type": "string", "minLength": 1, "maxLength": 4096,
                             "description": "What it is called."},
                    "to": {"type": "string", "minLength": 1, "maxLength": 4096,
                           "description": "What it will be called."}},
                    "required": ["from", "to"], "additionalProperties": false})"),
                .effect = EffectClass::unsafe,
                .body = task_of(rename)});
  provider.add({.name = "make_folder",
                .title = "Make a folder",
                .description = "Makes a folder. Output: {path}.",
                .aliases = {"mkdir"},
                .params = with("", R"("required": ["path"], )"),
                .effect = EffectClass::unsafe,
                .body = task_of(make_folder)});
}

}  // namespace

void register_sftp(Registry& registry) {
  data::prepare_sftp();
  Provider& provider = registry.add(
      {.name = "sftp",
       .title = "SFTP",
       .description = "Files on an SSH server.",
       .category = "files",
       .auth = data::target_fields(
           "SSH", {{.type = "private_key", .title = "Private key (PEM)", .required = false},
                   {.type = "passphrase", .title = "Passphrase of the key", .required = false},
                   {.type = "host_key",
                    .title = "The server's host key, SHA256:...",
                    .secret = false,
                    .required = false},
                   {.type = "insecure",
                    .title = "true: any host key will do",
                    .secret = false,
                    .required = false}}),
       .auth_optional = false});
  add_reading(provider);
  add_writing(provider);
}

}  // namespace pilot::providers
