package e2e

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/tracklayer/amazon-capi/internal/lab/sandbox"
	"github.com/tracklayer/amazon-capi/internal/lab/testkit"
)

// binary is the program, built once for all tests that run it.
var binary = sync.OnceValues(func() (string, error) {
	out, err := exec.Command("go", append(buildFlags, "-o", binaryPath(), "../../../cmd/amazon-capi")...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return binaryPath(), nil
})

func binaryPath() string {
	return filepath.Join(os.TempDir(), fmt.Sprintf("amazon-capi-e2e-%d", os.Getpid()))
}

func TestMain(m *testing.M) {
	if flag.Parse(); atOnce != "" {
		_ = flag.Set("test.parallel", atOnce)
	}
	code := m.Run()
	_ = os.Remove(binaryPath())
	os.Exit(code)
}

// tool runs a command of the program to its end.
func (w *world) tool(args ...string) (stdout, stderr string, code int) {
	w.t.Helper()
	var out, errs strings.Builder
	cmd := w.command(args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	_ = cmd.Run()
	for _, secret := range []string{sandbox.DefaultAccount().ClientSecret, sandbox.DefaultAccount().RefreshToken, "Atza|", "@example"} {
		if strings.Contains(out.String()+errs.String(), secret) {
			w.t.Errorf("%q shows %q", args, secret)
		}
	}
	for _, fault := range testkit.Wording(out.String() + errs.String()) {
		w.t.Errorf("%q prints %s", args, fault)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// command is a command of the program that knows the world by its environment.
func (w *world) command(args ...string) *exec.Cmd {
	w.t.Helper()
	path, err := binary()
	if err != nil {
		w.t.Fatal(err)
	}
	account := sandbox.DefaultAccount()
	cmd := exec.CommandContext(w.t.Context(), path, args...)
	cmd.Env = append(os.Environ(), "AMAZON_CAPI_CLIENT_ID="+account.ClientID, "AMAZON_CAPI_CLIENT_SECRET="+account.ClientSecret, "AMAZON_CAPI_REFRESH_TOKEN="+account.RefreshToken,
		"AMAZON_CAPI_BROKERS="+strings.Join(w.brokers, ","), "AMAZON_CAPI_REGISTRY="+w.registry, "AMAZON_CAPI_TOPIC="+w.topic, "AMAZON_CAPI_GROUP="+w.group, "AMAZON_CAPI_GROUP_PROTOCOL="+groupProtocol(w.t).String(),
		"AMAZON_CAPI_DEAD_LETTER_TOPIC="+w.letters, "AMAZON_CAPI_RECEIPTS_TOPIC="+w.receipts,
		"AMAZON_CAPI_AMAZON_URL="+w.base, "AMAZON_CAPI_TOKEN_URL="+w.base+sandbox.TokenPath)
	return cmd
}
