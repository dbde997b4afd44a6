package schemas

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/tracklayer/amazon-capi/internal/lab/avrotest"
	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// Hostile bytes: each of these, given to goavro as it is, ends the process or
// takes gigabytes. The schemas are a writer's, with fields that we do not know.
func TestHostileBytesAreCheap(t *testing.T) {
	const billions = 2_000_000_000
	recursive := avrotest.Record(`,{"name":"tree","type":{"type":"record","name":"Node","fields":[{"name":"next","type":["null","Node"]}]}}`)
	doubling := `"null"`
	for i := range 40 {
		doubling = fmt.Sprintf(`{"type":"record","name":"D%d","fields":[{"name":"a","type":%s},{"name":"b","type":%s}]}`,
			i, doubling, map[bool]string{true: `"null"`, false: fmt.Sprintf(`"D%d"`, i-1)}[i == 0])
	}
	for name, c := range map[string]struct {
		schema string
		value  []byte
		code   verdict.Code
		field  string
	}{
		"two to the forty": {avrotest.Record(`,{"name":"x","type":` + doubling + `}`), avrotest.ValueOf(), verdict.CodeCorrupt, "x"},
		"megabytes of records": {avrotest.Record(`,{"name":"x","type":{"type":"array","items":{"type":"record","name":"N","fields":[{"name":"y","type":["null","int"]}]}}}`),
			avrotest.ValueOf(avrotest.Long(5<<20), make([]byte, 5<<20+1)), verdict.CodeCorrupt, "x"},
		"map of billions":       {avrotest.Record(`,{"name":"x","type":{"type":"map","values":"string"}}`), avrotest.ValueOf(avrotest.Long(billions)), verdict.CodeTruncated, "x"},
		"array of billions":     {avrotest.Record(`,{"name":"x","type":{"type":"array","items":"long"}}`), avrotest.ValueOf(avrotest.Long(billions)), verdict.CodeTruncated, "x"},
		"with a size":           {avrotest.Record(`,{"name":"x","type":{"type":"array","items":"long"}}`), avrotest.ValueOf(avrotest.Long(-billions), avrotest.Long(4)), verdict.CodeTruncated, "x"},
		"impossible count":      {avrotest.Record(`,{"name":"x","type":{"type":"array","items":"long"}}`), avrotest.ValueOf(avrotest.Long(-1 << 63)), verdict.CodeCorrupt, "x"},
		"billions of nulls":     {avrotest.Record(`,{"name":"x","type":{"type":"array","items":"null"}}`), avrotest.ValueOf(avrotest.Long(billions)), verdict.CodeCorrupt, "x"},
		"many blocks of nulls":  {avrotest.Record(`,{"name":"x","type":{"type":"array","items":"null"}}`), avrotest.ValueOf(bytes.Repeat(avrotest.Long(900), 1000), avrotest.Long(0)), verdict.CodeCorrupt, "x"},
		"deep recursion":        {recursive, avrotest.ValueOf(bytes.Repeat(avrotest.Long(1), 5<<20), avrotest.Long(0)), verdict.CodeCorrupt, "tree"},
		"recursion of an array": {avrotest.Record(`,{"name":"x","type":{"type":"array","items":{"type":"record","name":"N","fields":[{"name":"y","type":{"type":"array","items":"N"}}]}}}`), avrotest.ValueOf(bytes.Repeat(avrotest.Long(1), 5<<20)), verdict.CodeCorrupt, "x"},
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := decodeAs(c.schema, c.value)
			runtime.ReadMemStats(&after)
			var bad *DecodeError
			if bad, _ = err.(*DecodeError); bad == nil || bad.Code != c.code || !strings.HasPrefix(bad.Field, c.field) || len(bad.Field) > 1000 {
				t.Errorf("error %v, want a short one with code %s", err, c.code)
			}
			if took := after.TotalAlloc - before.TotalAlloc; took > 16<<20 {
				t.Errorf("took %d MB", took>>20)
			}
		})
	}
}

// TestOrdinaryNestingIsRead: the bounds are for attacks, not for schemas.
func TestOrdinaryNestingIsRead(t *testing.T) {
	recursive := avrotest.Record(`,{"name":"tree","type":{"type":"record","name":"Node","fields":[{"name":"next","type":["null","Node"]}]}}`)
	if _, err := decodeAs(recursive, avrotest.ValueOf(bytes.Repeat(avrotest.Long(1), 30), avrotest.Long(0))); err != nil {
		t.Error(err)
	}
	nulls := avrotest.Record(`,{"name":"x","type":{"type":"array","items":"null"}}`)
	if _, err := decodeAs(nulls, avrotest.ValueOf(avrotest.Long(-5), avrotest.Long(0), avrotest.Long(3), avrotest.Long(0))); err != nil {
		t.Error(err)
	}
}
