package config

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// TestKindsOfTheOnlyAccount: flags that do not go together are refused, and all that is
// wrong is told.
func TestKindsOfTheOnlyAccount(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("hunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const token = "--contract=events-v1 --manager-account=amzn1.ads1.ma1.abc --data-set-id=amzn1.adm.ds1.evnt1.x --api-token-file="
	const login = "--client-id=x --client-secret=y --refresh-token=z"
	for name, c := range map[string]struct {
		args string
		want []string // nothing for a good account
	}{
		"login":                   {login, nil},
		"login for a manager":     {"--contract=events-v1 --manager-account=amzn1.ads1.ma1.abc --data-set-name=shop_data " + login, nil},
		"token":                   {token + file, nil},
		"token and login":         {token + file + " " + login, []string{"--client-id: is set together with --api-token", "--client-secret", "--refresh-token"}},
		"token by the guide":      {strings.Replace(token, "--contract=events-v1 ", "", 1) + file, []string{"--manager-account: means nothing by contract off-amazon"}},
		"token alone":             {"--contract=events-v1 --api-token-file=" + file, []string{"--api-token: is for manager accounts", "--data-set-id: is missing"}},
		"token with a set's name": {token + file + " --data-set-name=shop_data", []string{"--data-set-name: is set together with --api-token"}},
		"letters missing":         {"--contract=events-v1 --manager-account=ads1.ma1.abc " + login, []string{"--manager-account: manager account"}},
		"set of four letters":     {"--contract=events-v1 --data-set-name=shop " + login, []string{`--data-set-name: data set name "shop" has 4`}},
		"set's id with login":     {"--contract=events-v1 --data-set-id=amzn1.adm.ds1.evnt1.x " + login, []string{"--data-set-id: is for an API token"}},
		"token's file gone":       {token + file + "2", []string{"--api-token-file"}},
	} {
		t.Run(name, func(t *testing.T) {
			var a Account
			var k Contract
			flags := pflag.NewFlagSet("", pflag.ContinueOnError)
			a.Register(flags)
			k.Register(flags)
			if err := flags.Parse(strings.Fields(c.args)); err != nil {
				t.Fatal(err)
			}
			got, err := a.Resolve(k.Name, io.Discard)
			if (err == nil) != (c.want == nil) {
				t.Fatalf("error %v, want %q", err, c.want)
			}
			for _, w := range c.want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("error %v, want %q in it", err, w)
				}
			}
			if err == nil && strings.Contains(c.args, "--api-token-file") && (got.APIToken != "hunter2" || got.TokenURL != "" || a.APITokenReader() == nil) {
				t.Errorf("account %s: token URL %q", got.APIToken, got.TokenURL)
			}
		})
	}
}
