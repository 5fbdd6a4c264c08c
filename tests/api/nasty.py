"""Texts and bodies that have broken other servers."""

# fmt: off

SQL = [
    "'", "''", '"', "`", "\\", "';--", "' OR '1'='1", '" OR "1"="1', "' OR 1=1--", "1 OR 1=1",
    "') OR ('1'='1", "' AND '1'='1", "1; DROP TABLE runs;--", "'; DELETE FROM plans; --",
    "' UNION SELECT NULL,NULL,NULL--", "' UNION ALL SELECT sqlite_version(),2,3 --",
    "' UNION SELECT version()--", "1' AND (SELECT 1 FROM pg_sleep(5))--",
    "'; SELECT pg_sleep(5)--", "' || pg_sleep(5) || '", "1 AND 1=(SELECT 1 FROM PG_SLEEP(5))",
    "$$; SELECT pg_sleep(5); $$", "' AND randomblob(500000000) AND '1'='1",
    "1 AND LIKE('A',UPPER(HEX(RANDOMBLOB(500000000/2))))",
    "' OR CAST((SELECT version()) AS int)=1--", "' AND extractvalue(1,concat(0x7e,version()))--",
    "' ORDER BY 100--", "id) FROM runs --", "a' COLLATE nocase --",
    "'; COPY x TO PROGRAM 'id'; --", "' AND 1=(SELECT COUNT(*) FROM users)--", "E'\\x41'",
    "%27%20OR%201=1--", "x' GLOB '*", "%", "_", "%%", "a%", "[a]%", "*", "?",
    "; PRAGMA journal_mode=off", "' ; ATTACH 'x' AS y; --",
]

TRAVERSAL = [
    "..", ".", "../", "..\\", "../../../../../../etc/passwd", "..\\..\\..\\windows\\win.ini",
    "....//....//etc/passwd", "..%2f..%2fetc%2fpasswd", "%2e%2e%2f", "..;/", "/etc/passwd",
    "file:///etc/passwd", "C:\\boot.ini", "\\\\server\\share", "pilot.key", "../pilot.key",
    "../pilot.db", "server.json", "..\u2215..\u2215etc", "..\uff0f..\uff0fetc", "~root", "~",
    "con", "nul", "aux.txt", ".git/config", ".env", "plan.json/..", "x/../../y", "//", "///etc",
]

TEXTS = (
    SQL
    + TRAVERSAL
    + [
        "", " ", "\t", "a ", " a", "null", "undefined", "NaN", "true", "None", "0", "-1",
        "1e400", "9223372036854775808", "-9223372036854775809", "1.5", "0x10", "1_000", "\u0661",
        "\uff11", "\x00", "a\x00b",
        "\x01\x02\x1b[31mred\x1b[0m",
        "\r\nX: y", "a\nb", "\u2028", "\u202egnp.exe", "\u200b", "\ufeff", "\ufffe", "\u0085",
        "\u00ad", "e\u0301" * 50, "Z\u0351\u036b\u0343" * 20, "\U0001f469\u200d\U0001f680",
        "\U0001f1e9\U0001f1ea", "\u7530\u4e2d\u3055\u3093", "\u0627\u0644", "\u0410dmin",
        "ad\u043cin", "\u00df", "\u0130", "i\u0307", "\ufb01", "\u1e9e", "\U00010fff",
        "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "javascript:alert(1)",
        "{{7*7}}", "${7*7}", "#{7*7}", "${inputs.x}", "${steps.a.output}", "$${x}", "${${x}}",
        "${", "{{", "<%= 7*7 %>", "$(id)", "`id`", "|id", ";id", "&& id", "%n%s%s%n", "%x%x%x",
        "{0}", "{}", "__proto__", "constructor", "toString", "hasOwnProperty", "()=>{}", "&lt;",
        "&#0;", "<!--",
        "]]>",
        "<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>",
        "http://169.254.169.254/latest/", "gopher://127.0.0.1:6379/_", "(a+)+$", "a" * 101,
        "a" * 201, "x" * 600, "x" * 5000, "\u00e9" * 3000, "2024-02-30T00:00:00Z",
        "9999-12-31T23:59:59Z", "0000-01-01T00:00:00Z", "*/0 * * * *", "* * * * * * *",
        "60 24 32 13 8", "0 0 30 2 *", "Mars/Phobos", "../Europe/Berlin", "=cmd|' /C calc'!A0",
        "@SUM(1+1)", "Basic YTpi", "Bearer x", "pk_", "a=b&c=d", "a;b", "a,b",
    ]
)

