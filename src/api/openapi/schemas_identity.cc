// Keys, users, sessions, the key ring, the audit log.
#include <array>

#include "api/openapi/openapi.h"

namespace pilot::api::openapi {
namespace {

constexpr std::array kSchemas{
    SchemaDoc{"NewKey",
              "! name:string scopes:any expires_in?:any expires_at?:string? "
              "user?:string? user_id?:string"},
    SchemaDoc{"Key",
              "id:string user:string name:string prefix:string scopes:[string] "
              "expires_at:time? created_at:time last_used_at:time? revoked_at:time?"},
    SchemaDoc{"MadeKey", "...Key key:string"},
    SchemaDoc{"KeyList", "keys:[Key] next_cursor:string?"},
    SchemaDoc{"NewUser",
              "! id?:string? name?:string? email?:string? password?:string? "
              "owner?:string? disabled?:boolean? allowed_hosts?:[string]? user_id?:string"},
    SchemaDoc{"UserChange",
              "! name?:string? email?:string? password?:string? "
              "disabled?:boolean? allowed_hosts?:[string]? user_id?:string"},
    SchemaDoc{"User",
              "id:string owner:string? name:string email:string? disabled:boolean "
              "allowed_hosts:[string]? created_at:time"},
    SchemaDoc{"UserSaved", "success:boolean user:User"},
    SchemaDoc{"UserList", "users:[User] next_cursor:string?"},
    SchemaDoc{"SignIn", "! name:string password:string"},
    SchemaDoc{"NewPassword", "! old_password:string new_password:string"},
    SchemaDoc{"SignedIn", "user:string csrf_token:string"},
    SchemaDoc{"Caller",
              "user:string acting_for:string? kind:loopback|operator|key|session "
              "id:string? scopes:[string] csrf_token?:string"},
    SchemaDoc{"Keyring",
              "source:file|environment variable:string? keys:[RingKey] "
              "missing:[MissingKey] rows_without_key_id:integer"},
    SchemaDoc{"RingKey", "id:string first:boolean created_at:time? rows:integer"},
    SchemaDoc{"MissingKey", "id:string rows:integer"},
    SchemaDoc{"Rotate", "! cursor?:string? continue?:boolean"},
    SchemaDoc{"Rotated",
              "key_id:string added:boolean seen:integer changed:integer "
              "unreadable:integer next_cursor:string?"},
    SchemaDoc{"Dropped", "success:boolean dropped:string"},
    SchemaDoc{"Node",
              "id:string name:string roles:[string] version:string started_at:time "
              "heartbeat_at:time lease_ms:integer alive:boolean draining:boolean runs:integer"},
    SchemaDoc{"NodeList", "shared:boolean nodes:[Node]"},
    SchemaDoc{"AuditEntry",
              "id:string at:time user_id:string? caller:nobody|loopback|operator|key|session "
              "caller_id:string? method:string route:string? status:integer code:string? "
              "address:string? request_id:string? acting_for:string?"},
    SchemaDoc{"AuditList", "entries:[AuditEntry] next_cursor:string?"},
};

}  // namespace

std::span<const SchemaDoc> identity_schemas() { return kSchemas; }

}  // namespace pilot::api::openapi
