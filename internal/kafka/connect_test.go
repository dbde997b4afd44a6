package kafka

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/tracklayer/amazon-capi/internal/setting"
)

// TestAskSaysWhyItEnded: that time was up means little to somebody who has not set
// it, and that they interrupted it themselves is not the brokers' fault.
func TestAskSaysWhyItEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		silent := func(ctx context.Context) error {
			<-ctx.Done()
			return fmt.Errorf("asking: %w", ctx.Err())
		}
		if err := Ask(t.Context(), silent); err == nil || !strings.Contains(err.Error(), "not answered within 30s (--brokers)") {
			t.Errorf("silent brokers: %v", err)
		}
		stopped := errors.New("interrupted")
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(stopped)
		if err := Ask(ctx, silent); !errors.Is(err, stopped) {
			t.Errorf("interrupted: %v", err)
		}
		refused := errors.New("refused")
		if err := Ask(t.Context(), func(context.Context) error { return refused }); !errors.Is(err, refused) {
			t.Errorf("refused: %v", err)
		}
		if err := Ask(t.Context(), func(context.Context) error { return nil }); err != nil {
			t.Errorf("answered: %v", err)
		}
	})
}

func TestConnectWithWrongSettings(t *testing.T) {
	err := Settings{}.AskOnce(t.Context(), func(context.Context, *kgo.Client) error {
		t.Error("nobody can be asked")
		return nil
	})
	if _, mistake := errors.AsType[*setting.Mistake](err); !mistake || !strings.Contains(err.Error(), "--brokers") {
		t.Errorf("%v, want a mistake about --brokers", err)
	}
}

// TestExplained: the advice is about brokers, and must not be given for requests to others,
// which fail in the same ways.
func TestExplained(t *testing.T) {
	cut := &url.Error{Op: "Post", URL: "https://registry", Err: io.EOF}
	untrusted := &url.Error{Op: "Get", URL: "https://registry", Err: new(tls.CertificateVerificationError)}
	for _, err := range []error{cut, untrusted, fmt.Errorf("schema registry: %w", cut)} {
		if got := Explained(err); got != err {
			t.Errorf("a request by HTTP: %v", got)
		}
	}
	for err, want := range map[error]string{
		io.EOF:                                "whether its listener wants TLS (--tls)",
		new(tls.CertificateVerificationError): "see --tls-ca, and the names in --brokers",
		kerr.SaslAuthenticationFailed:         "--sasl-password",
		kerr.UnsupportedSaslMechanism:         "--sasl-mechanism",
	} {
		if got := Explained(fmt.Errorf("asking: %w", err)); !errors.Is(got, err) || !strings.Contains(got.Error(), want) {
			t.Errorf("%v: %v, want %q", err, got, want)
		}
	}
}