NUMBERS = [
    0, -0.0, -1, 1, 0.5, -0.5, 501, 2**31, -(2**31) - 1, 2**53 + 1, 2**63 - 1, 2**63, -(2**63),
    2**64, 10**30, 1e308, 5e-324, 1e-10, 10**200,
]

VALUES = [
    None, True, False, [], {}, [[]], [None], {"": ""}, [1, "a", None, {}], {"a": {"b": [{}]}},
    {"$ref": "#"}, {"__proto__": {"x": 1}}, {"$where": "1"}, {"$gt": ""}, ["a"] * 300,
    {str(i): i for i in range(200)},
]

# In place of a JSON value, as bytes: most are none.
RAW_VALUES = [
    b"1e400", b"-1e400", b"-0", b"-0.0", b"1E+2", b"01", b"+1", b".5", b"1.", b"0x1", b"NaN",
    b"Infinity", b"-Infinity", b"1" * 400, b"1" * 1100, b"0." + b"1" * 900, b"1e-99999", b"nul",
    b"True", b"'a'", b"undefined", b'"\\ud800"', b'"\\udc00\\ud800"', b'"\\ud83d\\ude00"',
    b'"\\u0000"', b'"a\\u0000b"', b'"\\x41"', b'"\\u12"', b'"a\x00b"', b'"a\nb"', b'"\xff"',
    b'"\xc0\x80"', b'"\xed\xa0\x80"', b'"\xf4\x90\x80\x80"', b'"\xe2\x82"',
    b"[" * 90 + b"]" * 90, b"[" * 101 + b"]" * 101,
    b"[" * 5000,
    b'{"a":' * 101 + b"1" + b"}" * 101, b'{"a":1,"a":2}', b'{"a":1,"\\u0061":2}', b"[1,]",
    b'{"a":1,}', b"[1 2]", b'{"a" 1}', b"{a:1}", b"/* c */1", b"// c\n1", b"\xef\xbb\xbf1",
    b'"' + b"x" * 70000 + b'"', b"[" + b"0," * 20000 + b"0]",
]

# In place of a whole body.
BODIES = [
    b"", b" ", b"\n", b"null", b"true", b"1", b'"x"', b"[]", b"{}", b"[[]]", b"[{}]", b"{", b"}",
    b"\x00", b"\xff\xfe{\x00}\x00", b"\xef\xbb\xbf{}", b"{}{}", b"{} x", b"a=1&b=2", b"<x/>",
    b"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--",
    b"[" * 100000,
    b'{"steps":' * 1000, b'{"name":"' + b"n" * 1500000 + b'"}',
    b"{" + b",".join(b'"k%d":1' % i for i in range(100001)) + b"}",
]

# As they are, where a path's part, or the query, would be.
RAW_PARTS = [
    "%", "%2", "%zz", "%00", "%ff", "%c0%af", "%ed%a0%80", "%0d%0aX:y", "%2e%2e", "%2f", "..",
    ".", "", "%20", "+", ";x=1", "a;b", "%5c", "%25", "%252e", "*", "~", "%7f", "%1b",
]

HEADERS = [
    ("X-Request-Id", "ok-1"), ("X-Request-Id", "a b"), ("X-Request-Id", "x" * 65),
    ("X-Request-Id", "'; DROP TABLE audit_log;--"), ("X-Request-Id", '{"a":1}'),
    ("Last-Event-ID", "-1"), ("Last-Event-ID", "x"), ("Last-Event-ID", "9" * 30),
    ("Accept", "text/html"), ("Accept", "*/*;q=0"), ("Accept-Encoding", "gzip, br"),
    ("Content-Encoding", "gzip"), ("Expect", "100-continue"), ("Expect", "200-ok"),
    ("Origin", "http://evil.test"), ("Origin", "null"), ("Referer", "http://evil.test/"),
    ("Host", "evil.test"), ("Host", ""), ("Host", "127.0.0.1:1@evil.test"),
    ("X-Forwarded-For", "1.2.3.4"), ("X-Forwarded-Host", "evil.test"), ("Forwarded", "for=x"),
    ("X-HTTP-Method-Override", "DELETE"), ("X-Original-URL", "/api/users"),
    ("Range", "bytes=0-1"), ("If-None-Match", "*"),
    ("Cookie", "pilot_session=x; pilot_session=y"), ("Cookie", "pilot_session=" + "A" * 43),
    ("X-CSRF-Token", "x"),
    ("User-Agent", "\x1b[31m{}%n"),
    ("X-User-Id", "local"), ("Transfer-Encoding", "identity"), ("Connection", "close"),
    ("X-Long", "x" * 8000), ("Authorization", "Basic bG9jYWw6"), ("Authorization", "Bearer"),
    ("Authorization", "Bearer pk_" + "A" * 43), ("Authorization", "Bearer ' OR 1=1--"),
    ("Idempotency-Key", "a b"), ("Idempotency-Key", ""), ("Idempotency-Key", "x" * 256),
    ("Idempotency-Key", "'; DROP TABLE idempotency_keys;--"), ("Idempotency-Key", '"q"'),
    ("Content-Type", "text/plain"), ("Content-Type", "application/json; charset=utf-16"),
    ("Content-Type", "application/x-www-form-urlencoded"),
    ("Content-Type", "multipart/form-data"),
]


