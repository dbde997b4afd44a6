package auth

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestNoMoreOfAWSsSDK: a service's package is half a megabyte of the binary. STS gives
// roles; the others are parts of the SDK's chain of credentials, for who has logged in by
// the AWS command line. Glue is asked without its package.
func TestNoMoreOfAWSsSDK(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "../../../cmd/amazon-capi").Output()
	if err != nil {
		t.Fatal(err)
	}
	const services = "github.com/aws/aws-sdk-go-v2/service/"
	var found []string
	for line := range strings.Lines(string(out)) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), services); ok {
			name, _, _ = strings.Cut(name, "/")
			if name != "internal" && !slices.Contains(found, name) {
				found = append(found, name)
			}
		}
	}
	slices.Sort(found)
	if want := []string{"signin", "sso", "ssooidc", "sts"}; !slices.Equal(found, want) {
		t.Errorf("the program has the services %q, want %q", found, want)
	}
}
