package e2e

import (
	"os"
	"regexp"
	"testing"
)

// TestTheImageAsksWhetherTheProcessLives: its health check has the process restarted,
// which fixes neither Kafka nor a profile that Amazon refuses.
func TestTheImageAsksWhetherTheProcessLives(t *testing.T) {
	text, err := os.ReadFile("../../../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	checks := regexp.MustCompile(`(?m)^HEALTHCHECK(?:.*\\\n)*.*`).FindAllString(string(text), -1)
	if len(checks) != 1 || !regexp.MustCompile(`"healthcheck", "--url", "http://127\.0\.0\.1:8080/livez"`).MatchString(checks[0]) {
		t.Errorf("%q", checks)
	}
}