def raw_requests(key, plan_id):
    """Whole requests that no HTTP client would send."""
    auth = f"Host: localhost\r\nAuthorization: Bearer {key}\r\n".encode()
    get, post = b"GET /api/plans HTTP/1.1\r\n", b"POST /api/runs HTTP/1.1\r\n"
    json_type = b"Content-Type: application/json\r\n"
    path = b"/api/plans/" + plan_id.encode()
    forged = [
        b"a\r\nX-Forged: 1", b"a\nX-Forged: 1", b"a\rX-Forged: 1", b"a\x00b", b"a\x0bb",
        b"a\x1b[31m",
        b"\xff\xfe", b"\xe2\x80\xa8", b"a\r\n b", b"a\r\n\tb", b"a\r\n\r\nGET /",
    ]
    names = [
        b"User-Agent", b"X-Request-Id", b"Idempotency-Key", b"Last-Event-ID", b"Accept",
        b"Cookie", b"Origin", b"X-CSRF-Token", b"Referer", b"Authorization", b"Host",
    ]
    out = [get + auth + name + b": " + value + b"\r\n\r\n" for name in names for value in forged]
    out += [
        get + auth + name + b"\r\n\r\n"
        for name in [
            b"X", b": x", b"X : y", b" X: y", b"X\x00: y", b"X\xe9: y", b"(X): y",
            b"X" * 9000 + b": y", b"X: " + b"y" * 9000, b"X: y\r\n" * 101,
        ]
    ]
    out += [
        b"GET " + target + b" HTTP/1.1\r\n" + auth + b"\r\n"
        for target in [
            b"*", b"http://evil.test/api/plans", b"//evil.test/api/plans", b"api",
            b"/api/plans\x00", b"/api/\xff", b"/api/plans#x", b"/api/plans?\x01",
            b"/" + b"x" * 9000, b"/api/plans?" + b"a=1&" * 200, b"/api /plans", b"",
            path + b"%00", path + b"/../../keys", b"/api/./plans", b"/api//plans",
            b"/api/plans?limit=1&limit=2", b"/api/plans?limit", b"/api/plans?=1",
            b"/api/plans?%zz=1", b"/api/plans?a=%", b"/api/plans?user_id=%ff",
        ]
    ]
    out += [
        method + b" /api/plans HTTP/1.1\r\n" + auth + b"\r\n"
        for method in [
            b"get", b"TRACE", b"CONNECT", b"PROPFIND", b"G\x00T", b"X" * 300, b"", b"PATCH",
            b"OPTIONS", b"GET\t", b"DELETE", b"PRI",
        ]
    ]
    out += [
        b"GET /api/plans " + version + b"\r\n" + auth + b"\r\n"
        for version in [
            b"HTTP/0.9", b"HTTP/1.0", b"HTTP/2.0", b"HTTP/1.2", b"HTTP/1.1x", b"", b"http/1.1",
            b"HTTP/1", b"HTTP/11.1",
        ]
    ]
    bodies = [
        b"Content-Length: -1\r\n\r\n{}", b"Content-Length: 2, 2\r\n\r\n{}",
        b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", b"Content-Length: 1e1\r\n\r\n{}",
        b"Content-Length: 99999999999999999999\r\n\r\n{}", b"Content-Length: 20000000\r\n\r\n{}",
        b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\n{}",
        b"Transfer-Encoding: chunked, identity\r\n\r\n", b"Transfer-Encoding: gzip\r\n\r\n{}",
        b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", b"Content-Length: 10\r\n\r\n{}",
        b"Content-Length: 0x2\r\n\r\n{}", b"Content-Length: +2\r\n\r\n{}", b"\r\n{}",
    ]
    out += [post + auth + json_type + body for body in bodies]
    out += [
        b"\r\n\r\n" + get + auth + b"\r\n", b"\x16\x03\x01\x02\x00\x01\x00", b"\x00" * 50,
        b"GET", b"{}\r\n\r\n", get + b"\r\n", get + auth + auth + b"\r\n",
        get[:-2] + b"\n" + auth + b"\n",
    ]
    return out
