"""What people do with clickhouse-connect: connect, select every common type, bind parameters, fail, and be kept from writing."""

import sys
from decimal import Decimal

import clickhouse_connect
from clickhouse_connect.driver.exceptions import DatabaseError

port, password = int(sys.argv[1]), sys.argv[2]
reader = clickhouse_connect.get_client(host="127.0.0.1", port=port)
writer = clickhouse_connect.get_client(host="127.0.0.1", port=port, username="sink", password=password)

writer.command("CREATE TABLE from_python (n UInt64, s LowCardinality(String), d Decimal(38, 12)) ENGINE = MergeTree ORDER BY n")
writer.command("INSERT INTO from_python SELECT number, toString(number), toDecimal128(number, 12) FROM numbers(300000)")

row = reader.query(
    "SELECT toDecimal128('1.000000000001', 12), toDateTime64('2026-01-01 00:00:00.000001', 6, 'UTC'), "
    "map('a', 1), [1, 2], (1, 'x'), CAST(NULL AS Nullable(String)), generateUUIDv4()"
).result_rows[0]
assert row[0] == Decimal("1.000000000001"), row
assert row[2] == {"a": 1} and list(row[3]) == [1, 2] and row[5] is None, row

assert len(reader.query("SELECT * FROM from_python").result_rows) == 300_000
assert reader.query("SELECT * FROM from_python WHERE n > 900000").result_rows == []
bound = reader.query("SELECT {s:String}, {a:Array(String)}", parameters={"s": "it's\ta", "a": ["p", "q'r"]})
assert bound.result_rows == [("it's\ta", ["p", "q'r"])], bound.result_rows
assert reader.command("SELECT 1") == 1
assert reader.ping()
assert reader.raw_query("SELECT 1 AS n FORMAT JSONEachRow") == b'{"n":1}\n'


def refused(action, expected):
    try:
        action()
    except DatabaseError as error:
        assert expected in str(error), error
    else:
        raise AssertionError("was not refused")


refused(lambda: reader.query("SELECT * FROM nosuch"), "UNKNOWN_TABLE")
refused(lambda: reader.insert("from_python", [[1, "a", Decimal(1)]], column_names=["n", "s", "d"]), "READONLY")
refused(lambda: reader.command("DROP TABLE from_python"), "READONLY")
refused(lambda: clickhouse_connect.get_client(host="127.0.0.1", port=port, username="sink", password="x"), "516")
print("ok", clickhouse_connect.__version__)
