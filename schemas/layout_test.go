package schemas

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/tracklayer/amazon-capi/internal/verdict"
)

// Hostile bytes: each of these, given to goavro as it is, ends the process or
// takes gigabytes. The schemas are a writer's, with fields that we do not know.
func TestHostileBytesAreCheap(t *testing.T) {
	const billions = 2_000_000_000
	recursive := record(`,{"name":"tree","type":{"type":"record","name":"Node","fields":[{"name":"next","type":["null","Node"]}]}}`)
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
		"two to the forty": {record(`,{"name":"x","type":` + doubling + `}`), valueOf(), verdict.CodeCorrupt, "x"},
		"megabytes of records": {record(`,{"name":"x","type":{"type":"array","items":{"type":"record","name":"N","fields":[{"name":"y","type":["null","int"]}]}}}`),
			valueOf(long(5<<20), make([]byte, 5<<20+1)), verdict.CodeCorrupt, "x"},
		"map of billions":       {record(`,{"name":"x","type":{"type":"map","values":"string"}}`), valueOf(long(billions)), verdict.CodeTruncated, "x"},
		"array of billions":     {record(`,{"name":"x","type":{"type":"array","items":"long"}}`), valueOf(long(billions)), verdict.CodeTruncated, "x"},
		"with a size":           {record(`,{"name":"x","type":{"type":"array","items":"long"}}`), valueOf(long(-billions), long(4)), verdict.CodeTruncated, "x"},
		"impossible count":      {record(`,{"name":"x","type":{"type":"array","items":"long"}}`), valueOf(long(-1 << 63)), verdict.CodeCorrupt, "x"},
		"billions of nulls":     {record(`,{"name":"x","type":{"type":"array","items":"null"}}`), valueOf(long(billions)), verdict.CodeCorrupt, "x"},
		"many blocks of nulls":  {record(`,{"name":"x","type":{"type":"array","items":"null"}}`), valueOf(bytes.Repeat(long(900), 1000), long(0)), verdict.CodeCorrupt, "x"},
		"deep recursion":        {recursive, valueOf(bytes.Repeat(long(1), 5<<20), long(0)), verdict.CodeCorrupt, "tree"},
		"recursion of an array": {record(`,{"name":"x","type":{"type":"array","items":{"type":"record","name":"N","fields":[{"name":"y","type":{"type":"array","items":"N"}}]}}}`), valueOf(bytes.Repeat(long(1), 5<<20)), verdict.CodeCorrupt, "x"},
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
	recursive := record(`,{"name":"tree","type":{"type":"record","name":"Node","fields":[{"name":"next","type":["null","Node"]}]}}`)
	if _, err := decodeAs(recursive, valueOf(bytes.Repeat(long(1), 30), long(0))); err != nil {
		t.Error(err)
	}
	nulls := record(`,{"name":"x","type":{"type":"array","items":"null"}}`)
	if _, err := decodeAs(nulls, valueOf(long(-5), long(0), long(3), long(0))); err != nil {
		t.Error(err)
	}
}
