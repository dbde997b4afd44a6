package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/tracklayer/amazon-capi/internal/operate/report"
)

// Version returns the release that the linker set, or what the module system knows about
// the build.
func Version(release string) string {
	if release != "" {
		return release
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	return "dev"
}

// Build is what a binary says about itself; its JSON is an output of the command line.
type Build struct {
	Version  string            `json:"version"`
	Commit   string            `json:"commit,omitempty"`
	Time     string            `json:"commit_time,omitempty"`
	Modified bool              `json:"modified,omitempty"` // the sources were not those of the commit
	Go       string            `json:"go"`
	Platform string            `json:"platform"`
	Modules  map[string]string `json:"modules,omitempty"`
}

// libraries are the modules whose versions matter to somebody who looks into a fault.
var libraries = []string{
	"github.com/twmb/franz-go", "github.com/twmb/franz-go/pkg/kadm", "github.com/twmb/franz-go/pkg/sr", "github.com/aws/aws-sdk-go-v2",
	"github.com/prometheus/client_golang", "github.com/klauspost/compress", "github.com/nyaruka/phonenumbers", "golang.org/x/net", "golang.org/x/oauth2",
}

// NewBuild returns what is known of this binary.
func NewBuild(version string) Build {
	b := Build{Version: version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value
		case "vcs.time":
			b.Time = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	b.Modules = make(map[string]string, len(info.Deps))
	for _, m := range info.Deps {
		b.Modules[m.Path] = m.Version
	}
	return b
}

// NewVersion returns the command that prints what a binary was built from.
func NewVersion(p *Process, version string) *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print version, commit, Go and libraries",
		Long: `Print the version, the commit that it was built from, and the versions of Go and of the
libraries that talk to brokers, registries and Amazon. --json has every module.`,
		Example: "  amazon-capi version\n  amazon-capi version --json",
		Args:    NoArgs,
		RunE: func(*cobra.Command, []string) error {
			b := NewBuild(version)
			if asJSON {
				return report.JSON(p.Stdout, b)
			}
			w := p.Screen()
			fmt.Fprintf(w, "amazon-capi %s\n", b.Version)
			if b.Commit != "" {
				changed := ""
				if b.Modified {
					changed = ", and changes that are not in it"
				}
				fmt.Fprintf(w, "commit  %s of %s%s\n", b.Commit, b.Time, changed)
			}
			fmt.Fprintf(w, "go      %s, %s\n", b.Go, b.Platform)
			for _, name := range libraries {
				if v := b.Modules[name]; v != "" {
					fmt.Fprintf(w, "library %s %s\n", name, v)
				}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}
