package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/tracklayer/amazon-capi/internal/cli"
)

// example is a line of a command's --help.
type example struct {
	stdin string
	args  []string
}

// piped is a command that reads what printf joins.
var piped = regexp.MustCompile(`^printf %s ((?:'[^']*' )+)\| (amazon-capi .*)$`)

// examples returns the lines of a command's --help, with what stands for somebody's
// own servers and files replaced by the test's.
func examples(t *testing.T, command string, replace ...string) (all []example) {
	t.Helper()
	cmd, _, err := newRoot(&cli.Process{}).Find(strings.Fields(command))
	if err != nil || cmd.CommandPath() != "amazon-capi "+command {
		t.Fatalf("there is no command %q", command)
	}
	script := strings.NewReplacer("\\\n", " ", "|\n", "| ").Replace(cmd.Example)
	for line := range strings.Lines(script) {
		line = strings.Join(strings.Fields(line), " ")
		var e example
		if m := piped.FindStringSubmatch(line); m != nil {
			e.stdin, line = strings.Trim(strings.ReplaceAll(m[1], "' '", ""), "' "), m[2]
		}
		rest, ok := strings.CutPrefix(line, "amazon-capi ")
		if !ok {
			t.Errorf("%s --help: %q is not understood by this test", command, line)
			continue
		}
		e.args = strings.Fields(strings.NewReplacer(replace...).Replace(rest))
		all = append(all, e)
	}
	if len(all) == 0 {
		t.Errorf("%s --help has no example", command)
	}
	return all
}

// runExamples runs them, from the top of the repository, and returns what came of
// each.
func runExamples(t *testing.T, name string, replace ...string) (results []result) {
	t.Helper()
	return runExamplesIn(t, nil, name, replace...)
}

// runExamplesIn is runExamples in an environment that says what the examples
// leave to the defaults.
func runExamplesIn(t *testing.T, environ []string, name string, replace ...string) (results []result) {
	t.Helper()
	t.Chdir("../..")
	for _, e := range examples(t, name, replace...) {
		r := commandIn(t, environ, e.stdin, e.args...)
		if r.code != exitOK {
			t.Errorf("%q: exit %d\n%s%s", e.args, r.code, r.stdout, r.stderr)
		}
		results = append(results, r)
	}
	return results
}

// exampleCommands are the commands whose examples a test runs. A command that is
// not here has examples that nobody knows to work.
var exampleCommands = []string{"audit", "check", "init", "explain", "find", "send", "send lead", "send purchase", "dlq", "dlq stats", "dlq ls", "dlq show", "dlq redrive", "replay", "reconcile", "erase", "tag", "accounts", "accounts discover", "version"}

// TestToolsRunTheirExamples holds the list to the commands: tools that are added
// must have their examples run.
func TestToolsRunTheirExamples(t *testing.T) {
	older := []string{"run", "demo", "sandbox", "publish", "schemas", "schemas register", "schemas check", "schemas print", "healthcheck", "help", "completion", "bench", "bench serve"}
	known := make(map[string]bool)
	for _, name := range append(older, exampleCommands...) {
		known[name] = true
	}
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		for _, sub := range c.Commands() {
			if name := strings.TrimPrefix(sub.CommandPath(), "amazon-capi "); !known[name] && sub.Runnable() {
				t.Errorf("no test runs the examples of %s", name)
			}
			walk(sub)
		}
	}
	walk(newRoot(&cli.Process{}))
}
