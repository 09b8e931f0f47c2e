"""What no client should send, by kind."""

WRONG_CURSORS = {
    "nonsense": "malformed",
    "-1": "malformed",
    "1.5": "unknown_epoch",
    "Zz.5": "malformed",
    "zzzzzz.5": "unknown_epoch",
    "999999999": "ahead_of_log",
    "9" * 40: "malformed",
    "1\0": "malformed",
    "é": "malformed",
    "earliest,now": "malformed",
    "1\r\nX-Evil: 1": "malformed",
    "a" * 8_000: "malformed",
}

WRONG_QUERIES = [
    ("events", "no_such_type"),
    ("events", "reasoning,<script>"),
    ("level", "loud"),
    ("max_rate", "0"),
    ("max_rate", "-1"),
    ("max_rate", "nan"),
    ("max_rate", "inf"),
    ("max_rate", "1001"),
    ("max_rate", "fast"),
    ("limit", "0"),
    ("limit", "0.5"),
    ("limit", "1001"),
    ("limit", "nan"),
    ("wait", "-1"),
    ("wait", "61"),
    ("wait", "inf"),
    ("no_such_parameter", "1"),
]

DEEP = b"[" * 10_000 + b"]" * 10_000
WRONG_JSON = {
    "nothing": b" ",
    "half": b'{"type": "ping"',
    "not UTF-8": b'{"type": "ping", "data": "\xff\xfe"}',
    "10,000 deep": b'{"type": "ping", "data": ' + DEEP + b"}",
    "65 deep": b'{"type": "ping", "data": ' + b"[" * 65 + b"]" * 65 + b"}",
    "NaN": b'{"type": "ping", "data": NaN}',
    "Infinity": b'{"type": "ping", "data": -Infinity}',
    "a number": b"1",
    "an array": b"[]",
    "no type": b'{"data": 1}',
    "unknown type": b'{"type": "no_such_command", "data": {}}',
    "unknown field": b'{"type": "ping", "dta": 1}',
    "wrong type": b'{"type": "user_prompt", "data": {"prompt": 5}}',
    "empty prompt": b'{"type": "user_prompt", "data": {"prompt": " "}}',
    "long command_id": b'{"type": "ping", "command_id": "' + b"x" * 129 + b'"}',
}

FOREIGN_HOSTS = [
    "evil.example",
    "127.0.0.1.evil.example",
    "localhost.evil.example:80",
    "127.0.0.1@evil.example",
    "",
    "[::1",
]
FOREIGN_ORIGINS = [
    "http://evil.example",
    "https://127.0.0.1.evil.example",
    "http://localhost.evil.example",
    "http://127.0.0.1@evil.example",
    "http://evil.example/#127.0.0.1",
    "null",
    "file://",
    "chrome-extension://127.0.0.1",
    "http://[::1",
    "http://",
    "127.0.0.1",
]

NOT_HTTP = [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"GET\r\n\r\n",
    b"BREW /v1/health HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET http://[::1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /\xff\xfe HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nX-\x00: 1\r\n\r\n",
    b"POST /v1/chat HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
]
