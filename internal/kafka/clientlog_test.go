package kafka

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/plugin/kzerolog"
)

// TestAKilledBrokerIsNoQuestionOfTLS: the client's guess is passed on until brokers
// have answered, and not after that.
func TestAKilledBrokerIsNoQuestionOfTLS(t *testing.T) {
	const guess = "read from broker received EOF during api versions discovery, which often happens when the broker requires TLS and the client is not using it (is TLS misconfigured?)"
	for _, answered := range []bool{false, true} {
		var out bytes.Buffer
		zl := zerolog.New(&out)
		l := &clientLogger{Logger: kzerolog.New(&zl)}
		if answered {
			l.OnBrokerE2E(kgo.BrokerMetadata{}, 18, kgo.BrokerE2E{BytesRead: 10})
		} else {
			l.OnBrokerE2E(kgo.BrokerMetadata{}, 18, kgo.BrokerE2E{ReadErr: io.EOF})
		}
		keyvals := []any{"addr", "b:9092", "err", error(new(kgo.ErrFirstReadEOF))}
		l.Log(kgo.LogLevelWarn, guess, "addr", "b:9092", "err", io.EOF)
		l.Log(kgo.LogLevelError, "group manage loop errored", keyvals...)
		got := out.String()
		if strings.Contains(got, "TLS") == answered || strings.Contains(got, `"level":"error"`) == answered {
			t.Errorf("brokers have answered: %v; the log says\n%s", answered, got)
		}
		if !strings.Contains(got, "b:9092") || !strings.Contains(got, "group manage loop errored") {
			t.Errorf("what happened where is not told any more:\n%s", got)
		}
		if _, ok := errors.AsType[*kgo.ErrFirstReadEOF](keyvals[3].(error)); !ok {
			t.Error("the caller's values were changed")
		}
		out.Reset()
		l.Log(kgo.LogLevelError, "another fault", "err", errors.New("x"))
		if !strings.Contains(out.String(), `"level":"error"`) {
			t.Errorf("another fault lost its level: %s", out.String())
		}
	}
}

// TestAClientNotesThatBrokersAnswer: the hook is called.
func TestAClientNotesThatBrokersAnswer(t *testing.T) {
	c := broker(t)
	s := Settings{Brokers: c.ListenAddrs()}
	opts, err := s.Options(zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	cl, err := kgo.NewClient(opts...)
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	if err := ping(t, cl); err != nil {
		t.Fatal(err)
	}
	if l, ok := cl.OptValue(kgo.WithLogger).(*clientLogger); !ok || !l.answered.Load() {
		t.Errorf("after an answer the logger is %T, and has not noted it", cl.OptValue(kgo.WithLogger))
	}
}
