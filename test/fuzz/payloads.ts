// Texts that have broken other servers: SQL, JSON, paths, templates, headers, Unicode. Harmless where values are only values.

const SQL = `
' OR '1'='1
' OR 1=1--
" OR ""="
') OR ('a'='a
1; DROP TABLE app_main.canary
'; DROP TABLE app_main.canary; --
'; DELETE FROM app_main.canary; --
'; UPDATE app_main.canary SET a = 'hit'; --
'; TRUNCATE app_main.canary CASCADE; --
'; INSERT INTO app_main.canary (a) VALUES ('x'); --
'; CREATE TABLE app_main.owned (a text); --
'; COPY app_main.canary TO PROGRAM 'id'; --
'; SELECT pg_sleep(20); --
' || pg_sleep(20) || '
1 OR pg_sleep(20) IS NULL
(select pg_sleep(20))
1) or pg_sleep(20) is null--
' UNION SELECT password_hash FROM snackbase.users --
' UNION ALL SELECT null,null,null--
') UNION SELECT 1,2,3 --
0 UNION SELECT 1
a' AND (SELECT 1 FROM pg_catalog.pg_tables) = 1 --
a"; SELECT 1; --
"; DROP SCHEMA snackbase CASCADE; --
\\'; DROP TABLE app_main.canary; --
\\\\'; DROP TABLE app_main.canary; --
E'\\x27'
$$; DROP TABLE app_main.canary; $$
$tag$ select 1 $tag$
$1
$2::text
?
??
\\?
:name
@account
@id
@f0
@limit
{}
{0}
%s
%n%n%n
%27%20OR%201%3D1
'--
'#
'/*
*/ OR 1=1 /*
/**/
/*! SELECT 1 */
--
;
;;
'';
'''
""
"""
\`
\`;
1=1
1e0
1e309
0x10
0b1
NaN
Infinity
-Infinity
null
NULL
undefined
true
false
none
default
current_user
now()
now
infinity
epoch
yesterday
ctid
xmin
a.b.c
a::text
a::regclass
'::regclass
pg_class
information_schema.tables
snackbase.users
"snackbase"."users"
app_main.canary
public
id; --
id desc
id) desc--
-id, (select 1)
-
+
--id
++id
,
,,,
id,,id
*
(id)
title asc nulls first
case when 1=1 then id else null end
{"$gt": ""}
{"$ne": null}
{"$where": "sleep(1000)"}
[$ne]
[]
{}
[[[[]]]]
{"a":1,"a":2}
["a","b"]
["\\u0000"]
["\\ud800"]
[1e400]
[null]
[1,"a"]
{"__proto__":{"polluted":true}}
__proto__
constructor
constructor.prototype.polluted
prototype
toString
hasOwnProperty
`;

const OTHER = `
../../../etc/passwd
..\\..\\windows\\win.ini
....//....//etc/passwd
/etc/passwd
file:///etc/passwd
\\\\server\\share
C:\\boot.ini
.git/config
.env
%2e%2e%2f
..%2f..%2f
..%252f
%c0%ae%c0%ae/
%u002e
%
%%
%0
%zz
%ff
%c3%28
%ed%a0%80
con
nul
aux.txt
a/b
a//b
a\\b
a;b=c
a?b=c
a#b
a&b=c
a=b
a+b
a b
 a
a 
<script>alert(1)</script>
"><img src=x onerror=alert(1)>
javascript:alert(1)
data:text/html,x
</title><svg onload=1>
{{7*7}}
\${7*7}
<%= 7*7 %>
#{7*7}
*{7*7}
\${jndi:ldap://127.0.0.1/a}
() { :;}; echo x
| id
; id
\`id\`
$(id)
&& id
*)(uid=*))(|(uid=*
<!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]><x>&y;</x>
<?xml version="1.0"?>
Set-Cookie: a=b
http://127.0.0.1:1/
http://[::1]/
http://169.254.169.254/
//example.com
gopher://127.0.0.1
eyJhbGciOiJub25lIn0.e30.
a.b.c
Bearer x
Basic eDp4
0
-0
-1
1.5
00
01
+1
1,5
1 000
9007199254740993
99999999999999999999999999
-9223372036854775809
1e-400
.5
5.
0.1e1
2026-02-30
2026-13-01
0000-00-00
0000-01-01T00:00:00Z
99999-01-01T00:00:00Z
-0001-01-01
2026-01-02T24:00:00Z
2026-01-02T23:59:60Z
2026-01-02T03:04:05+99:99
2026-01-02T03:04:05.1234567890Z
2026-W01
12:00
00000000-0000-0000-0000-000000000000
ffffffff-ffff-ffff-ffff-ffffffffffff
{00000000-0000-7000-8000-000000000000}
0198c0de7a1170008000000000000000
SY0000
AB1234
ab1234
system
root@example.com
a@b
@
"a b"@example.com
a@[127.0.0.1]
a@b.c,d@e.f
a@b.c%0d%0aBcc:x@y.z
`;

// What a line of text cannot hold.
const CONTROL = [
  '',
  ' ',
  '\t',
  '\n',
  '\r\n',
  'a\r\nX-Injected: 1',
  'a\r\n\r\nHTTP/1.1 200 OK',
  '\u0001\u0002\u001f\u007f',
  '\u0085\u2028\u2029',
  '\ufeff',
  '\u200b\u200c\u200d',
  '\u202etxet',
  'é',
  'é',
  'ﬀ',
  'İıſK',
  'ＳＥＬＥＣＴ',
  '＇ OR 1=1',
  'ʼ OR 1=1',
  '\u00a0',
  '\u3000',
  '😀',
  '👨‍👩‍👧‍👦',
  '🏳️‍🌈',
  'Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘!͖̬̰̙̗̿̋ͥͥ̂ͣ̐́́͜͞',
  'ทดสอบ',
  'اختبار',
  '測試',
  '\u{10ffff}',
  '\ufffd',
  '\ufffe\uffff',
  'a'.repeat(255),
  'a'.repeat(4097),
  "'".repeat(1000),
  '('.repeat(1000),
  '%'.repeat(500),
  ','.repeat(900),
  '-'.repeat(900),
  'é'.repeat(1000),
  '😀'.repeat(500),
];

const lines = (text: string) => text.split('\n').filter((line) => line !== '');

/** All payloads, each once. None holds what JSON or PostgreSQL text cannot say; `UNSAYABLE` has those. */
export const PAYLOADS: readonly string[] = [...new Set([...lines(SQL), ...lines(OTHER), ...CONTROL])];

/** Texts that must be refused wherever they would be stored. */
export const UNSAYABLE: readonly string[] = ['\u0000', 'a\u0000b', '\ud800', 'a\udc00', '\udc00\ud800'];
