package config

import (
	"io"
	"math"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"github.com/tracklayer/amazon-capi/internal/kafka"
	"github.com/tracklayer/amazon-capi/internal/pipeline"
	"github.com/tracklayer/amazon-capi/internal/setting"
)

func TestInFlightFollowsTheMemoryLimit(t *testing.T) {
	for limit, want := range map[int64]string{
		math.MaxInt64: "64MiB", 1 << 30: "64MiB", 512 << 20: "64MiB",
		256 << 20: "32MiB", 100_000_000: "12207KiB", 4 << 20: "1MiB", 0: "1MiB",
	} {
		b := inFlightWithin(limit)
		if b.String() != want {
			t.Errorf("with a limit of %d: %s, want %s", limit, &b, want)
		}
	}
}

// TestDeliveryResolves: a configuration is fixed in one go, and nobody who only
// looks needs an account.
func TestDeliveryResolves(t *testing.T) {
	resolve := func(sends bool, args ...string) (pipeline.Config, error) {
		t.Helper()
		var f Delivery
		flags := pflag.NewFlagSet("", pflag.ContinueOnError)
		f.Register(flags)
		if err := flags.Parse(args); err != nil {
			t.Fatal(err)
		}
		return f.Resolve(kafka.Settings{}, sends, io.Discard)
	}
	c, err := resolve(false, "--linger", "0s", "--batch-bytes", "500KB")
	if err != nil || c.Linger >= 0 || c.BatchBytes != 500_000 || c.MaxAttempts != 5 || c.ReceiptsTopic != DefaultReceiptsTopic {
		t.Errorf("%+v, %v", c, err)
	}
	_, err = resolve(true, "--contract", "v9", "--batch-events", "0", "--region", "APAC", "--client-secret", "s", "--max-attempts", "0",
		"--auth-hold", "-1s", "--amazon-url", "amazon", "--mapping", "/nonexistent", "--on-exhausted", "drop")
	if _, mistake := err.(*setting.Mistake); !mistake {
		t.Fatalf("%v is not a mistake", err)
	}
	for _, want := range []string{
		"--contract: ", "--region: ", "--client-id is not set (or AMAZON_CAPI_CLIENT_ID)", "--refresh-token is not set", "--max-attempts: 0 is out of range, want 1 to 1000",
		"--auth-hold: -1s is too short, want at least 0s", "--amazon-url: ", "--mapping: ", "--on-exhausted: ",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in\n%v", want, err)
		}
	}
	if _, err := resolve(true, "--accounts", "a.yaml", "--client-id", "c"); err == nil || !strings.Contains(err.Error(), "--client-id and --accounts are both set") {
		t.Errorf("an account beside a file of accounts: %v", err)
	}
}
