package avro

import "testing"

// TestNamesOfKafkaConnect: only Debezium's names of times mean what a logical type means.
func TestNamesOfKafkaConnect(t *testing.T) {
	for name, want := range map[string]struct {
		logical Logical
		name    string
	}{
		"io.debezium.time.Timestamp":                  {LogicalMillis, "io.debezium.time.Timestamp"},
		"io.debezium.time.MicroTimestamp":             {LogicalMicros, "io.debezium.time.MicroTimestamp"},
		"io.debezium.time.NanoTime":                   {LogicalOtherTime, "io.debezium.time.NanoTime"},
		"org.apache.kafka.connect.data.Timestamp":     {LogicalNone, ""},
		"com.example.timestamp-millis":                {LogicalNone, ""},
		"timestamp-millis":                            {LogicalNone, ""},
		"com.example.io.debezium.time.MicroTimestamp": {LogicalNone, ""},
	} {
		typ := Type{Kind: Long}
		typ.annotate(map[string]any{"connect.name": name})
		if typ.Logical != want.logical || typ.LogicalName != want.name {
			t.Errorf("%s: %v, %q; want %v, %q", name, typ.Logical, typ.LogicalName, want.logical, want.name)
		}
	}
	typ := Type{Kind: Long}
	typ.annotate(map[string]any{"logicalType": "timestamp-micros", "connect.name": "io.debezium.time.Timestamp"})
	if typ.Logical != LogicalMicros {
		t.Errorf("%v: the logical type goes before Connect's name", typ.Logical)
	}
}
