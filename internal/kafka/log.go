package kafka

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/redact"
)

// quiet passes on the client's log without the parts of brokers' and proxies' errors that
// must not be logged.
type quiet struct{ kgo.Logger }

// Log implements kgo.Logger. Numbers are the client's own and stay.
func (q quiet) Log(level kgo.LogLevel, msg string, keyvals ...any) {
	shown := make([]any, len(keyvals))
	for i, v := range keyvals {
		switch v := v.(type) {
		case error:
			shown[i] = redact.Error(v)
		case string:
			shown[i] = redact.Own(v)
		case bool, int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64, float32, float64:
			shown[i] = v
		default:
			shown[i] = redact.Own(fmt.Sprint(v))
		}
	}
	q.Logger.Log(level, redact.Own(msg), shown...)
}
